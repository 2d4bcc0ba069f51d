"""The face-hallucination stream: residual blocks at one size, then enlargement by sub-pixel convolutions.

Source: wan2026sht Sec. 3.1, whose blocks are those of ledig2017srresnet.
"""

import torch
from torch import Tensor, nn

WIDTH = 64  # channels
MODULES, BLOCKS = 4, 4  # modules, and blocks of each
KERNEL = 9  # of the convolutions from and to colours


class FaceHallucination(nn.Module):
    """RGB pictures [B, 3, s, s] → [B, 3, s·2^`doublings`, same] of more detail, not bounded.

    A module t makes Q_t of what the one before gave; another stream may change Q_t before it is handed on.
    """

    def __init__(self, doublings: int, width: int = WIDTH, blocks: int = BLOCKS) -> None:
        super().__init__()
        self.width = width
        self.begin = nn.Sequential(nn.Conv2d(3, width, KERNEL, padding=KERNEL // 2), nn.PReLU())
        self.modules_ = nn.ModuleList(
            nn.Sequential(*(SuperResolutionBlock(width) for _ in range(blocks))) for _ in range(MODULES)
        )
        self.gather = nn.Sequential(nn.Conv2d(width, width, 3, padding=1), nn.BatchNorm2d(width))
        doubled = (
            nn.Sequential(nn.Conv2d(width, 4 * width, 3, padding=1), nn.PixelShuffle(2), nn.PReLU())
            for _ in range(doublings)
        )
        self.enlarge = nn.Sequential(*doubled, nn.Conv2d(width, 3, KERNEL, padding=KERNEL // 2))

    def forward(self, pictures: Tensor) -> Tensor:
        first = found = self.begin(pictures)
        for module in self.modules_:
            found = module(found)
        return self.end(found, first)

    def end(self, found: Tensor, first: Tensor) -> Tensor:
        """The picture, of what the last module found and what the stream began with."""
        return self.enlarge(self.gather(found) + first)


class SuperResolutionBlock(nn.Module):
    """x + BN(conv(PReLU(BN(conv(x))))), 3×3. Source: ledig2017srresnet Fig. 4."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.residual = nn.Sequential(
            nn.Conv2d(width, width, 3, padding=1),
            nn.BatchNorm2d(width),
            nn.PReLU(),
            nn.Conv2d(width, width, 3, padding=1),
            nn.BatchNorm2d(width),
        )

    def forward(self, features: Tensor) -> Tensor:
        return features + self.residual(features)


class PoseAttention(nn.Module):
    """Q′ = Q + Q⊙σ(RB(P)): what the hourglass found, P, says where Q matters. Source: wan2026sht Eq. 1.

    RB is a residual block of two 3×3 convolutions with a 1×1 shortcut.
    Departs: no ReLU ends it, so that the factors reach from 0 to 1 and not from ½.
    """

    def __init__(self, pose_width: int, width: int) -> None:
        super().__init__()
        self.residual = nn.Sequential(
            *_norm_convolution(pose_width, width, 3), nn.ReLU(inplace=True), *_norm_convolution(width, width, 3)
        )
        self.shortcut = nn.Sequential(*_norm_convolution(pose_width, width, 1))

    def forward(self, features: Tensor, pose: Tensor) -> Tensor:
        return features + features * (self.residual(pose) + self.shortcut(pose)).sigmoid()


class DetailFusion(nn.Module):
    """P′ = P + conv([P, Q′]), 3×3: what the hallucination found is added to the pose; nothing at first.

    Source: wan2026sht Eq. 2.
    """

    def __init__(self, pose_width: int, width: int) -> None:
        super().__init__()
        self.fuse = nn.Conv2d(pose_width + width, pose_width, 3, padding=1)
        nn.init.zeros_(self.fuse.weight)
        nn.init.zeros_(self.fuse.get_parameter("bias"))

    def forward(self, pose: Tensor, features: Tensor) -> Tensor:
        return pose + self.fuse(torch.cat([pose, features], dim=1))


def _norm_convolution(in_channels: int, channels: int, kernel: int) -> tuple[nn.Module, nn.Module]:
    convolution = nn.Conv2d(in_channels, channels, kernel, padding=kernel // 2, bias=False)
    return convolution, nn.BatchNorm2d(channels)
