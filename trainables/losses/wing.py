"""Losses that grow fast at first, so that small errors go on counting."""

import math

import torch
from torch import Tensor
from torch.nn.functional import max_pool2d

AWING_OMEGA, AWING_THETA, AWING_EPSILON, AWING_ALPHA = 14.0, 0.5, 1.0, 2.1
MASKED = 10.0  # a cell near a landmark counts so much more
NEAR = 0.2  # the least value of a true map that is near a landmark


def wing(errors: Tensor, width: float = 10.0, epsilon: float = 2.0) -> Tensor:
    """w ln(1 + |x|/ε) where |x| < w, |x| − C beyond, C = w − w ln(1 + w/ε); of each of the errors, in px of the crop.

    Source: feng2018wing Eq. 5.
    """
    size = errors.abs()
    offset = width - width * math.log1p(width / epsilon)
    return torch.where(size < width, width * torch.log1p(size / epsilon), size - offset)


def log_wing(errors: Tensor, epsilon: float) -> Tensor:
    """ln(1 + |x|/ε). Source: kozlowska2026hrmlff Eq. 11, which has the wing's curve without its straight part."""
    return torch.log1p(errors.abs() / epsilon)


def adaptive_wing(heatmaps: Tensor, truth: Tensor) -> Tensor:
    """ω ln(1 + |(y − ŷ)/ε|^(α−y)) where |y − ŷ| < θ, else A|y − ŷ| − C, of each cell: less steep where y is large.

    Source: wang2019awing Eqs. 1–2.
    """
    size = (truth - heatmaps).abs()
    power = AWING_ALPHA - truth
    ratio = AWING_THETA / AWING_EPSILON
    slope = AWING_OMEGA * power * ratio ** (power - 1) / (AWING_EPSILON * (1 + ratio**power))
    offset = AWING_THETA * slope - AWING_OMEGA * torch.log1p(ratio**power)
    # The unused branch must give no infinite gradient: 0 to a power below 1 has one.
    inside = size.clamp(min=1e-12, max=AWING_THETA) / AWING_EPSILON
    return torch.where(size < AWING_THETA, AWING_OMEGA * torch.log1p(inside**power), slope * size - offset)


def near_landmark(truth: Tensor) -> Tensor:
    """1 where a true map [B, K, h, w] has 0.2 or more in one of the 3×3 cells around, else 0: the dynamic mask.

    Source: wang2019awing Eq. 4 (public code); kozlowska2026hrmlff Eqs. 10–11.
    """
    return (max_pool2d(truth, 3, stride=1, padding=1) >= NEAR).to(truth.dtype)
