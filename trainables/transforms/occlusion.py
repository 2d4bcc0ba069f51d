"""Occluders: one upright rectangle before a face, of a known share of the crop's area.

Source: zhong2020erasing Algorithm 1.
Departs: the rectangle always fits: its sides follow from an area and a ratio that are within reach of each other,
where the paper draws again until they are; the ratio is log-uniform, so that flat and tall ones are equally likely.
"""

import torch
from torch import Tensor

FLATTEST = 0.3  # the smallest ratio of width to height, and of height to width


def rectangles(area: Tensor, shape: Tensor, place: Tensor, size: int) -> Tensor:
    """Rectangles [B, 4] (left, top, right, bottom) in whole px, the last two excluded, all inside the crop.

    `area` [B]: share of the crop. `shape` [B] and `place` [B, 2], uniform in [0, 1): from tall to flat; from left to
    right and from top to bottom.
    """
    # A rectangle of a third of the crop cannot be three times as wide as high.
    widest = -torch.log(area.clamp(min=FLATTEST))
    ratio = torch.exp((2 * shape - 1) * widest)
    sides = size * torch.stack([(area * ratio).sqrt(), (area / ratio).sqrt()], dim=1)
    sides = sides.round().clamp(1, size)
    first = torch.floor(place * (size - sides + 1))
    return torch.cat([first, first + sides], dim=1).long()


def covered(landmarks: Tensor, boxes: Tensor) -> Tensor:
    """Which of the landmarks [B, K, 2] lie in their rectangle [B, 4]: [B, K]. A pixel reaches ½ px about its centre."""
    inside = (landmarks >= boxes[:, None, :2] - 0.5) & (landmarks < boxes[:, None, 2:] - 0.5)
    return inside.all(dim=-1)


def occlude_(images: Tensor, boxes: Tensor, hidden: Tensor, noise: Tensor, noisy: Tensor) -> Tensor:
    """Paint rectangles over `images` [B, 3, S, S] in place, where `hidden` [B].

    Filled with the same window of the picture `noise` [3, S, S] where `noisy` [B], else with the image's mean colour.
    """
    for index in hidden.nonzero()[:, 0].tolist():
        left, top, right, bottom = boxes[index].tolist()
        mean = images[index].mean(dim=(1, 2))[:, None, None]
        fill = noise[:, top:bottom, left:right] if noisy[index] else mean
        images[index, :, top:bottom, left:right] = fill
    return images
