"""HRNetV2-W18: heatmaps from streams of four resolutions side by side, the baseline of the heatmap family.

Ke Sun, Yang Zhao, Borui Jiang, et al.: High-Resolution Representations for Labeling Pixels and Regions (2019).

What it is: a trunk that keeps its finest resolution from beginning to end and adds coarser streams, all of which
exchange what they see; two 1×1 convolutions on all of them give one heatmap for each landmark. Mean squared error,
Adam, two steps of the learning rate.

  parallel streams, exchange → backbones/hrnet.py, `HRNet`, `Exchange`
  all streams into the head  → backbones/hrnet.py, `HeatmapHead`
  heatmaps, MSE              → codecs/gaussian.py, losses/heatmaps.py
  quarter of a cell          → codecs/two_hot.py
  optimiser, augmentation    → OFFICIAL_RECIPE

Departs: public code trains from ImageNet weights; here `pretrained` names a local file of them, and without one the
network starts from random weights. Its standard deviation is 1.5 heatmap px, the code's for all data sets but 300W,
which has 1: `Hrnet(encoder=Gaussian(sigma=1.0, biased=True))`. The weights of an epoch are picked on validation faces,
where the code picks them on the test faces. Decoded landmarks are not rounded to whole px.
"""

from dataclasses import field, replace
from pathlib import Path
from typing import ClassVar

from torch import nn

from trainables.backbones.hrnet import HeatmapHead, HRNet, initialise, load_pretrained
from trainables.codecs.decoder import Decoder
from trainables.codecs.gaussian import Gaussian
from trainables.codecs.heatmap_model import HeatmapModel
from trainables.codecs.two_hot import TwoHot
from trainables.config import config
from trainables.losses.heatmaps import LossName
from trainables.method import Method
from trainables.paper_recipes import PAPER_000
from trainables.recipe import Adam, Multistep, PositiveInt, Recipe
from trainables.schemes import Scheme
from trainables.transforms.augmentation import AUGMENTATIONS

STRIDE = 4

OFFICIAL_RECIPE = Recipe(
    epochs=60,
    batch_size=16,
    optimizer=Adam(lr=1e-4),
    schedule=Multistep(milestones=(30, 50)),
    augmentation=AUGMENTATIONS["hrnet_official"],
)


@config
class Hrnet(Method):
    """`width` is the number of channels of the finest stream (18: W18), `modules` how often the streams of stages 2, 3
    and 4 exchange. `pretrained`: a safetensors file of the trunk's ImageNet weights.
    """

    kind: ClassVar[str] = "hrnet"
    CHANNELS_LAST_ON: ClassVar[frozenset[str]] = frozenset({"cpu"})
    PAPER: ClassVar[str | None] = "sun2019hrnet"
    input_size: PositiveInt = 256
    width: PositiveInt = 18
    modules: tuple[PositiveInt, PositiveInt, PositiveInt] = (1, 4, 3)
    encoder: Gaussian = Gaussian(sigma=1.5, biased=True)
    decoder: Decoder = TwoHot()
    loss: LossName = "mse"
    pretrained: str | None = field(default=None, metadata={"file": True})

    def __post_init__(self) -> None:
        if self.input_size % STRIDE:
            raise ValueError(f"input_size is not a multiple of {STRIDE}, so no whole number of heatmap cells covers it")

    def build(self, scheme: Scheme) -> HeatmapModel:
        trunk = HRNet(self.width, self.modules, STRIDE)
        network = nn.Sequential(trunk, HeatmapHead(trunk.channels, scheme.num_landmarks))
        initialise(network)
        if self.pretrained is not None:
            load_pretrained(trunk, Path(self.pretrained))
        return HeatmapModel(network, self.encoder, self.decoder, STRIDE, self.loss)

    @property
    def heatmap_size(self) -> int:
        return self.input_size // STRIDE

    @classmethod
    def recipes(cls) -> dict[str, Recipe]:
        aflw = replace(OFFICIAL_RECIPE, optimizer=Adam(lr=2e-4))
        return {"paper": OFFICIAL_RECIPE, "official": OFFICIAL_RECIPE, "official_aflw": aflw, "paper_000": PAPER_000}


METHOD = Hrnet()
