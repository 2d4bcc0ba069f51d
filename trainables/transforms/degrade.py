"""Pictures as a camera far away would have taken them: few pixels, enlarged again."""

from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import interpolate

Pictures = Float[Tensor, "batch 3 height width"]


def degraded(pictures: Pictures, low: int, size: int) -> Float[Tensor, "batch 3 size size"]:
    """Square pictures in [0, 1], shrunk to `low` px a side and enlarged to `size`, both bicubically, within [0, 1].

    Shrinking averages over what a pixel covers, as PIL does; without that fine patterns would become coarse ones.
    Source: wan2026sht Sec. 4 (bicubic degradation).
    """
    return resized(resized(pictures, low), size)


def resized(pictures: Pictures, size: int) -> Float[Tensor, "batch 3 size size"]:
    """Bicubically, to `size` px a side, within [0, 1]."""
    if pictures.shape[2:] == (size, size):
        return pictures
    return interpolate(pictures, size=(size, size), mode="bicubic", antialias=True, align_corners=False).clamp(0, 1)
