"""The contract of a data set: a frozen config that lists faces and reads their pictures."""

import hashlib
import os
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from trainables.config import Config
from trainables.picture_files import read_picture
from trainables.schemes import Scheme
from trainables.transforms.crop import Crop

MISSING, VISIBLE, OCCLUDED = 0, 1, 2
LABELLED_SPLITS = ("train", "val", "test")
UNLABELLED = "unlabelled"
_BLOCK = 2**20  # bytes: some annotation files are too large to be read at once
FARTHEST = 1e6  # px from the first pixel: no picture is as large
_TOLD = 10  # mistakes that one message lists


@dataclass(frozen=True)
class Face:
    """One face. Landmarks and box are px of the stored image, the centre of its first pixel being (0, 0).

    `group` is what must not stand on two sides of a split: a person, a video, an original picture and its mirror image.
    An unlabelled face has landmarks that are all NaN, and a box to crop it by.
    """

    image: str  # a path below the data set's root, or a name
    landmarks: NDArray[np.float64]  # [K, 2]; NaN where the landmark is missing
    split: str  # train, val, test or unlabelled
    group: str
    which: str = ""  # which face of its image, where that shows several
    state: NDArray[np.uint8] | None = (
        None  # [K] MISSING, VISIBLE or OCCLUDED; None: all that have a position are visible
    )
    box: tuple[float, float, float, float] | None = None  # x, y, width, height, as the data set gives it
    video: str = ""  # frames of one video show the same face: pairs are drawn from them
    tags: tuple[str, ...] = ()  # subsets and attributes
    pixels: NDArray[np.uint8] | None = None  # RGB, where there is no file

    @property
    def name(self) -> str:
        """Unique in the data set."""
        return f"{self.image}#{self.which}" if self.which else self.image


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
    SUBSETS: ClassVar[dict[str, int]] = {}  # tag of a test subset -> its published number of faces
    NORMALISERS: ClassVar[tuple[str, ...]] = ("io",)  # what the literature divides errors by here, the usual one first
    CROP: ClassVar[Crop] = Crop()  # the literature's crop
    LEAKS: ClassVar[str] = ""  # what stands on two sides of the published split, where something is known to
    ORIGIN: ClassVar[str] = ""  # a collection of persons that other data sets name alike, by group
    LICENCE: ClassVar[str] = ""

    @property
    def scheme(self) -> Scheme:
        return self.SCHEME

    @abstractmethod
    def faces(self, data_root: Path) -> Sequence[Face]:
        """All faces of all splits, in a fixed order. Raises `DataError` where files are missing or malformed.

        A reader without a published validation list gives no face of `val`: `trainables.listing` then holds one out.
        """

    @abstractmethod
    def sources(self, data_root: Path) -> Sequence[Path]:
        """The annotation files; their bytes, with the names and sizes of the pictures, are what `digest` covers."""

    def required(self, data_root: Path) -> Sequence[Path]:
        """Files and folders without which the data set is not there."""
        return self.sources(data_root)

    def remarks(self, data_root: Path) -> Sequence[str]:
        """What was left out and why, one line each: a picture without annotation, an annotation without picture."""
        return ()

    def hardness(self, face: Face) -> float:
        """What the data set itself says of a face's difficulty. Among equals the shape decides, see `difficulty`."""
        return 0.0

    def read_image(self, data_root: Path, face: Face) -> NDArray[np.uint8]:
        """RGB [height, width, 3]. Raises `UnreadableImage`."""
        if face.pixels is not None:
            return face.pixels
        path = self.root(data_root) / face.image
        try:
            if not _lies_below(self.root(data_root), path):
                raise ValueError(f"lies outside {self.root(data_root)}")
            return read_picture(path)
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            raise UnreadableImage(f"{face.image}: {reason}") from None

    def root(self, data_root: Path) -> Path:
        return data_root / self.FOLDER if self.FOLDER else data_root

    def num_training(self, data_root: Path) -> int:
        """How many faces it has to learn from, before any is held out for validation."""
        return sum(face.split == "train" for face in self.faces(data_root))

    def digest(self, data_root: Path) -> str:
        """16 hex digits that change with the annotations, and with the name or size of any picture."""
        found = hashlib.sha256()
        self.check_sources(data_root)
        for path in self.sources(data_root):
            found.update(path.name.encode() + b"\0")
            with path.open("rb") as file:
                while block := file.read(_BLOCK):
                    found.update(block)
        for name, size in self._picture_sizes(data_root):
            found.update(f"{name}\0{size}\n".encode())
        return found.hexdigest()[:16]

    def check_sources(self, data_root: Path) -> None:
        """Raises `DataError` where an annotation file is a link out of the data set's folder, or no file at all: what
        was unpacked from an archive must neither show other files nor be read without end."""
        root, sources = self.root(data_root), self.sources(data_root)
        folders = {folder: _lies_below(root, folder) for folder in {path.parent for path in sources}}
        for path in sources:
            if not folders[path.parent] or (path.is_symlink() and not _lies_below(root, path)):
                raise DataError(f"{path}: a link leads it out of {root}. Put the file itself there.")
            if path.exists() and not path.is_file():
                raise DataError(f"{path}: it is no file. Put the annotation file there.")

    def missing(self, data_root: Path) -> str | None:
        """What to tell the user when files are absent, or None when the annotation files are there."""
        absent = [path for path in self.required(data_root) if not path.exists()]
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


def _lies_below(root: Path, path: Path) -> bool:
    """Also after links were followed; `root` itself may be one."""
    return Path(os.path.realpath(path)).is_relative_to(os.path.realpath(root))


def split_of_group(group: str) -> str:
    """A split that a name decides for ever: one group in ten tests, one validates."""
    return {0: "test", 1: "val"}.get(int(hashlib.sha1(group.encode()).hexdigest(), 16) % 10, "train")


@contextmanager
def noting(mistakes: list[str]) -> Iterator[None]:
    """Note a `DataError` and go on, so that all mistakes of a data set are told at once, by `raise_noted`."""
    try:
        yield
    except DataError as error:
        mistakes.append(str(error))


def raise_noted(mistakes: Sequence[str]) -> None:
    """Raise one `DataError` for all that was noted, if anything was."""
    if mistakes:
        more = [f"… and {len(mistakes) - _TOLD} more"] if len(mistakes) > _TOLD else []
        raise DataError("\n".join([*mistakes[:_TOLD], *more]))
