"""Sinks by name."""

from difflib import get_close_matches
from importlib import import_module
from pathlib import Path

from orchestrator.sinks.sink import Sink

# name → the package that it needs, the class that tells it
_SINKS = {
    "tensorboard": ("tensorboardX", "TensorBoard"),
    "mlflow": ("mlflow", "Mlflow"),
    "wandb": ("wandb", "WeightsAndBiases"),
}
SINKS = tuple(_SINKS)


def sink_named(name: str, folder: Path, study: str = "marksweep") -> Sink:
    """A sink that writes below `folder`, under the study's name, where its own environment names no server.

    Raises ValueError for another name, and where its package is not installed.
    """
    if name not in _SINKS:
        near = get_close_matches(name, SINKS, n=1)
        meant = f" Did you mean {near[0]!r}?" if near else ""
        raise ValueError(f"No sink {name!r}.{meant} Known: {', '.join(SINKS)}.")
    package, kind = _SINKS[name]
    try:
        module = import_module(f"orchestrator.sinks.{name}")
    except ModuleNotFoundError as error:
        if error.name != package:
            raise
        raise ValueError(f"Sink {name!r} needs a package that is not installed: pip install {package}") from None
    return getattr(module, kind)(folder, study)
