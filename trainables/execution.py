"""How a network is carried out while it trains: precision, memory layout, compilation. Nothing else changes by these,
but rounding does."""

import torch
from torch import nn

from trainables.method import Method
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
