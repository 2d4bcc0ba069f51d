"""Loading with augmentation against training ResNet18 at 64×64: loading must be at least 5 times faster."""

import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import torch

from trainables.datasets.synthetic import Synthetic
from trainables.face_cache import Faces, open_faces, prepare
from trainables.methods.resnet18 import PAPER_RECIPE, ResNet18
from trainables.training import Placement, load_batch, shares_of_batch, train
from trainables.trial import Trial

ROUNDS = 3


def run() -> Iterator[str]:
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        data = Synthetic(train=256, val=4, test=4)
        trial = Trial(method=ResNet18(input_size=64), data=data, recipe=replace(PAPER_RECIPE, epochs=ROUNDS + 1))
        faces = open_faces(prepare(data, Path(folder), trial.recipe.crop, 64, Path(folder)), data.scheme)
        epochs = train(trial, faces, Placement())
        next(epochs)  # the first epoch warms up
        ratios = []
        for number in range(1, ROUNDS + 1):
            loaded = _loading(trial, faces, number)
            trained = next(epochs).metrics["images_per_second"]
            ratios.append(loaded / trained)
            yield f"round {number}: loading {loaded:,.0f} images/s, training {trained:,.0f} images/s, one core"
    yield f"ratio {sorted(ratios)[ROUNDS // 2]:.1f} (median; at least 5)"


def _loading(trial: Trial, faces: Faces, epoch: int) -> float:
    images = len(faces.rows["train"])
    started = time.perf_counter()
    loaded = 0
    for start, share in shares_of_batch(images, trial.recipe.batch_size, rank=0, world=1):
        loaded += len(load_batch(trial, faces, epoch, start, share, torch.device("cpu")).images)
    return loaded / (time.perf_counter() - started)
