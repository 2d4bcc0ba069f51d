"""The one training loop, for every method: no Ray, no files, no printing. It yields after each epoch.

A trial that stops after any epoch and starts again from that epoch's state gives the same numbers as one that never
stopped, bit for bit on a CPU: images, their order, their augmentation, the warm-up and what dropout drops follow from
the seed, the epoch and the step; everything else is in `TrainingState`.
"""

import math
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import Tensor

from trainables.averaging import averaged_weights, copied, with_parameters
from trainables.batches import Pool, load_batches, mixed, shares_of_batch, shown_in, shown_of_pool
from trainables.evaluation import measure
from trainables.faces import Faces
from trainables.learner import Learner, warmth
from trainables.method import Batch, LandmarkModel
from trainables.placement import Placement
from trainables.recipe import Recipe
from trainables.trainable_faces import check_faces
from trainables.transforms.curriculum import tertile_shares
from trainables.trial import Evaluation, Trial

_OF_NETWORKS = 4  # the stream of random numbers that networks draw while they train


@dataclass(frozen=True)
class TrainingState:
    """All that the next epoch depends on. Tensors are references: write them out before the loop goes on."""

    epoch: int  # epochs done
    model: dict[str, Tensor]
    selected: dict[str, Tensor]  # the best weights so far by the recipe's monitor; once there is one, their mean
    selected_epoch: int
    best: float
    optimizers: list[dict[str, Any]]
    schedules: list[dict[str, Any]]
    history: list[dict[str, float]]  # the metrics of every epoch so far
    sums: dict[str, Tensor] = field(default_factory=dict)  # of the parameters over the averaged epochs, float64


@dataclass(frozen=True)
class Epoch:
    """What one epoch gave."""

    number: int  # 1 is the first
    metrics: dict[str, float]
    state: TrainingState = field(repr=False)


class Diverged(ArithmeticError):
    """The loss became NaN or infinite, or the predictions did: epoch, step, and the value of every term."""

    def __init__(self, epoch: int, step: int, terms: dict[str, float]) -> None:
        super().__init__(epoch, step, terms)
        self.epoch, self.step, self.terms = epoch, step, terms

    def __str__(self) -> str:
        terms = ", ".join(f"{name} = {value:g}" for name, value in self.terms.items())
        return f"training is no longer finite at epoch {self.epoch}, step {self.step}: {terms}"


def train(
    trial: Trial,
    faces: Faces,
    placement: Placement,
    state: TrainingState | None = None,
    initial: dict[str, Tensor] | None = None,
    unlabelled: Faces | None = None,
) -> Iterator[Epoch]:
    """Train from `state`, else from the weights `initial`, else from random weights drawn from the trial's seed.

    `unlabelled`: the data set of the trial's pool, where it has one.

    Yields after each epoch until `why_finished` tells a reason. Where weights are averaged, `val_…` are the metrics of
    their mean, and `unaveraged_val_…` those of the weights in training.
    Raises `Diverged`, and `DataError` where the data set has no face to train or to validate on, or no two frames of a
    video where pairs want them.
    """
    recipe = trial.recipe
    check_faces(trial, faces, unlabelled, placement.world)
    learner = Learner(trial, faces.scheme, placement, initial)
    model, descents = learner.model, learner.descents
    state = _restore(state, learner) if state else _first_state(model)
    batches = len(shares_of_batch(len(faces.rows["train"]), recipe.batch_size, placement.rank, placement.world))
    while not why_finished(state, recipe):
        number = state.epoch + 1
        started = time.perf_counter()
        model.train()
        # Of dropout and the like, on every device. Workers drop different units.
        torch.manual_seed(mixed(trial.seed, number, placement.rank, _OF_NETWORKS))
        shown = shown_in(trial, faces, number)
        pool = unlabelled and Pool(unlabelled, shown_of_pool(trial, unlabelled, number, batches))
        first = state.epoch * batches
        terms = _train_epoch(learner, load_batches(trial, faces, shown, placement, pool), number, first)
        seconds = time.perf_counter() - started
        validation = validate(trial, model, faces, placement)
        monitored, of_weights_in_training = validation[recipe.monitor], validation
        averaged = None
        if recipe.averaging is not None and number >= recipe.averaging.from_epoch:
            state = replace(state, sums=with_parameters(state.sums, model))
            unaveraged = {f"unaveraged_{name}": value for name, value in validation.items()}
            size = max(1, recipe.batch_size // placement.parts)
            with averaged_weights(model, state.sums, number, faces, recipe.averaging, size, placement.device):
                validation = validate(trial, model, faces, placement) | unaveraged
                averaged = copied(model.state_dict())
        metrics = {f"train_{name}": value for name, value in terms.items()} | validation
        for value in (monitored, metrics[recipe.monitor]):
            if math.isinf(value):
                raise Diverged(number, batches, {recipe.monitor: value})
        images = batches * min(recipe.batch_size, len(faces.rows["train"]))
        if recipe.curriculum is not None:
            shares = tertile_shares(faces.difficulty[shown.rows[:images]])
            metrics |= {f"train_share_{name}": share for name, share in shares.items()}
        if pool is not None:
            metrics |= {"labelled_images": float(images), "unlabelled_images": float(len(pool.shown.rows))}
            images += len(pool.shown.rows)
        metrics |= {"seconds": seconds, "images_per_second": images / seconds}
        if descents:
            of_schedule = descents[0].optimizer.param_groups[0]["lr"]
            metrics["learning_rate"] = of_schedule * warmth(recipe, number * batches - 1)
        model.epoch_ended(of_weights_in_training)
        for descent in descents:
            descent.end_epoch(monitored)
        state = _next_state(state, number, learner, metrics, recipe.monitor, averaged)
        yield Epoch(number, metrics, state)


def why_finished(state: TrainingState, recipe: Recipe) -> str:
    """Why no epoch follows this state; empty while training goes on."""
    if state.epoch >= recipe.epochs:
        return f"all {recipe.epochs} epochs"
    patience, convergence = recipe.early_stop_patience, recipe.convergence
    if patience is not None and state.epoch - state.selected_epoch >= patience:
        return f"no better {recipe.monitor} for {patience} epochs"
    # A mean of weights hardly changes from epoch to epoch, however they do.
    history = [metrics.get(f"unaveraged_{recipe.monitor}", metrics[recipe.monitor]) for metrics in state.history]
    if convergence is not None and convergence.reached(history):
        return f"{recipe.monitor} changed by less than {convergence.change:.1%} in {convergence.epochs} epochs"
    return ""


def _train_epoch(learner: Learner, batches: Iterable[Batch], number: int, first: int) -> dict[str, float]:
    """Mean of the loss and of each term over epoch `number`, whose first step is `first` of the whole training. Raises
    `Diverged` with the first step that was not finite."""
    recorded: list[Tensor] = []
    names: list[str] = []
    for iteration, batch in enumerate(batches, start=first):
        terms = learner.learn(batch, iteration)
        names = list(terms)
        recorded.append(torch.stack(list(terms.values())))
    # Over all workers, so that each of them sees what any of them saw, and stops where one diverged.
    values = learner.placement.mean(torch.stack(recorded)).cpu()
    wrong = (~values.isfinite().all(dim=1)).nonzero()
    if len(wrong):
        step_number = int(wrong[0])
        raise Diverged(number, step_number + 1, dict(zip(names, values[step_number].tolist(), strict=True)))
    means = dict(zip(names, values.double().mean(dim=0).tolist(), strict=True))
    return {"loss": float(sum(means.values()))} | means


def validate(trial: Trial, model: LandmarkModel, faces: Faces, placement: Placement) -> dict[str, float]:
    """Measured by rank 0 alone and handed to the others."""
    found = None
    if placement.rank == 0:
        # What finds landmarks is selected by them; transfers are then only there to teach it.
        pairs = None if trial.method.finds_landmarks else trial.recipe.pairs
        evaluation = Evaluation(split="val", pairs=pairs)
        summary = measure(model, faces, evaluation, placement.device, placement.parts).summary()
        found = {f"val_{name}": value for name, (value, _) in summary.items()}
    return placement.broadcast(found)


def _first_state(model: LandmarkModel) -> TrainingState:
    weights = copied(model.state_dict())
    return TrainingState(0, weights, weights, 0, math.inf, [], [], [])


def _restore(state: TrainingState, learner: Learner) -> TrainingState:
    learner.model.load_state_dict(state.model)
    for descent, optimizer, schedule in zip(learner.descents, state.optimizers, state.schedules, strict=True):
        descent.optimizer.load_state_dict(optimizer)
        descent.schedule.load_state_dict(schedule)
    return state


def _next_state(
    state: TrainingState,
    number: int,
    learner: Learner,
    metrics: dict[str, float],
    monitor: str,
    averaged: dict[str, Tensor] | None,
) -> TrainingState:
    weights = learner.model.state_dict()
    # Before the first finite value every epoch is the best so far: nothing is ever below NaN.
    if averaged is not None or metrics[monitor] < state.best or not math.isfinite(state.best):
        selected = copied(weights) if averaged is None else averaged
        state = replace(state, selected=selected, selected_epoch=number, best=metrics[monitor])
    return replace(
        state,
        epoch=number,
        model=weights,
        optimizers=[descent.optimizer.state_dict() for descent in learner.descents],
        schedules=[descent.schedule.state_dict() for descent in learner.descents],
        history=[*state.history, metrics],
    )
