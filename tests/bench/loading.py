"""Loading with a paper's augmentation against training its network: loading must be at least 5 times faster."""

import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import torch

from trainables.batches import load_batch, shares_of_batch, shown_in
from trainables.datasets.synthetic import Synthetic
from trainables.face_cache import prepare
from trainables.faces import Faces, open_faces
from trainables.methods.hrnet import Hrnet
from trainables.methods.resnet18 import ResNet18
from trainables.paper_recipes import PAPER_001
from trainables.placement import Placement
from trainables.recipe import Recipe
from trainables.training import train
from trainables.transforms.augmentation import AUGMENTATIONS
from trainables.trial import Trial

ROUNDS = 3
FEW = Synthetic(train=8, val=1, test=1)  # a step of the slow network takes seconds
MANY = Synthetic(train=128, val=1, test=1)
# (what, loaded, trained)
CASES = (
    (
        "ResNet18 at 64×64, paper 001's augmentation",
        Trial(method=ResNet18(input_size=64), data=MANY, recipe=PAPER_001),
        Trial(method=ResNet18(input_size=64), data=MANY, recipe=replace(PAPER_001, epochs=ROUNDS + 1)),
    ),
    (
        "HRNet-W18 at 256×256, paper 000's augmentation",
        Trial(method=Hrnet(), data=MANY, recipe=Recipe(batch_size=64, augmentation=AUGMENTATIONS["hrmlff"])),
        Trial(
            method=Hrnet(),
            data=FEW,
            recipe=Recipe(batch_size=8, augmentation=AUGMENTATIONS["hrmlff"], epochs=ROUNDS + 1),
        ),
    ),
)


def run() -> Iterator[str]:
    torch.set_num_threads(1)
    for what, to_load, to_train in CASES:
        yield what
        with tempfile.TemporaryDirectory() as folder:
            loaded_faces, trained_faces = _faces(to_load, Path(folder)), _faces(to_train, Path(folder))
            epochs = train(to_train, trained_faces, Placement())
            next(epochs)  # the first epoch warms up
            ratios = []
            for number in range(1, ROUNDS + 1):
                loaded = _loading(to_load, loaded_faces, number)
                trained = next(epochs).metrics["images_per_second"]
                ratios.append(loaded / trained)
                yield f"  round {number}: loading {loaded:,.0f} images/s, training {trained:,.1f} images/s, one core"
            yield f"  ratio {sorted(ratios)[ROUNDS // 2]:.1f} (median; at least 5)"


def _faces(trial: Trial, folder: Path) -> Faces:
    recipe, size = trial.recipe, trial.method.input_size
    return open_faces(prepare(trial.data, folder, recipe.crop, size, folder, margin=recipe.margin), trial.data.scheme)


def _loading(trial: Trial, faces: Faces, epoch: int) -> float:
    images = len(faces.rows["train"])
    started = time.perf_counter()
    loaded, shown = 0, shown_in(trial, faces, epoch)
    for start, share in shares_of_batch(images, trial.recipe.batch_size, rank=0, world=1):
        loaded += len(load_batch(trial, faces, shown, start, share, torch.device("cpu")).images)
    return loaded / (time.perf_counter() - started)
