"""The pose-transfer generator, which shows a face in another pose, and the discriminators that judge its pictures.

Source: zhu2019patn Sec. 3.1–3.2 and its public code, with landmark heatmaps as poses (wan2026sht Sec. 3.2).
Departs: always instance norm without parameters, which the code has for its smaller batches, beside batch norm.
"""

from itertools import pairwise

import torch
from torch import Tensor, nn

WIDTH = 64  # channels at full size
BLOCKS = 9
DROPOUT = 0.5
KERNEL = 7  # of the convolutions from and to pictures
WIDEST = 4  # widths after two halvings and more
DISCRIMINATOR_BLOCKS = 3
INITIAL_STD = 0.02  # of the weights of convolutions


class PoseTransferGenerator(nn.Module):
    """Pictures [B, 3, S, S] in [−1, 1], heatmaps [B, 2K, S, S] of their pose and the wanted one → pictures so posed.

    S is a multiple of 2^`halvings`. What the pictures show and the poses are halved apart; attention blocks move what
    is seen to where the wanted pose has it; transposed convolutions enlarge it again.

    Source: zhu2019patn (public code). Departs: a third halving, cheaper by three quarters in the blocks, keeps
    4·`width` channels, as that code has it in discriminators alone.
    """

    def __init__(
        self,
        num_landmarks: int,
        width: int = WIDTH,
        blocks: int = BLOCKS,
        halvings: int = 2,
        dropout: float = DROPOUT,
    ) -> None:
        super().__init__()
        channels = _channels(width, halvings)
        self.picture_encoder = nn.Sequential(*_encoder(3, channels))
        self.pose_encoder = nn.Sequential(*_encoder(2 * num_landmarks, channels))
        self.blocks = nn.ModuleList(
            PoseAttentionBlock(channels[-1], channels[-1] * (1 if number == 0 else 2), dropout)
            for number in range(blocks)
        )
        larger = [
            layer
            for inner, outer in pairwise(reversed(channels))
            for layer in (
                nn.ConvTranspose2d(inner, outer, 3, stride=2, padding=1, output_padding=1),
                nn.InstanceNorm2d(outer),
                nn.ReLU(inplace=True),
            )
        ]
        self.decoder = nn.Sequential(*larger, *_reflecting(width, 3, KERNEL), nn.Tanh())
        _initialise(self)

    def forward(self, pictures: Tensor, heatmaps: Tensor) -> Tensor:
        features, pose = self.picture_encoder(pictures), self.pose_encoder(heatmaps)
        for block in self.blocks:
            features, pose = block(features, pose)
        return self.decoder(features)


class PoseAttentionBlock(nn.Module):
    """Features x [B, C, h, w], pose p [B, P, h, w] → x′ = x + σ(q) ⊙ f_x(x), q = f_p(p); p′ = [q, x′] [B, 2C, h, w].

    Source: zhu2019patn Sec. 3.1.
    """

    def __init__(self, channels: int, pose_channels: int, dropout: float) -> None:
        super().__init__()
        self.residual = nn.Sequential(*_residual(channels, dropout))
        self.attention = nn.Sequential(
            *_normed(pose_channels, pose_channels),
            nn.Dropout(dropout),
            *_reflecting(pose_channels, channels, 3),
        )

    def forward(self, features: Tensor, pose: Tensor) -> tuple[Tensor, Tensor]:
        attention = self.attention(pose)
        moved = features + attention.sigmoid() * self.residual(features)
        return moved, torch.cat([attention, moved], dim=1)


class PairDiscriminator(nn.Module):
    """A picture and what it must go with [B, channels, S, S] → logits [B, 1, S/4, S/4] of the pair being a real one.

    Source: zhu2019patn (public code). Departs: a 1×1 convolution to one logit ends it; there a sigmoid of each of the
    last features does.
    """

    def __init__(self, channels: int, width: int = WIDTH) -> None:
        super().__init__()
        widths = _channels(width, 2)
        self.layers = nn.Sequential(
            *_encoder(channels, widths),
            *(_ResidualBlock(widths[-1], DROPOUT) for _ in range(DISCRIMINATOR_BLOCKS)),
            nn.Conv2d(widths[-1], 1, 1),
        )
        _initialise(self)

    def forward(self, pairs: Tensor) -> Tensor:
        return self.layers(pairs)


class _ResidualBlock(nn.Module):
    def __init__(self, channels: int, dropout: float) -> None:
        super().__init__()
        self.residual = nn.Sequential(*_residual(channels, dropout))

    def forward(self, features: Tensor) -> Tensor:
        return features + self.residual(features)


def _channels(width: int, halvings: int) -> list[int]:
    """At full size, and after each halving."""
    return [width * min(2**halving, WIDEST) for halving in range(halvings + 1)]


def _encoder(in_channels: int, channels: list[int]) -> list[nn.Module]:
    """A 7×7 convolution, then a 3×3 one of stride 2 for each halving, each with norm and ReLU."""
    layers = _normed(in_channels, channels[0], KERNEL)
    for outer, inner in pairwise(channels):
        halved = nn.Conv2d(outer, inner, 3, stride=2, padding=1)
        layers += [halved, nn.InstanceNorm2d(inner), nn.ReLU(inplace=True)]
    return layers


def _residual(channels: int, dropout: float) -> list[nn.Module]:
    """Convolution, norm, ReLU, dropout, convolution, norm."""
    last = [*_reflecting(channels, channels, 3), nn.InstanceNorm2d(channels)]
    return [*_normed(channels, channels), nn.Dropout(dropout), *last]


def _normed(in_channels: int, channels: int, kernel: int = 3) -> list[nn.Module]:
    return [*_reflecting(in_channels, channels, kernel), nn.InstanceNorm2d(channels), nn.ReLU(inplace=True)]


def _reflecting(in_channels: int, channels: int, kernel: int) -> list[nn.Module]:
    """A convolution that sees the picture mirrored beyond its edges."""
    return [nn.ReflectionPad2d(kernel // 2), nn.Conv2d(in_channels, channels, kernel)]


def _initialise(network: nn.Module) -> None:
    """Weights of convolutions N(0, 0.02²). Source: zhu2019patn (public code)."""
    for part in network.modules():
        if isinstance(part, nn.Conv2d | nn.ConvTranspose2d):
            nn.init.normal_(part.weight, std=INITIAL_STD)
