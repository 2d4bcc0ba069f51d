"""How a network is carried out while it trains: precision, memory layout, compilation, activations that are computed
twice instead of kept. Nothing else changes by these; rounding does by the first three."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from typing import Any

import torch
from torch import nn
from torch.utils.checkpoint import checkpoint

from trainables.method import LandmarkModel, Method
from trainables.recipe import Recipe


def memory_format(method: Method, recipe: Recipe, device: torch.device) -> torch.memory_format:
    """The layout of images and convolution weights: the recipe's, or the method's own on this device."""
    last = device.type in method.CHANNELS_LAST_ON if recipe.channels_last is None else recipe.channels_last
    return torch.channels_last if last else torch.contiguous_format


def precision(recipe: Recipe, device: torch.device) -> torch.autocast:
    """A context in which networks and losses run in the recipe's precision; parameters stay in single precision."""
    return torch.autocast(device.type, torch.bfloat16, enabled=recipe.precision == "bfloat16")


def compiled(recipe: Recipe, network: nn.Module) -> nn.Module:
    """The same network, compiled at its first batch where the recipe says so."""
    return torch.compile(network) if recipe.compiled else network  # pyright: ignore[reportReturnType]


def recompute(model: LandmarkModel) -> None:
    """From now on the parts that the model names keep no activations in training: the backward pass computes them
    again, with the same random numbers. Buffers, such as running statistics, change once all the same."""
    for part in model.recomputed():
        # Set on the part itself, so that names of parameters stay.
        part.forward = partial(_twice, part, part.forward)


def _twice(part: nn.Module, forward: Any, *inputs: Any) -> Any:
    if not (part.training and torch.is_grad_enabled()):
        return forward(*inputs)
    return checkpoint(forward, *inputs, use_reentrant=False, context_fn=partial(_contexts, part))


def _contexts(part: nn.Module) -> tuple[AbstractContextManager, AbstractContextManager]:
    return nullcontext(), _buffers_kept(part)


@contextmanager
def _buffers_kept(part: nn.Module) -> Iterator[None]:
    before = [(buffer, buffer.clone()) for buffer in part.buffers()]
    try:
        yield
    finally:
        for buffer, value in before:
            buffer.data.copy_(value)
