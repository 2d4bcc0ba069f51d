"""Weights that others have trained, from a file that a setting names."""

from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor


def pretrained_weights(path: Path, called: str, remedy: str) -> dict[str, Tensor]:
    """All of a safetensors file, by name. Raises ValueError where it cannot be read: what the weights are called, why,
    and the remedy."""
    try:
        return load_file(path)
    except (OSError, SafetensorError) as error:
        raise ValueError(f"{called} {path}: {error}. {remedy}") from error
