"""Losses between predicted and true heatmaps, with a weight for each landmark."""

from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import huber_loss

Heatmaps = Float[Tensor, "batch landmarks height width"]
Weights = Float[Tensor, "batch landmarks"]
HUBER_DELTA = 0.6


def weighted_mse(heatmaps: Heatmaps, truth: Heatmaps, weight: Weights) -> Float[Tensor, ""]:
    """The mean over all cells and landmarks of v·(H − Ĥ)²: a landmark without weight counts as one without error.

    Source: mmpose2020toolbox (public code, loss of the joints).
    """
    squares = (heatmaps - truth).square().mean(dim=(2, 3))
    return (weight * squares).mean()


def weighted_huber(heatmaps: Heatmaps, truth: Heatmaps, weight: Weights) -> Float[Tensor, ""]:
    """As `weighted_mse`, of ½e² where |e| ≤ δ = 0.6 and δ(|e| − ½δ) beyond. Source: bao2023keyposs (public code)."""
    errors = huber_loss(heatmaps, truth, reduction="none", delta=HUBER_DELTA).mean(dim=(2, 3))
    return (weight * errors).mean()
