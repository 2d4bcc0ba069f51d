"""The mean shape: every face gets the average landmarks of the training crops. Nothing is trained.

The floor under every table: a network that does not beat it has learned nothing about pictures. It also shows how
small a method can be, and its trials measure what a trial costs beyond training.
"""

from typing import ClassVar

import torch
from torch import Tensor

from trainables.config import config
from trainables.method import Batch, LandmarkModel, Method
from trainables.recipe import PositiveInt, Recipe
from trainables.schemes import Scheme


@config
class MeanShape(Method):
    kind: ClassVar[str] = "mean_shape"
    input_size: PositiveInt = 64

    def build(self, scheme: Scheme) -> "MeanShapeModel":
        return MeanShapeModel(scheme.num_landmarks)

    @classmethod
    def recipes(cls) -> dict[str, Recipe]:
        return {"paper": Recipe(epochs=1)}


class MeanShapeModel(LandmarkModel):
    """Sums the training landmarks as they pass by; the output [B, K, 2] is their mean in crop px."""

    total: Tensor
    count: Tensor

    def __init__(self, num_landmarks: int) -> None:
        super().__init__()
        self.register_buffer("total", torch.zeros(num_landmarks, 2, dtype=torch.float64))
        self.register_buffer("count", torch.zeros(num_landmarks, dtype=torch.float64))

    def forward(self, images: Tensor) -> Tensor:
        mean = (self.total / self.count.clamp(min=1)[:, None]).float()
        return mean.expand(len(images), -1, -1)

    def losses(self, output: Tensor, batch: Batch) -> dict[str, Tensor]:
        if self.training:
            self.total += (batch.weight[..., None] * torch.nan_to_num(batch.landmarks)).sum(0)
            self.count += batch.weight.sum(0)
        distance = batch.weight * (output - torch.nan_to_num(batch.landmarks)).norm(dim=-1)
        return {"distance": distance.sum() / self.averaged_over(batch)}

    def averaged_over(self, batch: Batch) -> Tensor:
        """Landmarks, by their weight."""
        return batch.weight.sum().clamp(min=1)

    def decode(self, output: Tensor) -> Tensor:
        return output


METHOD = MeanShape()
