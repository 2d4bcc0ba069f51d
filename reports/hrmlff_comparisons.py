"""Every variant of paper 000's studies against its study's HR-MLFF: paired by seed, and by photograph."""

from collections.abc import Sequence
from dataclasses import dataclass

from reports import aggregate, cells, hrmlff, labels, significance_columns
from reports.aggregate import Measurement, Summary
from reports.document import Cell
from reports.errors_by_image import error_by_image, paired_by_image
from reports.query import StudyResults, Variant
from reports.significance import PairedByPerson

METRIC = "nme_io"
OVER_SEEDS = "Over seeds"
ERROR = labels.column(METRIC, hrmlff.SPLIT, group=OVER_SEEDS)
ERROR_BY_PUPILS = labels.column("nme_ip", hrmlff.SPLIT, group=OVER_SEEDS)
DIFFERENCE = labels.column(METRIC, hrmlff.SPLIT, difference=True, group=OVER_SEEDS)
BY_PHOTOGRAPH = significance_columns.columns(METRIC, hrmlff.SPLIT)
COLUMNS = (ERROR, ERROR_BY_PUPILS, DIFFERENCE, *BY_PHOTOGRAPH)


@dataclass(frozen=True, kw_only=True)
class Reading:
    """A variant of a study, read in one way: `decoder` in words, empty for as it is."""

    study: StudyResults
    variant: Variant
    decoder: str = ""

    @property
    def is_baseline(self) -> bool:
        return self.variant.baseline and not self.decoder

    def values(self) -> tuple[Measurement, ...]:
        return self.study.values(self.variant, hrmlff.SPLIT, METRIC, decoder=self.decoder)


@dataclass(frozen=True, kw_only=True)
class Compared:
    """A reading minus its study's HR-MLFF, NME io as a fraction: above zero, HR-MLFF is better."""

    by_seed: Summary
    by_person: PairedByPerson | None
    protocol: str


def cells_of(readings: Sequence[Reading]) -> list[tuple[Cell, ...]]:
    """The cells of `COLUMNS` for all readings of one table; HR-MLFF itself has no difference."""
    compared = [_compared(one) for one in readings]
    by_person = iter(
        significance_columns.cells([(one.by_person, one.by_seed, one.protocol) for one in compared if one is not None])
    )
    nothing = (Cell(text=labels.MISSING),) * len(BY_PHOTOGRAPH)
    return [
        (*_over_seeds(reading, one), *(nothing if one is None else next(by_person)))
        for reading, one in zip(readings, compared, strict=True)
    ]


def _over_seeds(reading: Reading, compared: Compared | None) -> tuple[Cell, ...]:
    error, by_pupils = (
        cells.measured(reading.study, reading.variant, column, decoder=reading.decoder)
        for column in (ERROR, ERROR_BY_PUPILS)
    )
    if compared is not None:
        summary = compared.by_seed
        return error, by_pupils, cells.of_summary(summary, compared.protocol, DIFFERENCE, asked=summary.n)
    if reading.is_baseline or error.value is not None:
        return error, by_pupils, Cell(text=labels.MISSING)
    return error, by_pupils, error  # what is missing, and how to get it


def _compared(reading: Reading) -> Compared | None:
    """None for HR-MLFF itself, and without a seed in common."""
    study = reading.study
    if study.baseline is None or reading.is_baseline:
        return None
    against = Reading(study=study, variant=study.baseline)
    ours, theirs = reading.values(), against.values()
    summary = aggregate.paired_difference(ours, theirs, between="decoder" if reading.decoder else "")
    if summary is None:
        return None
    errors = [
        error_by_image(
            study,
            one.variant,
            hrmlff.SPLIT,
            [each.trial for each in values if each.seed in summary.seeds],
            decoder=one.decoder,
        )
        for one, values in ((reading, ours), (against, theirs))
    ]
    return Compared(by_seed=summary, by_person=paired_by_image(*errors), protocol=cells.protocol(ours[0]))
