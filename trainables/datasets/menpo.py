"""menpo: a folder of your own pictures with 68 landmarks in .pts or .ljson files beside them.

Source: alabort2014menpo (public code: both formats).
"""

import os
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from trainables.config import config
from trainables.dataset import LABELLED_SPLITS, DataError, Dataset, Face, noting, raise_noted, split_of_group
from trainables.datasets._pictures import original_of
from trainables.datasets._pts import (
    annotated_pictures,
    annotation_files,
    read_ljson,
    read_pts,
    without_annotation,
)
from trainables.datasets._settings import Possible
from trainables.schemes import SCHEME_68, Scheme

SUFFIXES = (".pts", ".ljson")


@config
class Menpo(Dataset):
    """`folder`, below the data root: pictures and annotation files of the same names, in folders of any depth.

    Where it has folders `train`, `val` or `test`, these are the splits; otherwise pictures are split 80/10/10 by a hash
    of their names, the twin `<name>_mirror` with `<name>`. `one_based`: the .pts files count pixels from 1, as those
    that menpo writes; .ljson counts from 0.
    """

    kind: ClassVar[str] = "menpo"
    SCHEME: ClassVar[Scheme] = SCHEME_68
    LICENCE: ClassVar[str] = "your own"
    TREE: ClassVar[str] = """\
menpo/             another name by Menpo(folder=…)
  <name>.jpg       or .png
  <name>.pts       or .ljson
  train/ val/ test/ instead, each with such files, if the split is yours
"""
    folder: Possible = "menpo"
    one_based: bool = False

    def faces(self, data_root: Path) -> list[Face]:
        """Folder by folder, each in the order of its names."""
        root = self.root(data_root)
        divided = _is_divided(root)
        found: list[Face] = []
        mistakes: list[str] = []
        for folder in _folders(root):
            with noting(mistakes):
                for one in annotated_pictures(root, folder, SUFFIXES):
                    with noting(mistakes):
                        landmarks = self._landmarks(one.annotation)
                        group = original_of(one.name)
                        split = _own_split(one.name, one.annotation) if divided else split_of_group(group)
                        found.append(Face(image=one.image, landmarks=landmarks, split=split, group=group))
        raise_noted(mistakes)
        return found

    def sources(self, data_root: Path) -> Sequence[Path]:
        root = self.root(data_root)
        return [path for folder in _folders(root) for path in annotation_files(root / folder, SUFFIXES)]

    def required(self, data_root: Path) -> Sequence[Path]:
        return [self.root(data_root)]

    def remarks(self, data_root: Path) -> Sequence[str]:
        root = self.root(data_root)
        return [line for folder in _folders(root) for line in without_annotation(root, folder, SUFFIXES)]

    def root(self, data_root: Path) -> Path:
        root = Path(os.path.normpath(data_root / self.folder))
        if not root.is_relative_to(os.path.normpath(data_root)):
            raise DataError(f"menpo: folder = {self.folder!r} lies outside the data root {data_root}. Move it below.")
        return root

    def _landmarks(self, path: Path) -> NDArray[np.float64]:
        if path.suffix.lower() == ".ljson":
            return read_ljson(path, self.scheme.num_landmarks)
        return read_pts(path, self.scheme.num_landmarks, self.one_based)


def _folders(root: Path) -> list[str]:
    """The folder itself (".") and all below it, hidden ones left out."""
    if not root.is_dir():
        return []
    below = (path.relative_to(root) for path in root.rglob("*") if path.is_dir())
    return [".", *sorted(path.as_posix() for path in below if not any(part.startswith(".") for part in path.parts))]


def _is_divided(root: Path) -> bool:
    return any((root / split).is_dir() for split in LABELLED_SPLITS)


def _own_split(name: str, annotation: Path) -> str:
    split = PurePosixPath(name).parts[0]
    if split not in LABELLED_SPLITS or split == name:
        raise DataError(
            f"{annotation}: it lies beside the folders {', '.join(LABELLED_SPLITS)}, of which there are some. "
            "Which split is it of? Move it into one of them."
        )
    return split


DATASET = Menpo()
