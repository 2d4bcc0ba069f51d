"""How a search chooses its next point, as data. `orchestrator/search.py` gives each its sampler of Optuna."""

from typing import Annotated

from pydantic import Field

from trainables.config import Config, config


class Sampler(Config):
    """Base of all samplers: each is a declaration alone."""


@config
class Tpe(Sampler):
    """Tree-structured Parzen estimator over all settings together, after `startup` random points.

    Points that are still being tried count as bad ones, so that trials at once do not crowd together.
    """

    startup: Annotated[int, Field(ge=1)] = 10


@config
class GaussianProcess(Sampler):
    """Gaussian process with logarithmic expected improvement, after `startup` random points: for few, costly trials."""

    startup: Annotated[int, Field(ge=1)] = 10


@config
class CmaEs(Sampler):
    """Covariance matrix adaptation: for numbers without conditions and budgets of a hundred trials and more.

    Settings that are choices, or that depend on one, are drawn at random.
    """


@config
class Random(Sampler):
    """Points drawn independently: the baseline of every other sampler."""


@config
class Nsga2(Sampler):
    """Non-dominated sorting genetic algorithm, for several objectives."""

    population: Annotated[int, Field(ge=2)] = 20


@config
class Nsga3(Sampler):
    """The same with reference points, for three objectives and more."""

    population: Annotated[int, Field(ge=2)] = 20
