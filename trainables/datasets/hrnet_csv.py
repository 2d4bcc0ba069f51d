"""hrnet_csv: the CSV lists that HRNet's public code was trained with: 300W, WFLW, COFW and AFLW in one layout.

A line is a picture, the side and centre of its face box, and the landmarks. For AFLW the box is the data set's own; for
the others it is that of the landmarks, which is what the default crop takes anyway. The same faces as through the
readers of the original files, without what the lists leave out: attributes and hidden landmarks of training faces.
Source: sun2019hrnet (public code).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np

from trainables.config import config
from trainables.dataset import DataError, Dataset, Face, noting, raise_noted
from trainables.datasets._csv import read_cells
from trainables.datasets._fields import Box, read_image_name, read_numbers
from trainables.datasets._lists import ListedFace, box_between, members, number_faces, unlisted_pictures, with_tags
from trainables.datasets._pts import count_of
from trainables.datasets.ibug300w import PLACES, Ibug300w, picture_of, place_of
from trainables.schemes import SCHEME_19, SCHEME_29, SCHEME_68, SCHEME_98, Scheme
from trainables.transforms.crop import CONVENTIONS, Crop

_PICTURES = "images"
_PX_PER_SCALE = 200.0  # HRNet's `scale` is the side of the box in units of 200 px


@dataclass(frozen=True)
class _Lists:
    """What is known of one data set in this layout. List names leave out face_landmarks_<of>_ and .csv."""

    scheme: Scheme
    counts: dict[str, int]
    train: tuple[str, ...] = ("train",)
    test: str = "test"
    subsets: tuple[tuple[str, str, int], ...] = ()  # tag, its list, published faces
    places: tuple[str, ...] = ()  # tags that the names of pictures begin with
    boxed: bool = False  # a box of the data set's own, and its side in a column
    one_based: bool = False
    normalisers: tuple[str, ...] = ("io",)  # as in the reader of the original files
    crop: Crop = CONVENTIONS["hrnet"]
    leaks: str = ""


_LISTS_300W = {
    "full": _Lists(
        SCHEME_68,
        {"train+val": 3148, "test": 689},
        test="valid",
        subsets=(("common", "valid_common", 554), ("challenging", "valid_challenge", 135)),
        normalisers=Ibug300w.NORMALISERS,
    ),
    "private": _Lists(
        SCHEME_68,
        {"train+val": 3837, "test": 600},
        train=("train", "valid"),
        places=PLACES,
        normalisers=Ibug300w.NORMALISERS,
    ),
    "private_3148": _Lists(
        SCHEME_68,
        {"train+val": 3148, "test": 600},
        places=PLACES,
        normalisers=Ibug300w.NORMALISERS,
    ),
}
_LISTS = {
    "wflw": _Lists(
        SCHEME_98,
        {"train+val": 7500, "test": 2500},
        subsets=tuple(
            (flag, f"test_{flag}", count)
            for flag, count in (
                *(("largepose", 326), ("expression", 314), ("illumination", 698)),
                *(("makeup", 206), ("occlusion", 736), ("blur", 773)),
            )
        ),
        leaks="the lists divide faces, and a photograph may show several",
    ),
    "cofw": _Lists(SCHEME_29, {"train+val": 1345, "test": 507}, one_based=True, normalisers=("io", "ip")),
    "aflw": _Lists(
        SCHEME_19,
        {"train+val": 20_000, "test": 4386},
        subsets=(("frontal", "test_frontal", 1314),),
        boxed=True,
        normalisers=("dataset_box", "diag", "dataset_diag", "box"),
        crop=CONVENTIONS["aflw"],
        leaks="the lists divide faces, and a photograph may show several",
    ),
}


@config
class HrnetCsv(Dataset):
    """One data set of the four; its facts are those of the data set that `of` names.

    `protocol`, of 300w: `full` learns from 3,148 faces and tests on the 689 of common and challenging; `private` learns
    from both and tests on the 600 of the challenge; `private_3148` learns from the 3,148 alone and tests on those 600.
    `one_based`: whether the lists count pixels from 1, so that 1 is subtracted from points and boxes; None: as the
    original files of the data set do, which is from 1 in COFW and from 0 elsewhere. HRNet itself never subtracts.
    """

    kind: ClassVar[str] = "hrnet_csv"
    SCHEME: ClassVar[Scheme] = SCHEME_68
    LICENCE: ClassVar[str] = "that of the data set: research use, not commercial"
    of: Literal["300w", "wflw", "cofw", "aflw"] = "300w"
    protocol: Literal["full", "private", "private_3148"] = "full"
    one_based: bool | None = None

    def __post_init__(self) -> None:
        if self.of != "300w" and self.protocol != "full":
            raise ValueError(f"protocol {self.protocol!r} is one of 300w; {self.of} has no other than 'full'.")

    @property
    def scheme(self) -> Scheme:
        return self._lists.scheme

    @property
    def FOLDER(self) -> str:
        return self.of

    @property
    def COUNTS(self) -> dict[str, int]:
        return self._lists.counts

    @property
    def SUBSETS(self) -> dict[str, int]:
        return {tag: count for tag, _, count in self._lists.subsets} | dict.fromkeys(self._lists.places, 300)

    @property
    def NORMALISERS(self) -> tuple[str, ...]:
        return self._lists.normalisers

    @property
    def CROP(self) -> Crop:
        return self._lists.crop

    @property
    def LEAKS(self) -> str:
        return self._lists.leaks

    @property
    def TREE(self) -> str:
        columns = f"image, scale, {'box_size, ' if self._lists.boxed else ''}center_w, center_h, x0, y0, …"
        lists = "".join(f"  {path.name}\n" for path in self.sources(Path()))
        return f"{self.of}/    lists of {columns}\n{lists}  {_PICTURES}/<picture>    where the lists say\n"

    def faces(self, data_root: Path) -> list[Face]:
        """The training lists, then the test list, each in its order."""
        mistakes: list[str] = []
        train = [
            self._face(row, "train") for name in self._lists.train for row in self._rows(data_root, name, mistakes)
        ]
        test = [self._face(row, "test") for row in self._rows(data_root, self._lists.test, mistakes)]
        lists = {tag: self._rows(data_root, name, mistakes) for tag, name, _ in self._lists.subsets}
        raise_noted(mistakes)  # a wrong line of the test list would make its lines in the subsets wrong too
        subsets = {tag: members(test, (row.listed for row in rows), mistakes) for tag, rows in lists.items()}
        for tag in self._lists.places:
            subsets[tag] = {index for index, face in enumerate(test) if place_of(face.image) == tag}
        raise_noted(mistakes)
        return number_faces(train + with_tags(test, subsets))

    def sources(self, data_root: Path) -> Sequence[Path]:
        names = (*self._lists.train, self._lists.test, *(name for _, name, _ in self._lists.subsets))
        return [self._path(data_root, name) for name in names]

    def required(self, data_root: Path) -> Sequence[Path]:
        return [*self.sources(data_root), self.root(data_root) / _PICTURES]

    def remarks(self, data_root: Path) -> Sequence[str]:
        """Pictures that no list of this protocol names, and boxes of two sizes."""
        names = (*self._lists.train, self._lists.test)
        rows = [row for name in names for row in self._rows(data_root, name, [])]
        found = unlisted_pictures(self.root(data_root), _PICTURES, (row.listed.image for row in rows))
        differ = [row for row in rows if abs(row.box_size - row.side) > 0.5]
        if differ:
            found.append(
                f"{count_of(differ, 'face')} with a box_size that is not 200 times the scale, such as "
                f"{differ[0].box_size:g} and {differ[0].side:g} in {differ[0].listed.place}; the scale is taken"
            )
        return found

    @property
    def _lists(self) -> _Lists:
        return _LISTS_300W[self.protocol] if self.of == "300w" else _LISTS[self.of]

    @property
    def _first_pixel(self) -> float:
        return float(self._lists.one_based if self.one_based is None else self.one_based)

    def _path(self, data_root: Path, name: str) -> Path:
        return self.root(data_root) / f"face_landmarks_{self.of}_{name}.csv"

    def _rows(self, data_root: Path, name: str, mistakes: list[str]) -> "list[_Row]":
        found: list[_Row] = []
        with noting(mistakes):
            path = self._path(data_root, name)
            lines = read_cells(path)
            next(lines)  # the header
            for number, cells in lines:
                with noting(mistakes):
                    found.append(self._row(cells, f"{path}, line {number}"))
        return found

    def _row(self, cells: list[str], place: str) -> "_Row":
        points, leading = 2 * self.scheme.num_landmarks, 4 + self._lists.boxed
        if len(cells) != leading + points:
            raise DataError(
                f"{place}: {len(cells)} columns, expected {leading + points} ({leading} and {points} coordinates). "
                f"Is it a list of {self.of}, and is the line whole?"
            )
        image = f"{_PICTURES}/{read_image_name(cells[0], place)}"
        scale, *box_size, centre_x, centre_y = read_numbers(cells[1:leading], place)
        landmarks = np.array(read_numbers(cells[leading:], place)).reshape(-1, 2) - self._first_pixel
        side = _PX_PER_SCALE * scale
        left, top = centre_x - side / 2 - self._first_pixel, centre_y - side / 2 - self._first_pixel
        box = box_between(left, top, left + side, top + side, place) if self._lists.boxed else None
        return _Row(ListedFace(image, landmarks, place), box, side, box_size[0] if box_size else side)

    def _face(self, row: "_Row", split: str) -> Face:
        image = row.listed.image
        # 300W stores a photograph once for each of its faces, the others list it once for each.
        group = picture_of(image.removeprefix(f"{_PICTURES}/")) if self.of == "300w" else image
        return Face(image=image, landmarks=row.listed.landmarks, split=split, group=group, box=row.box)

    def _picture_sizes(self, data_root: Path) -> Iterable[tuple[str, int]]:
        # Other layouts of the data set may lie in the same folder.
        root = self.root(data_root)
        names = (*self._lists.train, self._lists.test)
        for image in sorted({row.listed.image for name in names for row in self._rows(data_root, name, [])}):
            path = root / image
            yield image, path.stat().st_size if path.is_file() else -1


@dataclass(frozen=True)
class _Row:
    listed: ListedFace
    box: Box | None
    side: float  # 200 times the scale, px
    box_size: float  # the same in a column of its own, px


DATASET = HrnetCsv()
