"""The one place that knows names, units, digits, directions and the order of metrics, and how a cell prints."""

import difflib
import math
from dataclasses import dataclass, replace

from reports.document import Cell, Column, Row, Table


@dataclass(frozen=True)
class Metric:
    """How a metric of the ledger is called and printed. `value × scale` is printed with `printed_unit`."""

    name: str
    title: str
    unit: str  # of the stored value
    printed_unit: str
    scale: float
    digits: int
    lower_is_better: bool | None  # None for what is neither
    meaning: str
    least: float = 0.0  # what is smaller prints as "< least"


FRACTION = "fraction"


def _percent(name: str, title: str, meaning: str, lower_is_better: bool = True, digits: int = 2) -> Metric:
    return Metric(name, title, FRACTION, "%", 100.0, digits, lower_is_better, meaning)


def _auc(percent: int, normaliser: str = "io", words: str = "io") -> Metric:
    title = f"AUC@{percent}" if normaliser == "io" else f"AUC@{percent} {words}"
    meaning = f"area under the CED of NME {words} up to {percent} %, divided by it"
    return Metric(f"auc_{normaliser}_{percent}", title, FRACTION, "", 1.0, 3, False, meaning)


def _failures(percent: int, normaliser: str = "io", words: str = "io") -> Metric:
    title = f"FR@{percent}" if normaliser == "io" else f"FR@{percent} {words}"
    return _percent(f"fr_{normaliser}_{percent}", title, f"share of images with NME {words} above {percent} %")


# In the order in which tables show them.
METRICS: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        # Paper 001 prints .0009 and .0012; the factor in the heading keeps three digits of ours readable beside them.
        Metric(
            "mse", "MSE", "squared crop sides", "×10⁻³", 1e3, 3, True,
            "mean square of the coordinates, in crop sides",
        ),
        _percent("nme_io", "NME io", "mean point error ÷ distance of the outer eye corners"),
        _percent("nme_ip", "NME ip", "mean point error ÷ distance of the pupils"),
        _percent("nme_box", "NME box", "mean point error ÷ √(w·h) of the tight landmark box"),
        _percent("nme_diag", "NME diag", "mean point error ÷ diagonal of the tight landmark box"),
        _percent("nme_width", "NME width", "mean point error ÷ width of the tight landmark box"),
        _percent("nme_dataset_box", "NME face box", "mean point error ÷ √(w·h) of the data set's own face box"),
        _percent("nme_dataset_diag", "NME face diag", "mean point error ÷ diagonal of the data set's own face box"),
        _percent("nme_crop_diag", "NME crop diag", "mean point error ÷ diagonal of the crop"),
        _percent(
            "nme_io_pooled", "NME io pooled",
            "mean over all landmarks of all images at once of error ÷ distance of the outer eye corners",
        ),
        # Its papers print a fraction.
        Metric(
            "nrmse_width", "NRMSE width", FRACTION, "", 1.0, 4, True,
            "root mean square of the point errors ÷ width of the tight landmark box",
        ),
        _percent("erroneous_landmarks", "> 5 %", "share of landmarks further off than 5 % of the outer eye corners"),
        _percent("accuracy_3px", "≤ 3 px", "share of landmarks within 3 px of the 224-px crop", lower_is_better=False),
        _percent("accuracy_5px", "≤ 5 px", "share of landmarks within 5 px of the 224-px crop", lower_is_better=False),
        _auc(7),
        _auc(8),
        _auc(10),
        _auc(8, "ip", "ip"),
        _auc(10, "ip", "ip"),
        _auc(7, "box", "box"),
        _auc(7, "dataset_box", "face box"),
        _failures(7),
        _failures(8),
        _failures(10),
        _failures(8, "ip", "ip"),
        _failures(10, "ip", "ip"),
        _failures(7, "box", "box"),
        _failures(7, "dataset_box", "face box"),
        _percent("success_io_10", "Success@10", "share of images with NME io of at most 10 %", lower_is_better=False),
        Metric("psnr", "PSNR", "dB", "dB", 1.0, 2, False, "peak signal-to-noise ratio of the brightness (Y)"),
        Metric("ssim", "SSIM", FRACTION, "", 1.0, 4, False, "structural similarity of the brightness (Y)"),
        Metric("ssim_dic", "SSIM 256−Y", FRACTION, "", 1.0, 4, False, "SSIM of 256−Y, as in the public code of DIC"),
        _percent("nme", "NME", "mean point error ÷ the length that the row names"),
        # Paper 002's Table 1 prints fractions.
        Metric(
            "nme_io_fraction", "NME io", FRACTION, "", 1.0, 3, True,
            "mean point error ÷ distance of the outer eye corners, as a fraction",
        ),
        Metric("parameters", "Parameters", "count", "M", 1e-6, 2, None, "trained numbers of the network, in millions"),
        Metric(
            "macs", "Operations", "operations", "G", 1e-9, 2, None,
            "multiply–accumulates of one forward pass of one image, in thousand millions",
        ),
        Metric("p_value", "p", "probability", "", 1.0, 3, None, "probability of such a difference by chance", 0.001),
        Metric("num_images", "images", "count", "", 1.0, 0, None, "test images that both sides have an error of"),
        Metric("num_persons", "persons", "count", "", 1.0, 0, None, "groups of these images, such as persons"),
    )
}  # fmt: skip

SPLITS = {"train": "Training", "val": "Validation", "test": "Test"}
DATASETS = {
    "300w": "300W", "wflw": "WFLW", "cofw": "COFW", "aflw19": "AFLW-19", "coco_wholebody": "COCO-WholeBody",
    "synthetic": "rendered faces", "scattered": "scattered points",
}  # fmt: skip
MISSING = "–"
NOT_APPLICABLE = "n/a"


def metric(name: str) -> Metric:
    if name not in METRICS:
        near = difflib.get_close_matches(name, METRICS, n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise ValueError(f"No metric {name!r} in reports/labels.py.{hint} Known: {', '.join(METRICS)}.")
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


def published_digits(text: str, of: Column, published_scale: float) -> int:
    """The digits that a published number keeps when it is printed our way: .0012 in units of 10⁻³ is 1.2.

    `published_scale` says what the paper had multiplied the stored value by: 100 for a percentage.
    """
    digits = len(text.partition(".")[2])
    shift = 0
    factor = metric(of.metric).scale / published_scale
    while factor >= 10:
        factor, shift = factor / 10, shift + 1
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
