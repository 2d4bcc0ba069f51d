"""The perceptual loss: two pictures differ by what the first two convolutions of a VGG-19 see in them."""

from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import conv2d, l1_loss

from trainables.backbones.hrnet import IMAGENET_MEAN, IMAGENET_STD
from trainables.pretrained import pretrained_weights

CHANNELS = 64
SEED = 19  # of the random filters
# conv1_1 and conv1_2, by the names of torchvision's VGG-19.
SHAPES: dict[str, tuple[int, ...]] = {
    "features.0.weight": (CHANNELS, 3, 3, 3),
    "features.0.bias": (CHANNELS,),
    "features.2.weight": (CHANNELS, CHANNELS, 3, 3),
    "features.2.bias": (CHANNELS,),
}


class PerceptualFeatures(nn.Module):
    """RGB pictures [B, 3, S, S] in [0, 1] → features [B, 64, S, S]: φ, what follows conv1_2 and its ReLU.

    `weights`: a safetensors file of VGG-19 by torchvision's names; its other layers are passed over. Without one the
    filters are random, orthogonal and always the same. They are never trained and never saved. Raises ValueError where
    the file cannot be read or lacks one of the two convolutions.

    Source: simonyan2015vgg Table 1 (E); wan2026sht Eq. 8.
    """

    mean: Tensor
    std: Tensor
    first_weight: Tensor
    first_bias: Tensor
    second_weight: Tensor
    second_bias: Tensor

    def __init__(self, weights: Path | None = None) -> None:
        super().__init__()
        filters = _random_filters() if weights is None else _filters_of(weights)
        buffers = {
            "mean": torch.tensor(IMAGENET_MEAN)[:, None, None],
            "std": torch.tensor(IMAGENET_STD)[:, None, None],
            "first_weight": filters["features.0.weight"],
            "first_bias": filters["features.0.bias"],
            "second_weight": filters["features.2.weight"],
            "second_bias": filters["features.2.bias"],
        }
        for name, buffer in buffers.items():
            self.register_buffer(name, buffer, persistent=False)

    def forward(self, pictures: Tensor) -> Tensor:
        normalised = (pictures - self.mean) / self.std
        first = conv2d(normalised, self.first_weight, self.first_bias, padding=1).relu()
        return conv2d(first, self.second_weight, self.second_bias, padding=1).relu()


def perceptual_loss(
    features: PerceptualFeatures,
    made: Float[Tensor, "batch 3 height width"],
    truth: Float[Tensor, "batch 3 height width"],
) -> Float[Tensor, ""]:
    """The mean absolute difference of what φ sees in pictures in [0, 1], in single precision.

    Source: wan2026sht Eq. 8. Departs: a mean over elements, as in zhu2019patn (public code), where Eq. 8 prints a sum.
    """
    return l1_loss(features(made).float(), features(truth).float())


def _random_filters() -> dict[str, Tensor]:
    """Orthogonal over all inputs of a cell; biases 0."""
    generator = torch.Generator().manual_seed(SEED)
    # In double precision, so that what machines round differently is lost in the rounding to single precision.
    filters = {name: torch.zeros(shape, dtype=torch.float64) for name, shape in SHAPES.items()}
    for filter_ in filters.values():
        if filter_.dim() > 1:
            nn.init.orthogonal_(filter_, generator=generator)
    return {name: filter_.float() for name, filter_ in filters.items()}


def _filters_of(path: Path) -> dict[str, Tensor]:
    remedy = "Give a safetensors file by torchvision's names, or vgg=None"
    weights = pretrained_weights(path, "weights of VGG-19", remedy)
    wrong = [name for name, shape in SHAPES.items() if name not in weights or weights[name].shape != shape]
    if wrong:
        raise ValueError(
            f"weights of VGG-19 {path}: {', '.join(map(repr, wrong))} missing or of another shape. Give a file by "
            "torchvision's names, of a VGG-19 without batch norm"
        )
    return {name: weights[name].float() for name in SHAPES}
