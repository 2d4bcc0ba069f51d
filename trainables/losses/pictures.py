"""Losses between restored and true pictures: of colours, and of edges."""

from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import l1_loss, pad

Pictures = Float[Tensor, "batch channels height width"]
FLAT = 1e-6  # added below the root, which has no slope at 0


def gradient_map(pictures: Pictures, flat: float = FLAT) -> Pictures:
    """∇I of each channel: √(I_x² + I_y²), I_x = I(x+1, y) − I(x−1, y), I_y likewise; beyond the edge all is 0.

    Source: wan2026sht Eq. 3.
    """
    around = pad(pictures, (1, 1, 1, 1))
    across = around[..., 1:-1, 2:] - around[..., 1:-1, :-2]
    down = around[..., 2:, 1:-1] - around[..., :-2, 1:-1]
    return (across.square() + down.square() + flat).sqrt()


def gradient_loss(pictures: Pictures, truth: Pictures, flat: float = FLAT) -> Float[Tensor, ""]:
    """The mean absolute difference of the gradient maps. Source: wan2026sht Eq. 4, third term."""
    return l1_loss(gradient_map(pictures, flat), gradient_map(truth, flat))
