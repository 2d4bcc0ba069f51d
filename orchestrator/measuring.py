"""Measuring a trained network: all that a unit asks for is recorded, whatever becomes of one of them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from orchestrator.leases import Hold, LeaseLost
from orchestrator.recorder import canonical_json, record_evaluation
from orchestrator.storage import Storage
from trainables import registry
from trainables.checkpoints import Folder, read_weights
from trainables.dataset import Dataset
from trainables.evaluation import ALL, image_rows, measure_all, same_pictures
from trainables.faces import Faces
from trainables.method import LandmarkModel
from trainables.trial import Evaluation, Trial, Weights

Planned = tuple[dict[str, Any], Evaluation]  # an evaluation as a unit has it, and rebuilt


@dataclass
class Measuring:
    """Makes and records evaluations of one trial's network: those of the same weights on the same pictures in one pass.

    `faces_of`: the faces of a data set with this digest, cropped as the trial crops. `metrics`: what the trial's
    process reports; the errors of plain evaluations are added.
    """

    id: str
    trial: Trial
    model: LandmarkModel
    device: torch.device
    storage: Storage
    faces_of: Callable[[Dataset, str], Faces]
    metrics: dict[str, Any]
    parts: int = 1  # in how many each batch of pictures is processed, for want of memory
    hold: Hold | None = None  # the trial's lease
    _loaded: str = ""  # whose weights the network has

    def make(self, evaluations: Sequence[dict[str, Any]]) -> None:
        """Raises the first error once all that can be measured is recorded: one decoder that fails keeps no other."""
        errors = [error for group in self._groups(evaluations) for error in self._errors(group)]
        if errors:
            raise errors[0]

    def _groups(self, evaluations: Sequence[dict[str, Any]]) -> list[list[Planned]]:
        by_pictures: dict[tuple[Any, ...], list[Planned]] = {}
        for planned in evaluations:
            evaluation: Evaluation = registry.rebuild(planned["config"])
            pictures = (evaluation.weights, evaluation.data or self.trial.data, *same_pictures(evaluation))
            by_pictures.setdefault(pictures, []).append((planned, evaluation))
        # Those of one kind of weights follow one another.
        return sorted(by_pictures.values(), key=lambda group: group[0][1].weights, reverse=True)

    def _errors(self, group: Sequence[Planned]) -> list[Exception]:
        """Of those that cannot be measured, not even alone."""
        try:
            self._measure(group)
        except LeaseLost:
            raise
        except Exception as error:
            return [error] if len(group) == 1 else [error for one in group for error in self._errors([one])]
        return []

    def _measure(self, group: Sequence[Planned]) -> None:
        digest, first = group[0][0]["digest"], group[0][1]
        if first.weights != self._loaded:
            self._loaded = ""  # weights that do not fit may be taken over in part
            self.model.load_state_dict(_weights(self.storage.trial_folder(self.id), first.weights))
            self._loaded = first.weights
        data = first.data or self.trial.data
        faces = self.faces_of(data, digest)
        evaluations = [evaluation for _, evaluation in group]
        together = measure_all(self.model, faces, evaluations, self.device, parts=self.parts)
        for (planned, evaluation), measured in zip(group, together, strict=True):
            summaries = measured.summaries()
            facts = {
                "evaluation": planned["id"],
                "trial": self.id,
                "dataset": data.kind,
                "data_digest": faces.digest,
                "split": evaluation.split,
                "perturbation": evaluation.perturbed_by,
                "decoder": evaluation.read_by,
                "protocol": self.trial.recipe.crop.describe(faces.boxed),
                "config": canonical_json(planned["config"]),
            }
            record_evaluation(self.storage, facts, summaries, image_rows(measured), self.hold)
            if not (evaluation.perturbed_by or evaluation.read_by):
                judged = {name: summaries[ALL][name][0] for name in ("nme_io", "picture_l1") if name in summaries[ALL]}
                self.metrics.update({f"{evaluation.split}_{name}": value for name, value in judged.items()})


def _weights(folder: Folder, which: Weights) -> dict[str, torch.Tensor]:
    try:
        return read_weights(folder, which)
    except FileNotFoundError as error:
        raise FileNotFoundError(
            f"The trial's {which} weights are not in {folder[1]}. One that was trained before they were kept has to be "
            "trained again, under another seed or VERSION; or leave this evaluation out"
        ) from error
