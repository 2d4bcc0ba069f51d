"""HRNetV2: streams of several resolutions side by side, exchanging what they see; and its linear heatmap head.

Names of the trunk's parameters are those of its public ImageNet weights.
"""

from collections.abc import Sequence
from functools import reduce
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate

from trainables.backbones.resnet import BasicBlock
from trainables.backbones.stem_strides import STEM_STRIDES
from trainables.pretrained import pretrained_weights

STEM = 64  # channels
LAYER1 = 256
BLOCKS = 4  # of the first layer, and of every stream between two exchanges
IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)
INITIAL_STD = 0.001  # of the weights of convolutions
Stride = Literal[4, 8, 16, 32, 64]
# How many of the stages 2, 3 and 4 a trunk of each stride has. Source: bao2023keyposs (public code).
STAGES: dict[int, int] = {4: 3, 8: 3, 16: 3, 32: 2, 64: 1}


class Exchange(nn.Module):
    """One multi-resolution module: four residual blocks in every stream, then y_i = ReLU(Σ_j T_ji(x_j)).

    T_ji is the identity where i = j, a 1×1 convolution and bilinear enlargement from a smaller stream, and from a
    larger one a 3×3 convolution of stride 2 for every halving.

    Source: sun2019hrnet and its public code.
    """

    def __init__(self, channels: Sequence[int]) -> None:
        super().__init__()
        streams = range(len(channels))
        self.branches = nn.ModuleList(
            nn.Sequential(*(BasicBlock(number, number) for _ in range(BLOCKS))) for number in channels
        )
        self.fuse_layers = nn.ModuleList(
            nn.ModuleList(_translation(channels, source, target) for source in streams) for target in streams
        )
        self.relu = nn.ReLU(inplace=True)

    def forward(self, streams: list[Tensor]) -> list[Tensor]:
        seen = [branch(stream) for branch, stream in zip(self.branches, streams, strict=True)]
        translated = self.translations(seen)
        return [
            self.relu(reduce(torch.add, (enlarged_like(part, stream) for part in parts)))
            for stream, parts in zip(seen, translated, strict=True)
        ]

    def translations(self, streams: list[Tensor]) -> list[list[Tensor]]:
        """For every stream i what each stream j has for it: T_ji(x_j), not yet enlarged."""
        return [
            [layer(stream) for layer, stream in zip(layers.children(), streams, strict=True)]
            for layers in self.fuse_layers.children()
        ]


class HRNet(nn.Module):
    """RGB images [B, 3, S, S] in [0, 1] → the streams of the last stage, the first of side S/stride, each next half.

    `width`: channels of the first stream, doubled from stream to stream (18 is W18). `modules`: exchange modules of
    stages 2, 3 and 4, of which as many stages are built as the stride has. `exchange`: what such a module is.

    Source: sun2019hrnet and its public code.
    """

    mean: Tensor
    std: Tensor

    def __init__(
        self,
        width: int = 18,
        modules: tuple[int, int, int] = (1, 4, 3),
        stride: Stride = 4,
        exchange: type[Exchange] = Exchange,
    ) -> None:
        super().__init__()
        self.register_buffer("mean", torch.tensor(IMAGENET_MEAN)[:, None, None], persistent=False)
        self.register_buffer("std", torch.tensor(IMAGENET_STD)[:, None, None], persistent=False)
        self.num_stem, self.num_stages = len(STEM_STRIDES[stride]), STAGES[stride]
        for number, step in enumerate(STEM_STRIDES[stride], start=1):
            in_channels = 3 if number == 1 else STEM
            self.add_module(f"conv{number}", nn.Conv2d(in_channels, STEM, 3, step, padding=1, bias=False))
            self.add_module(f"bn{number}", nn.BatchNorm2d(STEM))
        self.relu = nn.ReLU(inplace=True)
        self.layer1 = nn.Sequential(Bottleneck(STEM), *(Bottleneck(LAYER1) for _ in range(BLOCKS - 1)))
        before: tuple[int, ...] = (LAYER1,)
        self.channels_of_stages: list[tuple[int, ...]] = []
        for number in range(1, self.num_stages + 1):
            after = tuple(width * 2**stream for stream in range(number + 1))
            self.add_module(f"transition{number}", _transition(before, after))
            self.add_module(f"stage{number + 1}", nn.Sequential(*(exchange(after) for _ in range(modules[number - 1]))))
            self.channels_of_stages.append(after)
            before = after
        self.channels = before

    def forward(self, images: Tensor) -> list[Tensor]:
        streams = self.begin(images)
        for number in range(1, self.num_stages + 1):
            streams = self.stage(number, self.transition(number, streams))
        return streams

    def begin(self, images: Tensor) -> list[Tensor]:
        """Stem and first layer: one stream of 256 channels."""
        features = (images - self.mean) / self.std
        for number in range(1, self.num_stem + 1):
            convolution, norm = self.get_submodule(f"conv{number}"), self.get_submodule(f"bn{number}")
            features = self.relu(norm(convolution(features)))
        return [self.layer1(features)]

    def transition(self, number: int, streams: list[Tensor]) -> list[Tensor]:
        """The streams that enter stage `number` + 1. A new one begins at the smallest of those that there are."""
        steps = self.get_submodule(f"transition{number}").children()
        return [step(streams[min(index, len(streams) - 1)]) for index, step in enumerate(steps)]

    def stage(self, number: int, streams: list[Tensor]) -> list[Tensor]:
        """The exchange modules of stage `number` + 1."""
        return self.get_submodule(f"stage{number + 1}")(streams)


class HeatmapHead(nn.Module):
    """All streams, enlarged to the first one's size → heatmaps [B, K, h, w] by two 1×1 convolutions; no sigmoid.

    `hidden`: channels between the two, by default as many as all streams have together.

    Source: sun2019hrnet and its public code.
    """

    def __init__(self, channels: Sequence[int], num_landmarks: int, hidden: int | None = None) -> None:
        super().__init__()
        total = sum(channels)
        hidden = hidden or total
        self.mix = nn.Conv2d(total, hidden, 1)
        self.bn = nn.BatchNorm2d(hidden)
        self.relu = nn.ReLU(inplace=True)
        self.heatmaps = nn.Conv2d(hidden, num_landmarks, 1)

    def forward(self, streams: list[Tensor]) -> Tensor:
        enlarged = [enlarged_like(stream, streams[0]) for stream in streams]
        return self.heatmaps(self.relu(self.bn(self.mix(torch.cat(enlarged, dim=1)))))


class Bottleneck(nn.Module):
    """1×1, 3×3, 1×1 convolutions to 256 channels and an identity (or 1×1) shortcut. Source: he2016resnet Fig. 5."""

    def __init__(self, in_channels: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, STEM, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(STEM)
        self.conv2 = nn.Conv2d(STEM, STEM, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(STEM)
        self.conv3 = nn.Conv2d(STEM, LAYER1, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(LAYER1)
        self.relu = nn.ReLU(inplace=True)
        self.downsample: nn.Module = nn.Identity()
        if in_channels != LAYER1:
            self.downsample = nn.Sequential(nn.Conv2d(in_channels, LAYER1, 1, bias=False), nn.BatchNorm2d(LAYER1))

    def forward(self, features: Tensor) -> Tensor:
        residual = self.relu(self.bn1(self.conv1(features)))
        residual = self.relu(self.bn2(self.conv2(residual)))
        return self.relu(self.bn3(self.conv3(residual)) + self.downsample(features))


def initialise(module: nn.Module) -> None:
    """Weights of convolutions N(0, 0.001²); norms keep 1 and 0. Source: sun2019hrnet (public code)."""
    for part in module.modules():
        if isinstance(part, nn.Conv2d):
            nn.init.normal_(part.weight, std=INITIAL_STD)


def load_pretrained(trunk: HRNet, path: Path) -> None:
    """Take over a trunk's weights from a safetensors file; what it holds beside them (a classifier) is passed over.

    The stem's third and fourth convolution and the gates of adaptive exchanges, which no public file has, keep theirs.
    Raises ValueError where the file cannot be read or lacks a weight of the trunk.
    """
    remedy = "Give a safetensors file of HRNetV2, or pretrained=None"
    weights = pretrained_weights(path, "pretrained weights", remedy)
    own = trunk.state_dict()
    extra = tuple(f"{name}{number}." for name in ("conv", "bn") for number in range(3, trunk.num_stem + 1))
    added = (".gate.", "num_batches_tracked")
    wanted = {name for name in own if not name.startswith(extra) and not any(part in name for part in added)}
    wrong = sorted(name for name in wanted if name not in weights or weights[name].shape != own[name].shape)
    if wrong:
        raise ValueError(
            f"pretrained weights {path}: {len(wrong)} of {len(wanted)} weights of the trunk are missing or of another "
            f"shape, first {wrong[0]!r}. Give the file of an HRNetV2 of the same width and modules"
        )
    trunk.load_state_dict({name: weights[name] for name in wanted}, strict=False)


def _transition(before: Sequence[int], after: Sequence[int]) -> nn.ModuleList:
    """What begins each stream of a stage: nothing new, a 3×3 convolution to its width, or one of stride 2."""
    steps: list[nn.Module] = []
    for index, channels in enumerate(after):
        if index >= len(before):
            steps.append(nn.Sequential(nn.Sequential(*_norm_convolution(before[-1], channels, 3, 2), nn.ReLU(True))))
        elif before[index] != channels:
            steps.append(nn.Sequential(*_norm_convolution(before[index], channels, 3, 1), nn.ReLU(True)))
        else:
            steps.append(nn.Identity())
    return nn.ModuleList(steps)


def _translation(channels: Sequence[int], source: int, target: int) -> nn.Module:
    """T_ji without the enlargement."""
    if source == target:
        return nn.Identity()
    if source > target:
        return nn.Sequential(*_norm_convolution(channels[source], channels[target], 1, 1))
    halvings = target - source
    last = nn.Sequential(*_norm_convolution(channels[source], channels[target], 3, 2))
    own = channels[source]
    first = (nn.Sequential(*_norm_convolution(own, own, 3, 2), nn.ReLU(True)) for _ in range(halvings - 1))
    return nn.Sequential(*first, last)


def _norm_convolution(in_channels: int, channels: int, kernel: int, stride: int) -> tuple[nn.Module, nn.Module]:
    convolution = nn.Conv2d(in_channels, channels, kernel, stride, padding=kernel // 2, bias=False)
    return convolution, nn.BatchNorm2d(channels)


def enlarged_like(stream: Tensor, like: Tensor) -> Tensor:
    """Bilinearly, to the height and width of `like`."""
    if stream.shape[2:] == like.shape[2:]:
        return stream
    return interpolate(stream, size=like.shape[2:], mode="bilinear", align_corners=False)
