"""The contract of a data set: a frozen config that lists faces and reads their pictures."""

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import cv2
import numpy as np
from numpy.typing import NDArray

from trainables.config import Config
from trainables.schemes import Scheme

MISSING, VISIBLE, OCCLUDED = 0, 1, 2


@dataclass(frozen=True)
class Face:
    """One annotated face. Landmarks and box are px of the stored image, the centre of its first pixel being (0, 0).

    `group` is what must not stand on two sides of a split: a person, a video, an original picture and its mirror image.
    """

    image: str  # unique in the data set: a path below its root, or a name
    landmarks: NDArray[np.float64]  # [K, 2]
    split: str  # train, val or test
    group: str
    state: NDArray[np.uint8] | None = None  # [K] MISSING, VISIBLE or OCCLUDED; None: all visible
    box: tuple[float, float, float, float] | None = None  # x, y, width, height
    tags: tuple[str, ...] = ()
    pixels: NDArray[np.uint8] | None = None  # RGB, where there is no file


class DataError(ValueError):
    """A data set is not where or not what it should be; the message says what, where and how to fix it."""


class UnreadableImage(ValueError):
    """One picture cannot be decoded. It is counted and named, and the data set goes on without it."""


class Dataset(Config, ABC):
    """One data set. `FOLDER` is its place below the data root; `TREE` shows what is expected there."""

    SCHEME: ClassVar[Scheme]
    VERSION: ClassVar[int] = 1  # raise it when the reader changes what it returns
    FOLDER: ClassVar[str | None] = None  # None: needs no files
    TREE: ClassVar[str] = ""
    COUNTS: ClassVar[dict[str, int]] = {}  # published number of faces per split, or of several together: "train+val"
    LICENCE: ClassVar[str] = ""

    @property
    def scheme(self) -> Scheme:
        return self.SCHEME

    @abstractmethod
    def faces(self, data_root: Path) -> Sequence[Face]:
        """All faces of all splits, in a fixed order. Raises `DataError` where files are missing or malformed."""

    @abstractmethod
    def sources(self, data_root: Path) -> Sequence[Path]:
        """The annotation files; their bytes, with the names and sizes of the pictures, are what `digest` covers."""

    def read_image(self, data_root: Path, face: Face) -> NDArray[np.uint8]:
        """RGB [height, width, 3]. Raises `UnreadableImage`."""
        if face.pixels is not None:
            return face.pixels
        root = self.root(data_root).resolve()
        path = (root / face.image).resolve()
        if not path.is_relative_to(root):
            raise UnreadableImage(f"{face.image}: lies outside {root}")
        # Annotations are of the stored pixels; a camera's note to turn the picture does not turn them.
        flags = cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION
        pixels = cv2.imread(str(path), flags) if path.exists() else None
        if pixels is None:
            raise UnreadableImage(f"{face.image}: {'not a readable image' if path.exists() else 'no such file'}")
        return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB), dtype=np.uint8)

    def root(self, data_root: Path) -> Path:
        return data_root / self.FOLDER if self.FOLDER else data_root

    def digest(self, data_root: Path) -> str:
        """16 hex digits that change with the annotations, and with the name or size of any picture."""
        found = hashlib.sha256()
        for path in self.sources(data_root):
            found.update(path.name.encode() + b"\0" + path.read_bytes())
        for name, size in self._picture_sizes(data_root):
            found.update(f"{name}\0{size}\n".encode())
        return found.hexdigest()[:16]

    def missing(self, data_root: Path) -> str | None:
        """What to tell the user when files are absent, or None when the annotation files are there."""
        absent = [path for path in self.sources(data_root) if not path.exists()]
        if not absent:
            return None
        return (
            f"Data set {self.kind!r} is not complete: {absent[0]} does not exist.\n"
            f"Expected below the data root ({data_root}):\n{self.TREE.rstrip()}\n"
            "Set the data root with --data-root or MARKSWEEP_DATA."
        )

    def _picture_sizes(self, data_root: Path) -> Iterable[tuple[str, int]]:
        suffixes = {".jpg", ".jpeg", ".png"}
        root = self.root(data_root)
        paths = sorted(path for path in root.rglob("*") if path.suffix.lower() in suffixes)
        return ((path.relative_to(root).as_posix(), path.stat().st_size) for path in paths)


def split_of_group(group: str) -> str:
    """A split that a name decides for ever: one group in ten tests, one validates."""
    return {0: "test", 1: "val"}.get(_remainder(group), "train")


def train_or_val_of_group(group: str) -> str:
    """The side of a published training list that a name takes for ever: one group in ten validates.

    It is the same for every method and every seed.
    """
    return "val" if _remainder(group) == 0 else "train"


def _remainder(group: str) -> int:
    return int(hashlib.sha1(group.encode()).hexdigest(), 16) % 10
