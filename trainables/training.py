"""The one training loop, for every method: no Ray, no files, no printing. It yields after each epoch.

A trial that stops after any epoch and starts again from that epoch's state gives the same numbers as one that never
stopped, bit for bit on a CPU: images, their order and their augmentation follow from the seed, the epoch and the step;
everything else is in `TrainingState`.
"""

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from trainables.dataset import MISSING, VISIBLE, DataError
from trainables.evaluation import measure
from trainables.face_cache import Faces
from trainables.method import Batch, LandmarkModel, Update
from trainables.recipe import Recipe
from trainables.transforms.augmentation import Draws, geometry, jitter_colour, move_landmarks, warp
from trainables.trial import Trial


@dataclass(frozen=True)
class Placement:
    """Where a loop runs: alone, or as one of several workers that share each global batch.

    `wrap` makes a model's gradients common to all workers; `broadcast` gives every worker rank 0's value; `mean` gives
    every worker the mean of a tensor over all of them; `lost` tells whether an error is another worker's end and not
    this one's mistake.
    """

    device: torch.device = field(default_factory=lambda: torch.device("cpu"))
    rank: int = 0
    world: int = 1
    wrap: Callable[[nn.Module], nn.Module] = lambda model: model
    broadcast: Callable[[Any], Any] = lambda value: value
    mean: Callable[[Tensor], Tensor] = lambda tensor: tensor
    lost: Callable[[Exception], bool] = lambda error: False


@dataclass(frozen=True)
class TrainingState:
    """All that the next epoch depends on. Tensors are references: write them out before the loop goes on."""

    epoch: int  # epochs done
    model: dict[str, Tensor]
    selected: dict[str, Tensor]  # the best weights so far by the recipe's monitor
    selected_epoch: int
    best: float
    optimizers: list[dict[str, Any]]
    schedules: list[dict[str, Any]]
    random: Tensor
    history: list[dict[str, float]]  # the metrics of every epoch so far


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
) -> Iterator[Epoch]:
    """Train from `state`, else from the weights `initial`, else from random weights drawn from the trial's seed.

    Yields after each epoch until `why_finished` tells a reason. Raises `Diverged`, and `DataError` where the data
    set has no face to train or to validate on.
    """
    recipe = trial.recipe
    for split, purpose in (("train", "to learn from"), ("val", "to select the weights by")):
        if not len(faces.rows[split]):
            raise DataError(
                f"Data set {trial.data.kind!r} has no readable {split} face {purpose}. Add some to its list."
            )
    if len(faces.rows["train"]) < placement.world:
        raise DataError(f"Data set {trial.data.kind!r} has fewer train faces than the {placement.world} workers.")
    torch.manual_seed(trial.seed)
    model = trial.method.build(faces.scheme).to(placement.device)
    if initial is not None:
        model.start_from(initial)
    steps = [_Step(update, recipe) for update in model.updates()]
    state = _restore(state, model, steps) if state else _first_state(model, steps)
    trained = placement.wrap(model) if steps else model
    batches = len(shares_of_batch(len(faces.rows["train"]), recipe.batch_size, placement.rank, placement.world))
    while not why_finished(state, recipe):
        number = state.epoch + 1
        started = time.perf_counter()
        model.train()
        terms = _train_epoch(trial, faces, placement, model, trained, steps, number)
        seconds = time.perf_counter() - started
        validation = placement.broadcast(_validate(model, faces, placement) if placement.rank == 0 else None)
        metrics = {f"train_{name}": value for name, value in terms.items()} | validation
        if math.isinf(metrics[recipe.monitor]):
            raise Diverged(number, batches, {recipe.monitor: metrics[recipe.monitor]})
        images = batches * min(recipe.batch_size, len(faces.rows["train"]))
        metrics |= {"seconds": seconds, "images_per_second": images / seconds}
        if steps:
            metrics["learning_rate"] = steps[0].optimizer.param_groups[0]["lr"]
        for step in steps:
            step.end_epoch(metrics[recipe.monitor])
        state = _next_state(state, number, model, steps, metrics, recipe.monitor)
        yield Epoch(number, metrics, state)


def why_finished(state: TrainingState, recipe: Recipe) -> str:
    """Why no epoch follows this state; empty while training goes on."""
    if state.epoch >= recipe.epochs:
        return f"all {recipe.epochs} epochs"
    patience = recipe.early_stop_patience
    if patience is not None and state.epoch - state.selected_epoch >= patience:
        return f"no better {recipe.monitor} for {patience} epochs"
    return ""


def shares_of_batch(images: int, batch_size: int, rank: int, world: int) -> list[tuple[int, slice]]:
    """For each global batch of an epoch: its first image, and the part of it that this worker takes.

    The images left over after the last whole batch wait for the next epoch's order; fewer images than one batch make
    one smaller batch.
    """
    batch_size = min(batch_size, images)
    edges = [batch_size * part // world for part in range(world + 1)]
    share = slice(edges[rank], edges[rank + 1])
    return [(start, share) for start in range(0, images - batch_size + 1, batch_size)]


def load_batch(trial: Trial, faces: Faces, epoch: int, start: int, share: slice, device: torch.device) -> Batch:
    """This worker's share of the global batch that begins at `start` of the epoch's order, augmented on `device`."""
    order = np.random.default_rng([trial.seed, epoch]).permutation(faces.rows["train"])
    rows = order[start : start + trial.recipe.batch_size]
    augmentation, size = trial.recipe.augmentation, faces.input_size
    mine = rows[share]
    present = torch.from_numpy(faces.state[mine] != MISSING)
    visible = torch.from_numpy(faces.state[mine] == VISIBLE)
    landmarks = torch.from_numpy(faces.landmarks_crop(mine)).float()
    crops = faces.crops(mine)
    inner = slice(faces.pad, faces.pad + size)
    if augmentation is None:
        images = crops[:, inner, inner].to(device).permute(0, 3, 1, 2).float().div_(255)
    else:
        generator = torch.Generator().manual_seed(_mixed(trial.seed, epoch, start))
        draws = Draws.of(augmentation, len(rows), generator).part(share)
        maps = geometry(augmentation, draws, size)
        images = warp(crops.to(device).permute(0, 3, 1, 2).float().div_(255), maps, faces.pad, size)
        images = jitter_colour(augmentation, draws, images)
        permutation = torch.tensor(faces.scheme.flip_permutation)
        landmarks = move_landmarks(landmarks, maps, draws.flip, permutation)
        present = torch.where(draws.flip[:, None], present[:, permutation], present)
        visible = torch.where(draws.flip[:, None], visible[:, permutation], visible)
    left, right = faces.scheme.outer_eye_corners
    normaliser = (landmarks[:, left] - landmarks[:, right]).norm(dim=-1)
    return Batch(images, landmarks, present, visible, normaliser).to(device)


class _Step:
    """One update of the model: its optimiser and schedule."""

    def __init__(self, update: Update, recipe: Recipe) -> None:
        self.update = update
        self.optimizer = recipe.optimizer.build(update.parameters)
        self.schedule = recipe.schedule.build(self.optimizer, recipe.epochs)
        self.needs_metric = type(recipe.schedule).needs_metric

    def descend(self, terms: dict[str, Tensor], last: bool) -> None:
        chosen = [terms[name] for name in self.update.terms or terms]
        self.optimizer.zero_grad(set_to_none=True)
        torch.stack(chosen).sum().backward(retain_graph=not last)
        self.optimizer.step()

    def end_epoch(self, monitored: float) -> None:
        if self.needs_metric:
            self.schedule.step(monitored)  # type: ignore[arg-type]
        else:
            self.schedule.step()


def _train_epoch(
    trial: Trial,
    faces: Faces,
    placement: Placement,
    model: LandmarkModel,
    trained: nn.Module,
    steps: list[_Step],
    number: int,
) -> dict[str, float]:
    """Mean of the loss and of each term over the epoch. Raises `Diverged` with the first step that was not finite."""
    recorded: list[Tensor] = []
    names: list[str] = []
    images = len(faces.rows["train"])
    for start, share in shares_of_batch(images, trial.recipe.batch_size, placement.rank, placement.world):
        batch = load_batch(trial, faces, number, start, share, placement.device)
        terms = model.losses(trained(batch.images), batch)
        for step in steps:
            step.descend(terms, last=step is steps[-1])
        names = list(terms)
        # Kept on the device: reading each value would make every step wait for it.
        recorded.append(torch.stack([term.detach() for term in terms.values()]))
    # Over all workers, so that each of them sees what any of them saw, and stops where one diverged.
    values = placement.mean(torch.stack(recorded)).cpu()
    wrong = (~values.isfinite().all(dim=1)).nonzero()
    if len(wrong):
        step_number = int(wrong[0])
        raise Diverged(number, step_number + 1, dict(zip(names, values[step_number].tolist(), strict=True)))
    means = dict(zip(names, values.double().mean(dim=0).tolist(), strict=True))
    return {"loss": float(sum(means.values()))} | means


def _validate(model: LandmarkModel, faces: Faces, placement: Placement) -> dict[str, float]:
    summary = measure(model, faces, "val", placement.device).summary()
    return {f"val_{name}": value for name, (value, _) in summary.items()}


def _mixed(seed: int, epoch: int, start: int) -> int:
    return int(np.random.SeedSequence([seed, epoch, start]).generate_state(1, np.uint64)[0] >> np.uint64(1))


def _first_state(model: LandmarkModel, steps: list[_Step]) -> TrainingState:
    weights = {name: value.detach().clone() for name, value in model.state_dict().items()}
    return TrainingState(0, weights, weights, 0, math.inf, [], [], torch.get_rng_state(), [])


def _restore(state: TrainingState, model: LandmarkModel, steps: list[_Step]) -> TrainingState:
    model.load_state_dict(state.model)
    for step, optimizer, schedule in zip(steps, state.optimizers, state.schedules, strict=True):
        step.optimizer.load_state_dict(optimizer)
        step.schedule.load_state_dict(schedule)
    torch.set_rng_state(state.random)
    return state


def _next_state(
    state: TrainingState, number: int, model: LandmarkModel, steps: list[_Step], metrics: dict[str, float], monitor: str
) -> TrainingState:
    weights = model.state_dict()
    # Before the first finite value every epoch is the best so far: nothing is ever below NaN.
    if metrics[monitor] < state.best or not math.isfinite(state.best):
        copied = {name: value.detach().clone() for name, value in weights.items()}
        state = replace(state, selected=copied, selected_epoch=number, best=metrics[monitor])
    return replace(
        state,
        epoch=number,
        model=weights,
        optimizers=[step.optimizer.state_dict() for step in steps],
        schedules=[step.schedule.state_dict() for step in steps],
        random=torch.get_rng_state(),
        history=[*state.history, metrics],
    )
