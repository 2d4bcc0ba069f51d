"""Where a network trains: alone, or as one of several workers; and in how many parts it takes what it is given."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class Placement:
    """Where a loop runs: alone, or as one of several workers that share each global batch.

    `wrap` makes a model's gradients common to all workers; `broadcast` gives every worker rank 0's value; `mean` gives
    every worker the mean of a tensor over all of them; `lost` tells whether an error is another worker's end and not
    this one's mistake.

    `parts`: the worker's share of a batch is processed in so many parts, one after the other, at most one for each
    face; their gradients are added up before the weights move. So memory is that of one part, and the step is that of
    the whole batch but for rounding, see `LandmarkModel.averaged_over`. Not so where faces of a batch know of one
    another: batch norms see one part at a time, a loss that remembers is told of each, and dropout draws for each.
    """

    device: torch.device = field(default_factory=lambda: torch.device("cpu"))
    rank: int = 0
    world: int = 1
    wrap: Callable[[nn.Module], nn.Module] = lambda model: model
    broadcast: Callable[[Any], Any] = lambda value: value
    mean: Callable[[Tensor], Tensor] = lambda tensor: tensor
    lost: Callable[[Exception], bool] = lambda error: False
    parts: int = 1
