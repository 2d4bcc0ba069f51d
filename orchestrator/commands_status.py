"""The verb `status`: how far studies are, by the ledger alone. It imports no torch, so that it answers at once."""

import shlex
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from orchestrator.figures import duration, figure
from orchestrator.ledger import Ledger
from orchestrator.printing_errors import next_command, show_errors
from orchestrator.questions import Question, best_of, goal_values, has_failed, name_of, questions, trial_rows
from orchestrator.schema import State
from orchestrator.storage import Storage

_COLUMNS = ("state", "seconds", "error", "selected_epoch", "macs", "parameters", "peak_memory_mb")
_Rows = Mapping[str, Mapping[str, Any]]


def status(study: str | None, storage: Storage, console: Console) -> int:
    """Counts of all studies, or of one, with errors grouped by cause."""
    ledger = Ledger(storage)
    studies = questions(ledger, study)
    rows = trial_rows(ledger, _COLUMNS)
    if not studies:
        console.print(f"The ledger in {storage.location} is empty.", markup=False)
        next_command(console, storage.on("marksweep demo"))
        return 0
    console.print(_counts(studies, rows, ledger))
    # Studies share trials: each error counts once.
    trials = sorted({trial for one in studies for trial in one.trials})
    show_errors([row for trial in trials if (row := rows.get(trial)) and row["error"]], console)
    done = storage.on("marksweep report" if study is None else f"marksweep report {shlex.quote(name_of(study))}")
    next_command(console, _command(studies, rows) or done)
    return 0


def _counts(studies: Sequence[Question], rows: _Rows, ledger: Ledger) -> Table:
    """A line for each study; what only searches have is left out where there is none."""
    lines = [_line(one, rows, ledger) for one in studies]
    table = Table(box=None, pad_edge=False, header_style="bold")
    optional = {name for name in ("stopped early", "best so far") if any(line[name] for line in lines)}
    columns = [name for name in lines[0] if name in optional or name not in ("stopped early", "best so far")]
    for column in columns:
        table.add_column(column, justify="left" if column == "study" else "right")
    for line in lines:
        table.add_row(*(Text(str(line[column])) for column in columns))
    return table


def _line(one: Question, rows: _Rows, ledger: Ledger) -> dict[str, str | int]:
    own = {trial: rows[trial] for trial in one.trials if trial in rows}
    points = set(one.points)
    # A study that needs a trial whole goes on with what a search has stopped.
    states = Counter(_state(row, trial in points) for trial, row in own.items())
    best = ""
    if one.goal is not None:
        found = best_of(one.goal, goal_values(ledger, one.goal, {id: row for id, row in own.items() if id in points}))
        if found is not None:
            best = f"{figure(one.goal.metric, found[1])} ({one.names[found[0]][0]})"
    return {
        "study": one.study,
        "done": states["done"],
        "unfinished": states["unfinished"],
        "stopped early": states["stopped early"],
        "failed": states["failed"],
        "to run": one.expected - len(own),
        "trained for": duration(sum(row["seconds"] or 0 for row in own.values())),
        "best so far": best,
    }


def _state(row: Mapping[str, Any], is_point: bool) -> str:
    if has_failed(row):
        return "failed"
    if row["state"] == State.FINISHED.value:
        return "done"
    return "stopped early" if is_point and row["state"] == State.PRUNED.value else "unfinished"


def _command(studies: Sequence[Question], rows: _Rows) -> str:
    """What goes on with the first study that is not done; empty where all are."""
    retry = ""
    for one in studies:
        points = set(one.points)
        failed = {trial for trial in one.trials if trial in rows and has_failed(rows[trial])}
        without = failed | one.blocked(rows)
        open_ = any(
            trial not in rows or _state(rows[trial], trial in points) == "unfinished"
            for trial in one.names
            if trial not in without
        )
        if one.command and (open_ or one.unasked):
            return one.command
        # A search knows that some of its points fail.
        if one.command and not retry and failed - points:
            retry = f"{one.command} --retry-failed, once the cause is mended"
    return retry
