"""What a report says, as plain frozen data: tables, figures and the page. Knows no metric and renders nothing."""

import math
from dataclasses import dataclass, field
from typing import Literal

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
    trials: tuple[str, ...] = ()
    seeds: tuple[int, ...] = ()  # in the order of `trials`, like `seed_values`
    seed_values: tuple[float, ...] = ()
    source: Source = "ours"
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
    def commands(self) -> tuple[str, ...]:
        """What fills the empty cells, each command once."""
        return tuple(dict.fromkeys(cell.command for cell in self._cells() if cell.command))

    def _cells(self) -> list[Cell]:
        return [cell for row in self.rows for cell in row.cells]


@dataclass(frozen=True, kw_only=True)
class Line:
    """One curve with an optional band. `series` is the variant's place in its study: it fixes the colour everywhere."""

    label: str
    series: int
    x: tuple[float, ...]
    y: tuple[float, ...]
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()
    dashed: bool = False
    trials: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Curves:
    x_label: str
    y_label: str
    lines: tuple[Line, ...]
    y_log: bool = False
    x_doubling: bool = False  # a logarithmic axis that names the x of the lines and nothing else
    x_limits: tuple[float, float] | None = None
    y_limits: tuple[float, float] | None = None
    threshold: float | None = None  # a vertical rule, in units of x
    key: tuple[tuple[str, bool], ...] = ()  # what a solid and a dashed line mean: (words, dashed)


@dataclass(frozen=True, kw_only=True)
class Panel:
    """Lines over steps that have names instead of numbers: x counts the steps from 0."""

    title: str
    steps: tuple[str, ...]
    lines: tuple[Line, ...]


@dataclass(frozen=True, kw_only=True)
class Panels:
    """Several panels with one y axis and one legend."""

    y_label: str
    panels: tuple[Panel, ...]
    y_log: bool = False


@dataclass(frozen=True, kw_only=True)
class LandmarkMap:
    """A face with a value at each landmark; points in any unit, y downwards."""

    label: str
    points: tuple[tuple[float, float], ...]
    values: tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class LandmarkMaps:
    """Faces with one scale of values."""

    value_label: str
    maps: tuple[LandmarkMap, ...]


@dataclass(frozen=True, kw_only=True)
class Face:
    """A picture with two sets of points, both in pixels of the picture and both empty where it is not about them."""

    picture: bytes  # JPEG or PNG
    truth: tuple[tuple[float, float], ...] = ()
    prediction: tuple[tuple[float, float], ...] = ()
    caption: str = ""
    image: str
    trial: str


@dataclass(frozen=True, kw_only=True)
class FaceGrid:
    headings: tuple[str, ...]
    rows: tuple[tuple[str, tuple[Face, ...]], ...]


@dataclass(frozen=True, kw_only=True)
class Ranges:
    """A heatmap, some of its cells as anchors, and how far each says the landmark is. All positions in cells."""

    heatmap: tuple[tuple[float, ...], ...]  # rows of values, in [0, 1]
    anchors: tuple[tuple[float, float], ...]  # (x, y), the centre of the first cell at (0, 0)
    distances: tuple[float, ...]
    truth: tuple[float, float]
    prediction: tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class Dot:
    """A mean over seeds with its spread, the seeds themselves, and what a paper printed."""

    label: str
    group: str
    mean: float
    spread: float | None
    values: tuple[float, ...]
    published: float | None = None
    series: int | None = None  # the variant's place in its study, where the colour shall say it


@dataclass(frozen=True, kw_only=True)
class Dots:
    """Rows of dots over one axis, in groups. `zero`: whether 0 is what all are compared with."""

    x_label: str
    dots: tuple[Dot, ...]
    zero: bool = False
    published_label: str = ""


@dataclass(frozen=True, kw_only=True)
class Spot:
    """A trial of a search in a plane. Without a y it has no value, and stands at the upper edge.

    `is_minor`: its value does not count as much as others', because it was stopped early. `is_far`: its y is so far
    above the others' that it stands at the upper edge, too.
    """

    x: float
    y: float | None
    trial: str
    is_minor: bool = False
    is_far: bool = False
    mark: Literal["", "default", "best", "front"] = ""
    label: str = ""


@dataclass(frozen=True, kw_only=True)
class Plane:
    """Spots and a line of steps through some of them. `names`: those of choices, which x counts from 0.

    `step`: the side of a point on which the line stays at its height: "post" is the right one.
    """

    x_label: str
    y_label: str
    spots: tuple[Spot, ...]
    line: tuple[tuple[float, float], ...] = ()
    line_label: str = ""  # empty where the spots say what it is
    step: Literal["pre", "post"] = "post"
    names: tuple[str, ...] = ()
    x_limits: tuple[float, float] | None = None
    x_log: bool = False
    y_log: bool = False
    x_whole: bool = False  # x are numbers of trials


@dataclass(frozen=True, kw_only=True)
class Planes:
    """Rows of planes with one legend; those of a row that have one y label share their y axis."""

    rows: tuple[tuple[Plane, ...], ...]


@dataclass(frozen=True, kw_only=True)
class BarGroup:
    """Shares of one whole, each with the name of what has it; `text` instead of them where there are none."""

    title: str
    bars: tuple[tuple[str, float], ...] = ()
    text: str = ""


@dataclass(frozen=True, kw_only=True)
class Bars:
    x_label: str
    groups: tuple[BarGroup, ...]


@dataclass(frozen=True, kw_only=True)
class Figure:
    """What a figure shows. `draw` names the function of `plots` that draws `data`."""

    name: str
    title: str
    caption: str
    draw: Literal["curves", "panels", "maps", "faces", "ranges", "dots", "planes", "bars"]
    data: Curves | Panels | LandmarkMaps | FaceGrid | Ranges | Dots | Planes | Bars
    trials: tuple[str, ...] = ()
    is_wide: bool = False  # takes the whole width of a page


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
class Section:
    """A part of the page: a paper's tables, or a study with what it shows."""

    name: str
    title: str
    text: str = ""
    finding: str = ""  # one sentence with the number that answers the question
    command: str = ""
    progress: Progress | None = None
    tables: tuple[Table, ...] = ()
    figures: tuple[Figure, ...] = ()


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
