"""One published number, as a row of literature/*.csv has it: where it stands, what it is of, and when it is from."""

import csv
import re
from dataclasses import dataclass
from pathlib import Path

from trainables.papers import PAPERS

FOLDER = Path(__file__).parent / "literature"

# Paper number in the files → key in trainables/papers.py.
PAPER_KEYS = {
    "000": "kozlowska2026hrmlff",
    "001": "sharif2025resnet18",
    "002": "bao2023keyposs",
    "003": "wan2026sht",
}
SPLITS = {"train": "train", "validation": "val"}  # a paper's subset → our split; every other is of test faces
# A paper's name of a part of the test faces → that of the data set.
PARTS = {
    **{name: name for name in ("common", "challenging", "frontal")},
    **{name: name for name in ("illumination", "occlusion", "blur", "makeup", "expression")},
    "pose": "largepose",
}
PRIVATE = "private test"  # of 300W: other faces than those of its full set


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
    def split(self) -> str:
        return SPLITS.get(self.subset, "test")

    @property
    def faces(self) -> str:
        """The data set, and which of its test sets where it has two: "WFLW", "300W private test"."""
        return f"{self.dataset} {PRIVATE}" if self.subset == PRIVATE else self.dataset

    @property
    def part(self) -> str:
        """Of the faces, by the data set's own name of it; "all" for the whole set."""
        return PARTS.get(self.subset, "all")

    @property
    def venue(self) -> str:
        """Where a method that the paper quotes was published, "CVPR 2018"; its own have none here."""
        if self._is_own or self.year_or_venue == "-":
            return ""
        if self.year_or_venue == "repo":
            return "public code"
        return re.sub(r"(?<=[A-Za-z])(?=\d{4}\b)", " ", self.year_or_venue)

    @property
    def protocol(self) -> str:
        """Faces, year or venue, and what is known of how it was measured."""
        when = str(PAPERS[PAPER_KEYS[self.paper]].year) if self._is_own else self.venue
        said = f"{self.dataset} {self.subset}".rstrip() + (f", {when}" if when else "")
        return said + (f": {self.note}" if self.note else "")

    @property
    def _is_own(self) -> bool:
        """Whether the paper's own method has it: the file has the paper's number instead of a venue."""
        return self.year_or_venue.partition("-")[0] == self.paper


def read(paper: str, table: str, folder: Path = FOLDER) -> tuple[Published, ...]:
    """The numbers of one table of one paper. ValueError names the tables that exist."""
    path = folder / f"{paper}_{table}.csv"
    if not path.exists():
        known = ", ".join(sorted(file.stem for file in folder.glob("*.csv")))
        raise ValueError(f"No published table {path.stem} in {folder}. Known: {known}.")
    with path.open(newline="", encoding="utf-8") as file:
        return tuple(Published(**row) for row in csv.DictReader(file))
