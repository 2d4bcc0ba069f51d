"""Published numbers, from literature/*.csv, each with the protocol that its paper states or leaves open."""

import csv
from dataclasses import dataclass
from pathlib import Path

from reports import labels
from reports.document import Cell, Column, Row

FOLDER = Path(__file__).parent / "literature"

# Paper number in the files → key in trainables/papers.py.
PAPER_KEYS = {
    "000": "kozlowska2026hrmlff",
    "001": "sharif2025resnet18",
    "002": "bao2023keyposs",
    "003": "wan2026sht",
}

AUTHORS = {
    "000": "Kozłowska et al. 2026",
    "001": "Sharif et al. 2025",
    "002": "Bao et al. 2023",
    "003": "Wan et al. 2026",
}

# Unit of the paper → what the stored value, a fraction or a count, was multiplied by.
SCALES = {"%": 100.0, "M": 1e-6, "G": 1e-9}


@dataclass(frozen=True, kw_only=True)
class Published:
    """One number of one paper, as printed there. `value` is text: some papers print "24.1+28.3" or "NA"."""

    paper: str
    table: str
    method: str
    year_or_venue: str
    dataset: str
    subset: str
    metric: str
    unit: str
    value: str
    note: str

    @property
    def number(self) -> float | None:
        """In the unit of the paper; None where it printed no plain number."""
        try:
            return float(self.value)
        except ValueError:
            return None

    @property
    def protocol(self) -> str:
        return f"{self.dataset} {self.subset}" + (f": {self.note}" if self.note else "")


def read(paper: str, table: str, folder: Path = FOLDER) -> tuple[Published, ...]:
    """The numbers of one table of one paper. ValueError names the tables that exist."""
    path = folder / f"{paper}_{table}.csv"
    if not path.exists():
        known = ", ".join(sorted(file.stem for file in folder.glob("*.csv")))
        raise ValueError(f"No published table {path.stem} in {folder}. Known: {known}.")
    with path.open(newline="", encoding="utf-8") as file:
        return tuple(Published(**row) for row in csv.DictReader(file))


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


def cell(published: Published | None, column: Column, marks: tuple[str, ...] = ()) -> Cell:
    """A published number under one of our columns, with its own precision; empty where there is none.

    What is no plain number stays text: "24.1+28.3", or "n/a" for what the paper says does not exist.
    """
    if published is None:
        return Cell(text=labels.MISSING, source="literature")
    if published.number is None:
        text = labels.NOT_APPLICABLE if published.value == "NA" else published.value
        return Cell(text=text, source="literature", marks=marks)
    scale = SCALES.get(published.unit, 1.0)
    return Cell(
        value=published.number / scale,
        unit=column.unit,
        protocol=published.protocol,
        source="literature",
        digits=labels.published_digits(published.value, column, scale),
        marks=marks,
    )
