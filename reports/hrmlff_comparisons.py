"""Every variant of paper 000's studies against its study's HR-MLFF: paired by seed, and by photograph."""

from collections.abc import Sequence

from reports import cells, hrmlff, labels, significance_columns
from reports.comparisons import Compared, Reading, compare
from reports.document import Cell

METRIC = "nme_io"
OVER_SEEDS = "Over seeds"
ERROR = labels.column(METRIC, hrmlff.SPLIT, group=OVER_SEEDS)
ERROR_BY_PUPILS = labels.column("nme_ip", hrmlff.SPLIT, group=OVER_SEEDS)
DIFFERENCE = labels.column(METRIC, hrmlff.SPLIT, difference=True, group=OVER_SEEDS)
BY_PHOTOGRAPH = significance_columns.columns(METRIC, hrmlff.SPLIT)
COLUMNS = (ERROR, ERROR_BY_PUPILS, DIFFERENCE, *BY_PHOTOGRAPH)


def cells_of(readings: Sequence[Reading]) -> list[tuple[Cell, ...]]:
    """The cells of `COLUMNS` for all readings of one table; HR-MLFF itself has no difference."""
    compared = [_compared(one) for one in readings]
    by_person = iter(significance_columns.cells([one for one in compared if one is not None]))
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
    if _is_baseline(reading) or error.value is not None:
        return error, by_pupils, Cell(text=labels.MISSING)
    return error, by_pupils, error  # what is missing, and how to get it


def _is_baseline(reading: Reading) -> bool:
    return reading.variant.baseline and not reading.decoder


def _compared(reading: Reading) -> Compared | None:
    """Above zero, HR-MLFF is better. None for HR-MLFF itself, and without a seed in common."""
    baseline = reading.study.baseline
    if baseline is None or _is_baseline(reading):
        return None
    return compare(reading, Reading(study=reading.study, variant=baseline), hrmlff.SPLIT, METRIC)
