"""What the tables of all papers share: their data sets, and where they find a number of ours or why it is not there."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from reports import cells
from reports.document import Cell, Column, Row
from reports.query import Results, StudyResults, Variant, Way

SPLIT = "test"


@dataclass(frozen=True, kw_only=True)
class DataSet:
    """A data set of the tables. `published`: its name in the paper's tables, empty where the paper has none. `public`:
    that of its test faces among the public reference values, see `Published.faces`."""

    study: str
    title: str
    published: str = ""
    public: str = ""


def is_plain(way: Way) -> bool:
    """Whether a way of measuring is test faces as they are, by what the network itself says of them."""
    return way == (SPLIT, "", "")


def find(results: Results, study: str, label: str) -> tuple[StudyResults, Variant] | Cell:
    """A study and its variant of this label, or the cell that says why there is none."""
    known = results.study(study)
    if known is None:
        return cells.not_run(study)
    variant = known.variant(label)
    return cells.NOT_ASKED if variant is None else (known, variant)


def cell(results: Results, data: DataSet, label: str, column: Column) -> Cell:
    """What a variant reached on a data set, or why that is not known."""
    found = find(results, data.study, label)
    return found if isinstance(found, Cell) else cells.measured(*found, column)


def our_rows(
    results: Results,
    columns: Mapping[Column, DataSet],
    variants: Sequence[str],
    cell_of: Callable[[Results, DataSet, str, Column], Cell] = cell,
) -> tuple[Row, ...]:
    """One row for each variant; every column is of a data set. The baseline is what all its studies call so."""
    known = (results.study(data.study) for data in columns.values())
    baselines = {study.baseline.label for study in known if study is not None and study.baseline is not None}
    return tuple(
        Row(
            label=label,
            group="Ours",
            cells=tuple(cell_of(results, data, label, of) for of, data in columns.items()),
            is_baseline=baselines == {label},
        )
        for label in variants
    )
