"""Losses between predicted and true heatmaps, with a weight for each landmark."""

from collections.abc import Callable
from typing import Literal

from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import huber_loss

Heatmaps = Float[Tensor, "batch landmarks height width"]
Weights = Float[Tensor, "batch landmarks"]
Terms = dict[str, Float[Tensor, ""]]
LossName = Literal["mse", "huber"]
HUBER_DELTA = 0.6


class HeatmapCriterion(nn.Module):
    """Contract: heatmaps, those of the truth and the landmarks' weights → weighted terms by name, which are added."""

    def forward(self, heatmaps: Heatmaps, truth: Heatmaps, weight: Weights) -> Terms: ...

    def epoch_ended(self, validation: dict[str, float]) -> None:
        """Told the validation metrics after each epoch. What it makes of them lies in buffers."""


class NamedCriterion(HeatmapCriterion):
    """One term, by the name of its loss."""

    def __init__(self, name: LossName) -> None:
        super().__init__()
        self.name: LossName = name

    def forward(self, heatmaps: Heatmaps, truth: Heatmaps, weight: Weights) -> Terms:
        return {self.name: LOSSES[self.name](heatmaps, truth, weight)}


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


LOSSES: dict[LossName, Callable[[Heatmaps, Heatmaps, Weights], Float[Tensor, ""]]] = {
    "mse": weighted_mse,
    "huber": weighted_huber,
}
