"""FPTN: a face drawn in the pose of another view of it, by landmarks that are known: a stage of SHT (paper 003).

J. Wan, Y. Yao, Z. Lai, J. Zhou, X. Hou, W. Min: Supervision-by-Hallucination-and-Transfer: A Weakly-Supervised Approach
for Robust and Precise Facial Landmark Detection (2026).

What it is: the pose-transfer network of SHT learns by itself what a face looks like in another pose, from true
landmarks and from crops as they are, before it is joined to DHLN (`dhln` with `transfer`, which starts from this
stage). It finds no landmarks; its transfers of validation faces select its weights.

  Sec. 3.2, Eqs. 5–8 networks and losses → pose_transfer.py
  Sec. 4             pairs of views      → `Recipe.pairs`

Departs: the paper prints neither optimiser nor epochs; the recipe is that of the code that it builds on (zhu2019patn),
120,000 steps of 8 pairs of 300W's faces, the second half with a falling learning rate.
"""

from collections.abc import Iterable
from typing import Any, ClassVar, Literal, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn

from trainables.codecs.gaussian import Gaussian
from trainables.config import config
from trainables.method import Batch, LandmarkModel, Method, Update
from trainables.pose_transfer import PoseTransfer, PoseTransferNetworks, View, both_ways, exchanged
from trainables.recipe import PICTURES, Adam, LinearDecay, Pairs, PositiveInt, Recipe
from trainables.schemes import Scheme
from trainables.transforms.augmentation import AUGMENTATIONS

PAPER_RECIPE = Recipe(
    epochs=340,
    batch_size=8,
    optimizer=Adam(lr=2e-4, beta1=0.5),
    schedule=LinearDecay(constant=0.5),
    augmentation=AUGMENTATIONS["sht"],
    pairs=Pairs(),
    monitor=PICTURES,
)


@config
class Fptn(Method):
    """`doublings`: see `dhln`; heatmaps are as large as there. `transfer`: its networks, and weights of losses."""

    kind: ClassVar[str] = "fptn"
    PAPER: ClassVar[str | None] = "wan2026sht"
    CHANNELS_LAST_ON: ClassVar[frozenset[str]] = frozenset({"cpu"})
    input_size: PositiveInt = 128
    doublings: Literal[1, 2] = 1
    encoder: Gaussian = Gaussian(sigma=1.0, biased=True)
    transfer: PoseTransfer = PoseTransfer()

    def __post_init__(self) -> None:
        halved = max(self.doublings, self.transfer.halvings)
        if self.input_size % 2**halved:
            raise ValueError(f"input_size is not a multiple of {2**halved}, and the networks halve it {halved} times")
        weights = self.transfer
        if not weights.weight * max(weights.adversarial_weight, weights.picture_weight, weights.perceptual_weight):
            raise ValueError("all terms of transfer weigh nothing, so nothing would be learned; give one a weight")

    def build(self, scheme: Scheme) -> "FptnModel":
        return FptnModel(self, scheme.num_landmarks)

    @property
    def finds_landmarks(self) -> bool:
        return False

    @property
    def moves_faces(self) -> bool:
        return True

    @classmethod
    def recipes(cls) -> dict[str, Recipe]:
        return {"paper": PAPER_RECIPE}


class Drawn(NamedTuple):
    """Pictures as they were drawn, and the heatmaps of what they were drawn of."""

    pictures: Float[Tensor, "batch 3 side side"]
    heatmaps: Float[Tensor, "batch landmarks height width"]


class FptnModel(LandmarkModel):
    """All that it computes is part of its losses: both views of a face, each drawn in the pose of the other."""

    def __init__(self, method: Fptn, num_landmarks: int) -> None:
        super().__init__()
        self.method, self.num_landmarks = method, num_landmarks
        self.transfer = PoseTransferNetworks(method.transfer, num_landmarks)

    def forward(self, images: Tensor, heatmaps: Tensor | None = None) -> Drawn:
        """Images [B, 3, S, S] drawn in another pose. `heatmaps` [B, 2K, s, s]: of the images, then of that pose;
        without them, as its cost is counted, no face has a landmark."""
        if heatmaps is None:
            size = self.method.input_size // 2**self.method.doublings
            heatmaps = images.new_zeros(len(images), 2 * self.num_landmarks, size, size)
        ours, others = heatmaps.chunk(2, dim=1)
        return Drawn(self.transfer.transfer(View(images, ours), others), ours)

    def seen(self, batch: Batch) -> tuple[Tensor, ...]:
        """Both views of each face, and maps of their landmarks and of the other view's."""
        views = self._views(batch)
        return views.pictures, torch.cat([views.heatmaps, exchanged(views).heatmaps], dim=1)

    def losses(self, output: Drawn, batch: Batch) -> dict[str, Tensor]:
        """Source: wan2026sht Eq. 5, both ways."""
        pictures = batch.both_views().images
        return both_ways(self.transfer, View(pictures, output.heatmaps.contiguous()), pictures, output.pictures)

    @property
    def finds_landmarks(self) -> bool:
        return False

    def decode(self, output: Any) -> None:
        return None

    def transferred(self, shown: Batch) -> Float[Tensor, "batch 3 height width"]:
        pictures, heatmaps = (part.chunk(2) for part in self._views(shown))
        return self.transfer.transfer(View(pictures[1], heatmaps[1]), heatmaps[0]).clamp(0, 1)

    def updates(self) -> list[Update]:
        return self.transfer.updates()

    def only_in_training(self) -> Iterable[nn.Module]:
        return self.transfer.appearance, self.transfer.shape

    def recomputed(self) -> Iterable[nn.Module]:
        return self.transfer.recomputed()

    def _views(self, batch: Batch) -> View:
        """The pictures of both views, and true heatmaps of their landmarks; that of a missing one is 0."""
        both, stride = batch.both_views(), 2**self.method.doublings
        size = self.method.input_size // stride
        return View(both.images, self.method.encoder.encode(both.landmarks / stride, both.present, size, size)[0])


METHOD = Fptn()
