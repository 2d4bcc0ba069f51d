"""Soft-argmax: the expected position under a map read as a distribution. It has a gradient everywhere."""

import torch

from trainables.codecs.decoder import Decoder, Peaks, Points
from trainables.config import config
from trainables.recipe import Positive


@config
class SoftArgmax(Decoder):
    """The mean cell under softmax(`sharpness`·H), or, without a sharpness, under max(H, 0) / Σ max(H, 0).

    A map without a positive value has its middle. Source: zhou2023star (public code) for the latter.
    """

    sharpness: Positive | None = None

    def locate(self, peaks: Peaks) -> Points:
        maps = peaks.maps.to(peaks.cells)
        if self.sharpness is None:
            weights = maps.clamp(min=0.0)
            # Of a sum of 0 nothing is left to divide: every cell counts the same then.
            weights = torch.where(peaks.value[:, None, None] > 0, weights, 1.0)
        else:
            weights = (self.sharpness * (maps - peaks.value.to(maps)[:, None, None])).exp()
        weights = weights / weights.sum(dim=(1, 2), keepdim=True)
        x = torch.arange(maps.shape[2]).to(maps)
        y = torch.arange(maps.shape[1]).to(maps)
        return torch.stack([weights.sum(dim=1) @ x, weights.sum(dim=2) @ y], dim=1)

    def describe(self) -> str:
        return "soft-argmax" if self.sharpness is None else f"soft-argmax, sharpness {self.sharpness:g}"
