"""Stacked hourglasses: maps are halved again and again and enlarged back, an answer is given, and the next hourglass
looks again, knowing it.

The shape of the network is one for all; its blocks and how it halves are the methods' own.
"""

from collections.abc import Callable
from typing import Final, Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate

STRIDE: Final = 4  # px of the picture for each heatmap px
DEPTH = 4  # how often an hourglass halves its maps
INITIAL_STD = 0.001  # of the weights of the convolutions that give heatmaps
Block = Callable[[int, int], nn.Module]  # of channels that come in and go out


class StackedHourglass(nn.Module):
    """RGB images [B, 3, S, S] in [0, 1] → the heatmaps of all stacks [B, T, K, S/stride, S/stride].

    `width`: channels of all features. `block`, `pool`: what it is made of, and what halves a map. A stack sees
    x_{t+1} = x_t + A_t(F_t) + B_t(H_t), where F_t are the features and H_t the heatmaps of the one before, and A_t, B_t
    are 1×1 convolutions. `stride`: 1 for pictures that are as small as heatmaps already.

    Source: newell2016hourglass Sec. 3.3 and its public code.
    Departs: heatmaps start near 0, as those of sun2019hrnet. With the usual weights untrained maps cost 14 times as
    much as empty ones; after 250 steps on 8 faces the error was 25 % of the eyes' distance, and 0.6 % so.
    """

    def __init__(
        self,
        num_landmarks: int,
        width: int,
        stacks: int,
        block: Block,
        pool: nn.Module,
        stride: Literal[1, 4] = STRIDE,
    ) -> None:
        super().__init__()
        self.stem = stem(width, block, pool) if stride == STRIDE else stem(width, block, nn.Identity(), stride=1)
        self.hourglasses = nn.ModuleList(Hourglass(DEPTH, width, block, pool) for _ in range(stacks))
        self.features = nn.ModuleList(_features(width, block) for _ in range(stacks))
        self.heatmaps = nn.ModuleList(heatmap_layer(width, num_landmarks) for _ in range(stacks))
        # The last stack has none after it, which would be told.
        self.from_features = nn.ModuleList(nn.Conv2d(width, width, 1) for _ in range(stacks - 1))
        self.from_heatmaps = nn.ModuleList(nn.Conv2d(num_landmarks, width, 1) for _ in range(stacks - 1))

    def forward(self, images: Tensor) -> Tensor:
        seen = self.stem(images)
        answers: list[Tensor] = []
        for stack, hourglass in enumerate(self.hourglasses):
            answer, seen = self.answer(stack, seen, hourglass(seen))
            answers.append(answer)
        return torch.stack(answers, dim=1)

    def answer(self, stack: int, seen: Tensor, found: Tensor) -> tuple[Tensor, Tensor]:
        """From what a stack saw and what its hourglass found: its heatmaps, and what the next one sees."""
        features = self.features[stack](found)
        heatmaps = self.heatmaps[stack](features)
        if stack < len(self.from_features):
            seen = seen + self.from_features[stack](features) + self.from_heatmaps[stack](heatmaps)
        return heatmaps, seen


class Hourglass(nn.Module):
    """HG_n(x) = R(x) + enlarged(R(HG_{n−1}(R(halved(x))))), where HG_0 is one more block R: features [B, C, h, w] → the
    same size, h and w multiples of 2^`depth`.

    Source: newell2016hourglass Sec. 3.1 and its public code.
    """

    def __init__(self, depth: int, channels: int, block: Block, pool: nn.Module) -> None:
        super().__init__()
        self.beside = block(channels, channels)
        self.halve = pool
        self.before = block(channels, channels)
        self.inner = Hourglass(depth - 1, channels, block, pool) if depth > 1 else block(channels, channels)
        self.after = block(channels, channels)

    def forward(self, features: Tensor) -> Tensor:
        small = self.after(self.inner(self.before(self.halve(features))))
        return self.beside(features) + interpolate(small, scale_factor=2, mode="nearest")


def stem(width: int, block: Block, pool: nn.Module, stride: int = 2) -> nn.Sequential:
    """Images [B, 3, S, S] → features [B, width, s, s], where `stride` and `pool` shrink the sides, by default to S/4.

    Source: newell2016hourglass Sec. 3.1 and its public code.
    """
    quarter, half = width // 4, width // 2
    return nn.Sequential(
        nn.Conv2d(3, quarter, 7, stride=stride, padding=3),
        nn.BatchNorm2d(quarter),
        nn.ReLU(inplace=True),
        block(quarter, half),
        pool,
        block(half, half),
        block(half, width),
    )


def heatmap_layer(width: int, num_landmarks: int, height: float = 0.0) -> nn.Conv2d:
    """Features → heatmaps that are nearly flat at first, all of this height."""
    convolution = nn.Conv2d(width, num_landmarks, 1)
    nn.init.normal_(convolution.weight, std=INITIAL_STD)
    nn.init.constant_(convolution.get_parameter("bias"), height)
    return convolution


def check_sizes(input_size: int, width: int, share: int) -> None:
    """Raises ValueError for an input whose maps cannot be halved, or a width without whole shares of 1/`share`."""
    if input_size % (STRIDE * 2**DEPTH):
        raise ValueError(
            f"input_size is not a multiple of {STRIDE * 2**DEPTH}, so its maps of 1/{STRIDE} of it cannot be halved "
            f"{DEPTH} times"
        )
    if width % share:
        raise ValueError(f"width is not a multiple of {share}, and the first block has layers of 1/{share} of it")


def _features(width: int, block: Block) -> nn.Sequential:
    """F = ReLU(norm(1×1(R(the hourglass's maps))))."""
    return nn.Sequential(block(width, width), nn.Conv2d(width, width, 1), nn.BatchNorm2d(width), nn.ReLU(inplace=True))
