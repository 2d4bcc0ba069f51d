"""Stacked hourglasses: four networks in a row, each correcting the heatmaps of the one before.

Alejandro Newell, Kaiyu Yang, Jia Deng: Stacked Hourglass Networks for Human Pose Estimation (2016).

What it is: an hourglass halves its maps four times and enlarges them back, with a residual block beside each step, so
that heatmaps follow from what is near and what is far. Four of them follow one another; each is told the features and
the heatmaps of the one before, every one is trained, and the last one is read. Mean squared error, RMSprop.

  Sec. 3.1         hourglass, stem                  → backbones/hourglass.py, `Hourglass`, `stem`
  Sec. 3.2         residual block                   → backbones/hourglass_blocks.py, `Residual`
  Sec. 3.3         stacks, intermediate supervision → backbones/hourglass.py, `StackedHourglass`;
                                                      codecs/heatmap_model.py, `StackedHeatmapModel`
  Training Details heatmaps, MSE, quarter of a cell → codecs/gaussian.py, losses/heatmaps.py, codecs/two_hot.py
  Training Details optimiser, augmentation          → OFFICIAL_RECIPE

Departs: the paper finds the joints of bodies with eight stacks; here there are four, as in FAN. It lowers the learning
rate once validation no longer improves; here it falls to a fifth after epochs 60 and 90, and the batch is 16. Angles
and scales are uniform in the ranges that the paper prints, and pictures are mirrored; the code draws normal ones and
also changes colours. The standard deviation is the paper's 1 heatmap px; the code's bump of 7×7 cells has 1.75. One
view of a picture is read; the paper averages it with the mirrored one, which an evaluation can ask for.
"""

from dataclasses import replace
from functools import partial
from typing import ClassVar

from torch import nn

from trainables.backbones.hourglass import STRIDE, StackedHourglass, check_sizes
from trainables.backbones.hourglass_blocks import Residual, Shortcut
from trainables.codecs.decoder import Decoder
from trainables.codecs.gaussian import Gaussian
from trainables.codecs.heatmap_model import StackedHeatmapModel
from trainables.codecs.two_hot import TwoHot
from trainables.config import config
from trainables.method import Method
from trainables.paper_recipes import PAPER_000
from trainables.recipe import Multistep, PositiveInt, Recipe, RMSprop
from trainables.schemes import Scheme
from trainables.transforms.augmentation import AUGMENTATIONS

OFFICIAL_RECIPE = Recipe(
    epochs=100,
    batch_size=16,
    optimizer=RMSprop(lr=2.5e-4),
    schedule=Multistep(milestones=(60, 90), factor=0.2),
    augmentation=replace(AUGMENTATIONS["hrnet_official"], rotation_probability=1.0),
)


@config
class Shn(Method):
    """`width`: channels of all features. `stacks`: how many hourglasses follow one another. `shortcut`: `projection`
    puts a 1×1 convolution beside every residual block, as public code allocates it, instead of nothing.
    """

    kind: ClassVar[str] = "shn"
    PAPER: ClassVar[str | None] = "newell2016hourglass"
    input_size: PositiveInt = 256
    width: PositiveInt = 256
    stacks: PositiveInt = 4
    shortcut: Shortcut = "identity"
    encoder: Gaussian = Gaussian(sigma=1.0, biased=True)
    decoder: Decoder = TwoHot()

    def __post_init__(self) -> None:
        check_sizes(self.input_size, self.width, share=4)

    def build(self, scheme: Scheme) -> StackedHeatmapModel:
        block = partial(Residual, shortcut=self.shortcut)
        network = StackedHourglass(scheme.num_landmarks, self.width, self.stacks, block, nn.MaxPool2d(2))
        return StackedHeatmapModel(network, self.encoder, self.decoder, STRIDE, "mse")

    @property
    def heatmap_size(self) -> int:
        return self.input_size // STRIDE

    @classmethod
    def recipes(cls) -> dict[str, Recipe]:
        return {"paper": OFFICIAL_RECIPE, "official": OFFICIAL_RECIPE, "paper_000": PAPER_000}


METHOD = Shn()
