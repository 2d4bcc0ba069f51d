"""The contract of a method: a frozen config that builds a model; and the batch that every model is given."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields, replace
from typing import Annotated, Any, ClassVar

import torch
from jaxtyping import Bool, Float
from pydantic import Field
from torch import Tensor, nn

from trainables.config import Config
from trainables.recipe import Recipe
from trainables.schemes import Scheme


@dataclass(frozen=True)
class Batch:
    """One batch on the training device. All lengths are px of the network's input crop.

    `images`: RGB in [0, 1]; a model converts and normalises them itself, so that loading is the same for all methods.
    `visible`, `present`: per landmark; an occluded one is present but not visible, a missing one is neither.
    `normaliser`: distance of the outer eye corners. `difficulty`: rank of the face among the training faces in [0, 1],
    1 the hardest; NaN where it has none. `weight`: what a landmark counts in a loss: 0 missing, 1 visible; an occluded
    one 1 too, but less early in a curriculum. `second_view`, `second_landmarks`: another view of
    the same face, where the recipe has pairs; a missing landmark is NaN there. Of an unlabelled face every landmark is
    missing; such faces stand behind the labelled ones.
    """

    images: Float[Tensor, "batch 3 height width"]
    landmarks: Float[Tensor, "batch landmarks 2"]
    present: Bool[Tensor, "batch landmarks"]
    visible: Bool[Tensor, "batch landmarks"]
    normaliser: Float[Tensor, " batch"]
    difficulty: Float[Tensor, " batch"]
    weight: Float[Tensor, "batch landmarks"]
    second_view: Float[Tensor, "batch 3 height width"] | None = None
    second_landmarks: Float[Tensor, "batch landmarks 2"] | None = None

    def both_views(self) -> "Batch":
        """Twice as many faces, the second views behind the first ones. A landmark weighs the same in both.

        Raises ValueError where there are no second views.
        """
        if self.second_view is None or self.second_landmarks is None:
            raise ValueError("the batch has no second views: the recipe needs pairs")
        present = self.second_landmarks.isfinite().all(dim=-1)
        return Batch(
            images=torch.cat([self.images, self.second_view]),
            landmarks=torch.cat([self.landmarks, self.second_landmarks]),
            present=torch.cat([self.present, present]),
            visible=torch.cat([self.visible, self.visible & present]),
            normaliser=self.normaliser.repeat(2),
            difficulty=self.difficulty.repeat(2),
            weight=torch.cat([self.weight, self.weight * present]),
        )

    def part(self, faces: slice) -> "Batch":
        """These faces of it."""
        return self._each(lambda tensor: tensor[faces])

    def to(self, device: torch.device) -> "Batch":
        return self._each(lambda tensor: tensor.to(device, non_blocking=True))

    def _each(self, change: Callable[[Tensor], Tensor]) -> "Batch":
        tensors = {each.name: getattr(self, each.name) for each in fields(self)}
        return replace(self, **{name: change(tensor) for name, tensor in tensors.items() if tensor is not None})


@dataclass(frozen=True)
class Update:
    """One optimiser's share of a training step: the parameters that it moves.

    Most models have one. Adversarial training lists one for the generator and one for the discriminators. All follow
    the gradient of the sum of all terms: where two work against each other, the model sees to it that no term reaches
    the other's parameters.
    """

    name: str
    parameters: tuple[nn.Parameter, ...]


class LandmarkModel(nn.Module, ABC):
    """A network that finds landmarks. `forward` takes RGB images [B, 3, S, S] in [0, 1]; its output is its own."""

    def seen(self, batch: Batch) -> tuple[Tensor, ...]:
        """What `forward` is given in training."""
        return (batch.images,)

    @abstractmethod
    def losses(self, output: Any, batch: Batch) -> dict[str, Tensor]:
        """Weighted scalar terms. Their sum is minimised; every term is recorded by its name."""

    def averaged_over(self, batch: Batch) -> Float[Tensor, ""]:
        """How many things of a batch its terms are means over: faces. A part of a batch, or a worker's share of it,
        counts by this beside the others. A model whose terms are means over something else counts that here, on the
        batch's device."""
        return batch.weight.new_full((), len(batch.images))

    @property
    def finds_landmarks(self) -> bool:
        """As its method says. Off, nothing is computed to be decoded."""
        return True

    @abstractmethod
    def decode(self, output: Any) -> Float[Tensor, "batch landmarks 2"] | None:
        """Landmarks in px of the input crop; None of a model that finds none."""

    def restored(self, output: Any) -> Float[Tensor, "batch 3 height width"] | None:
        """The crop as it makes it anew from a degraded one, in [0, 1]; None of a model that restores no pictures."""
        return None

    def transferred(self, shown: Batch) -> Float[Tensor, "batch 3 height width"] | None:
        """The faces of `shown`'s second views in the pose of its images, in [0, 1]; None of a model that moves none."""
        return None

    def only_in_training(self) -> Iterable[nn.Module]:
        """Parts that nothing needs once the network is trained: they do not count as its size."""
        return ()

    def recomputed(self) -> Iterable[nn.Module]:
        """Parts whose activations are not kept but computed again where the recipe says so, see `execution.py`."""
        return ()

    def start_from(self, weights: dict[str, Tensor]) -> None:
        """Take over the weights of the stages before. Raises ValueError where these have other parts than the model."""
        own = self.state_dict()
        lacking = sorted({_part(name) for name in own.keys() - weights.keys()})
        foreign = sorted({_part(name) for name in weights.keys() - own.keys()})
        shared = own.keys() & weights.keys()
        other = sorted({_part(name) for name in shared if own[name].shape != weights[name].shape})
        if other:
            raise ValueError(
                f"{', '.join(other)} of the stages before have other sizes than here. Give the stages' methods the "
                "same widths, sizes and number of landmarks."
            )
        if lacking or foreign:
            raise ValueError(
                f"The stages before have not trained {', '.join(lacking) or 'too little'} of this network"
                + (f", but have {', '.join(foreign)}, which it does not have" if foreign else "")
                + ". Name in starts_from the stages that train all of its parts, and no others."
            )
        self.load_state_dict(weights)

    def epoch_ended(self, validation: dict[str, float]) -> None:
        """Told what its weights in training reach after each epoch. What a model makes of it, it keeps in buffers."""

    def updates(self) -> list[Update]:
        """The optimisers of one training step, in order. A model without parameters has none."""
        parameters = tuple(parameter for parameter in self.parameters() if parameter.requires_grad)
        return [Update("model", parameters)] if parameters else []


def _part(name: str) -> str:
    """The first two words of a parameter's dotted name."""
    return ".".join(name.split(".")[:2])


class Method(Config, ABC):
    """One paper's system or a baseline: the frozen config that builds the model.

    `PAPER` is a key of `trainables.papers`. `VERSION` is raised when a change of code changes results, so that
    older trials are no longer mistaken for new ones. `CHANNELS_LAST_ON`: types of devices on which its network was
    measured to train faster with channels last (`make bench`); a recipe can say otherwise.
    """

    PAPER: ClassVar[str | None] = None
    VERSION: ClassVar[int] = 1
    CHANNELS_LAST_ON: ClassVar[frozenset[str]] = frozenset()
    input_size: Annotated[int, Field(gt=0)]

    @abstractmethod
    def build(self, scheme: Scheme) -> LandmarkModel: ...

    @property
    def heatmap_size(self) -> int | None:
        """Side in cells of the heatmaps of the `HeatmapModel` that it builds, which any decoder can read; else None."""
        return None

    @property
    def finds_landmarks(self) -> bool:
        """Off for what only makes pictures: it is selected by these, and its errors are undefined."""
        return True

    @property
    def makes_pictures(self) -> bool:
        """Whether its model restores the pictures that it sees."""
        return False

    @property
    def moves_faces(self) -> bool:
        """Whether its model transfers faces from view to view, so that recipes need pairs to train it."""
        return False

    @classmethod
    def recipes(cls) -> dict[str, Recipe]:
        """Named recipes; `paper` is the paper's own."""
        return {}
