"""A network that learns, where it is placed: one batch after the other, each in as many parts as memory needs."""

from contextlib import AbstractContextManager, nullcontext

import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from trainables.execution import compiled, memory_format, precision, recompute
from trainables.method import Batch, Update
from trainables.placement import Placement
from trainables.pulse import beat
from trainables.recipe import Recipe
from trainables.schemes import Scheme
from trainables.trial import Trial


class Learner:
    """`model`: of the trial's method, its weights `initial`, else random ones drawn from the trial's seed. `descents`:
    one for each of its updates."""

    def __init__(
        self, trial: Trial, scheme: Scheme, placement: Placement, initial: dict[str, Tensor] | None = None
    ) -> None:
        torch.manual_seed(trial.seed)
        recipe = trial.recipe
        self.recipe, self.placement = recipe, placement
        self.layout = memory_format(trial.method, recipe, placement.device)
        self.model = trial.method.build(scheme).to(placement.device).to(memory_format=self.layout)  # pyright: ignore[reportCallIssue]
        if initial is not None:
            self.model.start_from(initial)
        if recipe.recompute:
            recompute(self.model)
        updates = self.model.updates()
        self.descents = [Descent(update, recipe, is_first=not place) for place, update in enumerate(updates)]
        self._shared = placement.wrap(self.model) if updates else self.model
        self._network = compiled(recipe, self._shared) if updates else self.model

    def learn(self, batch: Batch, iteration: int) -> dict[str, Tensor]:
        """One step with this worker's share of a batch; `iteration` of the whole training, 0 is the first. The terms of
        the loss, each of which, averaged over the workers, is that of the global batch. They stay on the device:
        reading a value would make every step wait for it."""
        parts = min(self.placement.parts, len(batch.images))
        usual = self.placement.mean(self.model.averaged_over(batch))
        found: list[dict[str, Tensor]] = []
        for number in range(parts):
            # Every so-manyth face, so that each part has its share of those without landmarks, which stand behind.
            part = batch.part(slice(number, None, parts))
            with self._alone() if number < parts - 1 else nullcontext():
                found.append(self._gradients(part, self.model.averaged_over(part) / usual))
        beat()
        for descent in self.descents:
            descent.descend(warmth(self.recipe, iteration))
        return {name: torch.stack([terms[name] for terms in found]).sum(dim=0) for name in found[0]}

    def _gradients(self, part: Batch, share: Tensor) -> dict[str, Tensor]:
        """Add those of the part, of which the whole batch consists to this share, and give its share of each term."""
        with precision(self.recipe, self.placement.device):
            output = self._network(*(each.contiguous(memory_format=self.layout) for each in self.model.seen(part)))
            terms = self.model.losses(output, part)
        if self.descents:
            (torch.stack(list(terms.values())).sum() * share).backward()
        return {name: term.detach() * share for name, term in terms.items()}

    def _alone(self) -> AbstractContextManager:
        """In it gradients stay with this worker: they are exchanged once for a batch, with those of its last part."""
        return self._shared.no_sync() if isinstance(self._shared, DistributedDataParallel) else nullcontext()


def warmth(recipe: Recipe, iteration: int) -> float:
    """What the learning rate of this iteration of the whole training (0 is the first) is multiplied by."""
    return 1.0 if recipe.warmup is None else recipe.warmup.factor(iteration)


class Descent:
    """One update of the model: its optimiser and schedule."""

    def __init__(self, update: Update, recipe: Recipe, is_first: bool) -> None:
        self.update = update
        optimizer = recipe.optimizer if is_first else recipe.other_optimizer or recipe.optimizer
        self.optimizer = optimizer.build(update.parameters)
        self.schedule = recipe.schedule.build(self.optimizer, recipe.epochs)
        self.needs_metric = type(recipe.schedule).needs_metric
        self.clip_norm = recipe.clip_norm

    def descend(self, warmth: float) -> None:
        """One step down the gradients, which are used up, with `warmth` times the schedule's learning rate."""
        if self.clip_norm is not None:
            nn.utils.clip_grad_norm_(self.update.parameters, self.clip_norm)
        groups = self.optimizer.param_groups
        of_schedule = [group["lr"] for group in groups]
        for group in groups:
            group["lr"] *= warmth
        self.optimizer.step()
        for group, rate in zip(groups, of_schedule, strict=True):
            group["lr"] = rate
        self.optimizer.zero_grad(set_to_none=True)

    def end_epoch(self, monitored: float) -> None:
        if self.needs_metric:
            self.schedule.step(monitored)  # type: ignore[arg-type]
        else:
            self.schedule.step()
