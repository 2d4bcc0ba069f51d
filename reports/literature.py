"""Rows and cells of published numbers, and of public reference values that are in none of the four papers."""

from collections.abc import Mapping, Sequence

from reports import labels, protocol_differences
from reports.document import Cell, Column, Row
from reports.published import PAPER_KEYS, Published, read

AUTHORS = {
    "000": "Kozłowska et al. 2026",
    "001": "Sharif et al. 2025",
    "002": "Bao et al. 2023",
    "003": "Wan et al. 2026",
}

# Unit of the paper → what the stored value, a fraction or a count, was multiplied by.
SCALES = {"%": 100.0, "M": 1e-6, "G": 1e-9}

REFERENCE = "Public reference values, not in the paper"
# A method of the reference values → bibliography key.
REFERENCE_KEYS = {
    "HRNetV2-W18 (HRNet repo)": "sun2019hrnet",
    "HRNetV2-W18 two-hot (mmpose 0.x)": "mmpose2020toolbox",
    "HRNetV2-W18 DARK (mmpose 0.x)": "mmpose2020toolbox",
    "D-ViT": "dang2025dvit",
}


def row(
    paper: str, where: str, label: str, cells: tuple[Cell, ...], marks: tuple[str, ...] = (), detail: str = ""
) -> Row:
    """A published row. `where` in the paper it stands, such as "Table 1"; `detail` is its second line."""
    return Row(
        label=label,
        detail=detail,
        group=f"Published: {AUTHORS[paper]}, {where}",
        source="literature",
        citation=PAPER_KEYS[paper],
        marks=marks,
        cells=cells,
    )


def cell(published: Published | None, column: Column, marks: tuple[str, ...] = (), also: str = "") -> Cell:
    """A published number under one of our columns, with its own precision; empty where there is none.

    What is no plain number stays text: "24.1+28.3", or "n/a" for what the paper says does not exist. `also`: how it
    differs from the column beside what `protocol_differences` finds.
    """
    if published is None:
        return Cell(text=labels.MISSING, source="literature")
    if published.value == "NA":
        return Cell(text=labels.NOT_APPLICABLE, source="literature", marks=marks)
    differs = "; ".join(words for words in (protocol_differences.differs(published, column), also) if words)
    if published.number is None:
        return Cell(text=published.value, source="literature", marks=marks, differs=differs)
    scale = SCALES.get(published.unit, 1.0)
    return Cell(
        value=published.number / scale,
        unit=column.unit,
        protocol=published.protocol,
        source="literature",
        digits=labels.published_digits(published.value, column, scale),
        marks=marks,
        differs=differs,
    )


def reference_rows(
    columns: Mapping[Column, str], group: str = REFERENCE, methods: Sequence[str] = tuple(REFERENCE_KEYS)
) -> tuple[Row, ...]:
    """Public reference values under the columns that they are measured like, a row for each method that has one.

    `columns`: each with the faces that it is of, as `Published.faces` says them; "" for those that nobody else has.
    """
    known = read("ext", "reference")
    rows = []
    for method in methods:
        numbers = [one for one in known if one.method == method]
        shown = {column: _reference(numbers, column, faces) for column, faces in columns.items()}
        if found := [one for one in shown.values() if one is not None]:
            rows.append(
                Row(
                    label=method,
                    detail="; ".join(dict.fromkeys((found[0].venue, *(one.note for one in found)))),
                    group=group,
                    source="literature",
                    citation=REFERENCE_KEYS[method],
                    cells=tuple(cell(one, column) for column, one in shown.items()),
                )
            )
    return tuple(rows)


def _reference(numbers: list[Published], column: Column, faces: str) -> Published | None:
    fitting = (one for one in numbers if one.faces == faces and not protocol_differences.differs(one, column))
    return next(fitting, None)
