"""KeyPosS as its public code solves it: Gauss–Newton on the ranges of the largest cells of the whole map."""

from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor

from trainables.codecs.decoder import Decoder, Peaks, Points
from trainables.codecs.multilateration import squared_distances
from trainables.config import config
from trainables.recipe import Positive

ANCHORS = ((16, 30), (8, 15), (0, 10))  # smaller side of the map, from which on that many anchors are taken


@config
class GaussNewton(Decoder):
    """Minimises Σ (‖A_i − p‖² − d_i²)² from the peak on, in at most `iterations` steps, until a step does not help.

    The anchors A_i are the largest 30 cells of a map from 16×16 on, 15 from 8×8 on, else 10. Values are cut off at 1,
    so unlike `Multilateration` it depends on the height of a map; `sigma` in heatmap px.

    Source: bao2023keyposs (public code).
    """

    sigma: Positive = 2.0
    iterations: Annotated[int, Field(gt=0)] = 20

    @property
    def assumed_sigma(self) -> float:
        return self.sigma

    def locate(self, peaks: Peaks) -> Points:
        width, height = peaks.size
        wanted = next(count for side, count in ANCHORS if min(width, height) >= side)
        values, flat = peaks.maps.flatten(1).topk(min(wanted, width * height), dim=1)
        anchors = torch.stack([flat % width, flat // width], dim=2).to(peaks.cells)
        squares = squared_distances(values.to(anchors).clamp(max=1.0), self.sigma)
        points = peaks.cells
        cost = _residuals(anchors, points, squares).square().sum(dim=1)
        for _ in range(self.iterations):
            moved = points - _step(anchors, points, squares)
            reached = _residuals(anchors, moved, squares).square().sum(dim=1)
            better = reached < cost  # false where a step is not finite
            points = torch.where(better[:, None], moved, points)
            cost = torch.where(better, reached, cost)
        return points

    def describe(self) -> str:
        return "KeyPosS, Gauss–Newton"


def _residuals(anchors: Tensor, points: Points, squares: Tensor) -> Tensor:
    """‖A_i − p‖² − d_i² [maps, anchors]."""
    return (anchors - points[:, None]).square().sum(dim=2) - squares


def _step(anchors: Tensor, points: Points, squares: Tensor) -> Points:
    """(JᵀJ)⁻¹Jᵀr with J = 2(p − A), by the 2×2 inverse; not finite where the anchors stand in a row."""
    jacobian = 2 * (points[:, None] - anchors)
    normal = jacobian.transpose(1, 2) @ jacobian
    a, b, d = normal[:, 0, 0], normal[:, 0, 1], normal[:, 1, 1]
    gx, gy = (jacobian * _residuals(anchors, points, squares)[..., None]).sum(dim=1).unbind(1)
    return torch.stack([d * gx - b * gy, a * gy - b * gx], dim=1) / (a * d - b * b)[:, None]
