"""HRNetV2 whose streams weigh what they exchange, heed one another, and are fused level by level.

Levels l = 1, 2, 3 are the outputs F of stages 2, 3 and 4, with S = 2, 3, 4 streams of c channels each. All that is
added leaves the trunk's streams as they are at first, so a network without it is the same network.

Source: kozlowska2026hrmlff Eqs. 2, 5–9.
Departs: the paper prints abstract operators; which layers stand for them is ours, and said where they are built.
"""

from collections.abc import Sequence
from functools import reduce

import torch
from torch import Tensor, nn
from torch.nn.functional import adaptive_avg_pool2d

from trainables.backbones.hrnet import Exchange, HRNet, enlarged_like

FUSED = 64  # channels of what is fused, and of the tokens that heed one another
HIDDEN = 16
HEADS = 4
GRID = 8  # cells of a stream's summary along each side


class Gate(nn.Module):
    """Factors 2σ(W₂ ReLU(W₁x)) of features [B, in_features]: all 1 at first, because W₂ and its bias begin at 0."""

    def __init__(self, in_features: int, hidden: int, out_features: int) -> None:
        super().__init__()
        self.narrow = nn.Linear(in_features, hidden)
        self.widen = _zero(nn.Linear(hidden, out_features))

    def forward(self, features: Tensor) -> Tensor:
        return 2 * self.widen(self.narrow(features).relu()).sigmoid()


class AdaptiveExchange(Exchange):
    """Adaptive cross-resolution embedding: y_i = ReLU(Σ_j w_ij·T_ji(x_j)), the weights drawn from all streams' means.

    w_ij is α of the paper where j is the finer stream, β where it is the coarser one.

    Source: kozlowska2026hrmlff Eq. 2.
    Departs: Eq. 2 adds the enlarged and the shrunk form of one stream, of which only one can have the right size.
    """

    def __init__(self, channels: Sequence[int]) -> None:
        super().__init__(channels)
        self.gate = Gate(sum(channels), HIDDEN, len(channels) ** 2)

    def translations(self, streams: list[Tensor]) -> list[list[Tensor]]:
        weights = self.gate(torch.cat([_means(stream) for stream in streams], dim=1))
        weights = weights.unflatten(1, (len(streams), len(streams)))[..., None, None, None]
        return [
            [weights[:, target, source] * stream for source, stream in enumerate(translated)]
            for target, translated in enumerate(super().translations(streams))
        ]


class CrossFlow(nn.Module):
    """Cross-flow modulation: each channel of each stream, then each place of it, times what all streams make of it.

    A stream's summary of 8×8 places (all of them, where it has fewer) heeds those of all streams; the answer becomes
    factors 2σ(·), which are enlarged to the stream's size.

    Source: kozlowska2026hrmlff (prose before Eq. 3). Departs: all of its layers are ours.
    """

    def __init__(self, channels: Sequence[int]) -> None:
        super().__init__()
        self.gates = nn.ModuleList(Gate(number, max(8, number // 4), number) for number in channels)
        self.ask = nn.ModuleList(nn.Linear(number, FUSED) for number in channels)
        self.norm = nn.LayerNorm(FUSED)
        self.attention = nn.MultiheadAttention(FUSED, HEADS, batch_first=True)
        self.answer = nn.ModuleList(_zero(nn.Linear(FUSED, number)) for number in channels)

    def forward(self, streams: list[Tensor]) -> list[Tensor]:
        """Works on summaries alone, so that a stream itself is read and multiplied once."""
        summaries = [_summary(stream) for stream in streams]
        gates = [gate(_means(summary))[..., None, None] for gate, summary in zip(self.gates, summaries, strict=True)]
        asked = [
            ask((gate * summary).flatten(2).mT) for ask, gate, summary in zip(self.ask, gates, summaries, strict=True)
        ]
        heard = self._heard(torch.cat(asked, dim=1)).split([part.shape[1] for part in asked], dim=1)
        factors = [
            gate * 2 * answer(part).sigmoid().mT.unflatten(2, summary.shape[2:])
            for gate, answer, part, summary in zip(gates, self.answer, heard, summaries, strict=True)
        ]
        return [stream * enlarged_like(factor, stream) for stream, factor in zip(streams, factors, strict=True)]

    def _heard(self, asked: Tensor) -> Tensor:
        # Processors differentiate attention in half precision five times as slowly as in single precision.
        with torch.autocast(asked.device.type, enabled=False):
            known = self.norm(asked.float())
            return self.attention(known, known, known, need_weights=False)[0]


class LevelFusion(nn.Module):
    """One level of the fusion: its streams become one map Z, which refines them and is handed on as O.

    Eq. 5: Z = Ψ(Σ_s w_s·γ_s(F^s)), γ a 1×1 convolution, enlargement and channel factors, w a softmax over the streams
    drawn from their means, Ψ a separable 3×3 convolution.
    Eq. 6: F̃^s = F^s + σ(1×1([F^s, Z]))⊙BN(1×1(Z)), Z shrunk to the stream; the norm's weights begin at 0.
    Eq. 7: A = λ⊙Z, λ = σ(7×7([mean, maximum of Z over channels])).
    Eq. 8: O = ReLU(BN(1×1([A, Σ_s 1×1(F̃^s), O of the level below]))).
    Eq. 9: O ← O⊙(1 + tanh(mean of O + η)).

    Source: kozlowska2026hrmlff Eqs. 5–9.
    Departs: Eq. 7 as printed sums over places and would leave no map. Eq. 8 takes all levels below at once, where the
    last one already holds the others. The paper does not say what Eq. 9's factor is used for. Sums over streams are
    enlarged from size to size.
    """

    def __init__(self, channels: Sequence[int], lowest: bool) -> None:
        super().__init__()
        self.embed = nn.ModuleList(_convolution(number, FUSED) for number in channels)
        self.gates = nn.ModuleList(Gate(FUSED, HIDDEN, FUSED) for _ in channels)
        self.shares = nn.Sequential(
            nn.Linear(FUSED * len(channels), HIDDEN), nn.ReLU(inplace=True), nn.Linear(HIDDEN, len(channels))
        )
        self.smooth = nn.Sequential(
            nn.Conv2d(FUSED, FUSED, 3, padding=1, groups=FUSED, bias=False),
            nn.BatchNorm2d(FUSED),
            nn.ReLU(inplace=True),
            *_convolution(FUSED, FUSED),
            nn.ReLU(inplace=True),
        )
        self.own = nn.ModuleList(nn.Conv2d(number, number, 1, bias=False) for number in channels)
        self.let_in = nn.ModuleList(nn.Conv2d(FUSED, number, 1) for number in channels)
        self.refine = nn.ModuleList(_convolution(FUSED, number) for number in channels)
        for refined in self.refine:
            _zero(refined[1])  # pyright: ignore[reportIndexIssue]
        self.attend = nn.Conv2d(2, 1, 7, padding=3)
        self.lift = nn.ModuleList(_convolution(number, FUSED) for number in channels)
        joined = 2 if lowest else 3
        self.join = nn.ModuleList(nn.Conv2d(FUSED, FUSED, 1, bias=False) for _ in range(joined))
        self.join_norm = nn.BatchNorm2d(FUSED)
        self.eta = nn.Parameter(torch.zeros(FUSED))

    def forward(self, streams: list[Tensor], below: Tensor | None) -> tuple[list[Tensor], Tensor]:
        """The refined streams, and O [B, 64, h, w] of the first stream's size."""
        fused = self._fused(streams)
        refined, near = [], fused
        for stream, own, let_in, refine in zip(streams, self.own, self.let_in, self.refine, strict=True):
            near = _shrunk(near, stream)
            refined.append(stream + (own(stream) + let_in(near)).sigmoid() * refine(near))
        places = self.attend(torch.stack([fused.mean(dim=1), fused.amax(dim=1)], dim=1)).sigmoid()
        lifted = united([lift(stream) for lift, stream in zip(self.lift, refined, strict=True)])
        known = [places * fused, lifted] + ([] if below is None else [below])
        joined = reduce(torch.add, (join(part) for join, part in zip(self.join, known, strict=True)))
        joined = self.join_norm(joined).relu()
        return refined, joined * (1 + (_means(joined) + self.eta).tanh()[:, :, None, None])

    def _fused(self, streams: list[Tensor]) -> Tensor:
        """Factors and shares are multiplied at each stream's own size: enlargement leaves means as they are."""
        embedded = [embed(stream) for embed, stream in zip(self.embed, streams, strict=True)]
        means = [_means(stream) for stream in embedded]
        factors = [gate(mean) for gate, mean in zip(self.gates, means, strict=True)]
        excited = torch.cat([factor * mean for factor, mean in zip(factors, means, strict=True)], dim=1)
        shares = self.shares(excited).softmax(dim=1).split(1, dim=1)
        weighed = [
            stream * (share * factor)[:, :, None, None]
            for stream, share, factor in zip(embedded, shares, factors, strict=True)
        ]
        return self.smooth(united(weighed))


class MultiLevelHRNet(nn.Module):
    """RGB images [B, 3, S, S] in [0, 1] → the streams of HRNet's last stage and, with `fusion`, the last level's map.

    `embedding`: adaptive exchanges (Eq. 2). `modulation`: cross-flow modulation of what enters stages 2, 3 and 4.
    `fusion`: multi-level fusion (Eqs. 5–9), whose refined streams go on to the next stage.

    Source: kozlowska2026hrmlff.
    """

    def __init__(
        self, width: int, modules: tuple[int, int, int], embedding: bool, modulation: bool, fusion: bool
    ) -> None:
        super().__init__()
        self.trunk = HRNet(width, modules, exchange=AdaptiveExchange if embedding else Exchange)
        stages = self.trunk.channels_of_stages
        self.flows = nn.ModuleList(CrossFlow(channels) for channels in stages) if modulation else None
        self.levels = None
        if fusion:
            self.levels = nn.ModuleList(LevelFusion(channels, channels is stages[0]) for channels in stages)
        self.channels = (*self.trunk.channels, *((FUSED,) if fusion else ()))

    def forward(self, images: Tensor) -> list[Tensor]:
        streams, top = self.trunk.begin(images), None
        for number in range(1, self.trunk.num_stages + 1):
            streams = self.trunk.transition(number, streams)
            if self.flows is not None:
                streams = self.flows[number - 1](streams)
            streams = self.trunk.stage(number, streams)
            if self.levels is not None:
                streams, top = self.levels[number - 1](streams, top)
        return streams if top is None else [*streams, top]


def _convolution(in_channels: int, channels: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(in_channels, channels, 1, bias=False), nn.BatchNorm2d(channels))


def united(streams: Sequence[Tensor]) -> Tensor:
    """The sum of streams of one number of channels [B, C, h, w], the smallest last, at the size of the first one.

    Each sum is enlarged to the next size, so that full size is reached once.
    """
    return reduce(lambda smaller, stream: stream + enlarged_like(smaller, stream), reversed(streams))


def _shrunk(features: Tensor, like: Tensor) -> Tensor:
    """By means, to the height and width of `like`."""
    if features.shape[2:] == like.shape[2:]:
        return features
    return adaptive_avg_pool2d(features, (like.shape[2], like.shape[3]))


def _zero(layer: nn.Module) -> nn.Module:
    for parameter in layer.parameters():
        nn.init.zeros_(parameter)
    return layer


def _summary(stream: Tensor) -> Tensor:
    """Means of 8×8 parts of a stream [B, C, h, w]; one that has fewer places is its own summary."""
    return adaptive_avg_pool2d(stream, (min(GRID, stream.shape[2]), min(GRID, stream.shape[3])))


def _means(stream: Tensor) -> Tensor:
    """Of each channel: [B, C]."""
    return stream.mean(dim=(2, 3))
