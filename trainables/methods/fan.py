"""FAN: four stacked hourglasses of hierarchical blocks, the face alignment network.

Adrian Bulat, Georgios Tzimiropoulos: How Far Are We from Solving the 2D & 3D Face Alignment Problem? (2017).

What it is: the stacked hourglass, its residual block replaced by one whose three 3×3 convolutions see 3, 5 and 7 px
side by side, so that one block sees several sizes. Every stack is trained, the last one is read. Mean squared error,
RMSprop, a learning rate that falls in three unequal steps.

  hierarchical block          → backbones/hourglass_blocks.py, `Hierarchical`
  stem, hourglasses, stacks   → backbones/hourglass.py
  loss of all stacks          → codecs/heatmap_model.py, `StackedHeatmapModel`
  heatmaps, quarter of a cell → codecs/gaussian.py, codecs/two_hot.py
  crop, augmentation          → transforms/crop.py, `CONVENTIONS["fan"]`; transforms/augmentation.py, `AUGMENTATIONS`
  optimiser, learning rates   → OFFICIAL_RECIPE

Departs: maps are halved by their means, as in the networks that were released; the public training code takes maxima.
That code trains on pictures that were all cut alike; here the crop is the one that the released networks are given. The
standard deviation is 1 heatmap px, as the code's argument says; its bump of 7×7 cells has 1.75.
"""

from typing import ClassVar

from torch import nn

from trainables.backbones.hourglass import STRIDE, StackedHourglass, check_sizes
from trainables.backbones.hourglass_blocks import Hierarchical
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
from trainables.transforms.crop import CONVENTIONS

OFFICIAL_RECIPE = Recipe(
    epochs=100,
    batch_size=10,
    optimizer=RMSprop(lr=2.5e-4),
    # To 1e-4, 5e-5 and 1e-5.
    schedule=Multistep(milestones=(50, 70, 90), factor=(0.4, 0.5, 0.2)),
    crop=CONVENTIONS["fan"],
    augmentation=AUGMENTATIONS["fan_official"],
)


@config
class Fan(Method):
    """`width`: channels of all features. `stacks`: how many hourglasses follow one another."""

    kind: ClassVar[str] = "fan"
    PAPER: ClassVar[str | None] = "bulat2017fan"
    input_size: PositiveInt = 256
    width: PositiveInt = 256
    stacks: PositiveInt = 4
    encoder: Gaussian = Gaussian(sigma=1.0, biased=True)
    decoder: Decoder = TwoHot()

    def __post_init__(self) -> None:
        check_sizes(self.input_size, self.width, share=8)

    def build(self, scheme: Scheme) -> StackedHeatmapModel:
        network = StackedHourglass(scheme.num_landmarks, self.width, self.stacks, Hierarchical, nn.AvgPool2d(2))
        return StackedHeatmapModel(network, self.encoder, self.decoder, STRIDE, "mse")

    @property
    def heatmap_size(self) -> int:
        return self.input_size // STRIDE

    @classmethod
    def recipes(cls) -> dict[str, Recipe]:
        return {"paper": OFFICIAL_RECIPE, "official": OFFICIAL_RECIPE, "paper_000": PAPER_000}


METHOD = Fan()
