"""Blocks of stacked hourglasses: the pre-activation residual, and the hierarchical block that sees several sizes."""

from typing import Literal

import torch
from torch import Tensor, nn

Shortcut = Literal["identity", "projection"]


class Residual(nn.Module):
    """R: 1×1 to half of the channels, 3×3, 1×1 to all of them, a norm and a ReLU before each; and a shortcut.

    `shortcut`: with `identity` it is the features themselves where channels stay what they are, and a 1×1 convolution
    of them elsewhere; with `projection` it is the convolution everywhere.

    Source: newell2016hourglass Sec. 3.2 and its public code, of which a later version allocates a convolution in every
    block and runs it where channels change.
    """

    def __init__(self, in_channels: int, channels: int, shortcut: Shortcut = "identity") -> None:
        super().__init__()
        half = channels // 2
        self.residual = nn.Sequential(
            *_norm_and_relu(in_channels),
            nn.Conv2d(in_channels, half, 1),
            *_norm_and_relu(half),
            nn.Conv2d(half, half, 3, padding=1),
            *_norm_and_relu(half),
            nn.Conv2d(half, channels, 1),
        )
        self.shortcut: nn.Module = nn.Identity()
        if shortcut == "projection" or in_channels != channels:
            self.shortcut = nn.Conv2d(in_channels, channels, 1)

    def forward(self, features: Tensor) -> Tensor:
        return self.residual(features) + self.shortcut(features)


class Hierarchical(nn.Module):
    """C: three 3×3 convolutions in a row, to a half, a quarter and a quarter of the channels, a norm and a ReLU before
    each; what all three give, side by side, and a shortcut.

    The shortcut is the features themselves, or a norm, a ReLU and a 1×1 convolution where channels change.

    Source: bulat2017fan (public code).
    """

    def __init__(self, in_channels: int, channels: int) -> None:
        super().__init__()
        half, quarter = channels // 2, channels // 4
        self.large = _norm_convolution(in_channels, half, 3)
        self.larger = _norm_convolution(half, quarter, 3)
        self.largest = _norm_convolution(quarter, quarter, 3)
        self.shortcut: nn.Module = nn.Identity()
        if in_channels != channels:
            self.shortcut = _norm_convolution(in_channels, channels, 1)

    def forward(self, features: Tensor) -> Tensor:
        large = self.large(features)
        larger = self.larger(large)
        return torch.cat([large, larger, self.largest(larger)], dim=1) + self.shortcut(features)


def _norm_convolution(in_channels: int, channels: int, kernel: int) -> nn.Sequential:
    convolution = nn.Conv2d(in_channels, channels, kernel, padding=kernel // 2, bias=False)
    return nn.Sequential(*_norm_and_relu(in_channels), convolution)


def _norm_and_relu(channels: int) -> tuple[nn.Module, nn.Module]:
    return nn.BatchNorm2d(channels), nn.ReLU(inplace=True)
