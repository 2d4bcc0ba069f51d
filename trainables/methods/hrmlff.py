"""HR-MLFF: high-resolution streams fused on several levels, and a loss that follows the landmarks (paper 000).

J. M. Kozłowska, D. J. Chmielewski, P. W. Mazurek: High-Resolution Multi-Level Feature Fusion Network for Robust Facial
Landmark Detection (2026).

What it is: HRNetV2-W18 that weighs what its streams exchange, lets them heed one another before each stage, and fuses
them after each stage into a map that refines them; heatmaps within 0 and 1; a loss of three terms that counts cells
near landmarks, and landmarks that are hard, more; easy faces first, and the mean of the last epochs' weights.

  Eq. 2        adaptive exchange            → backbones/multi_level_fusion.py, `AdaptiveExchange`
  before Eq. 3 cross-flow modulation        → backbones/multi_level_fusion.py, `CrossFlow`
  Eqs. 3–4     head, sigmoid                → backbones/hrnet.py, `HeatmapHead`; `Hrmlff.build`
  Eqs. 5–9     multi-level fusion           → backbones/multi_level_fusion.py, `LevelFusion`
  Eqs. 10–13   composite loss               → losses/composite.py, `Composite`
  training     curriculum, averaging, stop  → paper_recipes.py, `PAPER_000`

Departs: the paper prints abstract operators; all that is added to HRNet leaves it as it is at first, so that each part
can be switched off and what remains is HRNet. Eq. 14 has Adam's ε inside the root; ours is Adam as published. The paper
does not print σ; 1.5 heatmap px is what HRNet's code takes for most data sets.
"""

import math
from dataclasses import field
from pathlib import Path
from typing import ClassVar

from torch import nn

from trainables.backbones.hrnet import HeatmapHead, initialise, load_pretrained
from trainables.backbones.multi_level_fusion import MultiLevelHRNet
from trainables.codecs.dark import Dark
from trainables.codecs.decoder import Decoder
from trainables.codecs.gaussian import Gaussian
from trainables.codecs.heatmap_model import HeatmapModel
from trainables.config import config
from trainables.losses.composite import Composite, HeatmapLoss
from trainables.method import Method
from trainables.paper_recipes import PAPER_000
from trainables.recipe import PositiveInt, Recipe
from trainables.schemes import Scheme

STRIDE = 4
BACKGROUND = 0.01  # what every cell says at first, because most cells are background


@config
class Hrmlff(Method):
    """`embedding`, `modulation`, `fusion`: the three parts that are added to HRNet. `width`, `modules`, `pretrained`:
    see `hrnet`.
    """

    kind: ClassVar[str] = "hrmlff"
    PAPER: ClassVar[str | None] = "kozlowska2026hrmlff"
    VERSION: ClassVar[int] = 2
    CHANNELS_LAST_ON: ClassVar[frozenset[str]] = frozenset({"cpu"})
    input_size: PositiveInt = 256
    width: PositiveInt = 18
    modules: tuple[PositiveInt, PositiveInt, PositiveInt] = (1, 4, 3)
    embedding: bool = True
    modulation: bool = True
    fusion: bool = True
    encoder: Gaussian = Gaussian(sigma=1.5)
    decoder: Decoder = Dark(blur=7)
    loss: HeatmapLoss = Composite()
    pretrained: str | None = field(default=None, metadata={"file": True})

    def __post_init__(self) -> None:
        if self.input_size % STRIDE:
            raise ValueError(f"input_size is not a multiple of {STRIDE}, so no whole number of heatmap cells covers it")

    def build(self, scheme: Scheme) -> HeatmapModel:
        streams = MultiLevelHRNet(self.width, self.modules, self.embedding, self.modulation, self.fusion)
        head = HeatmapHead(streams.channels, scheme.num_landmarks, hidden=sum(streams.trunk.channels))
        network = nn.Sequential(streams, head, nn.Sigmoid())
        initialise(network)
        nn.init.constant_(head.heatmaps.get_parameter("bias"), math.log(BACKGROUND / (1 - BACKGROUND)))
        if self.pretrained is not None:
            load_pretrained(streams.trunk, Path(self.pretrained))
        return HeatmapModel(network, self.encoder, self.decoder, STRIDE, self.loss.build(scheme.num_landmarks))

    @property
    def heatmap_size(self) -> int:
        return self.input_size // STRIDE

    @classmethod
    def recipes(cls) -> dict[str, Recipe]:
        return {"paper": PAPER_000}


METHOD = Hrmlff()
