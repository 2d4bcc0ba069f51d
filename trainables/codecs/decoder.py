"""The contract of a decoder: heatmaps in, landmarks and their confidence out; and what all decoders begin with.

A decoder is given only maps, so it serves every heatmap network, trained with it or not. Positions are heatmap px, the
centre of the first cell at (0, 0). What no decoder can read, all answer alike: a map with a NaN or without a finite
maximum is read as a map of zeros; it and every constant map have confidence 0.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor

from trainables.config import Config

Maps = Float[Tensor, "maps height width"]
Windows = Float[Tensor, "maps window_height window_width"]
Points = Float[Tensor, "maps 2"]
Cells = Int64[Tensor, " maps"]
LOWEST = -1e30  # stands for −∞, which times 0 would be no number
# Decoded at once on a processor: 1792 maps of 64×64 cells. Many make the start of an operation cheap; but a copy of
# them is to stay below 32 MiB, from which on the C library gets the memory of every copy anew from the system.
_CELLS_AT_ONCE = 7 * 2**20


@dataclass(frozen=True)
class Peaks:
    """Maps, in float32 or float64, with their largest values; of equal ones the first, row by row."""

    maps: Maps
    value: Float[Tensor, " maps"]
    x: Cells
    y: Cells
    silent: Bool[Tensor, " maps"]  # constant or unreadable maps, which say nothing

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) of the maps, the order of coordinates."""
        return self.maps.shape[2], self.maps.shape[1]

    @cached_property
    def each(self) -> Cells:
        """The index of every map."""
        return torch.arange(len(self.maps), device=self.maps.device)

    @property
    def cells(self) -> Points:
        """(x, y) of the peaks."""
        return torch.stack([self.x, self.y], dim=1).to(self.maps.dtype)

    @cached_property
    def row_maxima(self) -> Float[Tensor, "maps height"]:
        """The largest value of each row."""
        return self.maps.amax(dim=2)

    @property
    def confidence(self) -> Float[Tensor, " maps"]:
        """The peak's height within [0, 1]; 0 where the map says nothing."""
        return torch.where(self.silent, 0.0, self.value.clamp(0.0, 1.0))

    def window(self, width: int, height: int, left: Cells, top: Cells) -> Windows:
        """The cells from (left, top) of each map on, all inside it; −∞ is `LOWEST` there."""
        columns, rows = self.size
        runs = self.maps.flatten().unfold(0, width, 1)  # a view of every `width` cells that lie one after the other
        first = (rows * self.each + top) * columns + left
        wanted = first[:, None] + columns * torch.arange(height, device=first.device)
        # A run is copied as a whole, more than twice as fast as its cells are gathered.
        return runs.index_select(0, wanted.flatten()).clamp_(min=LOWEST).unflatten(0, (-1, height))


class Decoder(Config, ABC):
    """Contract: `locate` and `describe`. `VERSION` is raised when a change of code changes positions."""

    VERSION: ClassVar[int] = 1

    @abstractmethod
    def locate(self, peaks: Peaks) -> Points:
        """Positions in heatmap px: finite, whatever the maps hold."""

    @abstractmethod
    def describe(self) -> str:
        """The decoder in words, as the ledger and tables say it."""

    def applicable(self, height: int, width: int) -> bool:
        """Whether maps of this size can be decoded so. Where not, `decode` gives two-hot positions of confidence 0."""
        return True

    @property
    def assumed_sigma(self) -> float | None:
        """The σ in heatmap px of the Gaussians that its formula takes maps for: maps of another σ it reads wrongly,
        and nothing in them says so. None where any σ is read."""
        return None

    def decode(
        self, heatmaps: Float[Tensor, "batch landmarks height width"]
    ) -> tuple[Float[Tensor, "batch landmarks 2"], Float[Tensor, "batch landmarks"]]:
        """Positions in heatmap px and confidences in [0, 1]: in float32, or in float64 where the maps are."""
        batch, landmarks, height, width = heatmaps.shape
        if not heatmaps.numel():
            points = heatmaps.new_zeros((batch, landmarks, 2), dtype=computing_dtype(heatmaps))
            return points, points[..., 0]
        maps = heatmaps.reshape(-1, height, width)
        step = _CELLS_AT_ONCE // (height * width) if maps.device.type == "cpu" else len(maps)
        found = (find_peaks(some) for some in maps.split(max(step, 1)))
        parts = [(self.locate(peaks), peaks.confidence) for peaks in found]
        points, confidence = (torch.cat(part) for part in zip(*parts, strict=True))
        if not self.applicable(height, width):
            confidence = torch.zeros_like(confidence)
        return points.unflatten(0, (batch, landmarks)), confidence.unflatten(0, (batch, landmarks))


def find_peaks(maps: Maps) -> Peaks:
    """The largest cell of each map. Maps with a NaN or without a finite maximum are replaced by zeros."""
    maps = maps.to(computing_dtype(maps))
    cells = maps.flatten(1)
    first = _first_maximum(cells)  # the one pass over all cells
    value = cells.gather(1, first[:, None])[:, 0]
    unreadable = ~value.isfinite()
    if unreadable.any():
        maps = torch.where(unreadable[:, None, None], 0.0, maps)
        first, value = torch.where(unreadable, 0, first), torch.where(unreadable, 0.0, value)
    # Only a map whose first cell is the largest can be constant.
    silent = first == 0
    suspects = silent.nonzero()[:, 0]
    silent[suspects] = maps[suspects].amin(dim=(1, 2)) == value[suspects]
    return Peaks(maps, value, first % maps.shape[2], first // maps.shape[2], silent)


def _first_maximum(rows: Float[Tensor, "maps cells"]) -> Cells:
    """Where the largest value of each row first is; NaN is larger than any. On a processor NumPy finds it six times
    faster than torch."""
    if rows.device.type == "cpu":
        return torch.from_numpy(rows.detach().numpy().argmax(axis=1))
    return rows.argmax(dim=1)


def computing_dtype(maps: Tensor) -> torch.dtype:
    """float64 stays, all else becomes float32: half precision resolves neither a logarithm nor a position."""
    return torch.float64 if maps.dtype == torch.float64 else torch.float32
