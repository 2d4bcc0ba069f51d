"""WFLW: 10,000 faces of WIDER FACE with 98 landmarks, a face rectangle and six attributes each.

The attributes make the six test subsets of the tables. Occlusion is told of whole faces only, so every landmark counts
as visible. Source: wu2018wflw.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

import numpy as np

from trainables.config import config
from trainables.dataset import DataError, Dataset, Face, noting, raise_noted
from trainables.datasets._fields import read_image_name, read_lines, read_numbers
from trainables.datasets._lists import ListedFace, box_between, members, number_faces, unlisted_pictures, with_tags
from trainables.schemes import SCHEME_98, Scheme

FLAGS = ("largepose", "expression", "illumination", "makeup", "occlusion", "blur")  # in the order of the lists
_PICTURES = "WFLW_images"
_ANNOTATION = Path("WFLW_annotations")
_REMEDY = "Unpack WFLW_annotations there."


@config
class Wflw(Dataset):
    """The published lists train and test; a tenth of the training list is held out to validate.

    The tags of training faces are their flags, those of test faces the lists of the subsets.
    """

    kind: ClassVar[str] = "wflw"
    SCHEME: ClassVar[Scheme] = SCHEME_98
    FOLDER: ClassVar[str | None] = "WFLW"
    COUNTS: ClassVar[dict[str, int]] = {"train+val": 7500, "test": 2500}
    SUBSETS: ClassVar[dict[str, int]] = dict(zip(FLAGS, (326, 314, 698, 206, 736, 773), strict=True))
    NORMALISERS: ClassVar[tuple[str, ...]] = ("io",)
    LEAKS: ClassVar[str] = "the lists divide faces, and a photograph may show several"
    LICENCE: ClassVar[str] = "research use, not commercial; pictures of WIDER FACE"
    TREE: ClassVar[str] = """\
WFLW/
  WFLW_images/<event>/<picture>.jpg
  WFLW_annotations/
    list_98pt_rect_attr_train_test/
      list_98pt_rect_attr_train.txt   7,500 faces: 98 points, rectangle, 6 flags, picture
      list_98pt_rect_attr_test.txt    2,500 faces
    list_98pt_test/                   98 points, picture
      list_98pt_test_largepose.txt    list_98pt_test_expression.txt
      list_98pt_test_illumination.txt list_98pt_test_makeup.txt
      list_98pt_test_occlusion.txt    list_98pt_test_blur.txt
"""

    def faces(self, data_root: Path) -> list[Face]:
        """The training list, then the test list, each in its order."""
        mistakes: list[str] = []
        train, test = (self._listed(data_root, split, mistakes) for split in ("train", "test"))
        lists = {flag: self._subset(data_root, flag, mistakes) for flag in FLAGS}
        raise_noted(mistakes)  # a wrong line of the test list would make its lines in the subsets wrong too
        subsets = {flag: members(test, lines, mistakes) for flag, lines in lists.items()}
        raise_noted(mistakes)
        return number_faces(train + with_tags(test, subsets))

    def sources(self, data_root: Path) -> Sequence[Path]:
        lists = [self._list(data_root, split) for split in ("train", "test")]
        return lists + [self._subset_list(data_root, flag) for flag in FLAGS]

    def required(self, data_root: Path) -> Sequence[Path]:
        return [*self.sources(data_root), self.root(data_root) / _PICTURES]

    def remarks(self, data_root: Path) -> Sequence[str]:
        """Pictures without annotation, and subsets whose list and flags differ."""
        faces = self.faces(data_root)
        flagged = self._listed(data_root, "test", [])
        listed = faces[len(faces) - len(flagged) :]
        found = unlisted_pictures(self.root(data_root), _PICTURES, (face.image for face in faces))
        for flag in FLAGS:
            by_list, by_flag = (
                {index for index, face in enumerate(test) if flag in face.tags} for test in (listed, flagged)
            )
            if by_list != by_flag:
                found.append(
                    f"subset {flag!r}: {len(by_list):,} in its list, {len(by_flag):,} with the flag in the test list "
                    f"({len(by_list ^ by_flag):,} in one only); the list is taken"
                )
        return found

    def hardness(self, face: Face) -> float:
        """The number of flags that are set."""
        return float(len(face.tags))

    def _list(self, data_root: Path, split: str) -> Path:
        folder = self.root(data_root) / _ANNOTATION / "list_98pt_rect_attr_train_test"
        return folder / f"list_98pt_rect_attr_{split}.txt"

    def _subset_list(self, data_root: Path, flag: str) -> Path:
        return self.root(data_root) / _ANNOTATION / "list_98pt_test" / f"list_98pt_test_{flag}.txt"

    def _listed(self, data_root: Path, split: str, mistakes: list[str]) -> list[Face]:
        """The faces of a list, their flags as tags."""
        found = []
        path = self._list(data_root, split)
        with noting(mistakes):
            lines = list(read_lines(path, _REMEDY))
            if not lines:
                raise DataError(f"{path}: no faces in it. Unpack the list again.")
            for place, line in lines:
                with noting(mistakes):
                    found.append(_face(line, split, place))
        return found

    def _subset(self, data_root: Path, flag: str, mistakes: list[str]) -> list[ListedFace]:
        found = []
        with noting(mistakes):
            for place, line in read_lines(self._subset_list(data_root, flag), _REMEDY):
                with noting(mistakes):
                    found.append(_points_and_picture(_cells(line, ()), (), place))
        return found


def _cells(line: str, between: Sequence[str]) -> list[str]:
    """The coordinates, what stands `between`, and the picture's name, which may hold blanks."""
    return line.split(maxsplit=2 * SCHEME_98.num_landmarks + len(between))


def _points_and_picture(cells: list[str], between: Sequence[str], place: str) -> ListedFace:
    """`between`: what stands between the points and the picture's name, for the message."""
    points = 2 * SCHEME_98.num_landmarks
    if len(cells) != points + len(between) + 1:
        raise DataError(
            f"{place}: {len(cells)} cells, expected {points + len(between) + 1} "
            f"({', '.join([f'{points} coordinates', *between, 'picture'])}). "
            "Is the line cut off? Take the list as published."
        )
    landmarks = np.array(read_numbers(cells[:points], place)).reshape(-1, 2)
    return ListedFace(f"{_PICTURES}/{read_image_name(cells[-1], place)}", landmarks, place)


def _face(line: str, split: str, place: str) -> Face:
    between = ("x_min", "y_min", "x_max", "y_max", *FLAGS)
    cells = _cells(line, between)
    listed = _points_and_picture(cells, between, place)
    points = 2 * SCHEME_98.num_landmarks
    rectangle, flags = cells[points : points + 4], cells[points + 4 : -1]
    wrong = [f"{name} = {flag!r}" for name, flag in zip(FLAGS, flags, strict=True) if flag not in ("0", "1")]
    if wrong:
        raise DataError(f"{place}: {', '.join(wrong)}; a flag is 0 or 1. Take the list as published.")
    left, top, right, bottom = read_numbers(rectangle, f"{place}, rectangle")
    return Face(
        image=listed.image,
        landmarks=listed.landmarks,
        split=split,
        group=listed.image,
        box=box_between(left, top, right, bottom, f"{place}, rectangle"),
        tags=tuple(name for name, flag in zip(FLAGS, flags, strict=True) if flag == "1"),
    )


DATASET = Wflw()
