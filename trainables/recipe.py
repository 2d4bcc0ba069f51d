"""How a network is trained: everything of a trial that is neither network, nor data, nor seed."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import field, replace
from typing import Annotated, ClassVar, Final, Literal

import torch
from pydantic import Field
from torch.optim import lr_scheduler

from trainables.config import Config, config
from trainables.transforms.augmentation import AUGMENTATIONS, Augmentation, reach
from trainables.transforms.crop import Crop
from trainables.transforms.curriculum import Curriculum

Positive = Annotated[float, Field(gt=0)]
PositiveInt = Annotated[int, Field(gt=0)]
NotNegative = Annotated[float, Field(ge=0)]
Factor = Annotated[float, Field(gt=0, lt=1)]
Precision = Literal["float32", "bfloat16"]
PICTURES: Final = "val_picture_l1"  # what is monitored of methods that make pictures and find no landmarks
MARGIN = 0.25  # covers ±30° of rotation, or ±10° with 5 % of crop jitter
WIDE_MARGIN = 0.5  # covers any rotation together with ±40 % of scale; 1.8 times the bytes


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


@config
class RMSprop(Optimizer):
    """θ ← θ − lr·g/(√v + `epsilon`), where v is a running mean of g² that keeps 0.99 of itself, as in all public code.

    Source: tieleman2012rmsprop; bulat2017fan (public code) for `epsilon`.
    """

    lr: Positive = 2.5e-4
    epsilon: Positive = 1e-8

    def build(self, parameters: Iterable[torch.nn.Parameter]) -> torch.optim.Optimizer:
        return torch.optim.RMSprop(parameters, lr=self.lr, alpha=0.99, eps=self.epsilon)


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
    factor: Factor = 0.5
    patience: PositiveInt = 5
    min_lr: NotNegative = 1e-6

    def build(self, optimizer: torch.optim.Optimizer, epochs: int) -> lr_scheduler.LRScheduler:
        return lr_scheduler.ReduceLROnPlateau(
            optimizer, factor=self.factor, patience=self.patience, min_lr=self.min_lr, threshold=0.0
        )


@config
class Multistep(Schedule):
    """Multiply by `factor` after each epoch in `milestones`, down to `min_lr`; several factors are those of each."""

    milestones: tuple[PositiveInt, ...]
    factor: Factor | tuple[Factor, ...] = 0.1
    min_lr: NotNegative = field(default=0.0, metadata={"neutral": 0.0})

    def __post_init__(self) -> None:
        if isinstance(self.factor, tuple) and len(self.factor) != len(self.milestones):
            raise ValueError(f"{len(self.factor)} factors for {len(self.milestones)} milestones; give one, or as many")

    def build(self, optimizer: torch.optim.Optimizer, epochs: int) -> lr_scheduler.LRScheduler:
        floor = self.min_lr / optimizer.defaults["lr"]
        factors = self.factor if isinstance(self.factor, tuple) else (self.factor,) * len(self.milestones)

        def share(epoch: int) -> float:
            passed = (factor for milestone, factor in zip(self.milestones, factors, strict=True) if milestone <= epoch)
            return max(floor, math.prod(passed, start=1.0))

        return lr_scheduler.LambdaLR(optimizer, share)


@config
class LinearDecay(Schedule):
    """The optimiser's learning rate for the first epochs, a share `constant` of all, then a straight line to 0.

    The last epoch still learns: the line reaches 0 where the epoch after it would begin.
    Source: zhu2019patn (public code).
    """

    constant: Annotated[float, Field(ge=0, lt=1)] = 0.5

    def build(self, optimizer: torch.optim.Optimizer, epochs: int) -> lr_scheduler.LRScheduler:
        falling = epochs * (1 - self.constant)
        return lr_scheduler.LambdaLR(optimizer, lambda epoch: min(1.0, max(0.0, (epochs - epoch) / falling)))


@config
class Cosine(Schedule):
    """lr_e = min_lr + ½(lr − min_lr)(1 + cos(πe/epochs)). Source: loshchilov2017sgdr Eq. 5, without restarts."""

    min_lr: NotNegative = 0.0

    def build(self, optimizer: torch.optim.Optimizer, epochs: int) -> lr_scheduler.LRScheduler:
        return lr_scheduler.CosineAnnealingLR(optimizer, T_max=epochs, eta_min=self.min_lr)


@config
class Warmup:
    """Over the first `iterations` the learning rate rises linearly from `start_factor` of what the schedule says to it.

    Source: bao2023keyposs (public code): 500 iterations from 0.001.
    """

    iterations: PositiveInt = 500
    start_factor: Annotated[float, Field(gt=0, le=1)] = 1e-3

    def factor(self, iteration: int) -> float:
        """What the learning rate of this iteration is multiplied by; 0 is the first."""
        return self.start_factor + (1 - self.start_factor) * min(1.0, iteration / self.iterations)


@config
class Averaging:
    """Stochastic weight averaging: the mean of the parameters at the end of epoch `from_epoch` (1 is the first) and of
    every later one.

    Running statistics of batch norms are taken anew for the mean, in one pass over `images` training images without
    augmentation, spread evenly over the training set (all of them where it has fewer).

    Source: izmailov2018swa Algorithm 1, one model an epoch; kozlowska2026hrmlff (its Implementation Details).
    Departs: izmailov2018swa takes the statistics of all training images.
    """

    from_epoch: PositiveInt
    images: PositiveInt = 2048


@config
class Convergence:
    """Training ends when the monitored value, that of the weights in training, has changed by less than the share
    `change` over `epochs` epochs, all of them after `after_epoch`.

    Source: kozlowska2026hrmlff (its Implementation Details). Departs: the paper looks at the validation loss.
    """

    VERSION: ClassVar[int] = 2

    after_epoch: PositiveInt = 60
    epochs: PositiveInt = 15
    change: Positive = 1e-3

    def reached(self, history: Sequence[float]) -> bool:
        """Of the monitored value after each epoch so far."""
        recent = history[self.after_epoch :][-self.epochs :]
        return len(recent) == self.epochs and max(recent) - min(recent) < self.change * min(recent)


@config
class Pairs:
    """Each image is shown with a second view of the same face.

    `source`: of the view. `image`: the same picture. `video`: another frame of its video that the epoch shows; the same
    picture where there is none. The view is turned by a normal angle of deviation `rotation_sd_deg`, clipped to
    ±`rotation_deg`, and its crop's side is multiplied by a normal factor about 1 of deviation `scale_sd`, clipped to
    1 ± `scale`. It is mirrored where the first view is; colours and occluders change the first view only.

    Source: wan2026sht (its Implementation Details: ±30° and 0.8…1.2 "from a standard Gaussian", two frames of a video).
    Departs: the paper does not say how a standard Gaussian fills a range; ours reaches the ends at two deviations.
    """

    source: Literal["image", "video"] = "image"
    rotation_deg: Annotated[float, Field(ge=0, le=180)] = 30.0
    rotation_sd_deg: Positive = 15.0
    scale: Annotated[float, Field(ge=0, lt=1)] = 0.2
    scale_sd: Positive = 0.1

    @property
    def view(self) -> Augmentation:
        """The augmentation that makes second views; it does not mirror."""
        return replace(
            AUGMENTATIONS["sht"],
            rotation_deg=self.rotation_deg,
            rotation_sd_deg=self.rotation_sd_deg,
            scale=self.scale,
            scale_sd=self.scale_sd,
            flip_probability=0,
        )


@config
class Recipe:
    """Everything about training that can change the trained network.

    `batch_size` is the global batch: workers share it. `unlabelled`: how many faces of an unlabelled pool each global
    batch has besides, drawn one after the other from a random order of the pool, and again from another one when it is
    used up. `optimizer` moves the network; `other_optimizer`, where it is given, all parameters that a method lists
    beside it, such as those of discriminators. `monitor` is the validation metric (lower is better) that picks
    the weights, drives a plateau schedule and ends training after `early_stop_patience` epochs without improvement.
    `curriculum`: easy images first; without one every epoch shows all images in a random order. `warmup`: of the
    learning rate. `clip_norm`: gradients of one optimiser whose common norm is above it are scaled down to it.
    `averaging`: from its first epoch on the mean of the weights is what is validated each epoch, and the latest mean is
    what is selected, so that training no longer ends early; the schedule goes on following the weights in training.
    `convergence`: ends training that no longer changes. `pairs`: a second view of each face. `precision`,
    `channels_last`, `compiled`, `recompute`: how the network is carried out while it trains, see
    `trainables/execution.py`; it is measured in single precision.
    """

    epochs: PositiveInt = 60
    batch_size: PositiveInt = 32
    optimizer: Optimizer = Adam()
    schedule: Schedule = Constant()
    crop: Crop = Crop()
    augmentation: Augmentation | None = None
    monitor: Literal["val_nme_io", "val_mse", "val_picture_l1"] = "val_nme_io"
    early_stop_patience: PositiveInt | None = None
    curriculum: Curriculum | None = field(default=None, metadata={"neutral": None})
    warmup: Warmup | None = field(default=None, metadata={"neutral": None})
    clip_norm: Positive | None = field(default=None, metadata={"neutral": None})
    averaging: Averaging | None = field(default=None, metadata={"neutral": None})
    convergence: Convergence | None = field(default=None, metadata={"neutral": None})
    pairs: Pairs | None = field(default=None, metadata={"neutral": None})
    precision: Precision = field(default="float32", metadata={"neutral": "float32"})
    channels_last: bool | None = field(default=None, metadata={"neutral": None})
    compiled: bool = field(default=False, metadata={"neutral": False})
    recompute: bool = field(default=False, metadata={"neutral": False})
    unlabelled: Annotated[int, Field(ge=0)] = field(default=0, metadata={"neutral": 0})
    other_optimizer: Optimizer | None = field(default=None, metadata={"neutral": None})

    def __post_init__(self) -> None:
        if self.averaging is not None and self.averaging.from_epoch > self.epochs:
            raise ValueError(
                f"averaging.from_epoch {self.averaging.from_epoch} comes after the last of {self.epochs} epochs, so "
                "nothing would be averaged; lower it, or set averaging to none"
            )

    @property
    def margin(self) -> float:
        """Share of the crop's side that a prepared crop keeps on every edge, so that augmented views have no black
        corners: the narrower of two that covers the reach of the augmentation and of second views, so that few prepared
        files serve all recipes.

        The wider one leaves a corner black in the rare views that look farther than half a side: 4 in 1000 of those of
        `keyposs_coco`, none of the other papers'.
        """
        views = (self.augmentation, None if self.pairs is None else self.pairs.view)
        return MARGIN if all(view is None or reach(view) <= MARGIN for view in views) else WIDE_MARGIN
