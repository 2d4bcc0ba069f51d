"""KeyPosS: true-range multilateration. Cells around the peak are anchors, their values tell how far the landmark is."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, Literal

import torch
from jaxtyping import Float, Int64
from pydantic import Field
from torch import Tensor

from trainables.codecs.decoder import Decoder, Peaks, Points
from trainables.codecs.two_hot import towards_higher_neighbours
from trainables.config import config
from trainables.recipe import Positive

SMALLEST = 1e-9  # value that still tells a distance: 6.44 σ


@config
class Multilateration(Decoder):
    """The anchors are the `kernel`² cells, the peak among them, whose sum is largest. A value h lies at the squared
    distance d² = −2σ² ln h from the centre of a Gaussian of `sigma` heatmap px; linear least squares finds the point
    that has these distances from the anchors.

    Differences of d² are what is solved for, so a map may have any height: no h is cut off at 1. `reference`: which
    anchor the others are compared with, the last or the mean of all. `anchors`: 3 leaves out the lowest of 2×2.
    `clamp` keeps the landmark within half a cell of the map. On a map smaller than the kernel it is two-hot's.

    Source: bao2023keyposs Eqs. 9–14 and Sec. 3.4 (2), (3).
    Departs: Eq. 10 prints Y = μ̂X where Eqs. 11–14 solve Y = Xμ̂. The public code looks for windows that may miss
    the peak at the right and lower border; here the peak is always inside.
    """

    kernel: Annotated[int, Field(ge=2, le=6)] = 2
    sigma: Positive = 2.0
    reference: Literal["last", "mean"] = "last"
    anchors: Literal["all", "three"] = "all"
    clamp: bool = False

    def __post_init__(self) -> None:
        if self.anchors == "three" and self.kernel != 2:
            raise ValueError("three anchors of a larger window can stand in a row. Give it kernel=2")

    def applicable(self, height: int, width: int) -> bool:
        return self.kernel <= min(height, width)

    @property
    def assumed_sigma(self) -> float:
        return self.sigma

    def locate(self, peaks: Peaks) -> Points:
        width, height = peaks.size
        if not self.applicable(height, width):
            return towards_higher_neighbours(peaks)
        values, corner = _highest_window(peaks, self.kernel)
        points = corner + self._solve(squared_distances(values, self.sigma))
        if self.clamp:
            points = points.clamp(torch.full_like(points, -0.5), torch.tensor([width, height]).to(points) - 0.5)
        return points

    def describe(self) -> str:
        which = "3 anchors" if self.anchors == "three" else f"{self.kernel}×{self.kernel} anchors"
        variants = ["mean reference"] * (self.reference == "mean") + ["clamped"] * self.clamp
        return ", ".join([f"KeyPosS, {which}", *variants])

    def _solve(self, squares: Tensor) -> Points:
        """Positions in px from the first anchor, of squared distances [maps, kernel²]."""
        if self.anchors == "all":
            matrix, constant = _solution(self.kernel, self.reference, None)
            return torch.addmm(constant.to(squares), squares, matrix.to(squares))
        solutions = [_solution(self.kernel, self.reference, dropped) for dropped in range(self.kernel**2)]
        matrices = torch.stack([matrix for matrix, _ in solutions]).to(squares)
        constants = torch.stack([constant for _, constant in solutions]).to(squares)
        farthest = squares.argmax(dim=1)
        return (squares[:, None] @ matrices[farthest])[:, 0] + constants[farthest]


def squared_distances(values: Tensor, sigma: float) -> Tensor:
    """d² in heatmap px from the values of a Gaussian; below 0 where a value exceeds 1.

    Source: bao2023keyposs Eq. 3, inverted.
    """
    return -2 * sigma**2 * values.clamp(min=SMALLEST).log()


@dataclass(frozen=True)
class _Windows:
    """All kernel×kernel windows of a neighbourhood of a peak, the last first; cells are counted row by row."""

    members: Int64[Tensor, "windows anchors"]
    sums: Float[Tensor, "cells windows"]  # a neighbourhood times this: the sums of its windows
    barred: Float[Tensor, "cells windows"]  # −∞ where the window does not hold the cell, else 0
    corners: Float[Tensor, "windows 2"]  # (x, y) of the first anchor


def _highest_window(peaks: Peaks, kernel: int) -> tuple[Float[Tensor, "maps anchors"], Points]:
    """The cells, row by row, with the largest sum among all kernel×kernel windows inside the map that hold the peak,
    the last of equal ones; and the (x, y) of the first of them."""
    width, height = peaks.size
    columns, rows = min(2 * kernel - 1, width), min(2 * kernel - 1, height)
    left, top = (peaks.x - kernel + 1).clamp(0, width - columns), (peaks.y - kernel + 1).clamp(0, height - rows)
    around = peaks.window(columns, rows, left, top).flatten(1)
    windows = _windows(kernel, columns, rows, around.dtype, around.device)
    peak = (peaks.y - top) * columns + peaks.x - left
    best = (around @ windows.sums + windows.barred.index_select(0, peak)).argmax(dim=1)
    values = around.gather(1, windows.members.index_select(0, best))
    return values, torch.stack([left, top], dim=1) + windows.corners.index_select(0, best)


@lru_cache(maxsize=64)
def _windows(kernel: int, columns: int, rows: int, dtype: torch.dtype, device: torch.device) -> _Windows:
    cells = torch.arange(columns * rows).reshape(rows, columns)
    members = cells.unfold(0, kernel, 1).unfold(1, kernel, 1).reshape(-1, kernel**2).flip(0)
    holds = torch.zeros(len(members), columns * rows, dtype=torch.bool).scatter(1, members, True).T
    corners = torch.stack([members[:, 0] % columns, members[:, 0] // columns], dim=1)
    barred = torch.where(holds, 0.0, -torch.inf).to(device, dtype)
    return _Windows(members.to(device), holds.to(device, dtype), barred, corners.to(device, dtype))


@lru_cache(maxsize=64)
def _solution(kernel: int, reference: str, dropped: int | None) -> tuple[Tensor, Tensor]:
    """The least-squares position as a linear function of d²: a matrix [kernel², 2] and a constant [2], float64.

    With A the anchors and r the reference: X = A_r − A_i, Y = ½(d_i² − d_r² + ‖A_r‖² − ‖A_i‖²), μ̂ = (XᵀX)⁻¹XᵀY.
    Source: bao2023keyposs Eqs. 11–14.
    """
    side = torch.arange(kernel, dtype=torch.float64)
    anchors = torch.stack([side.repeat(kernel), side.repeat_interleave(kernel)], dim=1)
    used = torch.tensor([index for index in range(kernel**2) if index != dropped])
    weights = torch.zeros(kernel**2, dtype=torch.float64)  # the reference as a mean of anchors
    weights[used if reference == "mean" else used[-1:]] = 1.0
    weights /= weights.sum()
    compare = torch.eye(kernel**2, dtype=torch.float64)[used] - weights  # d² → d_i² − d_r²
    offsets = compare @ (anchors**2).sum(dim=1)
    inverse = torch.linalg.pinv(-(compare @ anchors))
    return (0.5 * inverse @ compare).T.contiguous(), -0.5 * inverse @ offsets
