"""Dual vision transformers in a cascade: every block attends over places and, beside it, over channels."""

from math import gcd

import torch
from torch import Tensor, nn

from trainables.backbones.hourglass import heatmap_layer, stem
from trainables.backbones.hourglass_blocks import Residual

STRIDE = 8  # px of the picture for each heatmap px
PATCH = 2  # heatmap px along each side of a token
MLP_RATIO = 4
POSITION_STD = 0.02  # of the learned positions, at first
INITIAL_HEIGHT = 0.05  # of heatmaps


class DualViT(nn.Module):
    """RGB images [B, 3, S, S] in [0, 1] → the heatmaps of all blocks [B, T, K, S/8, S/8]. S is a multiple of 16.

    `width`: channels of all features. `blocks`: how often heatmaps are given. `layers`, `heads`: of both transformers
    of each block. Blocks see x_1 = s and x_{b+1} = F_b + A_b(H_b) + B_b(s), where s is what the stem gives, F_b are the
    features and H_b the heatmaps of block b, and A_b, B_b are 1×1 convolutions. B_b is the long skip connection.

    Source: dang2025dvit (abstract): both transformers, the cascade, the long skips. newell2016hourglass: the stem.
    Departs: sizes, stem and sums are ours. Heatmaps start flat and a little above 0. Untrained maps of the usual
    weights are loud: a small network trained by the squared error of its maps alone erred by 46 % of the eyes' distance
    on rendered faces after 300 steps, and by 8 % when begun so. And where hardly a cell is positive, the mean position
    that positive cells weigh jumps with the rounding.
    """

    def __init__(self, num_landmarks: int, input_size: int, width: int, blocks: int, layers: int, heads: int) -> None:
        super().__init__()
        tokens = (input_size // (STRIDE * PATCH)) ** 2
        self.stem = nn.Sequential(stem(width, Residual, nn.MaxPool2d(2)), nn.MaxPool2d(2))
        self.blocks = nn.ModuleList(DualBlock(width, tokens, layers, heads) for _ in range(blocks))
        self.heatmaps = nn.ModuleList(heatmap_layer(width, num_landmarks, INITIAL_HEIGHT) for _ in range(blocks))
        # The last block has none after it, which would be told.
        self.from_heatmaps = nn.ModuleList(nn.Conv2d(num_landmarks, width, 1) for _ in range(blocks - 1))
        self.long_skips = nn.ModuleList(nn.Conv2d(width, width, 1) for _ in range(blocks - 1))

    def forward(self, images: Tensor) -> Tensor:
        low_level = self.stem(images)
        seen = low_level
        answers: list[Tensor] = []
        for number, block in enumerate(self.blocks):
            features = block(seen)
            answers.append(self.heatmaps[number](features))
            if number < len(self.long_skips):
                seen = features + self.from_heatmaps[number](answers[-1]) + self.long_skips[number](low_level)
        return torch.stack(answers, dim=1)


class DualBlock(nn.Module):
    """Features [B, C, h, w] → [B, C, h, w]: half of the channels from each transformer, mixed by a 1×1 convolution.

    Source: dang2025dvit (abstract).
    """

    def __init__(self, width: int, tokens: int, layers: int, heads: int) -> None:
        super().__init__()
        self.spatial = SpatialTransformer(width, tokens, layers, heads)
        self.channel = ChannelTransformer(width, tokens, layers, heads)
        self.mix = nn.Conv2d(width, width, 1)
        self.bn = nn.BatchNorm2d(width)
        self.relu = nn.ReLU(inplace=True)

    def forward(self, features: Tensor) -> Tensor:
        both = torch.cat([self.spatial(features), self.channel(features)], dim=1)
        return self.relu(self.bn(self.mix(both)))


class SpatialTransformer(nn.Module):
    """Features [B, C, h, w] → [B, C/2, h, w]. A token is a patch of 2×2 px; it has length C and a learned position.

    `tokens`: h/2 · w/2. Source: dang2025dvit (abstract, spatial-split).
    """

    def __init__(self, width: int, tokens: int, layers: int, heads: int) -> None:
        super().__init__()
        self.patches = nn.Conv2d(width, width, PATCH, PATCH)
        self.positions = nn.Parameter(torch.empty(1, tokens, width))
        nn.init.trunc_normal_(self.positions, std=POSITION_STD)
        self.layers = _transformer(width, layers, heads)
        self.expand = nn.Linear(width, width // 2 * PATCH**2)
        self.shuffle = nn.PixelShuffle(PATCH)

    def forward(self, features: Tensor) -> Tensor:
        patches = self.patches(features)
        tokens = patches.flatten(2).transpose(1, 2) + self.positions
        expanded = self.expand(self.layers(tokens)).transpose(1, 2)
        return self.shuffle(expanded.unflatten(2, patches.shape[2:]))


class ChannelTransformer(nn.Module):
    """Features [B, C, h, w] → [B, C/2, h, w]. A token is a channel, shrunk by a convolution of its own to `length` =
    h/2 · w/2 values.

    The number of heads is the greatest common divisor of `heads` and the length: of 8 heads 8 at 256×256, 4 at 224×224.

    Source: dang2025dvit (abstract, channel-split).
    """

    def __init__(self, width: int, length: int, layers: int, heads: int) -> None:
        super().__init__()
        self.shrink = nn.Conv2d(width, width, PATCH, PATCH, groups=width)
        self.layers = _transformer(length, layers, gcd(heads, length))
        self.expand = nn.Conv2d(width, width // 2 * PATCH**2, 1)
        self.shuffle = nn.PixelShuffle(PATCH)

    def forward(self, features: Tensor) -> Tensor:
        channels = self.shrink(features)
        attended = self.layers(channels.flatten(2)).unflatten(2, channels.shape[2:])
        return self.shuffle(self.expand(attended))


def check_sizes(input_size: int, width: int, heads: int) -> None:
    """Raises ValueError for an input without whole tokens, or a width without whole shares."""
    if input_size % (STRIDE * PATCH):
        raise ValueError(f"input_size is not a multiple of {STRIDE * PATCH}, so no whole number of tokens covers it")
    if width % 4:
        raise ValueError("width is not a multiple of 4, and the first block of the stem has layers of 1/4 of it")
    if width % heads:
        raise ValueError(f"width is not a multiple of the number of heads, {heads}, which share it")


def _transformer(length: int, layers: int, heads: int) -> nn.Sequential:
    """Pre-norm encoder layers for tokens of this length."""
    return nn.Sequential(
        *(
            nn.TransformerEncoderLayer(
                length, heads, MLP_RATIO * length, dropout=0.0, activation="gelu", batch_first=True, norm_first=True
            )
            for _ in range(layers)
        )
    )
