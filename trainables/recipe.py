"""How a network is trained: everything of a trial that is neither network, nor data, nor seed."""

from collections.abc import Iterable
from typing import Annotated, ClassVar, Literal

import torch
from pydantic import Field
from torch.optim import lr_scheduler

from trainables.config import Config, config
from trainables.transforms.augmentation import Augmentation
from trainables.transforms.crop import Crop

Positive = Annotated[float, Field(gt=0)]
PositiveInt = Annotated[int, Field(gt=0)]
NotNegative = Annotated[float, Field(ge=0)]


class Optimizer(Config):
    """Contract: `build(parameters)` gives the torch optimiser."""

    lr: float

    def build(self, parameters: Iterable[torch.nn.Parameter]) -> torch.optim.Optimizer: ...


@config
class Adam(Optimizer):
    """Source: kingma2015adam Algorithm 1 (α, β1, β2)."""

    lr: Positive = 1e-3
    beta1: Annotated[float, Field(ge=0, lt=1)] = 0.9
    beta2: Annotated[float, Field(ge=0, lt=1)] = 0.999
    weight_decay: NotNegative = 0.0

    def build(self, parameters: Iterable[torch.nn.Parameter]) -> torch.optim.Optimizer:
        betas = (self.beta1, self.beta2)
        return torch.optim.Adam(parameters, lr=self.lr, betas=betas, weight_decay=self.weight_decay)


class Schedule(Config):
    """Contract: `build(optimizer, epochs)` gives the torch schedule, stepped once after each epoch.

    `needs_metric`: whether its step takes the monitored validation value.
    """

    needs_metric: ClassVar[bool] = False

    def build(self, optimizer: torch.optim.Optimizer, epochs: int) -> lr_scheduler.LRScheduler: ...


@config
class Constant(Schedule):
    """The optimiser's learning rate, unchanged."""

    def build(self, optimizer: torch.optim.Optimizer, epochs: int) -> lr_scheduler.LRScheduler:
        return lr_scheduler.ConstantLR(optimizer, factor=1.0, total_iters=0)


@config
class Plateau(Schedule):
    """Multiply by `factor` when the monitored value has not improved for `patience` epochs.

    Source: sharif2025resnet18 Sec. 5.1 ("learning rate scheduling"; the paper prints neither factor nor patience).
    """

    needs_metric: ClassVar[bool] = True
    factor: Annotated[float, Field(gt=0, lt=1)] = 0.5
    patience: PositiveInt = 5
    min_lr: NotNegative = 1e-6

    def build(self, optimizer: torch.optim.Optimizer, epochs: int) -> lr_scheduler.LRScheduler:
        return lr_scheduler.ReduceLROnPlateau(
            optimizer, factor=self.factor, patience=self.patience, min_lr=self.min_lr, threshold=0.0
        )


@config
class Multistep(Schedule):
    """Multiply by `factor` after each epoch in `milestones`."""

    milestones: tuple[PositiveInt, ...]
    factor: Annotated[float, Field(gt=0, lt=1)] = 0.1

    def build(self, optimizer: torch.optim.Optimizer, epochs: int) -> lr_scheduler.LRScheduler:
        return lr_scheduler.MultiStepLR(optimizer, list(self.milestones), gamma=self.factor)


@config
class Cosine(Schedule):
    """lr_e = min_lr + ½(lr − min_lr)(1 + cos(πe/epochs)). Source: loshchilov2017sgdr Eq. 5, without restarts."""

    min_lr: NotNegative = 0.0

    def build(self, optimizer: torch.optim.Optimizer, epochs: int) -> lr_scheduler.LRScheduler:
        return lr_scheduler.CosineAnnealingLR(optimizer, T_max=epochs, eta_min=self.min_lr)


@config
class Recipe:
    """Everything about training that can change the trained network.

    `batch_size` is the global batch: workers share it. `monitor` is the validation metric (lower is better) that picks
    the weights, drives a plateau schedule and ends training after `early_stop_patience` epochs without improvement.
    """

    epochs: PositiveInt = 60
    batch_size: PositiveInt = 32
    optimizer: Optimizer = Adam()
    schedule: Schedule = Constant()
    crop: Crop = Crop()
    augmentation: Augmentation | None = None
    monitor: Literal["val_nme_io", "val_mse"] = "val_nme_io"
    early_stop_patience: PositiveInt | None = None
