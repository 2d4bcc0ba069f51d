"""How a cell prints: units, digits, signs and the best of a column; and how columns are headed."""

import difflib
import math
from dataclasses import dataclass, replace

from reports.document import Cell, Column, Row, Table
from reports.metric_names import METRICS, Metric

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
        near = difflib.get_close_matches(name, METRICS, n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
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
    remark: str = ""  # "n=2", where it is not what the row says
    word: str = ""
    bold: bool = False
    marks: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        parts = [self.number or self.word]
        if self.spread:
            parts.append(f"± {self.spread}")
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
    """The table as it prints, with the best of each column bold."""
    best = _best(table)
    rows = []
    for index, row in enumerate(table.rows):
        n = _seeds(max(row.cells, key=lambda cell: cell.n)) if row.cells else ""
        cells = tuple(
            _printed_cell(cell, of, n, bold=(index, place) in best)
            for place, (cell, of) in enumerate(zip(row.cells, table.columns, strict=True))
        )
        rows.append(PrintedRow(row=row, n=n, cells=cells))
    return tuple(rows)


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


def _printed_cell(cell: Cell, of: Column, row_n: str, bold: bool) -> Printed:
    if cell.value is None:
        return Printed(word=cell.text or cell.progress or MISSING, marks=cell.marks)
    of = replace(of, difference=of.difference or cell.difference)
    remark = f"n={_seeds(cell)}" if cell.n and _seeds(cell) != row_n else ""
    spread = "" if cell.spread is None else number(cell.spread, of, cell.digits).lstrip("+")
    text = number(cell.value, of, cell.digits)
    return Printed(number=text, spread=spread, remark=remark, bold=bold, marks=cell.marks)


def _best(table: Table) -> set[tuple[int, int]]:
    """(row, column) of the best numbers of ours.

    Compared as printed, so that ties share it, and only among cells of the same protocol and data. A column where all
    are equal, or where one stands alone, has no best.
    """
    best: set[tuple[int, int]] = set()
    for place, of in enumerate(table.columns):
        if not of.compare or of.difference:
            continue
        rivals: dict[str, list[tuple[int, float]]] = {}
        for index, row in enumerate(table.rows):
            cell = row.cells[place]
            if cell.value is not None and cell.source == "ours" and not cell.difference:
                value = float(number(cell.value, of).replace("−", "-").replace("∞", "inf"))
                rivals.setdefault(cell.protocol, []).append((index, value))
        for entries in rivals.values():
            values = [value for _, value in entries]
            if len(set(values)) > 1:
                winner = min(values) if metric(of.metric).lower_is_better else max(values)
                best.update((index, place) for index, value in entries if value == winner)
    return best
