"""Two-hot: a quarter of a cell from the largest cell towards the next one."""

from typing import Literal

import torch

from trainables.codecs.decoder import Decoder, Peaks, Points
from trainables.config import config

QUARTER = 0.25


@config
class TwoHot(Decoder):
    """`rule="axes"`: a quarter of a cell towards the higher neighbour, along each axis for itself, and only where the
    peak is neither on the border nor beside its first row or column. `rule="second"`: a quarter of a cell along the
    straight line to the second largest cell of the map.

    Source: bao2023keyposs Eq. 6 (`second`), newell2016hourglass (public code, `axes`).
    Departs: Eq. 6 prints m − s, which leads away from the second maximum; here it is s − m. Only the rule of the axes
    gives the errors of the paper's Table 1.
    """

    rule: Literal["axes", "second"] = "axes"

    def locate(self, peaks: Peaks) -> Points:
        return towards_higher_neighbours(peaks) if self.rule == "axes" else _towards_second(peaks)

    def describe(self) -> str:
        return "two-hot" if self.rule == "axes" else "two-hot towards the second maximum"


def towards_higher_neighbours(peaks: Peaks) -> Points:
    """m + ¼·sign(H(m + 1) − H(m − 1)) along each axis, where 1 < m < size − 1 along both."""
    width, height = peaks.size
    if min(width, height) < 3:
        return peaks.cells
    left, top = (peaks.x - 1).clamp(0, width - 3), (peaks.y - 1).clamp(0, height - 3)
    around = peaks.window(3, 3, left, top)
    slope = torch.stack([around[:, 1, 2] - around[:, 1, 0], around[:, 2, 1] - around[:, 0, 1]], dim=1)
    inner = (peaks.x > 1) & (peaks.x < width - 1) & (peaks.y > 1) & (peaks.y < height - 1)
    return torch.where(inner[:, None], peaks.cells + QUARTER * slope.sign(), peaks.cells)


def _towards_second(peaks: Peaks) -> Points:
    width, height = peaks.size
    if width * height < 2:
        return peaks.cells
    own_row = peaks.maps[peaks.each, peaks.y].scatter(1, peaks.x[:, None], -torch.inf)
    others = peaks.row_maxima.scatter(1, peaks.y[:, None], own_row.amax(dim=1, keepdim=True))
    row = others.argmax(dim=1)
    in_row = torch.where((row == peaks.y)[:, None], own_row, peaks.maps[peaks.each, row])
    second = torch.stack([in_row.argmax(dim=1), row], dim=1).to(peaks.cells)
    direction = second - peaks.cells
    # Only where every other cell is −∞ the "second" can be the peak itself.
    length = direction.norm(dim=1, keepdim=True).clamp(min=1.0)
    return peaks.cells + QUARTER * direction / length
