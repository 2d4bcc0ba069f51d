"""Two variants of a study, or two readings of one, against each other: paired by seed, and by photograph."""

from dataclasses import dataclass

from reports import aggregate, cells
from reports.aggregate import Measurement, Summary
from reports.errors_by_image import error_by_image, paired_by_image
from reports.query import StudyResults, Variant
from reports.significance import PairedByPerson


@dataclass(frozen=True, kw_only=True)
class Reading:
    """A variant of a study, read in one way: `decoder` in words, empty for as it is."""

    study: StudyResults
    variant: Variant
    decoder: str = ""

    def values(self, split: str, metric: str) -> tuple[Measurement, ...]:
        return self.study.values(self.variant, split, metric, decoder=self.decoder)


@dataclass(frozen=True, kw_only=True)
class Compared:
    """One reading minus another, unscaled. `by_seed` is of the metric asked for, `by_person` of the mean error of each
    photograph over the seeds that both have; `protocol` in words."""

    by_seed: Summary
    by_person: PairedByPerson | None
    protocol: str


def compare(ours: Reading, theirs: Reading, split: str, metric: str) -> Compared | None:
    """Ours minus theirs; None without a seed in common. By photograph, a metric is as in `error_by_image`."""
    values = [one.values(split, metric) for one in (ours, theirs)]
    summary = aggregate.paired_difference(*values, between="" if ours.decoder == theirs.decoder else "decoder")
    if summary is None:
        return None
    errors = [
        error_by_image(one.study, one.variant, split, _trials(these, summary.seeds), metric=metric, decoder=one.decoder)
        for one, these in zip((ours, theirs), values, strict=True)
    ]
    return Compared(by_seed=summary, by_person=paired_by_image(*errors), protocol=cells.protocol(values[0][0]))


def _trials(values: tuple[Measurement, ...], seeds: tuple[int, ...]) -> tuple[str, ...]:
    return tuple(one.trial for one in values if one.seed in seeds)
