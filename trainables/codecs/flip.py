"""Flip test: a network's maps of a picture, averaged with those of its mirror image."""

from collections.abc import Sequence
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor

Heatmaps = Float[Tensor, "batch landmarks height width"]
Shift = Literal["none", "one", "exact"]


def flip_average(
    heatmaps: Heatmaps, mirrored: Heatmaps, permutation: Sequence[int], stride: int, shift: Shift = "one"
) -> Heatmaps:
    """The mean of the maps and of those of the mirrored picture, mirrored back, in float32 at least.

    `permutation`: of the landmarks in a mirrored picture. With coordinates divided by `stride`, maps of a mirrored
    picture lie (stride − 1) / stride cells too far left once they are mirrored back. `shift` moves them: `one` cell, as
    public code does, `exact`ly (cubic interpolation), or not at all.

    Source: bao2023keyposs (public code).
    """
    turned = mirrored.flip(-1)[:, list(permutation)].to(torch.promote_types(mirrored.dtype, torch.float32))
    if shift == "one":
        turned = shifted_right(turned, 1.0)
    elif shift == "exact":
        turned = shifted_right(turned, (stride - 1) / stride)
    return (heatmaps.to(turned) + turned) / 2


def shifted_right(heatmaps: Heatmaps, cells: float) -> Heatmaps:
    """Maps moved right by 0 to 1 cell; the first column stands for all that was left of it.

    Source: keys1981cubic (a = −½).
    """
    t = 1 - cells  # a cell at x takes the value at x − 1 + t
    weights = (
        (-(t**3) + 2 * t**2 - t) / 2,
        (3 * t**3 - 5 * t**2 + 2) / 2,
        (-3 * t**3 + 4 * t**2 + t) / 2,
        (t**3 - t**2) / 2,
    )
    columns = torch.arange(heatmaps.shape[-1], device=heatmaps.device)
    moved = torch.zeros_like(heatmaps)
    for offset, weight in zip((-2, -1, 0, 1), weights, strict=True):
        if weight:
            moved += weight * heatmaps[..., (columns + offset).clamp(0, len(columns) - 1)]
    return moved
