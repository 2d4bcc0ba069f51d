"""COFW: faces in the wild, most of them partly hidden, with 29 landmarks and a note for each whether it is occluded.

Two MATLAB files hold annotation and pictures together. 845 of the training faces are unoccluded ones of LFPW.
Source: burgosartizzu2013cofw.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from trainables.config import config
from trainables.dataset import OCCLUDED, VISIBLE, DataError, Dataset, Face, UnreadableImage, noting, raise_noted
from trainables.datasets._lists import box_between
from trainables.datasets._matlab import open_matlab, read_columns
from trainables.schemes import SCHEME_29, Scheme

_SUFFIX = {"train": "Tr", "test": "T"}  # of the variables in the file of each split


@config
class Cofw(Dataset):
    """The published training file, of which a tenth is held out to validate, and the published test file.

    `one_based`: the files count pixels from 1, as MATLAB does, so 1 is subtracted from points and boxes. Turned off,
    they are taken as they are, which is what HRNet's published numbers rest on.
    """

    kind: ClassVar[str] = "cofw"
    SCHEME: ClassVar[Scheme] = SCHEME_29
    FOLDER: ClassVar[str | None] = "COFW"
    COUNTS: ClassVar[dict[str, int]] = {"train+val": 1345, "test": 507}
    NORMALISERS: ClassVar[tuple[str, ...]] = ("io", "ip")
    LICENCE: ClassVar[str] = "research use; California Institute of Technology"
    TREE: ClassVar[str] = """\
COFW/
  COFW_train_color.mat    1,345 faces: IsTr (pictures), phisTr (29 x, 29 y, 29 occlusions), bboxesTr
  COFW_test_color.mat     507 faces: IsT, phisT, bboxesT
"""
    one_based: bool = True

    def faces(self, data_root: Path) -> list[Face]:
        """The training file, then the test file, each in its order. `image` is the split and the number in the file."""
        mistakes: list[str] = []
        found: list[Face] = []
        for split in _SUFFIX:
            with noting(mistakes):
                found += self._faces(data_root, split, mistakes)
        raise_noted(mistakes)
        return found

    def sources(self, data_root: Path) -> Sequence[Path]:
        return [self._file(data_root, split) for split in _SUFFIX]

    def hardness(self, face: Face) -> float:
        """The share of landmarks that are occluded."""
        return 0.0 if face.state is None else float((face.state == OCCLUDED).mean())

    def read_image(self, data_root: Path, face: Face) -> NDArray[np.uint8]:
        """One picture out of the file; the others are not read. Grey ones get three equal channels."""
        split, _, number = face.image.partition("/")
        try:
            # Opening costs 0.4 ms; a file kept open would not survive being sent to another process.
            with open_matlab(self._file(data_root, split), _variables(split)) as variables:
                pixels = variables.cell(f"Is{_SUFFIX[split]}", int(number) - 1)
        except DataError as error:
            raise UnreadableImage(f"{face.image}: {error}") from None
        if pixels.ndim == 2:
            pixels = np.repeat(pixels[:, :, None], 3, axis=2)
        if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3 or not pixels.size:
            raise UnreadableImage(f"{face.image}: {pixels.dtype} values {pixels.shape} are no picture of 8 bits")
        return np.ascontiguousarray(pixels)

    def _file(self, data_root: Path, split: str) -> Path:
        return self.root(data_root) / f"COFW_{split}_color.mat"

    def _faces(self, data_root: Path, split: str, mistakes: list[str]) -> list[Face]:
        path, suffix = self._file(data_root, split), _SUFFIX[split]
        columns = 3 * self.scheme.num_landmarks
        with open_matlab(path, _variables(split)) as variables:
            annotation = read_columns(variables, path, f"phis{suffix}", columns)
            boxes = read_columns(variables, path, f"bboxes{suffix}", 4)
            pictures = variables.num_cells(f"Is{suffix}")
        if not pictures == len(annotation) == len(boxes):
            raise DataError(
                f"{path}: {pictures} pictures, {len(annotation)} annotations and {len(boxes)} boxes; they must be "
                "equally many. Take the file as published."
            )
        found = []
        for index, (row, box) in enumerate(zip(annotation, boxes, strict=True)):
            with noting(mistakes):
                place = f"{path}, face {index + 1}"
                found.append(self._face(f"{split}/{index + 1:04d}", split, row, box, place))
        return found

    def _face(
        self, image: str, split: str, annotation: NDArray[np.float64], box: NDArray[np.float64], place: str
    ) -> Face:
        if not (np.isfinite(annotation).all() and np.isfinite(box).all()):
            raise DataError(f"{place}: a coordinate is not a finite number. Take the file as published.")
        x, y, occlusion = annotation.reshape(3, -1)
        if not np.isin(occlusion, (0, 1)).all():
            raise DataError(f"{place}: an occlusion is neither 0 nor 1. Take the file as published.")
        left, top, width, height = box - [self.one_based, self.one_based, 0, 0]
        return Face(
            image=image,
            landmarks=np.stack([x, y], axis=1) - self.one_based,
            split=split,
            group=image,
            state=np.where(occlusion == 1, OCCLUDED, VISIBLE).astype(np.uint8),
            box=box_between(left, top, left + width, top + height, place),
        )

    def _picture_sizes(self, data_root: Path) -> Iterable[tuple[str, int]]:
        return ()  # the pictures are in the files whose bytes the digest covers


def _variables(split: str) -> tuple[str, ...]:
    return tuple(f"{name}{_SUFFIX[split]}" for name in ("phis", "bboxes", "Is"))


DATASET = Cofw()
