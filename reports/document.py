"""What a report says, as plain frozen data: tables and the page. Knows no metric and renders nothing."""

import math
from dataclasses import dataclass, field
from typing import Literal

from reports.drawing import Figure

Source = Literal["ours", "literature"]


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One number with everything that a reader may ask of it, or the reason why it is not there.

    `value` and `spread` are in `unit`, unscaled: an NME is a fraction here, percent is a matter of `labels`. A value is
    infinite where a network predicted what is no number.
    Without a `value`, `progress` says how far it is ("0/3 seeds") and `command` what fills it; `text` stands in place
    of a number ("not asked"). A value with a `command` still misses some of its seeds: `n` of `asked` are there.
    """

    value: float | None = None
    spread: float | None = None  # sample standard deviation over seeds
    n: int = 0  # seeds behind the value
    asked: int = 0  # seeds that the study asks for
    unit: str = ""
    protocol: str = ""  # data and convention in words; only cells with the same protocol are compared
    interval: tuple[float, float] | None = None  # of the value, 95 %, by a bootstrap over the persons of the images
    trials: tuple[str, ...] = ()
    seeds: tuple[int, ...] = ()  # in the order of `trials`, like `seed_values` and, where known, `evaluations`
    seed_values: tuple[float, ...] = ()
    evaluations: tuple[str, ...] = ()  # whose images the value is a mean over, where it is one
    commits: tuple[str, ...] = ()  # of the code that trained the trials, each once
    source: Source = "ours"
    differs: str = ""  # how a published number was measured in another way than its column says, in words
    rank: Literal["", "best", "second"] = ""  # in its column; those that a test cannot tell apart share it
    digits: int | None = None  # a published number keeps its own precision
    difference: bool = False  # to another row: printed with its sign, never the best
    marks: tuple[str, ...] = ()  # keys of the table's notes
    text: str = ""
    progress: str = ""
    command: str = ""

    def __post_init__(self) -> None:
        if self.value is None:
            return
        if math.isnan(self.value):
            raise ValueError(f"A cell cannot hold {self.value}: leave it empty and say why in `text` or `progress`.")
        if not self.unit or not self.protocol:
            missing = " and ".join(name for name in ("unit", "protocol") if not getattr(self, name))
            raise ValueError(f"The number {self.value:g} has no {missing}: a table takes none without.")
        if self.source == "ours" and not self.trials:
            raise ValueError(f"The number {self.value:g} is ours but names no trial that it comes from.")


@dataclass(frozen=True, kw_only=True)
class Column:
    """What a column measures. `labels.column` makes one with the metric's unit."""

    metric: str
    unit: str
    split: str
    subset: str = "all"
    compare: bool = True  # whether the best of the column is bold
    difference: bool = False  # to the study's baseline, or to what the row says; paired by seed
    title: str = ""  # instead of the metric's own, where a table's columns differ in something else
    group: str = ""  # the heading above neighbouring columns, instead of the split


@dataclass(frozen=True, kw_only=True)
class Row:
    label: str
    cells: tuple[Cell, ...]
    detail: str = ""  # a second, quieter line: the protocol of a published row, a variant's identity
    group: str = ""  # rows of one group stand together under its heading
    source: Source = "ours"
    citation: str = ""  # bibliography key
    marks: tuple[str, ...] = ()
    study: str = ""
    variant: str = ""
    is_baseline: bool = False  # what the other rows of its group are tested against


@dataclass(frozen=True)
class Note:
    """A footnote."""

    mark: str
    text: str


@dataclass(frozen=True, kw_only=True)
class Table:
    """Rows × columns. Every cell is checked against its column's unit and the table's notes.

    `finding`: one sentence, where the best of the first column is not what the table answers.
    """

    name: str
    title: str
    caption: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    notes: tuple[Note, ...] = ()
    finding: str = ""
    legend: str = ""  # what the best of a column means here; empty where no column has one

    def __post_init__(self) -> None:
        known_marks = {note.mark for note in self.notes}
        for row in self.rows:
            if len(row.cells) != len(self.columns):
                raise ValueError(
                    f"Table {self.name}, row {row.label!r}: {len(row.cells)} cells for {len(self.columns)} columns."
                )
            for column, cell in zip(self.columns, row.cells, strict=True):
                where = f"Table {self.name}, row {row.label!r}, column {column.metric} {column.split}"
                if cell.value is not None and cell.unit != column.unit:
                    raise ValueError(f"{where}: the cell is in {cell.unit!r}, the column in {column.unit!r}.")
                if unknown := {*row.marks, *cell.marks} - known_marks:
                    raise ValueError(f"{where}: no note for the mark {', '.join(sorted(unknown))}.")

    @property
    def protocols(self) -> tuple[str, ...]:
        """How our numbers were measured, each once, in order of appearance."""
        return tuple(dict.fromkeys(cell.protocol for cell in self._cells() if cell.source == "ours" and cell.protocol))

    @property
    def is_measured(self) -> bool:
        """Whether a number of ours is in it."""
        return any(cell.value is not None and cell.source == "ours" for cell in self._cells())

    @property
    def commands(self) -> tuple[str, ...]:
        """What fills the empty cells, each command once."""
        return tuple(dict.fromkeys(cell.command for cell in self._cells() if cell.command))

    def _cells(self) -> list[Cell]:
        return [cell for row in self.rows for cell in row.cells]


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How many trials of a study are in which state."""

    done: int = 0
    stopped: int = 0  # early, by a search, which does not need the rest of them
    running: int = 0  # at work, or cut short and to be resumed
    failed: int = 0
    to_run: int = 0

    @property
    def total(self) -> int:
        return self.done + self.stopped + self.running + self.failed + self.to_run

    def __str__(self) -> str:
        others = [
            ("stopped early", self.stopped), ("running or to resume", self.running), ("failed", self.failed),
            ("to run", self.to_run),
        ]  # fmt: skip
        words = [f"{self.done} of {self.total} trials done", *(f"{count} {name}" for name, count in others if count)]
        return ", ".join(words)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """In which settings the variants of a study differ: a path such as "recipe.epochs" → the value of each variant."""

    labels: tuple[str, ...]  # of the variants
    values: tuple[tuple[str, tuple[str, ...]], ...]  # (path, a value for each label, in words)


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """A figure of a paper that no trial fills yet, or that is a sketch; each of `commands` draws it."""

    name: str
    content: str
    commands: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Section:
    """A part of the page: a paper's tables, or a study with what it shows."""

    name: str
    title: str
    text: str = ""
    finding: str = ""  # one sentence with the number that answers the question
    command: str = ""
    progress: Progress | None = None
    settings: Settings | None = None
    tables: tuple[Table, ...] = ()
    figures: tuple[Figure, ...] = ()
    waiting: tuple[Waiting, ...] = ()


@dataclass(frozen=True, kw_only=True)
class FailureGroup:
    """Trials that failed in the same way."""

    error: str
    traceback: str  # of the first
    trials: tuple[str, ...]
    where: tuple[str, ...]  # "study / label, seed 1"
    command: str


@dataclass(frozen=True, kw_only=True)
class Page:
    title: str
    updated: str  # when the ledger last changed, not when the page was written: same ledger, same page
    sections: tuple[Section, ...]
    failures: tuple[FailureGroup, ...] = ()
    provenance: tuple[tuple[str, tuple[str, ...]], ...] = ()
    commands: tuple[str, ...] = ()
    problems: tuple[str, ...] = field(default=())  # tables that refused to be built, and why
