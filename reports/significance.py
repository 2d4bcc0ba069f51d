"""Is a difference between two readings of the same photographs more than chance? Pure functions of NumPy arrays."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import wilcoxon

CONFIDENCE = 0.95
NUM_RESAMPLES = 10_000
AT_ONCE = 500  # resamples, so that thousands of persons fit into memory
SEED = 0  # of the resamples: the same ledger gives the same page

Array = NDArray[np.floating]


@dataclass(frozen=True, kw_only=True)
class PairedByPerson:
    """A mean difference over images, its bootstrap interval, and the p of a signed-rank test over persons."""

    mean: float
    low: float
    high: float
    p: float
    num_images: int
    num_persons: int

    @property
    def is_sure(self) -> bool:
        """Whether the interval leaves out zero."""
        return self.low > 0 or self.high < 0


def paired_by_person(differences: Array, persons: Sequence[str]) -> PairedByPerson | None:
    """Of one difference per image [N] and the person whom each image shows.

    Images of one person resemble each other, so the interval resamples persons, not images, and the test sees one
    number per person. Images without a difference (NaN) are left out. None where a difference is infinite, or where
    there are fewer than two persons: neither has an interval.
    """
    differences = np.asarray(differences, dtype=np.float64)
    known = ~np.isnan(differences)
    values = differences[known]
    names, person = np.unique(np.asarray(persons, dtype=str)[known], return_inverse=True)
    if len(names) < 2 or not np.isfinite(values).all():
        return None
    counts = np.bincount(person)
    sums = np.bincount(person, weights=values).astype(np.float64)
    low, high = _bootstrap_interval(sums, counts)
    return PairedByPerson(
        mean=float(values.mean()),
        low=low,
        high=high,
        p=signed_rank_p(sums / counts),
        num_images=len(values),
        num_persons=len(names),
    )


def signed_rank_p(differences: Array) -> float:
    """Two-sided p of Wilcoxon's signed-rank test; 1 where all differences are zero."""
    if not np.any(differences):
        return 1.0
    return float(wilcoxon(differences).pvalue)  # pyright: ignore[reportAttributeAccessIssue]


def holm(p_values: Sequence[float]) -> tuple[float, ...]:
    """Each p corrected for there being so many, in the same order: the chance that any of them errs stays below it.

    The smallest is multiplied by the number of tests m, the next by m − 1, and so on; none is smaller than one before
    it, nor larger than 1.

    Holm: A Simple Sequentially Rejective Multiple Test Procedure (1979).
    """
    corrected = [0.0] * len(p_values)
    largest = 0.0
    for done, place in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        largest = max(largest, min(1.0, (len(p_values) - done) * p_values[place]))
        corrected[place] = largest
    return tuple(corrected)


def _bootstrap_interval(sums: Array, counts: NDArray[np.integer]) -> tuple[float, float]:
    """Percentiles of the mean over all images, from the sum and the number of images of each person."""
    generator = np.random.default_rng(SEED)
    draws = (generator.integers(0, len(sums), (AT_ONCE, len(sums))) for _ in range(NUM_RESAMPLES // AT_ONCE))
    means = np.concatenate([sums[drawn].sum(axis=1) / counts[drawn].sum(axis=1) for drawn in draws])
    low, high = np.quantile(means, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return float(low), float(high)
