"""When a search gives a trial up: from validation values alone, its own and the others' so far.

No state is kept: what was decided before can be worked out again from the same values, after a restart too.
"""

import math
import statistics
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from typing import Annotated

from pydantic import Field

from trainables.config import Config, config

Values = Sequence[float]  # of one trial after each of its epochs so far, lower is better


class Stopping(Config, ABC):
    """Contract: pure, and asked once after each epoch."""

    @abstractmethod
    def goes_on(self, own: Values, others: Iterable[Values]) -> bool:
        """Whether a trial with these values is trained further, beside those of all other trials so far."""


@config
class Asha(Stopping):
    """Successive halving without waiting: after `min_epochs`·`factor`^k epochs a trial goes on that is among the best
    1/`factor` of those that have come as far, or the best of them.

    Source: li2020asha Algorithm 2. Departs: decides when a trial comes to a rung, so that it is never paused (as Ray
    Tune does); compares the best value up to the rung, since that is what a trial is selected by.
    """

    min_epochs: Annotated[int, Field(ge=1)] = 1
    factor: Annotated[int, Field(ge=2)] = 3

    def goes_on(self, own: Values, others: Iterable[Values]) -> bool:
        epochs = len(own)
        if not self._is_rung(epochs):
            return True
        rivals = [_best(other[:epochs]) for other in others if len(other) >= epochs]
        better = sum(rival < _best(own) for rival in rivals)
        return better < max(1, (len(rivals) + 1) // self.factor)

    def _is_rung(self, epochs: int) -> bool:
        rung = self.min_epochs
        while rung < epochs:
            rung *= self.factor
        return rung == epochs


@config
class Median(Stopping):
    """A trial is given up whose best value is worse than the median of the others' running means up to the same epoch,
    from epoch `min_epochs` on, and where `min_trials` others have come as far.

    Source: golovin2017vizier Sec. 3.2.1.
    """

    min_epochs: Annotated[int, Field(ge=1)] = 1
    min_trials: Annotated[int, Field(ge=1)] = 5

    def goes_on(self, own: Values, others: Iterable[Values]) -> bool:
        epochs = len(own)
        means = [_mean(other[:epochs]) for other in others if len(other) >= epochs]
        if epochs < self.min_epochs or len(means) < self.min_trials:
            return True
        return _best(own) <= statistics.median(means)


def _best(values: Values) -> float:
    return min(_numbers(values), default=math.inf)


def _mean(values: Values) -> float:
    numbers = _numbers(values)
    return statistics.fmean(numbers) if numbers else math.inf


def _numbers(values: Values) -> list[float]:
    return [value for value in values if not math.isnan(value)]
