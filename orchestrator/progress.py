"""What a person sees while trials run: a live table in a terminal, plain lines elsewhere."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

ENDED = ("finished", "failed", "diverged")
_STYLE = {"finished": "green", "failed": "red", "diverged": "red", "running": "cyan", "waiting": "dim"}


@dataclass(frozen=True)
class Event:
    """Something happened to a trial: `started`, `epoch`, or the state that it ended in."""

    trial: str
    kind: str
    metrics: Mapping[str, Any] = field(default_factory=dict)


@dataclass
class TrialLine:
    """What is shown of one trial."""

    label: str
    seed: int
    epochs: int
    state: str = "waiting"
    epoch: int = 0
    loss: float | None = None
    judged: str = ""  # by the last validation, in words
    result: str = ""  # once it has ended well: why it ended, what was selected and measured
    error: str = ""
    started: float | None = None
    first_epoch: int = 0  # of this attempt
    pace: float | None = None  # seconds an epoch

    @property
    def name(self) -> str:
        return f"{self.label}, seed {self.seed}"


class View(Protocol):
    """Shows events. Used as a context manager around a launch."""

    def __enter__(self) -> "View": ...
    def __exit__(self, *problem: object) -> None: ...
    def show(self, event: Event) -> None: ...


class Board:
    """The state of all trials of a launch, moved on by events. Draws nothing."""

    def __init__(self, lines: Mapping[str, TrialLine], at_once: int) -> None:
        self.lines = dict(lines)
        self.at_once = max(1, at_once)

    def apply(self, event: Event) -> TrialLine:
        line = self.lines[event.trial]
        if event.kind == "started":
            line.state, line.started, line.first_epoch = "running", time.monotonic(), 0
            return line
        line.state = "running" if event.kind == "epoch" else event.kind
        line.epoch = int(event.metrics.get("epoch", line.epoch))
        line.first_epoch = line.first_epoch or line.epoch
        line.loss = event.metrics.get("train_loss", line.loss)
        line.judged = _judged("val", event.metrics) or line.judged
        line.error = event.metrics.get("error", "")
        line.result = _result(event.metrics) if event.kind == "finished" else ""
        if line.started is not None and line.epoch and event.kind in ("epoch", "finished"):
            line.pace = (time.monotonic() - line.started) / (line.epoch - line.first_epoch + 1)
        return line

    def count(self, *states: str) -> int:
        return sum(line.state in states for line in self.lines.values())

    def seconds_left(self) -> float | None:
        """From the pace of the running and finished trials; None before the first epoch."""
        paces = [line.pace for line in self.lines.values() if line.pace is not None]
        if not paces:
            return None
        open_ = [line for line in self.lines.values() if line.state not in ENDED]
        epochs = sum(line.epochs - line.epoch for line in open_)
        return epochs * (sum(paces) / len(paces)) / max(1, min(self.at_once, len(open_)))

    def headline(self) -> str:
        parts = [f"{self.count('finished')}/{len(self.lines)} done", f"{self.count('running')} running"]
        failed = self.count("failed", "diverged")
        if failed:
            parts.append(f"{failed} failed")
        left = self.seconds_left()
        if left is not None and self.count(*ENDED) < len(self.lines):
            parts.append(f"about {duration(left)} left")
        return ", ".join(parts)


class PlainView:
    """One line for each event, for logs and pipes."""

    def __init__(self, board: Board, console: Console) -> None:
        self._board = board
        self._console = console

    def __enter__(self) -> "PlainView":
        return self

    def __exit__(self, *problem: object) -> None:
        pass

    def show(self, event: Event) -> None:
        line = self._board.apply(event)
        what = event.kind if event.kind != "epoch" else f"epoch {line.epoch}/{line.epochs}"
        text = (
            f"{time.strftime('%H:%M:%S')}  {line.name}: {what}{f': {line.result}' if line.result else _figures(line)}"
        )
        text += f"  {line.error}" if line.error else ""
        self._console.print(f"{text}  [{self._board.headline()}]", markup=False, highlight=False, soft_wrap=True)


class LiveView:
    """A table that redraws itself: running and failed trials first, as many as the terminal has room for."""

    def __init__(self, board: Board, console: Console) -> None:
        self._board = board
        self._console = console
        self._live = Live(console=console, get_renderable=self._draw, refresh_per_second=4, transient=False)

    def __enter__(self) -> "LiveView":
        self._live.__enter__()
        return self

    def __exit__(self, *problem: object) -> None:
        self._live.__exit__(None, None, None)

    def show(self, event: Event) -> None:
        self._board.apply(event)

    def _draw(self) -> Group:
        table = Table(box=None, pad_edge=False, header_style="bold")
        for column in ("trial", "state"):
            table.add_column(column)
        for column in ("epoch", "loss", "validation"):
            table.add_column(column, justify="right")
        room = max(3, self._console.height - 5)
        order = {"failed": 0, "diverged": 0, "running": 1, "finished": 2, "waiting": 3}
        lines = sorted(self._board.lines.values(), key=lambda line: order.get(line.state, 1))
        for line in lines[:room]:
            loss = "" if line.loss is None else f"{line.loss:.5f}"
            more = line.error or line.result
            state = Text(line.state + (f": {more}" if more else ""), style=_STYLE.get(line.state, ""))
            table.add_row(Text(line.name), state, f"{line.epoch}/{line.epochs}", loss, line.judged.removeprefix("val "))
        if len(lines) > room:
            table.add_row(Text(f"… and {len(lines) - room} more", style="dim"))
        return Group(Text(self._board.headline(), style="bold"), table)


def view_for(lines: Mapping[str, TrialLine], at_once: int, console: Console) -> PlainView | LiveView:
    board = Board(lines, at_once)
    return LiveView(board, console) if console.is_terminal else PlainView(board, console)


def duration(seconds: float) -> str:
    """For people: 42 s, 3 min 05 s, 2 h 10 min."""
    whole = int(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def _result(metrics: Mapping[str, Any]) -> str:
    """What became of a finished trial. One that was only measured has nothing to tell of its training."""
    parts = [metrics.get("why", "")]
    if selected := _judged("selected_val", metrics):
        parts.append(f"best epoch {metrics['selected_epoch']} with {selected.removeprefix('selected ')}")
    parts.append(_judged("test", metrics))
    return ", ".join(part for part in parts if part)


def _judged(by: str, metrics: Mapping[str, Any]) -> str:
    """The error of landmarks, or of pictures where there are none, "val NME 7.12 %"; empty where neither is known."""
    words = by.replace("_", " ")
    if metrics.get(f"{by}_nme_io") is not None:
        return f"{words} NME {100 * metrics[f'{by}_nme_io']:.2f} %"
    if metrics.get(f"{by}_picture_l1") is not None:
        return f"{words} picture error {metrics[f'{by}_picture_l1']:.4f}"
    return ""


def _figures(line: TrialLine) -> str:
    parts: Sequence[str] = [
        f"loss {line.loss:.5f}" if line.loss is not None else "",
        line.judged,
    ]
    words = ", ".join(part for part in parts if part)
    return f": {words}" if words else ""
