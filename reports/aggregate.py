"""Mean and spread over seeds. Refuses to average what is not the same quantity."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import fmean

import numpy as np


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """One metric of one trial on one split, and all that decides whether two of them may be compared."""

    value: float
    metric: str
    trial: str
    seed: int
    variant: str
    evaluation: str
    dataset: str
    data_digest: str
    split: str
    subset: str
    protocol: str
    images: int
    perturbation: str = ""  # in words; empty where the crops were measured as they are
    decoder: str = ""  # in words; empty where the method read its own output


@dataclass(frozen=True, kw_only=True)
class Summary:
    mean: float
    spread: float | None  # sample standard deviation (ddof 1); None for one seed, and for an infinite mean
    trials: tuple[str, ...]
    seeds: tuple[int, ...]
    values: tuple[float, ...]
    evaluations: tuple[str, ...] = ()

    @property
    def n(self) -> int:
        return len(self.values)

    def scaled(self, factor: float) -> "Summary":
        """The same in another unit."""
        spread = None if self.spread is None else self.spread * factor
        return replace(
            self, mean=self.mean * factor, spread=spread, values=tuple(each * factor for each in self.values)
        )


WHAT_MUST_AGREE = {
    "metric": "metrics",
    "dataset": "data sets",
    "data_digest": "data digests",
    "split": "splits",
    "subset": "subsets",
    "protocol": "protocols",
    "perturbation": "perturbations",
    "decoder": "decoders",
}


def mean_over_seeds(measurements: Sequence[Measurement]) -> Summary:
    """Mean ± sample standard deviation of one variant's seeds.

    ValueError if two variants, protocols, data digests (or metrics, splits, …) would be mixed, or a seed counts twice.
    """
    if not measurements:
        raise ValueError("No measurement to average.")
    _refuse_mixture(measurements, {"variant": "variants", **WHAT_MUST_AGREE})
    ordered = sorted(measurements, key=lambda one: one.seed)
    for one, other in pairwise(ordered):
        if one.seed == other.seed:
            raise ValueError(
                f"Seed {one.seed} of variant {one.variant} would count twice in {one.metric} on {one.split}: "
                f"evaluations {one.evaluation} and {other.evaluation}. Ask for one of them."
            )
    return _summary(ordered, [one.value for one in ordered])


def paired_difference(
    ours: Sequence[Measurement], baseline: Sequence[Measurement], between: str = ""
) -> Summary | None:
    """Mean ± sample standard deviation of (ours − baseline) over the seeds that both have; None without any.

    None, too, where two infinite errors have no difference. The trials of both sides stand behind the result.
    `between`: what the two sides may differ in, such as "decoder". ValueError if they differ in anything else.
    """
    if not ours or not baseline:
        return None
    for side in (ours, baseline):
        mean_over_seeds(side)  # refuses what is not one quantity
    _refuse_mixture([*ours, *baseline], {name: many for name, many in WHAT_MUST_AGREE.items() if name != between})
    partner = {one.seed: one for one in baseline}
    pairs = sorted(((one, partner[one.seed]) for one in ours if one.seed in partner), key=lambda pair: pair[0].seed)
    if not pairs:
        return None
    differences = [one.value - other.value for one, other in pairs]
    if math.isnan(sum(differences)):
        return None
    summary = _summary([one for one, _ in pairs], differences)
    trials = tuple(dict.fromkeys((*summary.trials, *(other.trial for _, other in pairs))))
    return replace(summary, trials=trials)


def _summary(measurements: Sequence[Measurement], values: Sequence[float]) -> Summary:
    if any(math.isnan(value) for value in values):
        bad = next(one for one, value in zip(measurements, values, strict=True) if math.isnan(value))
        raise ValueError(f"{bad.metric} on {bad.split} of trial {bad.trial} is {bad.value}: it has no mean.")
    # One broken prediction has an infinite error, and so has their mean; it has no spread.
    finite = all(math.isfinite(value) for value in values)
    return Summary(
        mean=fmean(values) if finite else sum(values),
        spread=float(np.std(values, ddof=1)) if finite and len(values) > 1 else None,
        trials=tuple(one.trial for one in measurements),
        seeds=tuple(one.seed for one in measurements),
        values=tuple(values),
        evaluations=tuple(one.evaluation for one in measurements),
    )


def _refuse_mixture(measurements: Sequence[Measurement], fields: dict[str, str]) -> None:
    first = measurements[0]
    for name, plural in fields.items():
        for other in measurements:
            here, there = getattr(first, name), getattr(other, name)
            if here != there:
                raise ValueError(
                    f"Two {plural} cannot be averaged or compared: {here!r} (trial {first.trial}) and {there!r} "
                    f"(trial {other.trial}), {first.metric} on {first.split}."
                )
