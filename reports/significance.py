"""Is a difference between two readings of the same photographs more than chance? Pure functions of NumPy arrays."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

CONFIDENCE = 0.95
FEW = 50  # persons, of whom the exact distribution of rank sums is used
NUM_RESAMPLES = 10_000
AT_ONCE = 500  # resamples, so that thousands of persons fit into memory
SEED = 0  # of the resamples: the same ledger gives the same page

Array = NDArray[np.floating]


@dataclass(frozen=True, kw_only=True)
class PairedByPerson:
    """A mean difference over images, its bootstrap interval, and the p and the effect of a signed-rank test over
    persons; for `effect` see `rank_biserial`."""

    mean: float
    low: float
    high: float
    p: float
    effect: float
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
    ((low, high),) = bootstrap_intervals(sums[:, None], counts[:, None].astype(np.float64))
    return PairedByPerson(
        mean=float(values.mean()),
        low=float(low),
        high=float(high),
        p=signed_rank_p(sums / counts),
        effect=rank_biserial(sums / counts),
        num_images=len(values),
        num_persons=len(names),
    )


def signed_rank_p(differences: Array) -> float:
    """Two-sided p of Wilcoxon's signed-rank test, zeros left out; 1 where all differences are zero.

    Of at most `FEW` that are left it is exact, equal amounts included, which SciPy's exact one does not know; of more
    it is the normal approximation with its correction for ties, as SciPy has it. It is written here because importing
    scipy.stats takes longer than everything else that a table needs.
    """
    nonzero = np.asarray(differences)[np.asarray(differences) != 0]
    if not len(nonzero):
        return 1.0
    ranks, counts = _ranks(np.abs(nonzero))
    return _exact_p(ranks, nonzero < 0) if len(nonzero) <= FEW else _approximate_p(ranks, counts, nonzero > 0)


def _exact_p(ranks: Array, is_below: NDArray[np.bool_]) -> float:
    """How many of all ways to give signs to these ranks are as far out."""
    doubled = np.round(2 * ranks).astype(int)  # those of ties are halves
    total, below = int(doubled.sum()), int(doubled[is_below].sum())
    ways = np.zeros(total + 1)  # in which the ranks below zero have this sum
    ways[0] = 1.0
    for rank in doubled:
        ways[rank:] += ways[:-rank].copy()
    return float(min(1.0, 2 * ways[: min(below, total - below) + 1].sum() / ways.sum()))


def _approximate_p(ranks: Array, counts: NDArray[np.integer], is_above: NDArray[np.bool_]) -> float:
    n = len(ranks)
    variance = n * (n + 1) * (2 * n + 1) / 24 - float((counts**3 - counts).sum()) / 48
    z = (float(ranks[is_above].sum()) - n * (n + 1) / 4) / math.sqrt(variance)
    return math.erfc(abs(z) / math.sqrt(2))


def rank_biserial(differences: Array) -> float:
    """Effect size of a signed-rank test, in [−1, 1]: the share of the rank sum that is above zero minus that below.

    Kerby: The Simple Difference Formula (2014). 0 where all differences are zero.
    """
    differences = np.asarray(differences)[np.asarray(differences) != 0]
    if not len(differences):
        return 0.0
    ranks, _ = _ranks(np.abs(differences))
    return float((np.sign(differences) * ranks).sum() / ranks.sum())


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


def bootstrap_intervals(sums: Array, counts: Array) -> Array:
    """The 95 % interval of each mean over images, from sums over the images of each person and their numbers:
    [persons, means] twice → [means, 2].

    Persons are resampled, all means by the same draws: one pass over the draws serves a whole table.
    """
    means = []
    for counted in _resamples(len(sums)):
        times = counted.astype(np.float64)
        with np.errstate(invalid="ignore"):  # of a resample without any image that has the metric
            means.append((times @ sums) / (times @ counts))
    return np.nanquantile(np.concatenate(means), [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2], axis=0).T


def _ranks(values: Array) -> tuple[Array, NDArray[np.integer]]:
    """Ranks from 1, equal values share their mean rank; and how many share each."""
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(counts) - (counts - 1) / 2)[place], counts


@lru_cache(maxsize=2)  # the tables of a study ask for the same ones
def _resamples(num_persons: int) -> tuple[NDArray[np.uint8], ...]:
    """How often each resample has each person, `AT_ONCE` resamples at a time."""
    generator = np.random.default_rng(SEED)
    found = []
    for _ in range(NUM_RESAMPLES // AT_ONCE):
        times = np.empty((AT_ONCE, num_persons), np.uint8)
        # One resample after the other: five times as fast as to count them all at once.
        for each, drawn in zip(times, generator.integers(0, num_persons, times.shape), strict=True):
            each[:] = np.bincount(drawn, minlength=num_persons)
        found.append(times)
    return tuple(found)
