"""The truth's own heatmaps, read by a decoder: what it loses at best. No picture is looked at, nothing is trained.

Xu Bao, Zhi-Qi Cheng, Jun-Yan He, et al.: KeyPosS: Plug-and-Play Facial Landmark Detection through GPS-Inspired
True-Range Multilateration (2023), Sec. 3.3.

What it is: the true landmarks are encoded as heatmaps and decoded again; the distance between the two is the error that
quantisation makes. No network can be expected to do better with this decoder on maps of this size.

  Eqs. 2–4     Gaussian heatmap         → codecs/gaussian.py
  Table 1      maps of the truth        → codecs/heatmap_model.py, `TruthModel`

The paper says neither which faces it measured nor how wide DARK's blur was: the studies `keyposs_1_…` take several
data sets, and DARK with and without a blur.
"""

from typing import ClassVar

from trainables.backbones.hrnet import Stride
from trainables.codecs.decoder import Decoder
from trainables.codecs.gaussian import Gaussian
from trainables.codecs.heatmap_model import TruthModel
from trainables.codecs.multilateration import Multilateration
from trainables.config import config
from trainables.method import Method
from trainables.recipe import PositiveInt, Recipe
from trainables.schemes import Scheme


@config
class Truth(Method):
    """`stride`: px of the crop for each heatmap px; at 256×256, 4, 8, 16, 32 and 64 are maps of 64², 32², 16², 8² and
    4². A landmark more than 3σ outside the crop leaves no trace in its map, so no decoder finds it again.
    """

    kind: ClassVar[str] = "truth"
    PAPER: ClassVar[str | None] = "bao2023keyposs"
    input_size: PositiveInt = 256
    stride: Stride = 4
    encoder: Gaussian = Gaussian(sigma=2.0)
    decoder: Decoder = Multilateration()

    def build(self, scheme: Scheme) -> TruthModel:
        return TruthModel(scheme.num_landmarks, self.heatmap_size, self.encoder, self.decoder, self.stride)

    @property
    def heatmap_size(self) -> int:
        return self.input_size // self.stride

    @classmethod
    def recipes(cls) -> dict[str, Recipe]:
        return {"paper": Recipe(epochs=1)}


METHOD = Truth()
