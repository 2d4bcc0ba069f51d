"""Where a printed number comes from, as one comment: it stays with the number when a table is copied by hand.

    marksweep: keyposs_5 | KeyPosS 2×2, unbiased | nme_io test, WFLW, 16×16 | trials a1b2 c3d4 | commit 0123abcdef01

Table, row and column are words that stay the same when a table gets more rows; `why` and `report --check` take them.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from orchestrator.errors import one_line
from reports.document import Cell, Column, Row, Table

# LaTeX's own comment sign, unless it is the printed \%.
_ANCHOR = re.compile(r"(?<!\\)(?:\\\\)*%\s*marksweep:(?P<parts>.*\|.*)")


@dataclass(frozen=True, kw_only=True)
class Anchor:
    """A cell's address, and what stood behind it when it was printed. Written by hand, the address is enough."""

    table: str
    row: str
    column: str
    trials: tuple[str, ...] = ()
    commits: tuple[str, ...] = ()
    remark: str = ""  # why there is no number of ours, or what fills the cell

    @property
    def address(self) -> tuple[str, str, str]:
        return self.table, self.row, self.column

    def __str__(self) -> str:
        parts = [*self.address]
        parts += [f"trials {' '.join(self.trials)}"] if self.trials else []
        parts += [f"commit {' '.join(self.commits)}"] if self.commits else []
        parts += [self.remark] if self.remark else []
        return f"marksweep: {' | '.join(parts)}"


def anchors(table: Table) -> tuple[tuple[str, ...], ...]:
    """The comment of each cell by row and column, without LaTeX's sign for one."""
    columns = column_keys(table)
    return tuple(
        tuple(str(_anchor(table.name, key, column, cell)) for column, cell in zip(columns, row.cells, strict=True))
        for key, row in zip(row_keys(table), table.rows, strict=True)
    )


def parse(line: str) -> Anchor | None:
    """The anchor in a line of LaTeX; None where there is none."""
    found = _ANCHOR.search(line)
    if found is None:
        return None
    table, row, column, *rest = [part.strip() for part in (*found["parts"].split("|"), "")]
    trials = next((part for part in rest if part.startswith("trials ")), "")
    commits = next((part for part in rest if part.startswith("commit ")), "")
    return Anchor(
        table=table,
        row=row,
        column=column,
        trials=tuple(trials.split()[1:]),
        commits=tuple(commits.split()[1:]),
        remark=next((part for part in rest if part and part not in (trials, commits)), ""),
    )


def _anchor(table: str, row: str, column: str, cell: Cell) -> Anchor:
    return Anchor(
        table=table_key(table),
        row=row,
        column=column,
        trials=tuple(_word(trial).replace(" ", "_") for trial in cell.trials),
        commits=tuple(_word(commit).replace(" ", "_") for commit in cell.commits),
        remark=_remark(cell),
    )


def table_key(name: str) -> str:
    return _word(name)


def row_keys(table: Table) -> tuple[str, ...]:
    """A name for each row: its label, and what else it takes to tell rows of one label apart."""
    return _told_apart([(row.label, *_apart(row)) for row in table.rows])


def column_keys(table: Table) -> tuple[str, ...]:
    """A name for each column: metric and split, then subset, group and title where the table says them."""
    return _told_apart([(_column(of),) for of in table.columns])


def _apart(row: Row) -> tuple[str, ...]:
    return row.group, row.study, row.detail, row.variant


def _column(of: Column) -> str:
    subset = "" if of.subset == "all" else of.subset
    words = (f"{'Δ ' if of.difference else ''}{of.metric} {of.split}", subset, of.group, of.title)
    return ", ".join(filter(None, words))


def _told_apart(names: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    """The first word of each name; the next ones for those that share it; numbers where no word helps."""
    keys = [_word(first) for first, *_ in names]
    for more in list(zip(*names, strict=True))[1:]:
        times = Counter(keys)
        keys = [
            f"{key}, {_word(word)}" if word and times[key] > 1 else key for key, word in zip(keys, more, strict=True)
        ]
    taken: dict[str, None] = {}
    for key in keys:
        number, unique = 1, key
        while unique in taken:
            number += 1
            unique = f"{key} ({number})"
        taken[unique] = None
    return tuple(taken)


def _remark(cell: Cell) -> str:
    fill = f"fill with: {cell.command}" if cell.command else ""
    if cell.source == "literature":
        return _word(f"published; {cell.protocol}" if cell.value is not None else "not published")
    missing = (cell.text or cell.progress) if cell.value is None else ""
    return _word("; ".join(filter(None, (missing, fill)))) if missing or fill else ""


def _word(text: str) -> str:
    """One line without the sign that parts an anchor; never empty."""
    return " ".join(one_line(text).replace("|", "¦").split()) or "unnamed"
