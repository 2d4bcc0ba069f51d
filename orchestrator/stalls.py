"""Ends a process that has hung: with the reason and the stack of each of its threads in the ledger."""

import logging
import os
import sys
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager

from orchestrator.recorder import TrialRecorder
from orchestrator.schema import State
from trainables.pulse import beats

log = logging.getLogger(__name__)

_LOOKS = 20  # within the limit
_EXIT_CODE = 70


@contextmanager
def watched(seconds: float | None, recorder: TrialRecorder | None) -> Iterator[None]:
    """Within this block the process ends where it does no step for so long. None: however long it takes.

    An exception could not reach what waits for a lock, a device or another process.
    """
    if seconds is None:
        yield
        return
    over = threading.Event()
    watching = threading.Thread(target=_watch, args=(seconds, recorder, over), name="stalls", daemon=True)
    watching.start()
    try:
        yield
    finally:
        over.set()


def _watch(limit: float, recorder: TrialRecorder | None, over: threading.Event) -> None:
    # Counted in looks, not by a clock: a process that was stopped for an hour has not hung.
    seen, looks = beats(), 0
    while not over.wait(limit / _LOOKS):
        now = beats()
        looks = looks + 1 if now == seen else 0
        seen = now
        if looks >= _LOOKS:
            _end(limit, recorder)


def _end(limit: float, recorder: TrialRecorder | None) -> None:
    try:
        if recorder is not None:
            said = f"Stalled: no step for {limit / 60:g} minutes"
            recorder.end(State.FAILED, error=said, traceback=stacks())
    except Exception as error:
        log.warning("that it stalled could not be recorded: %s", error)
    finally:
        os._exit(_EXIT_CODE)


def stacks() -> str:
    """Where each thread of this process is."""
    names = {thread.ident: thread.name for thread in threading.enumerate()}
    parts = []
    for number, frame in sys._current_frames().items():
        if number != threading.get_ident():
            parts += [f"Thread {names.get(number, number)}:", *traceback.format_stack(frame)]
    return "\n".join(part.rstrip() for part in parts)
