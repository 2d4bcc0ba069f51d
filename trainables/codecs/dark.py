"""Distribution-aware decoding (DARK): a Newton step on the logarithm of the map, which is a parabola for a Gaussian."""

from functools import lru_cache
from typing import Annotated, ClassVar

import torch
from jaxtyping import Float
from pydantic import Field
from torch import Tensor

from trainables.codecs.decoder import LOWEST, Decoder, Maps, Peaks, Points
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

    VERSION: ClassVar[int] = 2  # 1 took the height lost from the cells around the peak, not from the whole map

    blur: Annotated[int, Field(gt=0)] = 11

    def __post_init__(self) -> None:
        if self.blur % 2 == 0:
            raise ValueError("a blur needs a middle cell. Give it an odd side")

    def locate(self, peaks: Peaks) -> Points:
        width, height = peaks.size
        if min(width, height) < 2 * RADIUS + 1:
            return peaks.cells
        inner = (peaks.x >= RADIUS) & (peaks.x < width - RADIUS) & (peaks.y >= RADIUS) & (peaks.y < height - RADIUS)
        blurred = self._blurred_around(peaks)
        # G ∗ H is to be raised to the height of H before what is too small for a logarithm is cut off. Derivatives of
        # a logarithm do not see a factor, and this one is at least 1 where G ∗ H is anywhere positive, since a mean is
        # no larger than the largest. So only maps with a value to be cut off need it, and they are few.
        cut = (inner & (blurred.amin(dim=1) < SMALLEST)).nonzero()[:, 0]
        blurred[cut] *= self._height_lost(peaks.maps[cut])[:, None]
        step = newton_step(blurred.clamp(min=SMALLEST).log())
        sure = inner & step.isfinite().all(dim=1)
        return torch.where(sure[:, None], peaks.cells - step, peaks.cells)

    def describe(self) -> str:
        return f"distribution-aware, {f'blur {self.blur}' if self.blur > 1 else 'no blur'}"

    def _blurred_around(self, peaks: Peaks) -> Float[Tensor, "maps 25"]:
        """G ∗ H at the 5×5 cells around each peak, row by row, from the cells that the kernel reaches there."""
        width, height = peaks.size
        reach = RADIUS + self.blur // 2
        columns, rows = min(2 * reach + 1, width), min(2 * reach + 1, height)
        left, top = (peaks.x - reach).clamp(0, width - columns), (peaks.y - reach).clamp(0, height - rows)
        window = peaks.window(columns, rows, left, top)
        across = _blur(self.blur, columns, window.dtype, window.device).index_select(0, peaks.x - left)
        down = _blur(self.blur, rows, window.dtype, window.device).index_select(0, peaks.y - top)
        return (down @ window @ across.transpose(1, 2)).flatten(1)

    def _height_lost(self, maps: Maps) -> Float[Tensor, " maps"]:
        """max H / max(G ∗ H), of whole maps."""
        maps = maps.clamp(min=LOWEST)
        across, down = (_blur(self.blur, cells, maps.dtype, maps.device)[:, RADIUS] for cells in maps.shape[:0:-1])
        return maps.amax(dim=(1, 2)) / (down @ maps @ across.T).amax(dim=(1, 2))


def newton_step(logarithms: Float[Tensor, "maps 25"]) -> Points:
    """D″⁻¹ D′ (x, y) from the 5×5 cells around each peak, row by row; not finite where D″ has no inverse.

    D′ from neighbours, D″ from cells two apart. Source: zhang2020dark (public code).
    """
    dx, dy, dxx, dyy, dxy = _derivatives(logarithms.dtype, logarithms.device) @ logarithms.T
    determinant = dxx * dyy - dxy * dxy
    return torch.stack([dyy * dx - dxy * dy, dxx * dy - dxy * dx], dim=1) / determinant[:, None]


@lru_cache(maxsize=16)
def _derivatives(dtype: torch.dtype, device: torch.device) -> Tensor:
    """Of 5×5 cells: by x, y, xx, yy, xy [5, 25]."""
    mean = torch.tensor([0.0, 0.0, 1.0, 0.0, 0.0], dtype=torch.float64)
    slope = torch.tensor([0.0, -0.5, 0.0, 0.5, 0.0], dtype=torch.float64)
    bend = torch.tensor([0.25, 0.0, -0.5, 0.0, 0.25], dtype=torch.float64)
    pairs = ((mean, slope), (slope, mean), (mean, bend), (bend, mean), (slope, slope))  # along y, along x
    return torch.stack([torch.outer(*pair).flatten() for pair in pairs]).to(device, dtype)


@lru_cache(maxsize=16)
def _blur(side: int, cells: int, dtype: torch.dtype, device: torch.device) -> Tensor:
    """The blur along an axis of so many cells, with zeros beyond it, at the 5 cells around each: [cells, 5, cells].

    The deviation that belongs to a kernel's side is OpenCV's.
    """
    sigma = 0.3 * ((side - 1) / 2 - 1) + 0.8
    offsets = torch.arange(-(side // 2), side // 2 + 1, dtype=torch.float64)
    total = torch.exp(-(offsets**2) / (2 * sigma**2)).sum()
    cell = torch.arange(cells)
    around = cell[:, None] + torch.arange(-RADIUS, RADIUS + 1)
    distance = (cell - around[:, :, None]).double()
    kernel = torch.exp(-(distance**2) / (2 * sigma**2)) / total
    return torch.where(distance.abs() <= side // 2, kernel, 0.0).to(device, dtype)
