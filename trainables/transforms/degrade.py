"""Pictures as a camera far away would have taken them: few pixels, enlarged again."""

from jaxtyping import Float
from torch import Tensor

from trainables.transforms.resize import resize_bicubic


def degraded(pictures: Float[Tensor, "batch 3 side side"], low: int, size: int) -> Float[Tensor, "batch 3 size size"]:
    """Pictures in [0, 1], shrunk to `low` px a side and enlarged to `size`, both bicubically.

    Source: wan2026sht Sec. 4 (bicubic degradation).
    """
    return resize_bicubic(resize_bicubic(pictures, (low, low)), (size, size))
