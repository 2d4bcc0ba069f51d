"""Training HRNet-W18 at 256×256, batch 16: at most 10 % of a step is neither forward, backward nor optimiser.

The share is read off the real loop: each of the three is timed where the loop calls it, and the loss counts as forward.
Beside it the speeds of the recipe's switches: precision, layout and, on a GPU, compilation.
"""

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

import torch

from trainables.codecs.heatmap_model import HeatmapModel
from trainables.datasets.synthetic import Synthetic
from trainables.face_cache import prepare
from trainables.faces import Faces, open_faces
from trainables.method import Method
from trainables.methods.hrmlff import Hrmlff
from trainables.methods.hrnet import OFFICIAL_RECIPE, Hrnet
from trainables.methods.keyposs import KeyPosS
from trainables.placement import Placement
from trainables.training import train
from trainables.trial import Trial

BATCH = 16
CORES = 2
ROUNDS = 2
PARTS = ((HeatmapModel, "forward"), (HeatmapModel, "losses"), (torch.Tensor, "backward"), (torch.optim.Adam, "step"))
SWITCHES = {
    "single precision": {"channels_last": False},
    "single precision, channels last": {"channels_last": True},
    "bfloat16": {"precision": "bfloat16", "channels_last": False},
    "bfloat16, channels last": {"precision": "bfloat16", "channels_last": True},
}
COMPILED = {"single precision, compiled": {"channels_last": False, "compiled": True}}
CASES = {
    "HRNet-W18, 64×64 maps": (Hrnet(), BATCH),
    "HR-MLFF, 64×64 maps": (Hrmlff(), BATCH),
    "KeyPosS, 16×16 maps": (KeyPosS(stride=16), 4 * BATCH),
    "KeyPosS, 4×4 maps": (KeyPosS(stride=64), 4 * BATCH),
}


def run() -> Iterator[str]:
    torch.set_num_threads(CORES)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    with tempfile.TemporaryDirectory() as folder:
        for name, (method, images) in CASES.items():
            data = Synthetic(train=images, val=1, test=1)
            crop, margin = OFFICIAL_RECIPE.crop, OFFICIAL_RECIPE.margin
            path = prepare(data, Path(folder), crop, method.input_size, Path(folder), margin=margin)
            faces = open_faces(path, data.scheme)
            if isinstance(method, Hrnet):
                yield _share(method, data, faces, device)
            switches = SWITCHES | (COMPILED if device.type == "cuda" else {})
            speeds = {words: max(_speeds(method, data, faces, device, **given)) for words, given in switches.items()}
            plain = speeds["single precision"]
            for words, speed in speeds.items():
                yield f"{name}, {device.type}: {words}: {speed:.1f} images/s, {speed / plain:.2f} times"


def _share(method: Method, data: Synthetic, faces: Faces, device: torch.device) -> str:
    spent: dict[str, float] = {}
    with ExitStack() as timers:
        for owner, name in PARTS:
            timers.enter_context(_timed(owner, name, spent, device))
        wall = 0.0
        for seconds in _epochs(method, data, faces, device, spent):
            wall += seconds
    return f"{(1 - sum(spent.values()) / wall) * 100:.1f} % of a step is none of the three (at most 10 %)"


@contextmanager
def _timed(owner: type, name: str, spent: dict[str, float], device: torch.device) -> Iterator[None]:
    original: Callable[..., Any] = getattr(owner, name)

    def timed(*arguments: Any, **options: Any) -> Any:
        if not getattr(arguments[0], "training", True):  # validation is no part of a step
            return original(*arguments, **options)
        started = _now(device)
        try:
            return original(*arguments, **options)
        finally:
            spent[name] = spent.get(name, 0.0) + _now(device) - started

    with patch.object(owner, name, timed):
        yield


def _now(device: torch.device) -> float:
    if device.type == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter()


def _epochs(
    method: Method, data: Synthetic, faces: Faces, device: torch.device, spent: dict[str, float], **switches: Any
) -> Iterator[float]:
    """Seconds of each epoch's training, after one that warms up; what it `spent` is forgotten."""
    recipe = replace(OFFICIAL_RECIPE, batch_size=BATCH, epochs=ROUNDS + 1, **switches)
    epochs = train(Trial(method=method, data=data, recipe=recipe), faces, Placement(device=device))
    next(epochs)
    spent.clear()
    for epoch in epochs:
        yield epoch.metrics["seconds"]


def _speeds(method: Method, data: Synthetic, faces: Faces, device: torch.device, **switches: Any) -> list[float]:
    images = len(faces.rows["train"])
    return [images / seconds for seconds in _epochs(method, data, faces, device, {}, **switches)]
