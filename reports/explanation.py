"""Why a cell says what it says: the trials behind it, and in which settings they differ from the baseline's."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from reports import anchors, labels, registry
from reports.document import Cell, Column, Row, Table
from reports.names import place_of
from reports.query import Results
from reports.settings import differing

TRIAL_COLUMNS = (
    "trial", "variant", "seed", "method", "dataset", "data_digest", "state", "error", "attempts", "selected_epoch",
    "epochs_run", "updated_at", "host", "hardware", "git_commit", "git_dirty",
)  # fmt: skip
EVALUATION_COLUMNS = (
    "evaluation", "trial", "dataset", "data_digest", "subset", "perturbation", "decoder", "metric", "images",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class TrialBehind:
    """A trial that a number comes from."""

    trial: str
    seed: int | None
    value: str  # its own, as the cell prints; empty where the number is a difference to this trial's
    facts: tuple[tuple[str, str], ...]  # ("commit", "0123abcdef01"), …


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """All that is known of one cell."""

    table: str
    row: Row
    row_key: str
    column: Column
    column_key: str
    cell: Cell
    printed: labels.Printed
    trials: tuple[TrialBehind, ...] = ()
    against: str = ""  # the row whose settings `settings` compares with
    settings: tuple[tuple[str, tuple[str, ...]], ...] = ()  # path → (here, there)


def find_table(results: Results, name: str) -> Table:
    """The table with this name, or of a user's own file. ValueError lists those that there are."""
    found = [item for item in registry.items(results, [name]) if not item.is_figure]
    item = found[place_of(name, [(item.name, item.kind) if item.is_own else (item.name,) for item in found], "table")]
    table = item.build()
    if not isinstance(table, Table):
        raise ValueError(f"{item.name} is no table, or has nothing to show yet.")
    return table


def find_row(table: Table, name: str) -> int:
    known = [(key, row.label) for key, row in zip(anchors.row_keys(table), table.rows, strict=True)]
    return place_of(name, known, f"row of {table.name}")


def find_column(table: Table, name: str) -> int:
    known = [
        (key, labels.column_title(of), f"{labels.column_group(of)} {labels.column_title(of)}")
        for key, of in zip(anchors.column_keys(table), table.columns, strict=True)
    ]
    return place_of(name, known, f"column of {table.name}")


def explain(results: Results, table: Table, row: int, column: int) -> Explanation:
    """What is behind one cell of a table that `find_table` has found."""
    cell = table.rows[row].cells[column]
    known = {one["trial"]: one for one in _rows(results, "trials", cell.trials, TRIAL_COLUMNS)}
    measured = {
        one["trial"]: one
        for one in _rows(results, "evaluations", cell.evaluations, EVALUATION_COLUMNS)
        if (one["metric"], one["subset"]) == (table.columns[column].metric, table.columns[column].subset)
    }
    baseline = _baseline(table, row)
    there = next((other.trials[0] for other in baseline.cells if other.trials), "") if baseline else ""
    of = _shown(table.columns[column], cell)
    return Explanation(
        table=table.name,
        row=table.rows[row],
        row_key=anchors.row_keys(table)[row],
        column=of,
        column_key=anchors.column_keys(table)[column],
        cell=cell,
        printed=labels.printed(table)[row].cells[column],
        trials=tuple(
            _trial(place, trial, cell, of, known.get(trial), measured.get(trial))
            for place, trial in enumerate(cell.trials)
        ),
        against=baseline.label if baseline and there and cell.trials else "",
        settings=_differing(results, [*cell.trials[:1], there]) if there and cell.trials else (),
    )


def next_query(one: Explanation) -> str:
    """The command that shows all that was measured of a cell's trials; empty where it has none."""
    if not one.cell.trials:
        return ""
    trials = ", ".join(f"'{trial}'" for trial in one.cell.trials)
    return f'marksweep query "SELECT trial, split, subset, metric, value FROM evaluations WHERE trial IN ({trials})"'


def _rows(results: Results, name: str, only: Sequence[str], columns: Sequence[str]) -> list[dict[str, Any]]:
    return results.ledger.read(name, only=only, columns=columns).to_pylist() if only else []


def _shown(of: Column, cell: Cell) -> Column:
    """A cell can be a difference in a column that is none."""
    return replace(of, difference=of.difference or cell.difference)


def _baseline(table: Table, row: int) -> Row | None:
    """What a row is compared with: the baseline nearest to it, else the first other row of ours that has trials."""
    mine = table.rows[row]
    if mine.is_baseline:
        return None
    ours = [other for place, other in enumerate(table.rows) if place != row and any(c.trials for c in other.cells)]
    of_study = [other for other in ours if other.is_baseline and other.study == mine.study]
    return next(iter([*of_study, *(other for other in ours if other.is_baseline), *ours]), None)


def _differing(results: Results, trials: Sequence[str]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    declared = {one["trial"]: one["config"] for one in _rows(results, "trials", trials, ("trial", "config"))}
    if any(trial not in declared for trial in trials):
        return ()
    return differing([json.loads(declared[trial] or "{}") for trial in trials])


def _trial(place: int, id: str, cell: Cell, of: Column, row: Any, measured: Any) -> TrialBehind:
    has_value = place < len(cell.seed_values)
    evaluation = cell.evaluations[place] if place < len(cell.evaluations) else ""
    return TrialBehind(
        trial=id,
        seed=row["seed"] if row else cell.seeds[place] if place < len(cell.seeds) else None,
        value=labels.number(cell.seed_values[place], of, cell.digits) if has_value else "",
        facts=tuple((name, text) for name, text in _facts(row, evaluation, measured).items() if text),
    )


def _facts(row: Any, evaluation: str, measured: Any) -> dict[str, str]:
    if row is None:
        return {"state": "not in the ledger"}
    facts = {
        "state": f"{row['state']}: {row['error']}" if row["error"] else row["state"],
        "attempts": str(row["attempts"] or ""),
        "epoch": f"{row['selected_epoch']} of {row['epochs_run']}" if row["selected_epoch"] else "",
        "method": row["method"],
        "variant": row["variant"],
        "trained on": _data(row),
        "commit": _commit(row),
        "hardware": row["hardware"],
        "host": row["host"],
        "last change": f"{row['updated_at']:%Y-%m-%d %H:%M} UTC" if row["updated_at"] else "",
        "evaluation": evaluation,
    }
    if measured is not None:
        facts |= {
            "measured on": f"{measured['images']} images of {_data(measured)}",
            "perturbation": measured["perturbation"] or "",
            "decoder": measured["decoder"] or "",
        }
    return {name: text or "" for name, text in facts.items()}


def _data(row: Any) -> str:
    return f"{labels.dataset_name(row['dataset'] or 'unknown data')}, digest {row['data_digest'] or 'unknown'}"


def _commit(row: Any) -> str:
    changes = " with uncommitted changes" if row["git_dirty"] else ""
    return f"{row['git_commit'][:12]}{changes}" if row["git_commit"] else ""
