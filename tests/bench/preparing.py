"""Preparing a data set as `data prepare` does, files to Arrow: at least 300 images/s on two cores."""

import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import cv2

from orchestrator.preparing import runner
from trainables.dataset import Dataset
from trainables.datasets import csv68, ytf68
from trainables.datasets.synthetic import Synthetic
from trainables.face_cache import prepare
from trainables.faces import open_faces
from trainables.recipe import Recipe
from trainables.transforms.augmentation import AUGMENTATIONS

BOUND = 300.0  # images/s
CASES = (
    (64, Recipe()),
    (256, Recipe()),
    (256, Recipe(augmentation=AUGMENTATIONS["hrmlff"])),  # the wide margin
)
RENDERED = 1000  # identities, two pictures of each, where ytf68 is not there


def run() -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder:
        dataset, root = _data(Path(folder))
        for size, recipe in CASES:
            started = time.perf_counter()
            cache, run_parts = Path(folder) / "cache", runner(None, print)
            path = prepare(dataset, root, recipe.crop, size, cache, margin=recipe.margin, run=run_parts)
            seconds = time.perf_counter() - started
            images, size_mb = len(open_faces(path, dataset.scheme).images), path.stat().st_size / 1e6
            path.unlink()
            rate = images / seconds
            yield (
                f"{dataset.kind} at {size} px with a margin of {recipe.margin:g}: {rate:,.0f} images/s of {images:,}, "
                f"{size_mb:,.0f} MB (at least {BOUND:g} images/s: {'met' if rate >= BOUND else 'not met'})"
            )


def _data(folder: Path) -> tuple[Dataset, Path]:
    """ytf68 where it is below MARKSWEEP_DATA; else rendered faces as JPEG files with a list."""
    root = Path(os.environ.get("MARKSWEEP_DATA", "data"))
    if ytf68.DATASET.missing(root) is None:
        return ytf68.DATASET, root
    lines = ["name," + ",".join(map(str, range(136)))]
    for face in Synthetic(train=RENDERED, val=20, test=20).faces(folder):
        cv2.imwrite(str(folder / f"{face.image}.jpg"), face.pixels[..., ::-1])
        lines.append(f"{face.image}.jpg," + ",".join(map(str, face.landmarks.ravel().tolist())))
    (folder / "landmarks.csv").write_text("\n".join(lines))
    return csv68.DATASET, folder
