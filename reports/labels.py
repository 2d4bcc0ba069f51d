"""How a cell prints: units, digits, signs; and how columns are headed."""

import math
from dataclasses import dataclass, replace

from reports.document import Cell, Column, Row, Table
from reports.metric_names import METRICS, Metric
from reports.names import did_you_mean

SPLITS = {"train": "Training", "val": "Validation", "test": "Test"}
DATASETS = {
    "300w": "300W", "wflw": "WFLW", "cofw": "COFW", "aflw19": "AFLW-19", "coco_wholebody": "COCO-WholeBody",
    "synthetic": "rendered faces", "scattered": "scattered points",
}  # fmt: skip
MISSING = "–"
NOT_APPLICABLE = "n/a"
SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def metric(name: str) -> Metric:
    if name not in METRICS:
        hint = did_you_mean(name, METRICS)
        raise ValueError(f"No metric {name!r} in reports/metric_names.py.{hint} Known: {', '.join(METRICS)}.")
    return METRICS[name]


def column(
    name: str,
    split: str,
    *,
    subset: str = "all",
    compare: bool = True,
    difference: bool = False,
    title: str = "",
    group: str = "",
) -> Column:
    """A column for a metric of the ledger. The training split is never compared: its best is the one that overfits."""
    one = metric(name)
    if split not in SPLITS:
        raise ValueError(f"No split {split!r}. Known: {', '.join(SPLITS)}.")
    return Column(
        metric=name,
        unit=one.unit,
        split=split,
        subset=subset,
        compare=compare and split != "train" and one.lower_is_better is not None,
        difference=difference,
        title=title,
        group=group,
    )


def split_name(split: str) -> str:
    return SPLITS.get(split, split)


def dataset_name(dataset: str) -> str:
    return DATASETS.get(dataset, dataset)


def column_group(of: Column) -> str:
    """The heading above neighbouring columns."""
    if of.group:
        return of.group
    split = split_name(of.split)
    return split if of.subset == "all" else f"{split}: {of.subset}"


def column_title(of: Column) -> str:
    return of.title or metric_title(of)


def metric_title(of: Column) -> str:
    title = metric(of.metric).title
    return f"Δ {title}" if of.difference else title


def column_unit(of: Column) -> str:
    """What stands under the title: unit and direction, as in "% ↓"."""
    one = metric(of.metric)
    unit = "pp" if of.difference and one.printed_unit == "%" else one.printed_unit
    direction = {True: "↓", False: "↑", None: ""}[one.lower_is_better]
    return f"{unit} {direction}".strip()


def column_meaning(of: Column) -> str:
    meaning = metric(of.metric).meaning
    return f"difference to the baseline, paired by seed: {meaning}" if of.difference else meaning


@dataclass(frozen=True, kw_only=True)
class Printed:
    """A cell in words and digits. `number` or `word` is set; the renderer only arranges and escapes."""

    number: str = ""
    spread: str = ""
    interval: tuple[str, str] | None = None  # of a single seed, which has no spread
    remark: str = ""  # "n=2", where it is not what the row says
    word: str = ""
    bold: bool = False
    underlined: bool = False
    marks: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        parts = [self.number or self.word]
        if self.spread:
            parts.append(f"± {self.spread}")
        if self.interval:
            parts.append(f"[{', '.join(self.interval)}]")
        if self.remark:
            parts.append(f"({self.remark})")
        return " ".join(parts)


@dataclass(frozen=True, kw_only=True)
class PrintedRow:
    row: Row
    n: str  # seeds behind the row's cells: "3", or "2/3" while some are missing; empty for a published row
    cells: tuple[Printed, ...]

    @property
    def is_empty(self) -> bool:
        """Nothing measured yet, and a command would change that."""
        return not any(cell.value is not None for cell in self.row.cells) and any(c.command for c in self.row.cells)


def printed(table: Table) -> tuple[PrintedRow, ...]:
    """The table as it prints: what ranks as best is bold, what ranks as second underlined."""
    rows = []
    for row in table.rows:
        n = _seeds(max(row.cells, key=lambda cell: cell.n)) if row.cells else ""
        cells = tuple(_printed_cell(cell, of, n) for cell, of in zip(row.cells, table.columns, strict=True))
        rows.append(PrintedRow(row=row, n=n, cells=cells))
    return tuple(rows)


def legend(table: Table, best: str, second: str) -> str:
    """What the signs of a renderer mean, such as "Bold" and "underlined"; empty where nothing ranks."""
    if not table.legend:
        return ""
    has_second = any(cell.rank == "second" for row in table.rows for cell in row.cells)
    return f"{best}: {table.legend}" + (f"; {second}: the next" if has_second else "") + "."


def number(value: float, of: Column, digits: int | None = None) -> str:
    """A stored value as it prints, without its unit. A difference carries its sign."""
    one = metric(of.metric)
    if math.isinf(value):
        return f"{'−' if value < 0 else '+' if of.difference else ''}∞"
    digits = one.digits if digits is None else digits
    if 0 <= value < one.least:
        return f"< {number(one.least, of, digits)}"
    text = f"{value * one.scale:+.{digits}f}" if of.difference else f"{value * one.scale:.{digits}f}"
    if not text.strip("+-0."):
        text = text.lstrip("+-")  # zero has no sign
    return text.replace("-", "−")


def interval(low_and_high: tuple[float, float], of: Column) -> tuple[str, str]:
    """Both ends of an interval as they print."""
    low, high = low_and_high
    return number(low, of), number(high, of)


def short_number(value: float) -> str:
    """A positive number as an axis has it: "0.02", "50", "10⁶", "2×10⁷"."""
    if 1e-3 <= value < 1e5:
        return f"{value:g}"
    digits, _, exponent = f"{value:e}".partition("e")
    factor, power = f"{float(digits):g}", "10" + str(int(exponent)).translate(SUPERSCRIPTS)
    return power if factor == "1" else f"{factor}×{power}"


def published_digits(text: str, of: Column, published_scale: float) -> int:
    """The digits that a published number keeps when it is printed our way: .0012 in units of 10⁻³ is 1.2,
    and 70.1 % as a fraction .701.

    `published_scale` says what the paper had multiplied the stored value by: 100 for a percentage.
    """
    digits = len(text.partition(".")[2])
    shift = round(math.log10(metric(of.metric).scale / published_scale))
    return max(0, digits - shift)


def _seeds(cell: Cell) -> str:
    if not cell.n:
        return ""
    return str(cell.n) if cell.n >= cell.asked else f"{cell.n}/{cell.asked}"


def _printed_cell(cell: Cell, of: Column, row_n: str) -> Printed:
    if cell.value is None:
        return Printed(word=cell.text or cell.progress or MISSING, marks=cell.marks)
    of = replace(of, difference=of.difference or cell.difference)
    remark = f"n={_seeds(cell)}" if cell.n and _seeds(cell) != row_n else ""
    spread = "" if cell.spread is None else number(cell.spread, of, cell.digits).lstrip("+")
    low_and_high = cell.interval if cell.n == 1 and cell.spread is None else None
    return Printed(
        number=number(cell.value, of, cell.digits),
        spread=spread,
        interval=None if low_and_high is None else interval(low_and_high, of),
        remark=remark,
        bold=cell.rank == "best",
        underlined=cell.rank == "second",
        marks=cell.marks,
    )
