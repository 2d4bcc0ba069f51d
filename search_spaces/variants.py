"""Variants: what a study compares, made from one base by a grid, an ablation or a leave-one-out."""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import Annotated, Any, Literal

from pydantic import Field

from trainables.config import config, is_config, report_mistake, with_changes
from trainables.dataset import Dataset
from trainables.method import Method
from trainables.recipe import Recipe
from trainables.trial import Trial, check_training

SPEED_ONLY = {"identity": False}
Axes = Mapping[str, Sequence[Any] | Mapping[str, Any]]


@config
class Resources:
    """What one trial is given. All but the number of workers changes speed alone (see `Trial.shares`).

    `workers=0`: the loop runs in the trial's own warm process, best for trials of up to one device. `workers>=1`: a
    Ray Train worker group that shares each global batch. `cpus` and `gpus` are per process; trials with a fraction
    share a GPU. `gpus="auto"`: such a share as the memory that a short probe took; none where there is no GPU.
    """

    workers: Annotated[int, Field(ge=0)] = 0
    cpus: Annotated[int, Field(ge=1)] = 1
    gpus: Annotated[float, Field(ge=0)] | Literal["auto"] = 0.0

    @property
    def share(self) -> float:
        """`gpus` as a number; one that nobody has probed yet counts as a whole one."""
        return 1.0 if self.gpus == "auto" else self.gpus


@config
class Variant:
    """A trial without its seed, and its name in tables.

    `starts_from`: the stages before, whose networks it begins with, each with the same seed.
    """

    method: Method
    data: Dataset
    recipe: Recipe = Recipe()
    starts_from: tuple["Variant", ...] = ()
    unlabelled: Dataset | None = None
    resources: Resources = field(default=Resources(), metadata=SPEED_ONLY)
    label: str = field(default="", metadata=SPEED_ONLY)

    def __post_init__(self) -> None:
        workers, batch = self.resources.workers, self.recipe.batch_size
        if workers and batch % workers:
            raise ValueError(f"{workers} workers cannot share a batch of {batch} evenly. Take a multiple of {workers}.")
        if workers and self.recipe.unlabelled % workers:
            raise ValueError(
                f"{workers} workers cannot share {self.recipe.unlabelled} unlabelled faces a batch evenly. "
                f"Take a multiple of {workers}."
            )
        check_training(self.method, self.recipe, self.unlabelled)

    def trial(self, seed: int) -> Trial:
        return Trial(
            method=self.method,
            data=self.data,
            recipe=self.recipe,
            seed=seed,
            starts_from=tuple(stage.trial(seed) for stage in self.starts_from),
            shares=max(1, self.resources.workers),
            unlabelled=self.unlabelled,
        )


def grid(base: Variant, axes: Axes) -> tuple[Variant, ...]:
    """Every combination of the axes' values.

    An axis is a dotted path (`"recipe.optimizer.lr"`) with its values, plain or named: `{"on": Flip(), "off": None}`.
    """
    choices = [_choices(path, values) for path, values in axes.items()]
    return tuple(_variant(base, combination) for combination in itertools.product(*choices))


def ablate(base: Variant, axes: Axes) -> tuple[Variant, ...]:
    """The base, then each value of each axis alone: one change at a time, the shared baseline counted once."""
    changes = [choice for path, values in axes.items() for choice in _choices(path, values)]
    alone = [_variant(base, (change,)) for change in changes]
    return (_named(base, base.label or "baseline"), *(variant for variant in alone if not _same(variant, base)))


def leave_one_out(base: Variant, parts: Mapping[str, Mapping[str, Any]]) -> tuple[Variant, ...]:
    """The base with everything on, then without each part: `{"flip": {"recipe.augmentation.flip_probability": 0}}`."""
    left_out = [_named(with_changes(base, changes), f"without {part}") for part, changes in parts.items()]
    return (_named(base, base.label or "all"), *left_out)


Change = tuple[str, str, Any]  # path, words, value


def _choices(path: str, values: Sequence[Any] | Mapping[str, Any]) -> list[Change]:
    if isinstance(values, str | bytes) or not isinstance(values, Sequence | Mapping):
        report_mistake(f"Axis {path!r} needs several values, not {values!r}.", f"Write {path!r}: ({values!r},).")
        return []
    setting = path.rpartition(".")[2]
    named = values.items() if isinstance(values, Mapping) else ((_words(value), value) for value in values)
    return [(path, f"{setting} {words}", value) for words, value in named]


def _variant(base: Variant, changes: Sequence[Change]) -> Variant:
    changed = with_changes(base, {path: value for path, _, value in changes})
    words = ", ".join(words for _, words, _ in changes)
    return _named(changed, f"{base.label}, {words}" if base.label else words)


def _words(value: Any) -> str:
    if value is None:
        return "off"
    return type(value).__name__ if is_config(value) else str(value)


def _named(variant: Variant, label: str) -> Variant:
    return with_changes(variant, {"label": label})


def _same(one: Variant, other: Variant) -> bool:
    return _named(one, "") == _named(other, "")
