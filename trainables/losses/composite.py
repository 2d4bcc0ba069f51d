"""The losses of paper 000 between heatmaps, as settings: the composite one and those that its ablation puts beside it.

All are sums over the cells of a map and means over landmarks and images, so that they have one scale; but smoothness,
as printed, is a sum over landmarks.
"""

import math
from collections.abc import Callable
from typing import ClassVar, Literal

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import pad

from trainables.config import Config, config
from trainables.losses.heatmaps import HeatmapCriterion, Heatmaps, Terms, Weights
from trainables.losses.wing import MASKED, adaptive_wing, log_wing, near_landmark
from trainables.recipe import NotNegative, Positive

MEMORY = 0.99  # of the running mean of each landmark's error
EMPHASIS = (0.5, 2.0)  # the least and the most that its error can make of a landmark
PATIENCE = 5  # epochs without improvement before the weights of the terms change
IMPROVED = 0.995  # of the best so far is an improvement
WING_RISE, WING_MOST, SMOOTHNESS_FALL = 1.5, 1.0, 0.5


class HeatmapLoss(Config):
    """Contract: `build(num_landmarks)` gives the module that computes it."""

    def build(self, num_landmarks: int) -> HeatmapCriterion: ...


@config
class SquaredError(HeatmapLoss):
    """The mean over landmarks of Σ(H − Ĥ)². Source: kozlowska2026hrmlff (its ablation's baseline)."""

    kind: ClassVar[str] = "squared_error"

    def build(self, num_landmarks: int) -> HeatmapCriterion:
        return _EachCell("mse", lambda heatmaps, truth: (heatmaps - truth).square())


@config
class AdaptiveWing(HeatmapLoss):
    """Source: wang2019awing Eqs. 1–4, weighted by 1 + 10·mask."""

    kind: ClassVar[str] = "adaptive_wing"

    def build(self, num_landmarks: int) -> HeatmapCriterion:
        return _EachCell("awing", lambda heatmaps, truth: emphasis(truth) * adaptive_wing(heatmaps, truth))


@config
class LogWing(HeatmapLoss):
    """L_wing alone. Source: kozlowska2026hrmlff Eq. 11."""

    kind: ClassVar[str] = "log_wing"
    epsilon: Positive = 0.1

    def build(self, num_landmarks: int) -> HeatmapCriterion:
        return _EachCell("wing", lambda heatmaps, truth: emphasis(truth) * log_wing(heatmaps - truth, self.epsilon))


@config
class Composite(HeatmapLoss):
    """L = L_pt + δ1 L_wing + δ2 L_smooth, with δ1 = `wing_weight`, δ2 = `smoothness_weight`.

    L_pt = (1/K)Σ_k r_k v_k Σ(1 + 10 M)|H − Ĥ|; L_wing = (1/K)Σ_k v_k Σ(1 + 10 M) ln(1 + |H − Ĥ|/`epsilon`);
    L_smooth = `smoothness` Σ_k Σ(∇²Ĥ)². M: cells near a landmark, v_k: the weight that the batch gives it, r_k: how
    large its running mean error is among all landmarks', within ½ and 2.
    `schedule`: `validation` multiplies δ1 by 1.5 (up to 1) and δ2 by ½ whenever the validation NME has not fallen by
    0.5 % for 5 epochs.

    Source: kozlowska2026hrmlff Eqs. 10–13.
    Departs: how r_k is "dynamically updated", and what "validation-driven scheduling" does, are ours.
    """

    kind: ClassVar[str] = "composite"
    wing_weight: NotNegative = 0.1
    smoothness_weight: NotNegative = 0.1
    epsilon: Positive = 0.1
    smoothness: NotNegative = 0.01
    schedule: Literal["constant", "validation"] = "constant"

    def build(self, num_landmarks: int) -> "CompositeCriterion":
        return CompositeCriterion(self, num_landmarks)


class CompositeCriterion(HeatmapCriterion):
    """`error`: the running mean of each landmark's |H − Ĥ|, 0 before it was first seen; of several workers, what the
    first of them has seen."""

    error: Tensor
    term_weights: Tensor  # δ1, δ2
    best: Tensor  # validation NME, and for how many epochs it has not been improved
    stale: Tensor

    def __init__(self, loss: Composite, num_landmarks: int) -> None:
        super().__init__()
        self.loss = loss
        self.register_buffer("error", torch.zeros(num_landmarks))
        self.register_buffer("term_weights", torch.tensor([loss.wing_weight, loss.smoothness_weight]))
        self.register_buffer("best", torch.tensor(torch.inf))
        self.register_buffer("stale", torch.tensor(0))

    def forward(self, heatmaps: Heatmaps, truth: Heatmaps, weight: Weights) -> Terms:
        errors = heatmaps - truth
        if self.training:
            # In place: what shares a model between processes keeps the tensor itself.
            self.error.copy_(running_error(self.error, errors.detach().abs().mean(dim=(2, 3)), weight))
        near = emphasis(truth)
        points = (near * errors.abs()).sum(dim=(2, 3)) * weight * importance(self.error)
        wing = (near * log_wing(errors, self.loss.epsilon)).sum(dim=(2, 3)) * weight
        # Second differences of half precision are mostly rounding.
        bends = laplacian(heatmaps.float()).square().sum(dim=(1, 2, 3)) * self.loss.smoothness
        return {
            "points": points.mean(),
            "wing": self.term_weights[0] * wing.mean(),
            "smoothness": self.term_weights[1] * bends.mean(),
        }

    def epoch_ended(self, validation: dict[str, float]) -> None:
        nme = validation["val_nme_io"]
        if math.isnan(nme):
            return
        if nme < IMPROVED * self.best:
            self.best.fill_(nme)
            self.stale.zero_()
            return
        self.stale += 1
        if self.loss.schedule == "validation" and self.stale >= PATIENCE:
            self.term_weights[0] = (self.term_weights[0] * WING_RISE).clamp(max=max(WING_MOST, self.loss.wing_weight))
            self.term_weights[1] *= SMOOTHNESS_FALL
            self.stale.zero_()


class _EachCell(HeatmapCriterion):
    """One term: what each cell costs, summed over a map, weighted, and averaged over landmarks and images."""

    def __init__(self, name: str, cost: Callable[[Tensor, Tensor], Tensor]) -> None:
        super().__init__()
        self.name, self.cost = name, cost

    def forward(self, heatmaps: Heatmaps, truth: Heatmaps, weight: Weights) -> Terms:
        return {self.name: (self.cost(heatmaps, truth).sum(dim=(2, 3)) * weight).mean()}


def emphasis(truth: Heatmaps) -> Heatmaps:
    """1 + 10·M of each cell."""
    return 1 + MASKED * near_landmark(truth)


def running_error(
    before: Float[Tensor, " landmarks"], errors: Float[Tensor, "batch landmarks"], weight: Weights
) -> Float[Tensor, " landmarks"]:
    """The running mean after a batch. A landmark without weight in all of it keeps what it has."""
    seen = (weight > 0).to(errors.dtype)
    mean = (errors * seen).sum(dim=0) / seen.sum(dim=0)
    after = torch.where(before > 0, MEMORY * before + (1 - MEMORY) * mean, mean)
    return torch.where(mean.isfinite(), after, before)


def importance(error: Float[Tensor, " landmarks"]) -> Float[Tensor, " landmarks"]:
    """r_k: each landmark's error over the mean of all landmarks', within ½ and 2; 1 for one that was never seen.

    Source: kozlowska2026hrmlff Eq. 10.
    """
    seen = error > 0
    mean = error.sum() / seen.sum()
    return torch.where(seen, (error / mean).clamp(*EMPHASIS), 1.0)


def laplacian(heatmaps: Heatmaps) -> Heatmaps:
    """∇²: the four neighbours less four times the cell; beyond the edge lies what is at the edge.

    Source: kozlowska2026hrmlff Eq. 12.
    """
    around = pad(heatmaps, (1, 1, 1, 1), mode="replicate")
    sides = around[..., 1:-1, :-2] + around[..., 1:-1, 2:] + around[..., :-2, 1:-1] + around[..., 2:, 1:-1]
    return sides - 4 * heatmaps
