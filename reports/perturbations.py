"""Perturbations as the ledger says them in words: which kind, which level, and the error that they cause."""

from dataclasses import dataclass

from reports import aggregate, cells
from reports.document import Cell, Column
from reports.query import StudyResults, Variant

# The kinds, from the words that they begin with, see `describe()` in trainables/transforms/perturb.py; what follows
# is the level.
KINDS = {
    "Gaussian noise ": "Gaussian noise",
    "noise in ": "noisy pixels",
    "motion blur ": "motion blur",
    "Gaussian blur ": "Gaussian blur",
    "down-sampling ": "down-sampling",
    "JPEG quality ": "JPEG quality",
    "occluder ": "occluder",
}


@dataclass(frozen=True, kw_only=True)
class Perturbed:
    """A perturbation by its words, such as "motion blur 5 px": `kind` "motion blur", `level` "5 px"."""

    words: str
    kind: str
    level: str


def perturbed(words: str) -> Perturbed:
    """Its kind and level; words of no known kind are a kind of their own."""
    for start, kind in KINDS.items():
        if words.startswith(start):
            return Perturbed(words=words, kind=kind, level=words.removeprefix(start).removesuffix(" of the pixels"))
    return Perturbed(words=words, kind=words, level="")


def perturbations(study: StudyResults, split: str) -> tuple[Perturbed, ...]:
    """Those by which a study measures its test faces, in its own order, weak before strong."""
    return tuple(perturbed(words) for of, words, decoder in study.ways() if of == split and words and not decoder)


def against_clean(study: StudyResults, variant: Variant, column: Column, words: str) -> Cell:
    """The perturbed metric minus that of the same networks on the same faces as they are, paired by seed."""
    if not variant.asked(column.split, words) or not variant.asked(column.split):
        return Cell(text="not asked")
    noisy, clean = (
        study.values(variant, column.split, column.metric, column.subset, perturbation=one) for one in (words, "")
    )
    summary = aggregate.paired_difference(noisy, clean, between="perturbation")
    if summary is not None:
        return cells.of_summary(summary, cells.protocol(noisy[0]), column, asked=summary.n)
    if study.is_measured(variant, column.split, words) and study.is_measured(variant, column.split):
        return Cell(text="undefined")
    return cells.missing(study, variant)
