"""Small methods that do what training must cope with, and trials of them."""

import math
from collections.abc import Iterable
from typing import ClassVar

import torch
from torch import Tensor, nn

from trainables.config import config
from trainables.method import Batch, LandmarkModel, Method, Update
from trainables.recipe import Averaging, Optimizer, Pairs, Plateau, Positive, PositiveInt, Recipe, Warmup
from trainables.schemes import Scheme
from trainables.transforms.augmentation import Augmentation
from trainables.trial import Trial

CPU = torch.device("cpu")
SIZE = 32


@config
class Rival(Method):
    """Two optimisers and dropout: of its two terms one reaches the head alone, as adversaries' terms do."""

    kind: ClassVar[str] = "rival_of_tests"
    input_size: PositiveInt = SIZE

    def build(self, scheme: Scheme) -> "RivalModel":
        return RivalModel(scheme.num_landmarks)


class RivalModel(LandmarkModel):
    def __init__(self, num_landmarks: int) -> None:
        super().__init__()
        self.trunk = nn.Sequential(nn.AvgPool2d(8), nn.Flatten(), nn.Linear(3 * 16, 8), nn.Dropout(0.3))
        self.head = nn.Linear(8, 2 * num_landmarks)

    def forward(self, images: Tensor) -> Tensor:
        return self.head(self.trunk(images)).unflatten(1, (-1, 2))

    def losses(self, output: Tensor, batch: Batch) -> dict[str, Tensor]:
        truth = batch.landmarks / SIZE
        alone = self.head(self.trunk(batch.images).detach()).unflatten(1, (-1, 2))
        return {"near": (output - truth).square().mean(), "straight": (alone - truth).abs().mean()}

    def decode(self, output: Tensor) -> Tensor:
        return output * SIZE

    def updates(self) -> list[Update]:
        return [
            Update("trunk", tuple(self.trunk.parameters())),
            Update("head", tuple(self.head.parameters())),
        ]


class PlainModel(RivalModel):
    """Without dropout; its term is a mean over landmarks, each by its weight."""

    def __init__(self, num_landmarks: int) -> None:
        super().__init__(num_landmarks)
        self.trunk[-1] = nn.Tanh()

    def losses(self, output: Tensor, batch: Batch) -> dict[str, Tensor]:
        distance = (output - torch.nan_to_num(batch.landmarks) / SIZE).square().mean(dim=-1)
        return {"weighed": (batch.weight * distance).sum() / batch.weight.sum()}

    def averaged_over(self, batch: Batch) -> Tensor:
        return batch.weight.sum()


@config
class Plain(Rival):
    kind: ClassVar[str] = "plain_of_tests"

    def build(self, scheme: Scheme) -> RivalModel:
        return PlainModel(scheme.num_landmarks)


class PlainRivalModel(PlainModel):
    """Its terms are means over faces."""

    def losses(self, output: Tensor, batch: Batch) -> dict[str, Tensor]:
        return RivalModel.losses(self, output, batch)

    def averaged_over(self, batch: Batch) -> Tensor:
        return RivalModel.averaged_over(self, batch)


@config
class PlainRival(Rival):
    kind: ClassVar[str] = "plain_rival_of_tests"

    def build(self, scheme: Scheme) -> RivalModel:
        return PlainRivalModel(scheme.num_landmarks)


class Normed(RivalModel):
    """With a batch norm and a buffer that is none of its statistics."""

    def __init__(self, num_landmarks: int) -> None:
        super().__init__(num_landmarks)
        self.trunk = nn.Sequential(nn.Conv2d(3, 4, 3, stride=4), nn.BatchNorm2d(4), nn.Flatten(), nn.LazyLinear(8))
        self.trunk(torch.zeros(1, 3, SIZE, SIZE))
        self.trunk.append(nn.Dropout(0.3))

    def updates(self) -> list[Update]:
        return LandmarkModel.updates(self)


@config
class NormedRival(Rival):
    kind: ClassVar[str] = "normed_rival_of_tests"

    def build(self, scheme: Scheme) -> RivalModel:
        return Normed(scheme.num_landmarks)


@config
class Drifting(Method):
    """Predicts one point for all landmarks: the crop's centre, off by `offsets[step − 1]` px along both axes, or no
    numbers where that is None."""

    kind: ClassVar[str] = "drifting_of_tests"
    input_size: PositiveInt = SIZE
    offsets: tuple[float | None, ...]
    nan_at: int = -1

    def build(self, scheme: Scheme) -> "DriftingModel":
        return DriftingModel(scheme.num_landmarks, self.offsets, self.nan_at)


class DriftingModel(LandmarkModel):
    steps: Tensor

    def __init__(self, num_landmarks: int, offsets: tuple[float | None, ...], nan_at: int) -> None:
        super().__init__()
        self.num_landmarks, self.offsets, self.nan_at = num_landmarks, offsets, nan_at
        self.register_buffer("steps", torch.zeros((), dtype=torch.long))

    def forward(self, images: Tensor) -> Tensor:
        return torch.full((len(images), self.num_landmarks, 2), SIZE / 2)

    def losses(self, output: Tensor, batch: Batch) -> dict[str, Tensor]:
        self.steps += 1
        wrong = torch.tensor(math.nan if int(self.steps) == self.nan_at else 2.0)
        return {"steady": torch.tensor(1.0), "wrong": wrong}

    def decode(self, output: Tensor) -> Tensor:
        offset = self.offsets[int(self.steps) - 1]
        return output + (math.nan if offset is None else offset)


@config
class Watched(Optimizer):
    """Plain gradient descent that notes the learning rate and the gradients' norm of each step."""

    kind: ClassVar[str] = "watched_of_tests"
    lr: Positive = 2e-3

    def build(self, parameters: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
        return WatchedDescent(parameters, lr=self.lr)


class WatchedDescent(torch.optim.SGD):
    rates: ClassVar[list[float]] = []
    norms: ClassVar[list[float]] = []

    def step(self, closure=None):
        (group,) = self.param_groups
        self.rates.append(group["lr"])
        self.norms.append(float(torch.cat([p.grad.flatten() for p in group["params"]]).norm()))
        return super().step(closure)


def trial_of(faces_of, method: Method, **recipe) -> Trial:
    given = {"epochs": 4, "batch_size": 4, "augmentation": Augmentation()} | recipe
    return Trial(method=method, data=faces_of, recipe=Recipe(**given), seed=1)


def assert_same_tensors(one: dict[str, Tensor], other: dict[str, Tensor]) -> None:
    assert set(one) == set(other)
    for name in one:
        assert torch.equal(one[name], other[name]), name


EVERYTHING = {
    "warmup": Warmup(iterations=5),
    "clip_norm": 0.5,
    "averaging": Averaging(from_epoch=2, images=6),
    "pairs": Pairs(),
    "schedule": Plateau(patience=1),
    "batch_size": 3,
}
