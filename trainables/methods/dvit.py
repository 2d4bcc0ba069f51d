"""D-ViT, a compact realisation: transformers over places and over channels, in a cascade; paper 001 compares with it.

Ziqiang Dang, Jianfang Li, Lin Liu: Cascaded Dual Vision Transformer for Accurate Facial Landmark Detection (2025).

What it is: four blocks, each of a vision transformer whose tokens are patches and, beside it, one whose tokens are
channels. Each block is told the features and heatmaps of the one before and, by a long skip connection, what the stem
saw; every one is trained, and the last one is read. Losses of heatmaps and of the landmarks read from them; Adam.

  spatial-split transformer       → backbones/dual_vit.py, `SpatialTransformer`
  channel-split transformer       → backbones/dual_vit.py, `ChannelTransformer`
  cascade, long skip connections  → backbones/dual_vit.py, `DualViT`
  stem                            → backbones/hourglass.py, `stem`
  heatmaps, MSE                   → codecs/gaussian.py, losses/heatmaps.py
  landmarks read from heatmaps    → codecs/soft_argmax.py, `coordinate_distance`
  training                        → PAPER_RECIPE

Departs: this is not the paper's network, and its numbers must not be taken for those of the paper. From the paper are
the two kinds of transformers, the cascade and the long skips; the sizes inside, the stem, the balance of the losses and
the recipe are ours. Public code differs most in this: eight blocks of two pairs of one-layer transformers, behind
convolutions that are told where they are; long skips that are concatenated; the adaptive wing loss of softmaxed
heatmaps; 500 epochs. Paper 001 prints nothing of how it trained D-ViT; the recipe is as ours for ResNet18, so that both
are trained alike, with the learning rate of D-ViT's public code.
"""

from dataclasses import replace
from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import smooth_l1_loss

from trainables.backbones.dual_vit import STRIDE, DualViT, check_sizes
from trainables.codecs.decoder import Decoder
from trainables.codecs.gaussian import Gaussian
from trainables.codecs.heatmap_model import StackedHeatmapModel
from trainables.codecs.soft_argmax import SoftArgmax
from trainables.config import config
from trainables.method import Batch, Method
from trainables.paper_recipes import PAPER_001
from trainables.recipe import Adam, NotNegative, PositiveInt, Recipe
from trainables.schemes import Scheme

# Of max(H, 0), without a sharpness: exact for a Gaussian, where softmaxes are off by 0.1 cells or more. A small network
# trained and read so erred by 6.6 % of the eyes' distance on rendered faces after 900 steps; with the softmax of 20·H
# it was 6.8 %. Read by two-hot the first one erred by 20 %: this loss outweighs that of the maps, which are hardly
# Gaussian yet.
MEAN_POSITION = SoftArgmax()

PAPER_RECIPE = replace(PAPER_001, optimizer=Adam(lr=1e-4))


@config
class DVit(Method):
    """`width`: channels of all features. `blocks`: how often heatmaps are given. `layers`, `heads`: of both
    transformers of each block; heads share the width, and those over channels see `ChannelTransformer`.
    `coordinates_weight`: of the distance, in heatmap px, of the landmarks read from heatmaps, beside the loss of the
    heatmaps themselves. The less it is, the more Gaussian the maps, and the better decoders other than the default
    read them.
    """

    kind: ClassVar[str] = "dvit"
    PAPER: ClassVar[str | None] = "dang2025dvit"
    input_size: PositiveInt = 256
    width: PositiveInt = 256
    blocks: PositiveInt = 4
    layers: PositiveInt = 2
    heads: PositiveInt = 8
    encoder: Gaussian = Gaussian(sigma=1.0)
    decoder: Decoder = MEAN_POSITION
    coordinates_weight: NotNegative = 0.1

    def __post_init__(self) -> None:
        check_sizes(self.input_size, self.width, self.heads)

    def build(self, scheme: Scheme) -> "DualViTLandmarks":
        network = DualViT(scheme.num_landmarks, self.input_size, self.width, self.blocks, self.layers, self.heads)
        return DualViTLandmarks(network, self.encoder, self.decoder, self.coordinates_weight)

    @property
    def heatmap_size(self) -> int:
        return self.input_size // STRIDE

    @classmethod
    def recipes(cls) -> dict[str, Recipe]:
        return {"paper": PAPER_RECIPE}


class DualViTLandmarks(StackedHeatmapModel):
    """RGB images [B, 3, S, S] → heatmaps of all blocks [B, T, K, S/8, S/8], of which the last are read."""

    def __init__(self, network: DualViT, encoder: Gaussian, decoder: Decoder, coordinates_weight: float) -> None:
        super().__init__(network, encoder, decoder, STRIDE, "mse")
        self.coordinates_weight = coordinates_weight

    def losses(self, output: Float[Tensor, "batch stacks landmarks height width"], batch: Batch) -> dict[str, Tensor]:
        """Summed over blocks: `mse` of the heatmaps, and the weighted distance of the `coordinates` read from them."""
        truth, weight = batch.landmarks / self.stride, batch.weight * batch.present
        distances = [coordinate_distance(maps, truth, weight) for maps in output.unbind(1)]
        return super().losses(output, batch) | {"coordinates": self.coordinates_weight * torch.stack(distances).sum()}


def coordinate_distance(
    heatmaps: Float[Tensor, "batch landmarks height width"],
    truth: Float[Tensor, "batch landmarks 2"],
    weight: Float[Tensor, "batch landmarks"],
) -> Float[Tensor, ""]:
    """The mean over all landmarks and both axes of v·(½e² where |e| < 1, |e| − ½ beyond). e is the distance of the mean
    position of a map from the truth, both in heatmap px; v is the weight.

    A landmark without weight counts as one without error. So does one that is NaN or beyond the centres of the outer
    cells, because no mean position lies there.

    Source: dang2025dvit (public code) for the smooth L1 distance beside the loss of heatmaps.
    Departs: the code's lengths are crop sides, its distance turns linear at 0.001 of them, and it reads softmaxes.
    """
    last = truth.new_tensor([heatmaps.shape[3] - 1, heatmaps.shape[2] - 1])
    within = ((truth >= 0) & (truth <= last)).all(dim=-1)
    found, _ = MEAN_POSITION.decode(heatmaps)
    # Zeros, not a factor 0: a missing landmark is NaN.
    distance = smooth_l1_loss(found, torch.where(within[..., None], truth, 0.0), reduction="none").mean(dim=-1)
    return (weight * within * distance).mean()


METHOD = DVit()
