"""Whether what a long command uses stays flat. Pure: samples in, verdicts out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

WARM_UP = 0.1  # of the samples: processes start, allocators find their level
LEAST_SAMPLES = 8  # two in each quarter


@dataclass(frozen=True)
class Tolerance:
    """By how much the last quarter's mean may be above the first's: the larger of the two. Less is always flat."""

    share: float = 0.0
    absolute: float = 0.0

    def __str__(self) -> str:
        parts = [f"{self.share:.0%}"] * bool(self.share) + [f"{self.absolute:g}"] * bool(self.absolute)
        return " or ".join(parts) or "0"


@dataclass(frozen=True)
class Verdict:
    """Of one figure: means of the first and the last quarter, and how much it grew by 1000 trials."""

    first: float
    last: float
    slope: float
    tolerance: Tolerance

    @property
    def is_flat(self) -> bool:
        allowed = max(self.tolerance.share * abs(self.first), self.tolerance.absolute)
        return self.last - self.first <= allowed


def judged(trials: Sequence[int], values: Sequence[float | None], tolerance: Tolerance) -> Verdict:
    """Of a figure that was looked at when so many trials had begun (None: it was not).

    Quarters are of the samples, so of the time. Raises ValueError where there are too few.
    """
    at, value, quarter = _settled(trials, values)
    # Where no trial began between, no slope by trials can be told.
    slope = float(np.polyfit(at / 1000, value, 1)[0]) if np.ptp(at) else 0.0
    return Verdict(float(value[:quarter].mean()), float(value[-quarter:].mean()), slope, tolerance)


def judged_by_trial(trials: Sequence[int], totals: Sequence[float | None], tolerance: Tolerance) -> Verdict:
    """Of what each trial adds to a total: what was there before any does not count, nor does what the others left."""
    at, total, quarter = _settled(trials, totals)

    def added(first: int, last: int) -> float:
        return float((total[last] - total[first]) / max(at[last] - at[first], 1))

    first, last = added(0, quarter), added(-1 - quarter, -1)
    between = (at[-1] + at[-1 - quarter] - at[quarter] - at[0]) / 2
    return Verdict(first, last, (last - first) / max(between, 1) * 1000, tolerance)


def is_flat(verdicts: Mapping[str, Verdict]) -> bool:
    return all(verdict.is_flat for verdict in verdicts.values())


def _settled(trials: Sequence[int], values: Sequence[float | None]) -> tuple[np.ndarray, np.ndarray, int]:
    """Trials and values after the warm-up, and how many of them are a quarter."""
    seen = [(trial, value) for trial, value in zip(trials, values, strict=True) if value is not None]
    seen = seen[int(WARM_UP * len(seen)) :]
    if len(seen) < LEAST_SAMPLES:
        raise ValueError(f"{len(seen)} samples after the warm-up tell nothing; {LEAST_SAMPLES} would. Run it longer.")
    at, value = np.array(seen, dtype=float).T
    return at, value, len(seen) // 4
