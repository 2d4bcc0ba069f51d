"""What lists of faces share: several faces of one picture, subsets listed apart, pictures that no list names."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

from trainables.dataset import DataError, Face, noting
from trainables.datasets._fields import Box
from trainables.datasets._pictures import pictures_below, pictures_in
from trainables.datasets._pts import count_of, some_of

_SAME_PX = 0.01  # lists of one face differ by the digits they were printed with, other faces of its picture by far more


@dataclass(frozen=True)
class ListedFace:
    """One line of a list. `landmarks` [K, 2] px; `place`: file and line, for messages."""

    image: str
    landmarks: NDArray[np.float64]
    place: str


def number_faces(faces: Sequence[Face]) -> list[Face]:
    """The same faces; where a picture shows several, `which` is a face's number among them in the given order."""
    counts = Counter(face.image for face in faces)
    seen: Counter[str] = Counter()
    numbered = []
    for face in faces:
        if counts[face.image] > 1:
            numbered.append(replace(face, which=str(seen[face.image])))
            seen[face.image] += 1
        else:
            numbered.append(face)
    return numbered


def members(faces: Sequence[Face], subset: Iterable[ListedFace], mistakes: list[str]) -> set[int]:
    """Which of `faces` a subset's list names: their indices. A face is known by its picture and its landmarks.

    A line that names none of them is noted in `mistakes`.
    """
    of_image: dict[str, list[int]] = {}
    for index, face in enumerate(faces):
        of_image.setdefault(face.image, []).append(index)
    found: set[int] = set()
    for line in subset:
        same = [
            index
            for index in of_image.get(line.image, [])
            if np.abs(faces[index].landmarks - line.landmarks).max() < _SAME_PX
        ]
        with noting(mistakes):
            if not same:
                raise DataError(
                    f"{line.place}: no face of the test list has this picture ({line.image}) and these landmarks. "
                    "Take all lists from one archive."
                )
        found.update(same)
    return found


def with_tags(faces: Sequence[Face], indices_of_tag: dict[str, set[int]]) -> list[Face]:
    """The same faces, each with the tags whose indices name it, in the tags' order, and no others."""
    return [
        replace(face, tags=tuple(tag for tag, indices in indices_of_tag.items() if index in indices))
        for index, face in enumerate(faces)
    ]


def box_between(left: float, top: float, right: float, bottom: float, place: str) -> Box:
    """x, y, width, height of a rectangle that is given by its sides. Raises `DataError` where it has no area."""
    if right <= left or bottom <= top:
        raise DataError(
            f"{place}: the rectangle from ({left:g}, {top:g}) to ({right:g}, {bottom:g}) has no area. "
            "Correct it, or remove the face."
        )
    return left, top, right - left, bottom - top


def unlisted_pictures(root: Path, folder: str, listed: Iterable[str]) -> list[str]:
    """One remark on the pictures in `folder` below `root` that no list names, or none. `listed`: paths below `root`."""
    return _unlisted(root, pictures_below(root / folder), listed)


def unlisted_neighbours(root: Path, listed: Sequence[str]) -> list[str]:
    """The same of pictures beside the listed ones. Folders below are left alone: they may be other data sets'."""
    names = [PurePosixPath(name) for name in listed]
    folders = sorted({root / name.parent for name in names})
    there = [path for folder in folders for path in pictures_in(folder)]
    return _unlisted(root, there, (name.as_posix() for name in names))


def _unlisted(root: Path, there: Iterable[Path], listed: Iterable[str]) -> list[str]:
    known = set(listed)
    left_out = [name for name in (path.relative_to(root).as_posix() for path in there) if name not in known]
    return [f"{count_of(left_out, 'picture')} without annotation, left out: {some_of(left_out)}"] if left_out else []
