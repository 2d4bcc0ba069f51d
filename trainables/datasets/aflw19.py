"""AFLW-19: the 24,386 faces of AFLW with 19 landmarks each, also the hidden ones, as revised for the CVPR 2016 paper.

One MATLAB file annotates the pictures of AFLW. Errors are divided by the face box. Source: zhu2016aflw (annotation,
split), koestinger2011aflw (pictures).
"""

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from trainables.config import config
from trainables.dataset import OCCLUDED, VISIBLE, DataError, Dataset, Face, noting, raise_noted
from trainables.datasets._fields import read_image_name
from trainables.datasets._lists import box_between, number_faces, unlisted_pictures
from trainables.datasets._matlab import open_matlab, read_columns
from trainables.schemes import SCHEME_19, Scheme
from trainables.transforms.crop import CONVENTIONS, Crop

TRAINING_FACES = 20_000  # the first of the published permutation; the others test
_PICTURES = "data/flickr"
_VARIABLES = ("nameList", "data", "mask_new", "bbox", "ra")


@config
class Aflw19(Dataset):
    """The published permutation splits; of the training faces a tenth is held out to validate.

    Test faces whose landmarks are all visible are tagged `frontal`. Hidden landmarks have positions and count; they are
    `OCCLUDED`.
    """

    kind: ClassVar[str] = "aflw19"
    SCHEME: ClassVar[Scheme] = SCHEME_19
    FOLDER: ClassVar[str | None] = "AFLW"
    COUNTS: ClassVar[dict[str, int]] = {"train+val": 20_000, "test": 4386}
    SUBSETS: ClassVar[dict[str, int]] = {"frontal": 1314}
    NORMALISERS: ClassVar[tuple[str, ...]] = ("dataset_box", "diag", "dataset_diag", "box")
    CROP: ClassVar[Crop] = CONVENTIONS["aflw"]
    LEAKS: ClassVar[str] = "the permutation divides faces, and a photograph may show several"
    LICENCE: ClassVar[str] = "research use, not commercial; Graz University of Technology"
    TREE: ClassVar[str] = """\
AFLW/
  AFLWinfo_release.mat               24,386 faces: nameList, data, mask_new, bbox, ra
  data/flickr/{0,2,3}/imageNNNNN.jpg as unpacked from the archives of AFLW
"""

    def faces(self, data_root: Path) -> list[Face]:
        """In the order of the file."""
        path = self._file(data_root)
        landmarks = self.scheme.num_landmarks
        with open_matlab(path, _VARIABLES) as variables:
            names = variables.texts("nameList")
            points = read_columns(variables, path, "data", 2 * landmarks)
            visible = read_columns(variables, path, "mask_new", landmarks)
            boxes = read_columns(variables, path, "bbox", 4)
            permutation = variables.numbers("ra").ravel()
        if not len(names) == len(points) == len(visible) == len(boxes) == len(permutation):
            raise DataError(
                f"{path}: {len(names)} names, {len(points)} rows of data, {len(visible)} of mask_new, {len(boxes)} of "
                f"bbox and {len(permutation)} of ra; they must be equally many. Take the file as published."
            )
        if not np.array_equal(np.sort(permutation), np.arange(1, len(names) + 1)):
            raise DataError(f"{path}, ra: not a permutation of 1 to {len(names)}. Take the file as published.")
        training = set((permutation[:TRAINING_FACES].astype(int) - 1).tolist())
        mistakes: list[str] = []
        found = []
        for index, name in enumerate(names):
            with noting(mistakes):
                split = "train" if index in training else "test"
                place = f"{path}, face {index + 1}"
                found.append(_face(name, split, points[index], visible[index], boxes[index], place))
        raise_noted(mistakes)
        return number_faces(found)

    def sources(self, data_root: Path) -> Sequence[Path]:
        return [self._file(data_root)]

    def required(self, data_root: Path) -> Sequence[Path]:
        return [self._file(data_root), self.root(data_root) / _PICTURES]

    def remarks(self, data_root: Path) -> Sequence[str]:
        with open_matlab(self._file(data_root), _VARIABLES) as variables:
            listed = [f"{_PICTURES}/{name.strip()}" for name in variables.texts("nameList")]
        return unlisted_pictures(self.root(data_root), _PICTURES, listed)

    def _file(self, data_root: Path) -> Path:
        return self.root(data_root) / "AFLWinfo_release.mat"


def _face(
    name: str,
    split: str,
    points: NDArray[np.float64],
    visible: NDArray[np.float64],
    box: NDArray[np.float64],
    place: str,
) -> Face:
    """`points`: all x, then all y; `box`: left, right, top, bottom."""
    if not (np.isfinite(points).all() and np.isfinite(box).all()):
        raise DataError(f"{place}: a coordinate is not a finite number. Take the file as published.")
    if not np.isin(visible, (0, 1)).all():
        raise DataError(f"{place}: a value of mask_new is neither 0 nor 1. Take the file as published.")
    left, right, top, bottom = box.tolist()
    image = f"{_PICTURES}/{read_image_name(name.strip(), place)}"
    return Face(
        image=image,
        landmarks=np.stack(np.split(points, 2), axis=1),
        split=split,
        group=image,
        state=np.where(visible == 1, VISIBLE, OCCLUDED).astype(np.uint8),
        box=box_between(left, top, right, bottom, f"{place}, bbox"),
        tags=("frontal",) if split == "test" and visible.all() else (),
    )


DATASET = Aflw19()
