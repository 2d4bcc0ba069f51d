"""How much each setting of a search matters: PED-ANOVA of Optuna, the only file here that knows Optuna."""

import math
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

from reports.search_judged import LEAST, Judged
from reports.search_results import Domain, Objective, Point

TOP_SHARE, LEAST_TOP = 0.1, 5  # the best tenth, but not fewer, since Optuna calls fewer unstable


def num_top(count: int) -> int:
    """How many of so many trials count as good."""
    return max(min(LEAST_TOP, count // 2), math.ceil(TOP_SHARE * count))


def shares(domains: Sequence[Domain], of: Judged, objective: Objective) -> dict[str, float]:
    """Path → the share of the variance that the setting explains by itself, of whether a trial is among the best by an
    objective; the largest first, summing to 1. Empty below `LEAST` trials, and where nothing explains any.

    A setting that only exists after a choice counts by the trials that have it, weighted by how many those are.

    Watanabe, Bansal and Hutter: PED-ANOVA, Efficiently Quantifying Hyperparameter Importance in Arbitrary Subspaces
    (2023).
    """
    if len(of.points) < LEAST:
        return {}
    # Imported late: it takes as long as all else of a report together.
    import optuna

    distributions = {domain.path: _distribution(domain, optuna) for domain in domains}
    verbosity = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(direction="minimize")
    optuna.logging.set_verbosity(verbosity)
    for point, value in zip(of.points, of.values, strict=True):
        study.add_trial(_trial(point, objective.sign * value, distributions, optuna))
    top_share = num_top(len(of.points)) / len(of.points)
    evaluator = optuna.importance.PedAnovaImportanceEvaluator(target_quantile=top_share)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of choices that fewer than two trials made: their share is 0
        found = evaluator.evaluate(study)
    total = sum(found.values())
    return {path: share / total for path, share in found.items()} if total else {}


def _distribution(domain: Domain, optuna: Any) -> Any:
    if domain.kind == "choice":
        return optuna.distributions.CategoricalDistribution(domain.options)
    if domain.kind == "integer":
        return optuna.distributions.IntDistribution(int(domain.low), int(domain.high))
    return optuna.distributions.FloatDistribution(domain.low, domain.high, log=domain.kind == "log")


def _trial(point: Point, value: float, distributions: Mapping[str, Any], optuna: Any) -> Any:
    return optuna.trial.create_trial(
        params=dict(point.chosen),
        distributions={path: distributions[path] for path in point.chosen},
        value=value,
    )
