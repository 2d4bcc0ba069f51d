"""ibug300w: 300W, photographs with 68 landmarks from AFW, HELEN, LFPW and iBUG, each with a .pts file beside it.

Three protocols: `full` tests on the common (HELEN, LFPW) and challenging (iBUG) subsets; `private` trains on all of
those and tests on the 600 pictures of the challenge; `private_3148` tests on these without training on the former.
Source: sagonas2013ibug300w; sun2019hrnet (public code) for `private_3148`.
"""

import re
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import ClassVar, Literal

from trainables.config import config
from trainables.dataset import DataError, Dataset, Face, noting, raise_noted
from trainables.datasets._pictures import original_of
from trainables.datasets._pts import annotated_pictures, annotation_files, read_pts, without_annotation
from trainables.schemes import SCHEME_68, Scheme

# Folder -> its published number of faces, and the subset that it is where it tests.
FOLDERS: dict[str, tuple[int, str]] = {
    "afw": (337, ""),
    "helen/trainset": (2000, ""),
    "lfpw/trainset": (811, ""),
    "helen/testset": (330, "common"),
    "lfpw/testset": (224, "common"),
    "ibug": (135, "challenging"),
    "Test/01_Indoor": (300, "indoor"),
    "Test/02_Outdoor": (300, "outdoor"),
}
PLACES = ("indoor", "outdoor")  # of the private test's pictures
_NAMES = list(FOLDERS)
_SPLITS: dict[str, tuple[list[str], list[str]]] = {  # folders that train, folders that test
    "full": (_NAMES[:3], _NAMES[3:6]),
    "private": (_NAMES[:6], _NAMES[6:]),
    "private_3148": (_NAMES[:3], _NAMES[6:]),
}


@config
class Ibug300w(Dataset):
    """`one_based`: count pixels from 1, as the tool did that the faces were annotated with.

    The literature takes the coordinates as they are, and so does the default.
    """

    kind: ClassVar[str] = "ibug300w"
    SCHEME: ClassVar[Scheme] = SCHEME_68
    FOLDER: ClassVar[str | None] = "300w"
    NORMALISERS: ClassVar[tuple[str, ...]] = ("io", "ip", "box", "diag")
    LICENCE: ClassVar[str] = "research use, not commercial; iBUG 300-W"
    TREE: ClassVar[str] = """\
300w/                               pictures (.jpg or .png), each with a .pts file of its name
  afw/                              337
  helen/trainset/  helen/testset/   2,000 and 330
  lfpw/trainset/   lfpw/testset/    811 and 224
  ibug/                             135
  Test/01_Indoor/  Test/02_Outdoor/ 300 and 300, for the private protocols only
"""
    protocol: Literal["full", "private", "private_3148"] = "full"
    one_based: bool = False

    @property
    def COUNTS(self) -> dict[str, int]:
        train, test = (sum(FOLDERS[folder][0] for folder in folders) for folders in _SPLITS[self.protocol])
        return {"train+val": train, "test": test}

    @property
    def SUBSETS(self) -> dict[str, int]:
        counts: dict[str, int] = {}
        for count, subset in (FOLDERS[folder] for folder in _SPLITS[self.protocol][1]):
            counts[subset] = counts.get(subset, 0) + count
        return counts

    def faces(self, data_root: Path) -> list[Face]:
        """Folder by folder in the order of `FOLDERS`, each in the order of its names."""
        found: list[Face] = []
        mistakes: list[str] = []
        for split, folders in zip(("train", "test"), _SPLITS[self.protocol], strict=True):
            for folder in folders:
                tags = (FOLDERS[folder][1],) if split == "test" else ()
                with noting(mistakes):
                    found += faces_of_folder(self.root(data_root), folder, self.one_based, split, tags)
        raise_noted(mistakes)
        return found

    def sources(self, data_root: Path) -> Sequence[Path]:
        return [path for folder in self.required(data_root) for path in annotation_files(folder)]

    def required(self, data_root: Path) -> Sequence[Path]:
        return [self.root(data_root) / folder for folder in self._folders()]

    def remarks(self, data_root: Path) -> Sequence[str]:
        return [line for folder in self._folders() for line in without_annotation(self.root(data_root), folder)]

    def _folders(self) -> list[str]:
        train, test = _SPLITS[self.protocol]
        return [*train, *test]


def faces_of_folder(root: Path, folder: str, one_based: bool, split: str, tags: tuple[str, ...] = ()) -> list[Face]:
    """The faces of one folder in the order of their names. Raises one `DataError` for all that is wrong in it."""
    if not (root / folder).is_dir():
        raise DataError(f"{root / folder}: no such folder. Unpack the data set there.")
    found: list[Face] = []
    mistakes: list[str] = []
    for one in annotated_pictures(root, folder):
        with noting(mistakes):
            landmarks = read_pts(one.annotation, SCHEME_68.num_landmarks, one_based)
            group = photograph_of(one.name)
            found.append(Face(image=one.image, landmarks=landmarks, split=split, group=group, tags=tags))
    raise_noted(mistakes)
    return found


def picture_of(image: str) -> str:
    """`photograph_of` the name of a picture with its suffix, which differs between twins."""
    return photograph_of(PurePosixPath(image).with_suffix("").as_posix())


def photograph_of(name: str) -> str:
    """The photograph of a face's name without suffix: that of its mirrored twin and of its other faces is the same.

    AFW, HELEN and iBUG store a photograph once for each of its faces: `134212_1`, `134212_2`, `image_092 _01`.
    """
    path = PurePosixPath(original_of(name))
    several = re.fullmatch(r"((?:image_)?\d+) ?_\d+", path.name)
    return (path.parent / (several.group(1) if several else path.name)).as_posix()


def place_of(image: str) -> str:
    """The place of a picture of the private test, which its name begins with: indoor, outdoor, or nothing."""
    start, underscore, _ = PurePosixPath(image).name.lower().partition("_")
    return start if underscore and start in PLACES else ""


DATASET = Ibug300w()
