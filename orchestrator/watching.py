"""Watching studies that run elsewhere: the live table, by the ledger alone, which all nodes see."""

import json
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow.compute as pc
from rich.console import Console, Group
from rich.live import Live

from orchestrator.board import Board, NodeUse, TrialLine
from orchestrator.errors import one_line
from orchestrator.figures import duration, verdict
from orchestrator.ledger import Ledger
from orchestrator.live_table import live_table
from orchestrator.questions import Question, goal_values, questions, trial_rows
from orchestrator.schema import State
from orchestrator.storage import Storage

_COLUMNS = (
    "state", "error", "seed", "method", "variant", "config", "started_at", "updated_at", "seconds", "epochs_run",
    "selected_epoch", "macs", "parameters", "peak_memory_mb", "workers", "cpus", "gpus", "host",
)  # fmt: skip
_CURVES = ("val_nme_io", "val_picture_l1", "train_loss")
_CURVES_READ = 200  # of the trials that moved last: no terminal shows more
_OPEN = ("waiting", "running", "silent")
# A trial writes down every epoch; one that has not for so long has probably died, or the clocks differ by as much.
_SILENT_S = 120.0
_SILENT_EPOCHS = 5
_FIRST_EPOCH_S = 900.0  # data may have to be prepared before it
_BLOCK = 20  # lines of trials at once where there is no terminal

_Row = Mapping[str, Any]


def watch_studies(study: str | None, storage: Storage, every: float, console: Console) -> None:
    """Show the studies, or one of them, until all is done or Ctrl-C. `every`: seconds between two looks at the ledger.

    Raises ValueError for a study that the ledger does not know.
    """
    watched = Watched(Ledger(storage), study)
    with suppress(KeyboardInterrupt):
        (_watch_live if console.is_terminal else _watch_plain)(watched, every, console)


class Watched:
    """Studies as they are at each look. What has ended well is read once."""

    def __init__(self, ledger: Ledger, study: str | None) -> None:
        self._ledger = ledger
        self._study = study
        self._rows: dict[str, dict[str, Any]] = {}
        self._curves: dict[str, dict[str, tuple[float, float]]] = {}  # trial → metric → its last and lowest value
        self._values: dict[str, float] = {}  # of the goal
        self._epochs: dict[str, int] = {}  # variant → how many it trains for

    def look(self) -> tuple[Board, list[NodeUse]]:
        """How far it is, and what the trials that run hold of which node."""
        studies = questions(self._ledger, self._study)
        wanted = [trial for one in studies for trial in one.trials]
        fresh = trial_rows(self._ledger, _COLUMNS, [trial for trial in wanted if not self._has_ended(trial)])
        moved = {
            trial for trial, row in fresh.items() if self._rows.get(trial, {}).get("updated_at") != row["updated_at"]
        }
        self._rows |= fresh
        last = sorted((trial for trial in moved if fresh[trial]["epochs_run"]), key=lambda id: fresh[id]["updated_at"])
        if last:
            self._read_curves(last[-_CURVES_READ:])
        for row in fresh.values():
            if row["variant"] not in self._epochs:
                self._epochs[row["variant"]] = json.loads(row["config"] or "{}").get("recipe", {}).get("epochs", 0)
        goal = studies[0].goal if len(studies) == 1 else None
        if goal is not None:
            points = {trial: fresh[trial] for trial in studies[0].points if trial in moved}
            self._values |= goal_values(self._ledger, goal, points)
        return self._board(studies), _nodes(self._rows[trial] for trial in wanted if self._runs(trial))

    def _has_ended(self, trial: str) -> bool:
        # Others may go on: what failed, or was stopped early by a search.
        row = self._rows.get(trial)
        return row is not None and row["state"] == State.FINISHED.value

    def _runs(self, trial: str) -> bool:
        return trial in self._rows and _state(self._rows[trial]) == "running"

    def _read_curves(self, trials: Sequence[str]) -> None:
        epochs = self._ledger.read("epochs", only=trials)
        epochs = epochs.filter(pc.field("metric").isin(_CURVES))
        found = epochs.group_by(["trial", "metric"], use_threads=False).aggregate([("value", "last"), ("value", "min")])
        for row in found.to_pylist():
            self._curves.setdefault(row["trial"], {})[row["metric"]] = row["value_last"], row["value_min"]

    def _board(self, studies: Sequence[Question]) -> Board:
        lines: dict[str, TrialLine] = {}
        for one in studies:
            blocked, points = one.blocked(self._rows), set(one.points)
            for trial in one.trials:
                row = self._rows.get(trial)
                label, seed = one.names.get(trial) or _name(row)
                label = label if len(studies) == 1 else f"{one.study}: {label}"
                # Studies share trials, and some name a stage that others have as a row of their own.
                if trial not in lines or trial in one.names:
                    lines[trial] = self._line(trial, label, seed, row, trial in blocked, trial in points)
        running = sum(line.state == "running" for line in lines.values())
        unasked = sum(one.unasked for one in studies)
        goal = studies[0].goal if len(studies) == 1 else None
        # Stages of a search, and the trials that confirm what it found, are no points.
        called = "points" if all(len(one.points) == len(one.trials) for one in studies) else "trials"
        board = Board(lines, running, len(lines) + unasked, goal, called)
        for trial, value in self._values.items():
            if trial in lines:
                board.consider(lines[trial], value)
        return board

    def _line(self, trial: str, label: str, seed: int, row: _Row | None, is_blocked: bool, is_point: bool) -> TrialLine:
        usual = max(self._epochs.values(), default=0)
        if row is None:
            return TrialLine(label, seed, usual, state="blocked" if is_blocked else "waiting")
        curves = self._curves.get(trial, {})
        metric = next((name for name in _CURVES[:2] if name in curves), "")
        value, best = curves.get(metric, (None, None))
        state = _state(row)
        line = TrialLine(
            label,
            seed,
            self._epochs.get(row["variant"], usual),
            # A study that needs it whole goes on with what a search has stopped.
            state="waiting" if state == "pruned" and not is_point else state,
            epoch=row["epochs_run"] or 0,
            loss=curves.get("train_loss", (None,))[0],
            metric=metric,
            value=value,
            best=best,
            error=one_line(row["error"] or ""),
            seconds=row["seconds"] or 0.0,
            epochs_here=row["epochs_run"] or 0,
            moved=int(row["updated_at"].timestamp()) if row["updated_at"] else 0,
        )
        if state == "silent":
            line.note = f"silent for {duration((datetime.now(UTC) - row['updated_at']).total_seconds())}"
        if state == "finished" and row["selected_epoch"]:
            line.result = f"best epoch {row['selected_epoch']}"
        return line


def _name(row: _Row | None) -> tuple[str, int]:
    """A stage that no row of the study is."""
    return (f"{row['method']} (stage)", row["seed"] or 0) if row else ("stage", 0)


def _state(row: _Row) -> str:
    """As the ledger has it; "silent" where it should have moved on long ago."""
    if row["state"] != State.RUNNING.value or row["updated_at"] is None:
        return row["state"]
    epochs = row["epochs_run"] or 0
    usual = _SILENT_EPOCHS * (row["seconds"] or 0.0) / epochs if epochs else _FIRST_EPOCH_S
    silent = datetime.now(UTC) - row["updated_at"]
    return "silent" if silent > timedelta(seconds=max(_SILENT_S, usual)) else "running"


def _nodes(rows: Any) -> list[NodeUse]:
    """What running trials hold of each node. What else a node has is not in the ledger."""
    held: dict[str, tuple[float, float]] = {}
    for row in rows:
        cpus, gpus = held.get(row["host"] or "?", (0.0, 0.0))
        processes = max(1, row["workers"] or 1)
        held[row["host"] or "?"] = cpus + processes * (row["cpus"] or 1), gpus + processes * (row["gpus"] or 0)
    return [NodeUse(host, 0, cpus, 0, gpus) for host, (cpus, gpus) in sorted(held.items())]


def is_over(board: Board) -> bool:
    """Whether nothing runs, and nothing is left to run."""
    return board.total == len(board.lines) and not board.count(*_OPEN)


def _watch_live(watched: Watched, every: float, console: Console) -> None:
    with console.status("Reading the ledger …"):
        board, nodes = watched.look()

    def draw() -> Group:
        return live_table(board, nodes, console.width, console.height)

    with Live(console=console, get_renderable=draw, refresh_per_second=1):
        while not is_over(board):
            time.sleep(every)
            board, nodes = watched.look()


def _watch_plain(watched: Watched, every: float, console: Console) -> None:
    """A block for each change: the counts, and the trials that moved on."""
    shown: dict[str, str] = {}
    while True:
        board, _ = watched.look()
        lines = {trial: _told(line) for trial, line in board.lines.items() if line.state != "waiting"}
        # At the first look, only what is open: the rest is history.
        moved = [
            text
            for trial, text in lines.items()
            if shown.get(trial) != text and (shown or board.lines[trial].state in _OPEN)
        ]
        if moved or not shown:
            _tell_block(board, moved, console)
        shown = lines or {"": ""}
        if is_over(board):
            return
        time.sleep(every)


def _told(line: TrialLine) -> str:
    # How long it has been silent is no change.
    state = line.state if line.state == "silent" else line.words
    parts = (state, f"epoch {line.epoch}/{line.epochs}", verdict(line.metric, line.value), line.error)
    return f"{line.name}: {', '.join(part for part in parts if part)}"


def _tell_block(board: Board, moved: Sequence[str], console: Console) -> None:
    head = ", ".join(part for part in (board.headline(), board.best_so_far()) if part)
    more = [f"… and {len(moved) - _BLOCK} more"] if len(moved) > _BLOCK else []
    text = "\n".join([f"{time.strftime('%H:%M:%S')}  {head}", *(f"  {one}" for one in (*moved[:_BLOCK], *more))])
    console.print(text, markup=False, highlight=False, soft_wrap=True)
