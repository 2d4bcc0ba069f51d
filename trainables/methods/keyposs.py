"""KeyPosS: small heatmaps, read by true-range multilateration (paper 002).

Xu Bao, Zhi-Qi Cheng, Jun-Yan He, et al.: KeyPosS: Plug-and-Play Facial Landmark Detection through GPS-Inspired
True-Range Multilateration (2023).

What it is: HRNetV2-W18 whose stem shrinks the picture faster, so that its heatmaps are as small as 4×4, and a decoder
that takes a few cells around the peak for anchors, their values for distances, and finds the landmark by least squares.
Any decoder can read the heatmaps of a trained network.

  Eqs. 2–4     Gaussian heatmap              → codecs/gaussian.py
  Eqs. 5, 6, 8 one-hot, two-hot, DARK        → codecs/one_hot.py, two_hot.py, dark.py
  Eq. 3        distances from values         → codecs/multilateration.py, `squared_distances`
  Eqs. 9–14    anchors, least squares        → codecs/multilateration.py, `Multilateration`
  public code  Gauss–Newton on the ranges    → codecs/gauss_newton.py
  Table 2      stems of five resolutions     → backbones/stem_strides.py
  Table 6      stages that run at each       → backbones/hrnet.py, `STAGES`; `released_parameters`
  Eq. 15       loss                          → losses/heatmaps.py

Departs: Eq. 15 prints a distance between decoded landmarks; text and code compare heatmaps, and so do we. The code
shares one normalisation between three of the stem's convolutions; here each has its own. It picks the weights of an
epoch on the test faces; we pick them on validation faces. The paper prints σ nowhere; 2 heatmap px at every resolution
is the code's.
"""

from dataclasses import field, replace
from pathlib import Path
from typing import ClassVar

import torch
from torch import nn

from trainables.backbones.hrnet import STEM, HeatmapHead, HRNet, Stride, initialise, load_pretrained
from trainables.codecs.decoder import Decoder
from trainables.codecs.gaussian import Gaussian
from trainables.codecs.heatmap_model import HeatmapModel
from trainables.codecs.multilateration import Multilateration
from trainables.complexity import parameter_count
from trainables.config import config
from trainables.losses.heatmaps import LossName
from trainables.method import Method
from trainables.recipe import Adam, Cosine, Multistep, PositiveInt, Recipe, Warmup
from trainables.schemes import Scheme
from trainables.transforms.augmentation import AUGMENTATIONS

OFFICIAL_BATCH = 256  # 4 GPUs, 64 each
OFFICIAL_LR = 2e-3
PAPER_BATCH = 64
LEAST_LR = 1e-5

OFFICIAL_RECIPE = Recipe(
    epochs=100,
    batch_size=OFFICIAL_BATCH,
    optimizer=Adam(lr=OFFICIAL_LR),
    schedule=Multistep(milestones=(40, 55), min_lr=LEAST_LR),
    augmentation=AUGMENTATIONS["keyposs"],
    warmup=Warmup(iterations=500, start_factor=1e-3),
)
# The learning rate belongs to the code's batch; the paper's own batch takes its share of it.
PAPER_RECIPE = replace(
    OFFICIAL_RECIPE, batch_size=PAPER_BATCH, optimizer=Adam(lr=OFFICIAL_LR * PAPER_BATCH / OFFICIAL_BATCH)
)


@config
class KeyPosS(Method):
    """`stride`: px of the input for each heatmap px; at 256×256, 4, 8, 16, 32 and 64 are the paper's 64², 32², 16², 8²
    and 4² heatmaps. `width`, `modules`: see `hrnet`. `pretrained`: a safetensors file of the trunk's ImageNet weights.
    """

    kind: ClassVar[str] = "keyposs"
    PAPER: ClassVar[str | None] = "bao2023keyposs"
    CHANNELS_LAST_ON: ClassVar[frozenset[str]] = frozenset({"cpu"})
    input_size: PositiveInt = 256
    stride: Stride = 4
    width: PositiveInt = 18
    modules: tuple[PositiveInt, PositiveInt, PositiveInt] = (1, 4, 3)
    encoder: Gaussian = Gaussian(sigma=2.0)
    decoder: Decoder = Multilateration()
    loss: LossName = "mse"
    pretrained: str | None = field(default=None, metadata={"file": True})

    def __post_init__(self) -> None:
        if self.input_size % self.stride:
            raise ValueError(
                f"input_size is not a multiple of stride {self.stride}, so no whole number of heatmap cells covers it"
            )

    def build(self, scheme: Scheme) -> HeatmapModel:
        trunk = HRNet(self.width, self.modules, self.stride)
        network = nn.Sequential(trunk, HeatmapHead(trunk.channels, scheme.num_landmarks))
        initialise(network)
        if self.pretrained is not None:
            load_pretrained(trunk, Path(self.pretrained))
        return HeatmapModel(network, self.encoder, self.decoder, self.stride, self.loss)

    @property
    def heatmap_size(self) -> int:
        return self.input_size // self.stride

    @classmethod
    def recipes(cls) -> dict[str, Recipe]:
        """`paper`, `official`, and their variants: a cosine, more epochs for small maps, and what the code does
        differently for COFW, WFLW and COCO-WholeBody; its other loss there is a setting, `KeyPosS(loss="huber")`."""
        cosine, coco = Cosine(min_lr=LEAST_LR), AUGMENTATIONS["keyposs_coco"]
        return {
            "paper": PAPER_RECIPE,
            "paper_cosine": replace(PAPER_RECIPE, schedule=cosine),
            "paper_small_maps": replace(PAPER_RECIPE, epochs=300),
            "official": OFFICIAL_RECIPE,
            "official_cofw": replace(OFFICIAL_RECIPE, epochs=210, schedule=cosine),
            "official_wflw": replace(OFFICIAL_RECIPE, epochs=1000),
            "official_coco": replace(OFFICIAL_RECIPE, epochs=1000, augmentation=coco),
        }


def released_parameters(num_landmarks: int, stride: Stride) -> int:
    """Parameters of W18 as the public code allocates them, some of which never run: all stages, and a stem of four
    convolutions that share norms, whatever the stride.

    Source: bao2023keyposs Table 6.
    """
    with torch.device("meta"):
        channels = HRNet(stride=stride).channels
        whole = parameter_count(HRNet()) + parameter_count(HeatmapHead(channels, num_landmarks))
    return whole + 2 * STEM * STEM * 3**2


METHOD = KeyPosS()
