"""What trials were declared with, beside what a paper prints of its training: settings as the words of cells."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reports import cells, labels, literature, paper_studies
from reports.document import Cell, Column, Row
from reports.paper_studies import DataSet
from reports.query import Results


@dataclass(frozen=True, kw_only=True)
class Setting:
    """`path`: where a declaration has it, as in "recipe.epochs". `times`: what a number of ours is multiplied by to be
    in the paper's unit."""

    title: str
    published: str  # the paper's name of it, "" where it prints none
    path: str
    times: float = 1.0
    form: str = "{:g}"  # of a number of ours

    @property
    def column(self) -> Column:
        return labels.column("setting", paper_studies.SPLIT, title=self.title, group="Training")


def published_rows(paper: str, where: str, settings: Sequence[Setting], marks: tuple[str, ...]) -> tuple[Row, ...]:
    """The settings that a paper prints, as printed; one row for each method of its list."""
    printed = literature.read(paper, "config")
    return tuple(
        literature.row(
            paper, where, method, tuple(_published(printed, method, one.published) for one in settings), marks
        )
        for method in dict.fromkeys(one.method for one in printed)
    )


def _published(printed: Sequence[literature.Published], method: str, name: str) -> Cell:
    found = [one.value for one in printed if (one.method, one.metric) == (method, name)]
    text = found[0].replace("+-", "±").replace(" deg", "°") if found else labels.MISSING
    return Cell(text=text, source="literature")


def our_row(
    results: Results, data: DataSet, label: str, settings: Sequence[Setting], marks: tuple[str, ...] = ()
) -> Row:
    """What the variant of this label was declared with, once a trial of it has finished."""
    return Row(
        label=label,
        group=f"Ours: {data.title}",
        cells=tuple(setting(results, data, label, one) for one in settings),
        marks=marks,
        study=data.study,
    )


def setting(results: Results, data: DataSet, label: str, of: Setting) -> Cell:
    """The value in words: "off" where it is None, "–" where what was declared has no such setting."""
    found = paper_studies.find(results, data.study, label)
    if isinstance(found, Cell):
        return found
    study, variant = found
    if not variant.finished:
        return cells.missing(study, variant)
    value: Any = study.declaration(variant)
    for name in of.path.split("."):
        value = value.get(name, labels.MISSING) if isinstance(value, Mapping) else value
    return Cell(text=_words(value, of), trials=variant.finished)


def _words(value: Any, of: Setting) -> str:
    if value is None:
        return "off"
    return of.form.format(value * of.times) if isinstance(value, int | float) else str(value)
