"""DHLN and SHT: landmarks and a restored face from a picture of few pixels (paper 003).

J. Wan, Y. Yao, Z. Lai, J. Zhou, X. Hou, W. Min: Supervision-by-Hallucination-and-Transfer: A Weakly-Supervised Approach
for Robust and Precise Facial Landmark Detection (2026).

What it is: a face is shrunk to 16×16 px (64×64 in the variant M) and enlarged to the size of its heatmaps. Four stacked
hourglasses find landmarks in it; a residual stream restores the face as it was. After each hourglass what it found says
where the restoration matters, and what was restored is added to what was found: this is DHLN. SHT is DHLN taught by one
thing more: a second network draws the restored face in the pose of another view of it, by the landmarks found in both,
and what is wrong with its drawing is wrong with them. That needs no annotation. Only DHLN runs once it is trained.

  Sec. 3.1, Eq. 1 pose attention           → backbones/face_hallucination.py, `PoseAttention`
  Sec. 3.1, Eq. 2 two streams              → backbones/face_hallucination.py, `DetailFusion`;
                                             backbones/dual_hallucination.py
  Eqs. 3–4        heatmaps, colours, edges → `DhlnModel.losses`; losses/pictures.py
  Eqs. 5–8        pose transfer            → pose_transfer.py; alone, as a stage: methods/fptn.py
  Eqs. 9–10       unlabelled faces         → `Trial.unlabelled`; `DhlnModel.losses`
  Sec. 4          bicubic degradation      → transforms/degrade.py
  Sec. 4          pairs of views           → `Recipe.pairs`

Departs: all terms are means over elements, as in the code that the paper builds on, where Eq. 4 prints sums. The paper
prints neither optimiser nor epochs; the recipes are ours: `paper` for DHLN, `joint` for SHT, which starts from DHLN and
from `fptn`, and `weakly_supervised` for SHT with unlabelled faces, which starts from SHT. Hourglasses are supervised
after every stack.
"""

from collections.abc import Iterable
from dataclasses import field, replace
from functools import partial
from itertools import chain
from typing import ClassVar, Literal

from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import l1_loss

from trainables.backbones.dual_hallucination import DualHallucination, Hallucinated
from trainables.backbones.face_hallucination import MODULES, FaceHallucination
from trainables.backbones.hourglass import DEPTH, StackedHourglass
from trainables.backbones.hourglass_blocks import Residual, Shortcut
from trainables.codecs.decoder import Decoder
from trainables.codecs.gaussian import Gaussian
from trainables.codecs.heatmap_model import StackedHeatmapModel
from trainables.codecs.two_hot import TwoHot
from trainables.config import config
from trainables.losses.pictures import gradient_loss
from trainables.method import Batch, Method, Update
from trainables.pose_transfer import PoseTransfer, PoseTransferNetworks, View, both_ways
from trainables.recipe import Adam, Constant, Multistep, NotNegative, Pairs, PositiveInt, Recipe
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
# 30,000 steps of 8 pairs of 300W's faces, a tenth of the rate of the stages before.
JOINT_RECIPE = replace(
    PAPER_RECIPE,
    epochs=85,
    batch_size=8,
    optimizer=Adam(lr=2.5e-5),
    other_optimizer=Adam(lr=1e-4, beta1=0.5),
    schedule=Constant(),
    pairs=Pairs(),
)
# 60,000 steps: half of each batch is unlabelled, so an epoch of the labelled faces has twice as many.
WEAKLY_SUPERVISED_RECIPE = replace(JOINT_RECIPE, batch_size=4, unlabelled=4)


@config
class Dhln(Method):
    """`input_size`: side of the face as it is, which is restored. `low`: side to which it is shrunk before the network
    sees it. `doublings`: how often the heatmaps' side is doubled to `input_size`: 1 for 128 px, 2 for 256 px.

    `streams`: `landmarks` is the hourglasses alone, `face` the face-hallucination stream alone (the paper's FHS), which
    finds no landmarks. `width`, `shortcut`: see `shn`. `face_width`, `blocks`: channels of the face stream, and blocks
    of each of its four modules. `landmark_weight`, `picture_weight`, `gradient_weight`: γ1, γ2, γ3 of Eq. 4; where the
    first or the last is 0 its term is left out. `transfer`: with pose transfer it is SHT. `every_stack`: off, only the
    last hourglass's heatmaps are compared with the true ones.
    """

    kind: ClassVar[str] = "dhln"
    PAPER: ClassVar[str | None] = "wan2026sht"
    CHANNELS_LAST_ON: ClassVar[frozenset[str]] = frozenset({"cpu"})
    input_size: PositiveInt = 128
    low: PositiveInt = 16
    doublings: Literal[1, 2] = 1
    width: PositiveInt = 256
    face_width: PositiveInt = 64
    blocks: PositiveInt = 4
    streams: Literal["dual", "landmarks", "face"] = "dual"
    shortcut: Shortcut = "identity"
    encoder: Gaussian = Gaussian(sigma=1.0, biased=True)
    decoder: Decoder = TwoHot()
    landmark_weight: NotNegative = 1.0
    picture_weight: NotNegative = 0.01
    gradient_weight: NotNegative = 0.01
    transfer: PoseTransfer | None = field(default=None, metadata={"neutral": None})
    every_stack: bool = field(default=True, metadata={"neutral": True})

    def __post_init__(self) -> None:
        if self.input_size % 2 ** (self.doublings + DEPTH):
            raise ValueError(
                f"input_size is not a multiple of {2 ** (self.doublings + DEPTH)}, so its heatmaps of "
                f"1/{2**self.doublings} of it cannot be halved {DEPTH} times"
            )
        if self.low > self.seen_size:
            raise ValueError(f"low is more than the side of the heatmaps, {self.seen_size}, which the network sees")
        if self.transfer is not None and self.streams != "dual":
            raise ValueError(
                "pose transfer needs landmarks and a restored face: set streams to 'dual', or transfer to none"
            )

    def build(self, scheme: Scheme) -> "DhlnModel":
        return DhlnModel(self, scheme.num_landmarks)

    @property
    def seen_size(self) -> int:
        """Side of the picture that the network sees, and of its heatmaps."""
        return self.input_size // 2**self.doublings

    @property
    def heatmap_size(self) -> int | None:
        return self.seen_size if self.finds_landmarks else None

    @property
    def finds_landmarks(self) -> bool:
        return self.streams != "face"

    @property
    def makes_pictures(self) -> bool:
        return self.streams != "landmarks"

    @property
    def moves_faces(self) -> bool:
        return self.transfer is not None

    @classmethod
    def recipes(cls) -> dict[str, Recipe]:
        return {"paper": PAPER_RECIPE, "joint": JOINT_RECIPE, "weakly_supervised": WEAKLY_SUPERVISED_RECIPE}


class DhlnModel(StackedHeatmapModel):
    """The network sees what is left of the crop after degradation, and learns what the crop was."""

    def __init__(self, method: Dhln, num_landmarks: int) -> None:
        block = partial(Residual, shortcut=method.shortcut)
        landmarks = face = None
        if method.streams != "face":
            landmarks = StackedHourglass(num_landmarks, method.width, MODULES, block, nn.MaxPool2d(2), stride=1)
        if method.streams != "landmarks":
            face = FaceHallucination(method.doublings, method.face_width, method.blocks)
        network = DualHallucination(landmarks, face, method.width)
        super().__init__(network, method.encoder, method.decoder, 2**method.doublings, "mse")
        self.method, self.network = method, network
        self.transfer = None if method.transfer is None else PoseTransferNetworks(method.transfer, num_landmarks)

    def seen(self, batch: Batch) -> tuple[Tensor, ...]:
        return (batch.images if self.transfer is None else batch.both_views().images,)

    def forward(self, images: Tensor) -> Hallucinated:
        return self.network(degraded(images, self.method.low, self.method.seen_size))

    def losses(self, output: Hallucinated, batch: Batch) -> dict[str, Tensor]:
        """γ1 Σ_t MSE(H_t, H*) + γ2 L1(picture, crop) + γ3 L1 of their gradient maps, of both views where there are two,
        and the terms of pose transfer between them. An unlabelled face weighs nothing in the first of them.

        Source: wan2026sht Eqs. 4, 9, 10.
        """
        weights, terms = self.method, dict[str, Tensor]()
        if self.transfer is not None:
            batch = batch.both_views()
        if output.heatmaps is not None and weights.landmark_weight:
            compared = output.heatmaps if weights.every_stack else output.heatmaps[:, -1:]
            terms["heatmaps"] = weights.landmark_weight * super().losses(compared, batch)["mse"]
        if output.picture is not None:
            picture = output.picture.float()
            terms["picture"] = weights.picture_weight * l1_loss(picture, batch.images)
            if weights.gradient_weight:
                terms["gradient"] = weights.gradient_weight * gradient_loss(picture, batch.images)
        if self.transfer is not None:
            terms |= both_ways(self.transfer, self._view(output), batch.images)
        return terms

    def heatmaps(self, output: Hallucinated) -> Float[Tensor, "batch landmarks height width"]:
        assert output.heatmaps is not None
        return super().heatmaps(output.heatmaps)

    @property
    def finds_landmarks(self) -> bool:
        return self.method.finds_landmarks

    def decode(self, output: Hallucinated) -> Float[Tensor, "batch landmarks 2"] | None:
        return super().decode(output) if self.finds_landmarks else None

    def restored(self, output: Hallucinated) -> Float[Tensor, "batch 3 height width"] | None:
        return None if output.picture is None else output.picture.float().clamp(0, 1)

    def transferred(self, shown: Batch) -> Float[Tensor, "batch 3 height width"] | None:
        if self.transfer is None:
            return None
        pictures, heatmaps = (part.chunk(2) for part in self._view(self(shown.both_views().images)))
        return self.transfer.transfer(View(pictures[1], heatmaps[1]), heatmaps[0]).clamp(0, 1)

    def updates(self) -> list[Update]:
        if self.transfer is None:
            return super().updates()
        return [Update("model", tuple(self.network.parameters())), *self.transfer.updates()]

    def only_in_training(self) -> Iterable[nn.Module]:
        return () if self.transfer is None else (self.transfer,)

    def recomputed(self) -> Iterable[nn.Module]:
        parts = self.network.largest_parts()
        return parts if self.transfer is None else chain(parts, self.transfer.recomputed())

    def _view(self, output: Hallucinated) -> View:
        assert output.picture is not None
        return View(output.picture.float(), self.heatmaps(output))


METHOD = Dhln()
