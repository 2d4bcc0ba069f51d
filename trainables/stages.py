"""Stages: the weights of several trials, from which another one starts."""

from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from typing import Any

from torch import Tensor

from trainables.method import LandmarkModel, Method
from trainables.schemes import Scheme
from trainables.trial import Trial


def united(stages: Sequence[Mapping[str, Tensor]]) -> dict[str, Tensor]:
    """All that the stages have learned. Raises ValueError where two of them have a part of the same name."""
    found: dict[str, Tensor] = {}
    for weights in stages:
        if both := sorted(found.keys() & weights.keys()):
            raise ValueError(
                f"Two stages before have {len(both)} parts of the same name, such as {both[0]!r}: a trial can start "
                "from stages of which each has parts of its own."
            )
        found |= weights
    return found


def mistakes_of_stages(trial: Trial) -> list[str]:
    """Where the stages of a trial, or of one before it, do not train just the parts of its network. Nothing is
    computed; a network that cannot be built so is not checked."""
    found = [mistake for stage in trial.starts_from for mistake in mistakes_of_stages(stage)]
    if not trial.starts_from:
        return found
    with _nothing_computed():
        try:
            weights = [_built(stage.method, stage.data.scheme).state_dict() for stage in trial.starts_from]
            model = _built(trial.method, trial.data.scheme)
        except Exception:
            return found  # what is wrong with a method is told where it is trained
        try:
            model.start_from(united(weights))
        except ValueError as error:
            found.append(str(error))
    return found


@cache
def _nothing_computed() -> Any:
    # Imported late: it takes a second, and every process that trains imports this file.
    from torch._subclasses.fake_tensor import FakeTensorMode

    return FakeTensorMode()


@lru_cache(maxsize=16)
def _built(method: Method, scheme: Scheme) -> LandmarkModel:
    return method.build(scheme)
