"""What a person sees while trials run: a live table in a terminal, plain lines elsewhere; and what sinks are told."""

import threading
import time
from collections.abc import Mapping, Sequence
from typing import Protocol

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from orchestrator.board import ENDED, WORDS, Board, Event, Goal, NodeUse, TrialLine
from orchestrator.figures import duration, verdict
from orchestrator.live_table import live_table
from orchestrator.sinks.sink import Sink, Sinks

__all__ = ["ENDED", "Event", "Goal", "NodeUse", "TrialLine", "View", "duration", "view_for"]


class View(Protocol):
    """Shows what happens. Used as a context manager around a launch."""

    def __enter__(self) -> "View": ...
    def __exit__(self, *problem: object) -> None: ...

    def add(self, trial: str, line: TrialLine) -> None:
        """One more trial: those of a search come one by one."""
        ...

    def show(self, event: Event) -> None: ...

    def nodes(self, nodes: Sequence[NodeUse]) -> None:
        """What is used now, every few seconds."""
        ...

    def tell(self, text: str) -> None:
        """One line for people: why nothing starts, what a budget does."""
        ...


def view_for(
    lines: Mapping[str, TrialLine],
    at_once: int,
    console: Console,
    expected: int | None = None,
    goal: Goal | None = None,
    sinks: Sequence[Sink] = (),
) -> View:
    """A live table where the console is a terminal, else lines.

    `at_once`: how many trials the cluster holds. `expected`: how many there will be in all, where they come one by one.
    `goal`: what a search looks for first. `sinks` are told every event, and closed at the end.
    """
    board = Board(lines, at_once, expected, goal)
    return (LiveView if console.is_terminal else PlainView)(board, console, sinks)


class PlainView:
    """One line for each event, for logs and pipes."""

    def __init__(self, board: Board, console: Console, sinks: Sequence[Sink] = ()) -> None:
        self._board = board
        self._console = console
        self._sinks = Sinks(sinks, self.tell)
        self._totals: tuple[int, float, float] | None = None

    def __enter__(self) -> "PlainView":
        return self

    def __exit__(self, *problem: object) -> None:
        self._sinks.close()

    def add(self, trial: str, line: TrialLine) -> None:
        self._board.add(trial, line)

    def show(self, event: Event) -> None:
        line = self._board.apply(event)
        so_far = ", ".join(part for part in (self._board.headline(), self._board.best_so_far()) if part)
        self.tell(f"{line.name}: {told(line, event)}  [{so_far}]")
        self._sinks.show(event.trial, line, event)

    def nodes(self, nodes: Sequence[NodeUse]) -> None:
        """Only that the cluster grew or shrank: how much is used changes with every trial."""
        totals = len(nodes), sum(node.cpus for node in nodes), sum(node.gpus for node in nodes)
        if self._totals not in (None, totals):
            count, cpus, gpus = totals
            self.tell(f"The cluster has {count} node{'' if count == 1 else 's'} now: {cpus:g} CPUs, {gpus:g} GPUs.")
        self._totals = totals

    def tell(self, text: str) -> None:
        at = time.strftime("%H:%M:%S")
        self._console.print(f"{at}  {text}", markup=False, highlight=False, soft_wrap=True)


class LiveView:
    """A table that redraws itself, with as many trials as the terminal has room for; what is told stands above it."""

    def __init__(self, board: Board, console: Console, sinks: Sequence[Sink] = ()) -> None:
        self._board = board
        self._console = console
        self._sinks = Sinks(sinks, self.tell)
        self._nodes: Sequence[NodeUse] = ()
        self._last_told = ""
        self._drawing = threading.Lock()  # a thread of `Live` draws while events change the board
        self._live = Live(console=console, get_renderable=self._draw, refresh_per_second=4, transient=False)

    def __enter__(self) -> "LiveView":
        self._live.__enter__()
        return self

    def __exit__(self, *problem: object) -> None:
        self._nodes = ()  # nothing is used any more
        self._live.__exit__(None, None, None)
        self._sinks.close()

    def add(self, trial: str, line: TrialLine) -> None:
        with self._drawing:
            self._board.add(trial, line)

    def show(self, event: Event) -> None:
        with self._drawing:
            line = self._board.apply(event)
        self._sinks.show(event.trial, line, event)

    def nodes(self, nodes: Sequence[NodeUse]) -> None:
        self._nodes = tuple(nodes)

    def tell(self, text: str) -> None:
        if text != self._last_told:
            self._last_told = text
            self._console.print(Text(text, style="yellow"), soft_wrap=True)

    def _draw(self) -> Group:
        with self._drawing:
            return live_table(self._board, self._nodes, self._console.width, self._console.height)


def told(line: TrialLine, event: Event) -> str:
    """An event in words, after which its trial's line is this one."""
    match event.kind:
        case "started":
            return f"goes on at epoch {line.first_epoch}" if 1 < line.first_epoch <= line.epochs else "started"
        case "epoch":
            return f"epoch {line.epoch}/{line.epochs}{_figures(line)}"
        case "finished" if line.result:
            what = f"finished: {line.result}"
        case "pruned" | "paused":
            what = f"{WORDS.get(event.kind, event.kind)} at epoch {line.epoch}/{line.epochs}{_figures(line)}"
        case "again":
            what = WORDS["again"]
        case "elsewhere":
            what = f"run elsewhere, by {event.metrics.get('who') or 'another command'}: waiting for it"
        case _:
            what = f"{event.kind}{_figures(line)}"
    return f"{what}  {line.error}" if line.error else what


def _figures(line: TrialLine) -> str:
    loss = f"loss {line.loss:.5f}" if line.loss is not None else ""
    words = ", ".join(part for part in (loss, verdict(line.metric, line.value)) if part)
    return f": {words}" if words else ""
