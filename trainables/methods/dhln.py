"""DHLN: landmarks and a restored face from a picture of few pixels, by two streams that help each other (paper 003).

J. Wan, Y. Yao, Z. Lai, J. Zhou, X. Hou, W. Min: Supervision-by-Hallucination-and-Transfer: A Weakly-Supervised Approach
for Robust and Precise Facial Landmark Detection (2026).

What it is: a face is shrunk to 16×16 px (64×64 in the variant M) and enlarged to the size of its heatmaps. Four stacked
hourglasses find landmarks in it; a residual stream restores the face as it was. After each hourglass what it found says
where the restoration matters, and what was restored is added to what was found.

  Sec. 3.1, Eq. 1 pose attention           → backbones/face_hallucination.py, `PoseAttention`
  Sec. 3.1, Eq. 2 two streams              → backbones/face_hallucination.py, `DetailFusion`;
                                             backbones/dual_hallucination.py
  Eqs. 3–4        heatmaps, colours, edges → `DhlnModel.losses`; losses/pictures.py
  Sec. 4          bicubic degradation      → transforms/degrade.py

Departs: all terms are means over elements, as in the code that the paper builds on, where Eq. 4 prints sums. The paper
prints neither optimiser nor epochs; the recipe is ours. The hourglasses are supervised after every stack.
"""

from functools import partial
from typing import ClassVar, Literal

from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import l1_loss

from trainables.backbones.dual_hallucination import DualHallucination, Hallucinated
from trainables.backbones.face_hallucination import FaceHallucination
from trainables.backbones.hourglass import DEPTH
from trainables.backbones.hourglass_blocks import Residual, Shortcut
from trainables.codecs.decoder import Decoder
from trainables.codecs.gaussian import Gaussian
from trainables.codecs.heatmap_model import StackedHeatmapModel
from trainables.codecs.two_hot import TwoHot
from trainables.config import config
from trainables.losses.pictures import gradient_loss
from trainables.method import Batch, Method
from trainables.recipe import Adam, Multistep, NotNegative, PositiveInt, Recipe
from trainables.schemes import Scheme
from trainables.transforms.augmentation import AUGMENTATIONS
from trainables.transforms.degrade import degraded

PAPER_RECIPE = Recipe(
    epochs=120,
    batch_size=16,
    optimizer=Adam(lr=2.5e-4),
    schedule=Multistep(milestones=(80, 110), factor=0.1),
    augmentation=AUGMENTATIONS["sht"],
)


@config
class Dhln(Method):
    """`input_size`: side of the face as it is, which is restored. `low`: side to which it is shrunk before the network
    sees it. `doublings`: how often the heatmaps' side is doubled to `input_size`: 1 for 128 px, 2 for 256 px.

    `fusion`: off, the streams do not know one another; its pictures are then those of the face-hallucination stream
    alone. `width`, `shortcut`: see `shn`. `face_width`, `blocks`: channels of the face stream, and blocks of each of
    its four modules. `landmark_weight`, `picture_weight`, `gradient_weight`: γ1, γ2, γ3 of Eq. 4.
    """

    kind: ClassVar[str] = "dhln"
    PAPER: ClassVar[str | None] = "wan2026sht"
    input_size: PositiveInt = 128
    low: PositiveInt = 16
    doublings: Literal[1, 2] = 1
    width: PositiveInt = 256
    face_width: PositiveInt = 64
    blocks: PositiveInt = 4
    fusion: bool = True
    shortcut: Shortcut = "identity"
    encoder: Gaussian = Gaussian(sigma=1.0, biased=True)
    decoder: Decoder = TwoHot()
    landmark_weight: NotNegative = 1.0
    picture_weight: NotNegative = 0.01
    gradient_weight: NotNegative = 0.01

    def __post_init__(self) -> None:
        if self.input_size % 2 ** (self.doublings + DEPTH):
            raise ValueError(
                f"input_size is not a multiple of {2 ** (self.doublings + DEPTH)}, so its heatmaps of "
                f"1/{2**self.doublings} of it cannot be halved {DEPTH} times"
            )
        if self.low > self.heatmap_size:
            raise ValueError(f"low is more than the side of the heatmaps, {self.heatmap_size}, which the network sees")

    def build(self, scheme: Scheme) -> "DhlnModel":
        return DhlnModel(self, scheme.num_landmarks)

    @property
    def heatmap_size(self) -> int:
        return self.input_size // 2**self.doublings

    @classmethod
    def recipes(cls) -> dict[str, Recipe]:
        return {"paper": PAPER_RECIPE}


class DhlnModel(StackedHeatmapModel):
    """The network sees what is left of the crop after degradation, and learns what the crop was."""

    def __init__(self, method: Dhln, num_landmarks: int) -> None:
        block = partial(Residual, shortcut=method.shortcut)
        face = FaceHallucination(method.doublings, method.face_width, method.blocks)
        network = DualHallucination(num_landmarks, method.width, block, face, method.fusion)
        super().__init__(network, method.encoder, method.decoder, 2**method.doublings, "mse")
        self.method = method

    def forward(self, images: Tensor) -> Hallucinated:
        return self.network(degraded(images, self.method.low, self.method.heatmap_size))

    def losses(self, output: Hallucinated, batch: Batch) -> dict[str, Tensor]:
        """γ1 Σ_t MSE(H_t, H*) + γ2 L1(picture, crop) + γ3 L1 of their gradient maps. Source: wan2026sht Eq. 4."""
        weights, picture = self.method, output.picture.float()
        heatmaps = super().losses(output.heatmaps, batch)["mse"]
        return {
            "heatmaps": weights.landmark_weight * heatmaps,
            "picture": weights.picture_weight * l1_loss(picture, batch.images),
            "gradient": weights.gradient_weight * gradient_loss(picture, batch.images),
        }

    def heatmaps(self, output: Hallucinated) -> Float[Tensor, "batch landmarks height width"]:
        return super().heatmaps(output.heatmaps)

    def restored(self, output: Hallucinated) -> Float[Tensor, "batch 3 height width"]:
        return output.picture.float().clamp(0, 1)


METHOD = Dhln()
