"""A small method that takes its time where a file says so, so that there is time to kill it."""

import time
from pathlib import Path
from typing import ClassVar

from torch import Tensor, nn

from trainables.config import config
from trainables.method import Batch, LandmarkModel
from trainables.methods.resnet18 import ResNet18, ResNet18Landmarks
from trainables.recipe import PositiveInt
from trainables.schemes import Scheme


@config
class Waiting(ResNet18):
    """ResNet18 with a network of two layers: all that a resumed trial can get wrong, in no time.

    `pace`: a file with the seconds that each training step takes longer. It is read at each step, and may be absent.
    """

    kind: ClassVar[str] = "waiting_of_tests"
    input_size: PositiveInt = 32
    width: PositiveInt = 4
    pace: str

    def build(self, scheme: Scheme) -> "WaitingModel":
        return WaitingModel(scheme.num_landmarks, self)


class WaitingModel(ResNet18Landmarks):
    def __init__(self, num_landmarks: int, method: Waiting) -> None:
        LandmarkModel.__init__(self)
        self.input_size = method.input_size
        self.network = nn.Sequential(
            nn.Conv2d(1, method.width, kernel_size=5, stride=4),
            nn.BatchNorm2d(method.width),  # has running statistics
            nn.ReLU(),
            nn.AdaptiveAvgPool2d(4),
            nn.Flatten(),
            nn.Dropout(0.1),  # draws random numbers
            nn.Linear(16 * method.width, 2 * num_landmarks),
        )
        self._pace = Path(method.pace)

    def losses(self, output: Tensor, batch: Batch) -> dict[str, Tensor]:
        if self.training and self._pace.exists():
            time.sleep(float(self._pace.read_text()))
        return super().losses(output, batch)
