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
# Decoded at once on a processor: 1024 maps of 64×64 cells, 16 MiB. They stay in its last cache while they are read
# twice, and are enough to make the start of an operation cheap: 64 at once take more than twice as long.
_CELLS_AT_ONCE = 2**22


@dataclass(frozen=True)
class Peaks:
    """Maps with their largest values; of equal ones the first, row by row. `row_maxima`: the largest of each row."""

    maps: Maps
    row_maxima: Float[Tensor, "maps height"]
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
        """(x, y) of the peaks, in the precision that decoders compute in."""
        return torch.stack([self.x, self.y], dim=1).to(computing_dtype(self.maps))

    @property
    def confidence(self) -> Float[Tensor, " maps"]:
        """The peak's height within [0, 1]; 0 where the map says nothing."""
        height = self.value.to(computing_dtype(self.maps)).clamp(0.0, 1.0)
        return torch.where(self.silent, 0.0, height)

    def window(self, width: int, height: int, left: Cells, top: Cells) -> Windows:
        """The cells from (left, top) of each map on, all inside it, in the precision that decoders compute in."""
        across, down = torch.arange(width, device=left.device), torch.arange(height, device=top.device)
        offsets = (self.size[0] * down[:, None] + across).flatten()
        first = self.size[0] * top + left
        cells = self.maps.flatten(1).gather(1, first[:, None] + offsets).to(computing_dtype(self.maps))
        return cells.clamp(min=LOWEST).unflatten(1, (height, width))

    def rows(self, height: int, top: Cells) -> Windows:
        """Whole rows from the given one of each map on, all inside it, in the precision that decoders compute in.

        Whole rows are copied several times faster than parts of them are gathered.
        """
        width, whole = self.size
        wanted = (whole * self.each + top)[:, None] + torch.arange(height, device=top.device)
        rows = self.maps.reshape(-1, width).index_select(0, wanted.flatten())
        return rows.to(computing_dtype(self.maps)).unflatten(0, (-1, height))


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

    def decode(
        self, heatmaps: Float[Tensor, "batch landmarks height width"]
    ) -> tuple[Float[Tensor, "batch landmarks 2"], Float[Tensor, "batch landmarks"]]:
        """Positions in heatmap px and confidences in [0, 1]: in float32, or in float64 where the maps are."""
        batch, landmarks, height, width = heatmaps.shape
        maps = heatmaps.reshape(-1, height, width)
        step = _CELLS_AT_ONCE // (height * width) if maps.device.type == "cpu" else len(maps)
        found = [find_peaks(some) for some in maps.split(max(step, 1))]
        points = torch.cat([self.locate(peaks) for peaks in found])
        confidence = torch.cat([peaks.confidence for peaks in found])
        if not self.applicable(height, width):
            confidence = torch.zeros_like(confidence)
        return points.unflatten(0, (batch, landmarks)), confidence.unflatten(0, (batch, landmarks))


def find_peaks(maps: Maps) -> Peaks:
    """The largest cell of each map. Maps with a NaN or without a finite maximum are replaced by zeros."""
    row_maxima = maps.amax(dim=2)  # the one pass over all cells; NaN, where there is one, is the maximum
    value = row_maxima.amax(dim=1)
    unreadable = ~value.isfinite()
    if unreadable.any():
        maps = torch.where(unreadable[:, None, None], torch.zeros_like(maps), maps)
        row_maxima = maps.amax(dim=2)
        value = row_maxima.amax(dim=1)
    y = _first_maximum(row_maxima)
    rows = y + maps.shape[1] * torch.arange(len(maps), device=maps.device)
    x = _first_maximum(maps.reshape(-1, maps.shape[2]).index_select(0, rows))
    # Only a map whose first cell is the largest can be constant.
    silent = (x == 0) & (y == 0)
    suspects = silent.nonzero()[:, 0]
    silent[suspects] = maps[suspects].amin(dim=(1, 2)) == value[suspects]
    return Peaks(maps, row_maxima, value, x, y, silent)


def _first_maximum(rows: Float[Tensor, "maps cells"]) -> Cells:
    """Where the largest value of each row first is. NumPy finds it six times faster on a processor than torch."""
    if rows.device.type == "cpu" and rows.dtype in (torch.float32, torch.float64):
        return torch.from_numpy(rows.detach().numpy().argmax(axis=1))
    return rows.argmax(dim=1)


def computing_dtype(maps: Tensor) -> torch.dtype:
    """float64 stays, all else becomes float32: half precision resolves neither a logarithm nor a position."""
    return torch.float64 if maps.dtype == torch.float64 else torch.float32
