"""What a sink is, what it is handed, and how it is told: beside the run, so that a slow or broken one costs nothing."""

import json
import math
import queue
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from orchestrator.board import ENDED, Event, TrialLine

CLOSING = (*ENDED, "paused")  # kinds of events after which a trial's run is closed
_WAITING = 20_000  # events that may wait for a slow sink
_PATIENCE_S = 20.0  # for what still waits at the end


class Sink(Protocol):
    """One run for each trial, under the trial's identity, so that a trial that goes on continues its run.

    Both are called from one thread. They may raise: a run never fails by it.
    """

    def show(self, trial: str, line: TrialLine, event: Event) -> None:
        """Record an event. Of `line` only name, epochs and parameters are of this event; the rest may be ahead."""
        ...

    def close(self) -> None:
        """Write what is left."""
        ...


class Sinks:
    """Several sinks, each in a thread of its own. `tell`: one line for people, for the first error of each."""

    def __init__(self, sinks: Sequence[Sink], tell: Callable[[str], None]) -> None:
        self._feeds = [_Feed(sink, tell) for sink in sinks]

    def show(self, trial: str, line: TrialLine, event: Event) -> None:
        for feed in self._feeds:
            feed.show(trial, line, event)

    def close(self) -> None:
        for feed in self._feeds:
            feed.close()


def numbers(metrics: Mapping[str, Any]) -> dict[str, float]:
    """What of an event can be drawn as a curve."""
    return {
        name: float(value)
        for name, value in metrics.items()
        if name != "epoch" and isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    }


def flattened(parameters: Mapping[str, Any], prefix: str = "") -> dict[str, str | int | float | bool]:
    """Settings by their dotted paths; what is no number, text or switch as JSON."""
    flat: dict[str, str | int | float | bool] = {}
    for name, value in parameters.items():
        if isinstance(value, Mapping) and value:
            flat |= flattened(value, f"{prefix}{name}.")
        else:
            flat[prefix + name] = value if isinstance(value, str | int | float) else json.dumps(value, default=str)
    return flat


class _Feed:
    """Hands events on to one sink, and tells its first error only."""

    def __init__(self, sink: Sink, tell: Callable[[str], None]) -> None:
        self._sink = sink
        self._tell = tell
        self._troubled = False
        self._queue: queue.Queue[tuple[str, TrialLine, Event] | None] = queue.Queue(_WAITING)
        self._thread = threading.Thread(target=self._work, daemon=True, name=f"sink {self._name}")
        self._thread.start()

    @property
    def _name(self) -> str:
        return type(self._sink).__name__

    def show(self, trial: str, line: TrialLine, event: Event) -> None:
        try:
            self._queue.put_nowait((trial, line, event))
        except queue.Full:
            self._trouble("it is too slow, and some events are left out")

    def close(self) -> None:
        try:
            self._queue.put(None, timeout=_PATIENCE_S)
        except queue.Full:
            return
        self._thread.join(_PATIENCE_S)
        if self._thread.is_alive():
            self._trouble(f"it had not taken everything {_PATIENCE_S:g} s after the end")

    def _work(self) -> None:
        while (item := self._queue.get()) is not None:
            try:
                self._sink.show(*item)
            except Exception as error:
                self._trouble(f"{type(error).__name__}: {error}")
        try:
            self._sink.close()
        except Exception as error:
            self._trouble(f"{type(error).__name__}: {error}")

    def _trouble(self, what: str) -> None:
        if not self._troubled:
            self._troubled = True
            self._tell(f"{self._name}: {what}. The run goes on, and the ledger has everything.")
