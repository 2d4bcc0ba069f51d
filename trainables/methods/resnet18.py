"""ResNet18 regression of landmark coordinates (paper 001).

Sk. Mastan Sharif, N. Sri Harsha, Sk. Abdul Subhan, Y. Threeshal: Facial Landmark Detection Using Deep Learning:
A Comprehensive Approach with ResNet18 (2025).

What it is: ResNet18 on grey images whose last layer gives the 2·K coordinates themselves; mean squared error, Adam,
a plateau schedule, early stopping; rotation, crop, resize, flip and colour jitter. The paper prints no equations.

  Sec. 5.1 first convolution on one channel → ResNet18Landmarks.forward, backbones/resnet.py
  Sec. 1   136 regressed values             → ResNet18.build
  Sec. 1   MSE                              → ResNet18Landmarks.losses
  Sec. 1   rotation, crop, flip, jitter     → transforms/augmentation.py
  Sec. 5.1 adaptive cropping via dlib       → transforms/crop.py, `CONVENTIONS["dlib"]`
  Sec. 5.1 schedule, early stop, checkpoint → paper_recipes.py, training.py
  Table 1  MSE, NME, accuracy at 3 and 5 px → metrics.py

Departs: the paper prints neither learning rate, batch and epochs nor the ranges of its augmentation; ours are in
`PAPER_001`. A dlib detector is not run: the data set gives the box, or the tight landmark box ×1.2 is taken where it
gives none.
"""

from typing import ClassVar

import torch
from kornia.color import rgb_to_grayscale
from torch import Tensor

from trainables.backbones import resnet
from trainables.config import config
from trainables.method import Batch, LandmarkModel, Method
from trainables.paper_recipes import PAPER_001
from trainables.recipe import PositiveInt, Recipe
from trainables.schemes import Scheme


@config
class ResNet18(Method):
    """`width` is the number of channels of the first stage; 64 is the paper's network."""

    kind: ClassVar[str] = "resnet18"
    PAPER: ClassVar[str | None] = "sharif2025resnet18"
    input_size: PositiveInt = 224
    width: PositiveInt = 64

    def build(self, scheme: Scheme) -> "ResNet18Landmarks":
        return ResNet18Landmarks(scheme.num_landmarks, self.input_size, self.width)

    @classmethod
    def recipes(cls) -> dict[str, Recipe]:
        return {"paper": PAPER_001}


class ResNet18Landmarks(LandmarkModel):
    """RGB images [B, 3, S, S] → coordinates [B, K, 2] in crop sides, the crop's corner at −0.5.

    Source: sharif2025resnet18 Sec. 1 (136 outputs) and Sec. 5.1 (first convolution on one channel).
    """

    def __init__(self, num_landmarks: int, input_size: int, width: int) -> None:
        super().__init__()
        self.input_size = input_size
        self.network = resnet.ResNet18(2 * num_landmarks, in_channels=1, width=width)

    def forward(self, images: Tensor) -> Tensor:
        grey = (rgb_to_grayscale(images) - 0.5) / 0.5
        return self.network(grey).unflatten(1, (-1, 2))

    def losses(self, output: Tensor, batch: Batch) -> dict[str, Tensor]:
        """Mean squared error over all coordinates, a landmark weighing what the batch says.

        Source: sharif2025resnet18 Sec. 1.
        """
        target = batch.landmarks / self.input_size - 0.5
        weight = batch.weight[..., None].to(output.dtype)
        squares = weight * (output - torch.nan_to_num(target)) ** 2
        return {"mse": squares.sum() / (2 * weight.sum()).clamp(min=1)}

    def averaged_over(self, batch: Batch) -> Tensor:
        """Coordinates, each by its landmark's weight."""
        return (2 * batch.weight.sum()).clamp(min=1)

    def decode(self, output: Tensor) -> Tensor:
        return (output + 0.5) * self.input_size


METHOD = ResNet18()
