"""scattered: 68 points drawn at random on a black picture, to measure what encoding and decoding heatmaps loses.

Nothing is stored: picture number i of a seed always has the same points. Only the outer eye corners belong together,
`EYES` px apart, so that errors can be divided by their distance.
"""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from trainables.config import config, to_plain
from trainables.dataset import Dataset, Face
from trainables.recipe import PositiveInt
from trainables.schemes import SCHEME_68, Scheme
from trainables.transforms.crop import Crop

SIZE = 256  # side of a picture, px: the crop that paper 002's networks see
LOW, HIGH = 0.1 * SIZE, 0.9 * SIZE  # a crop of 1.25 times a face's box leaves a tenth free on every side
EYES = 85.0  # px between the outer eye corners
_WHOLE = (0.0, 0.0, float(SIZE), float(SIZE))


@config
class Scattered(Dataset):
    """`train`, `val`, `test`: pictures of each split. The points are uniform in the square from `LOW` to `HIGH`, both
    along x and along y; the second eye corner is uniform among the directions that lead to a place inside it.
    """

    kind: ClassVar[str] = "scattered"
    SCHEME: ClassVar[Scheme] = SCHEME_68
    CROP: ClassVar[Crop] = Crop(source="dataset")
    LICENCE: ClassVar[str] = "made here, free of any"
    TREE: ClassVar[str] = "(no files: the points are drawn)\n"
    train: PositiveInt = 10
    val: PositiveInt = 10
    test: PositiveInt = 200
    seed: int = 0

    def faces(self, data_root: Path) -> list[Face]:
        splits = ["train"] * self.train + ["val"] * self.val + ["test"] * self.test
        return [_face(split, number, self.seed) for number, split in enumerate(splits)]

    def sources(self, data_root: Path) -> Sequence[Path]:
        return []

    def digest(self, data_root: Path) -> str:
        return hashlib.sha256(json.dumps(to_plain(self), sort_keys=True).encode()).hexdigest()[:16]


def _face(split: str, number: int, seed: int) -> Face:
    landmarks = _points(np.random.default_rng([seed, number]))
    pixels = np.zeros((SIZE, SIZE, 3), dtype=np.uint8)
    x, y = np.rint(landmarks).astype(int).T
    pixels[y, x] = 255
    name = f"points{number:05d}"
    return Face(image=name, landmarks=landmarks, split=split, group=name, box=_WHOLE, pixels=pixels)


def _points(random: np.random.Generator) -> NDArray[np.float64]:
    landmarks = random.uniform(LOW, HIGH, (SCHEME_68.num_landmarks, 2))
    left, right = SCHEME_68.outer_eye_corners
    while True:
        angle = random.uniform(0, 2 * np.pi)
        landmarks[right] = landmarks[left] + EYES * np.array([np.cos(angle), np.sin(angle)])
        if ((landmarks[right] >= LOW) & (landmarks[right] <= HIGH)).all():
            return landmarks


DATASET = Scattered()
