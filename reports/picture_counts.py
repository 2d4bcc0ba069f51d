"""How many pictures a paper counts in its data sets, beside how many our trials trained and were tested on."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from reports import cells, labels, literature, paper_studies
from reports.aggregate import Measurement
from reports.document import Cell, Row
from reports.paper_studies import DataSet
from reports.query import Results, StudyResults, Variant

PUBLISHED, OURS = (
    labels.column("num_pictures", paper_studies.SPLIT, title=title, group="Pictures") for title in ("published", "ours")
)
METRIC = "nme_io"  # whose mean is over the test faces


@dataclass(frozen=True, kw_only=True)
class Count:
    """A line of the paper's list, `dataset` and `subset` as in its file, and where ours is: `label` in the study of
    `data`, its training faces or a subset of its test faces. Without `data`, ours has no such faces to count."""

    dataset: str
    subset: str
    data: DataSet | None = None
    label: str = ""
    of: Literal["training", "test"] = "test"
    ours: str = "all"  # our name of the subset
    marks: tuple[str, ...] = ()


def rows(results: Results, paper: str, where: str, counts: Sequence[Count]) -> tuple[Row, ...]:
    """A row for each line, in the two columns; its citation is that of the paper."""
    printed = {(one.dataset, one.subset): one for one in literature.read(paper, "datasets")}
    return tuple(
        Row(
            label=f"{one.dataset}, {one.subset}",
            group=f"Published: {literature.AUTHORS[paper]}, {where}; and ours",
            # A count has no protocol to differ in: the row says what it is of.
            cells=(
                replace(literature.cell(printed[one.dataset, one.subset], PUBLISHED), differs=""),
                _ours(results, one),
            ),
            citation=literature.PAPER_KEYS[paper],
            marks=one.marks,
        )
        for one in counts
    )


def _ours(results: Results, count: Count) -> Cell:
    if count.data is None:
        return Cell(text=labels.MISSING)
    found = paper_studies.find(results, count.data.study, count.label)
    if isinstance(found, Cell):
        return found
    study, variant = found
    pictures = _trained_on(results, variant) if count.of == "training" else _tested_on(study, variant, count.ours)
    if not pictures:
        return cells.missing(study, variant)
    if len(set(pictures.values())) > 1:
        raise ValueError(f"Trials of {variant.label} in {study.name} differ in their {count.of} pictures: {pictures}.")
    return Cell(
        value=float(next(iter(pictures.values()))),
        unit=OURS.unit,
        protocol=f"{count.data.title}, {count.of} faces",
        trials=tuple(pictures),
    )


def _trained_on(results: Results, variant: Variant) -> dict[str, int]:
    found = {trial: results.trials[trial]["training_images"] for trial in variant.finished}
    return {trial: count for trial, count in found.items() if count}


def _tested_on(study: StudyResults, variant: Variant, subset: str) -> dict[str, int]:
    values: tuple[Measurement, ...] = study.values(variant, paper_studies.SPLIT, METRIC, subset)
    return {one.trial: one.images for one in values}
