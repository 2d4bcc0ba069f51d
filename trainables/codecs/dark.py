"""Distribution-aware decoding (DARK): a Newton step on the logarithm of the map, which is a parabola for a Gaussian."""

from functools import lru_cache
from typing import Annotated

import torch
from jaxtyping import Float
from pydantic import Field
from torch import Tensor

from trainables.codecs.decoder import Decoder, Peaks, Points
from trainables.config import config

RADIUS = 2  # cells around the peak that the derivatives look at
SMALLEST = 1e-10  # of what a logarithm is taken


@config
class Dark(Decoder):
    """μ̂ = m − D″(m)⁻¹ D′(m) of L = ln(G ∗ H), where the peak m is more than one cell from every border, else m.

    `blur`: side of the Gaussian kernel G in cells, odd, 1 for none; 11 belongs to maps of σ 2, 7 to 1.5, 3 to 1.

    Source: zhang2020dark and its public code; bao2023keyposs Eqs. 7–8.
    Departs: bao2023keyposs prints D′ + D″, which adds values of different units.
    """

    blur: Annotated[int, Field(gt=0)] = 11

    def __post_init__(self) -> None:
        if self.blur % 2 == 0:
            raise ValueError("a blur needs a middle cell. Give it an odd side")

    def locate(self, peaks: Peaks) -> Points:
        width, height = peaks.size
        side, reach = 2 * RADIUS + 1, RADIUS + self.blur // 2
        if min(width, height) < side:
            return peaks.cells
        # Only the neighbourhood of a peak is blurred, by two products: of its rows, then of all columns.
        count = min(2 * reach + 1, height)
        rows = peaks.rows(count, (peaks.y - reach).clamp(0, height - count))
        down = _blur(self.blur, height, count, rows.dtype, rows.device).index_select(0, peaks.y)
        across = _blur(self.blur, width, width, rows.dtype, rows.device).index_select(0, peaks.x)
        blurred = (down @ rows @ across.transpose(1, 2)).flatten(1)
        # The blur lowers the peak; it is raised again, because what is too small for a logarithm is cut off.
        height_lost = peaks.value.to(rows) / blurred.amax(dim=1)
        step = newton_step((blurred * height_lost[:, None]).clamp(min=SMALLEST).log())
        inner = (peaks.x >= RADIUS) & (peaks.x < width - RADIUS) & (peaks.y >= RADIUS) & (peaks.y < height - RADIUS)
        sure = inner & step.isfinite().all(dim=1)
        return torch.where(sure[:, None], peaks.cells - step, peaks.cells)

    def describe(self) -> str:
        return f"distribution-aware, {f'blur {self.blur}' if self.blur > 1 else 'no blur'}"


def newton_step(logarithms: Float[Tensor, "maps 25"]) -> Points:
    """D″⁻¹ D′ (x, y) from the 5×5 cells around each peak, row by row; not finite where D″ has no inverse.

    D′ from neighbours, D″ from cells two apart. Source: zhang2020dark (public code).
    """
    dx, dy, dxx, dyy, dxy = (logarithms @ _derivatives(logarithms.dtype, logarithms.device)).unbind(1)
    determinant = dxx * dyy - dxy * dxy
    return torch.stack([dyy * dx - dxy * dy, dxx * dy - dxy * dx], dim=1) / determinant[:, None]


@lru_cache(maxsize=16)
def _derivatives(dtype: torch.dtype, device: torch.device) -> Tensor:
    """Of 5×5 cells: by x, y, xx, yy, xy [25, 5]."""
    mean = torch.tensor([0.0, 0.0, 1.0, 0.0, 0.0], dtype=torch.float64)
    slope = torch.tensor([0.0, -0.5, 0.0, 0.5, 0.0], dtype=torch.float64)
    bend = torch.tensor([0.25, 0.0, -0.5, 0.0, 0.25], dtype=torch.float64)
    pairs = ((mean, slope), (slope, mean), (mean, bend), (bend, mean), (slope, slope))  # along y, along x
    return torch.stack([torch.outer(*pair).flatten() for pair in pairs], dim=1).to(device, dtype)


@lru_cache(maxsize=16)
def _blur(side: int, cells: int, count: int, dtype: torch.dtype, device: torch.device) -> Tensor:
    """For a peak at each cell of an axis, the blur at the 5 cells around it as a matrix [cells, 5, count], to be
    multiplied with `count` cells that are centred on the peak as far as the axis allows.

    Outside the axis are zeros. The deviation that belongs to a kernel's side is OpenCV's.
    """
    sigma = 0.3 * ((side - 1) / 2 - 1) + 0.8
    radius = side // 2
    offsets = torch.arange(-radius, radius + 1, dtype=torch.float64)
    total = torch.exp(-(offsets**2) / (2 * sigma**2)).sum()
    peak = torch.arange(cells)[:, None, None]
    target = peak + torch.arange(-RADIUS, RADIUS + 1)[:, None]
    source = (peak - RADIUS - radius).clamp(0, cells - count) + torch.arange(count)
    distance = (source - target).double()
    kernel = torch.exp(-(distance**2) / (2 * sigma**2)) / total
    return torch.where(distance.abs() <= radius, kernel, 0.0).to(device, dtype)
