"""CelebA: 202,599 photographs of celebrities, a pool of unlabelled faces, or labelled ones for super-resolution.

The lists give each face a box. Landmarks of 68 points exist only as the output of a detector, published with DIC for
168,854 pictures to train and 1,000 to test. Source: liu2015celeba (pictures, boxes, persons), ma2020dic (landmarks).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from trainables.config import config, nearest
from trainables.dataset import LABELLED_SPLITS, UNLABELLED, DataError, Dataset, Face, noting, raise_noted
from trainables.datasets._fields import Box, read_box, read_image_name, read_lines, read_numbers
from trainables.datasets._lists import unlisted_pictures
from trainables.schemes import SCHEME_68, Scheme
from trainables.transforms.crop import Crop

_PICTURES = "img_celeba"
_PARQUET = "celeba_68.parquet"
_COLUMNS = {"name": 0, "landmarks": 136, "box": 4, "split": 0}  # -> numbers in each row
_REMEDY = "Put CelebA's list there."
_PARTS = {"0": "celeba_train", "1": "celeba_val", "2": "celeba_test"}
_NO_LANDMARKS = np.full((SCHEME_68.num_landmarks, 2), np.nan)  # one for all: 200,000 of them are 220 MB

_CONVERT = f"""\
{_PARQUET} has a row for each labelled face: name (a picture in {_PICTURES}/), landmarks (136 numbers: x0, y0, x1, …),
box (x, y, width, height) and split (train, val or test); all in px of that picture.
DIC's landmarks are published as pickles. Loading a pickle can run any code in it, so none is read here. Load them once,
where that does no harm, and write their rows: pandas.DataFrame(rows).to_parquet({_PARQUET!r}).
Their boxes are two corners (x0, y0, x1, y1), and their test landmarks are px of 128×128 crops: convert both."""


@config
class Celeba(Dataset):
    """`labelled`: the faces of DIC's super-resolution protocol, from a Parquet file made of its annotation; otherwise
    every face is unlabelled, tagged with its part of the official partition. A tenth of the training faces is held out.
    """

    kind: ClassVar[str] = "celeba"
    SCHEME: ClassVar[Scheme] = SCHEME_68
    FOLDER: ClassVar[str | None] = "CelebA"
    LICENCE: ClassVar[str] = "research use, not commercial; the pictures are not CelebA's"
    labelled: bool = False

    @property
    def COUNTS(self) -> dict[str, int]:
        return {"train+val": 168_854, "test": 1_000} if self.labelled else {}

    @property
    def NORMALISERS(self) -> tuple[str, ...]:
        return ("width", "io") if self.labelled else ()

    @property
    def CROP(self) -> Crop:
        # The boxes of the lists are wide already.
        return Crop() if self.labelled else Crop(source="dataset")

    @property
    def LEAKS(self) -> str:
        return "the lists divide pictures, and every person has about twenty" if self.labelled else ""

    @property
    def TREE(self) -> str:
        lists = f"  {_PARQUET}                  name, landmarks, box, split"
        if not self.labelled:
            lists = """\
  Anno/list_bbox_celeba.txt          number of faces, header, name x_1 y_1 width height
  Eval/list_eval_partition.txt       name part"""
        return f"""\
CelebA/
{lists}
  Anno/identity_CelebA.txt           name person; without it every picture is its own group
  {_PICTURES}/                        202,599 pictures <6 digits>.jpg as found, not the aligned ones
"""

    def faces(self, data_root: Path) -> list[Face]:
        """Labelled: in the order of the rows. Unlabelled: in that of the boxes; those without area are left out."""
        mistakes: list[str] = []
        persons = self._persons(data_root, mistakes)
        found: list[Face] = []
        if self.labelled:
            with noting(mistakes):
                for row in _read_parquet(self._parquet(data_root)):
                    with noting(mistakes):
                        found.append(_labelled(row, persons))
        else:
            parts = self._column(data_root, "Eval/list_eval_partition.txt", mistakes)
            with noting(mistakes):
                for name, cells, place in self._boxes(data_root):
                    with noting(mistakes):
                        if (face := _unlabelled(name, cells, parts, persons, place)) is not None:
                            found.append(face)
        raise_noted(mistakes)
        return found

    def sources(self, data_root: Path) -> Sequence[Path]:
        root = self.root(data_root)
        lists = [root / "Anno/list_bbox_celeba.txt", root / "Eval/list_eval_partition.txt"]
        persons = self._identity(data_root)
        return [*([self._parquet(data_root)] if self.labelled else lists), *([persons] if persons.is_file() else [])]

    def required(self, data_root: Path) -> Sequence[Path]:
        lists = [path for path in self.sources(data_root) if path != self._identity(data_root)]
        return [*lists, self.root(data_root) / _PICTURES]

    def missing(self, data_root: Path) -> str | None:
        """Also how to make the Parquet file, where that is what is missing."""
        message = super().missing(data_root)
        if message is None or not self.labelled or self._parquet(data_root).exists():
            return message
        return f"{message}\n{_CONVERT}"

    def remarks(self, data_root: Path) -> Sequence[str]:
        faces = self.faces(data_root)
        found = unlisted_pictures(self.root(data_root), _PICTURES, (face.image for face in faces))
        if self.labelled:
            return found
        count = sum(1 for _ in self._boxes(data_root))
        if count > len(faces):
            found.append(f"{count - len(faces):,} boxes without area are left out")
        if self._parquet(data_root).is_file():
            found.append(f"{_PARQUET} is there and not read: Celeba(labelled=True) reads it")
        return found

    def _parquet(self, data_root: Path) -> Path:
        return self.root(data_root) / _PARQUET

    def _identity(self, data_root: Path) -> Path:
        return self.root(data_root) / "Anno/identity_CelebA.txt"

    def _persons(self, data_root: Path, mistakes: list[str]) -> dict[str, str]:
        """Picture -> person; nothing where the list is absent."""
        if not self._identity(data_root).is_file():
            return {}
        return self._column(data_root, "Anno/identity_CelebA.txt", mistakes)

    def _column(self, data_root: Path, file: str, mistakes: list[str]) -> dict[str, str]:
        """Picture -> what a list of two columns says of it."""
        found: dict[str, str] = {}
        with noting(mistakes):
            for place, line in read_lines(self.root(data_root) / file, _REMEDY):
                with noting(mistakes):
                    cells = line.rsplit(maxsplit=1)  # a name may hold blanks
                    if len(cells) != 2:
                        raise DataError(f"{place}: {len(cells)} cells, expected 2. Take the list as published.")
                    found[cells[0]] = cells[1]
        return found

    def _boxes(self, data_root: Path) -> Iterator[tuple[str, list[str], str]]:
        """Picture, the four cells of its box, place. Raises `DataError` where the list is cut off."""
        path = self.root(data_root) / "Anno/list_bbox_celeba.txt"
        lines = read_lines(path, _REMEDY)
        promised, count = next(lines, ("", ""))[1], 0
        next(lines, None)  # the header
        for place, line in lines:
            count += 1
            cells = line.rsplit(maxsplit=4)  # a name may hold blanks
            if len(cells) != 5:
                raise DataError(
                    f"{place}: {len(cells)} cells, expected 5 (name x_1 y_1 width height). Take the list as published."
                )
            yield cells[0], cells[1:], place
        if promised != str(count):
            raise DataError(
                f"{path}, line 1: it says {promised or 'nothing'}, and {count:,} faces follow. "
                "The first line is the number of faces, the second the header: take the list as published, whole."
            )


@dataclass(frozen=True)
class _Row:
    name: str
    landmarks: NDArray[np.float64]  # [136]
    box: NDArray[np.float64]  # [4]
    split: str
    place: str


def _read_parquet(path: Path) -> Iterator[_Row]:
    try:
        file = pq.ParquetFile(path)
        names = file.schema_arrow.names
        absent = [name for name in _COLUMNS if name not in names]
        if absent:
            raise DataError(f"{path}: no column {absent[0]!r}. {nearest(absent[0], names)}\n{_CONVERT}")
        table = file.read(columns=list(_COLUMNS))
    except (pa.ArrowException, OSError) as error:
        reason = str(error).partition("\n")[0].rstrip(".")
        raise DataError(f"{path}: not the Parquet file that is expected ({reason}).\n{_CONVERT}") from None
    landmarks, boxes = (_matrix(table, name, path) for name in ("landmarks", "box"))
    names, splits = table["name"].to_pylist(), table["split"].to_pylist()
    for number, (name, split) in enumerate(zip(names, splits, strict=True)):
        yield _Row(str(name or ""), landmarks[number], boxes[number], str(split), f"{path}, row {number}")


def _matrix(table: pa.Table, name: str, path: Path) -> NDArray[np.float64]:
    """A column of lists as an array [rows, numbers]."""
    width = _COLUMNS[name]
    kind = table.schema.field(name).type
    lists = pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)
    if not lists or not (pa.types.is_floating(kind.value_type) or pa.types.is_integer(kind.value_type)):
        raise DataError(f"{path}: column {name!r} holds {kind}, expected lists of {width} numbers.\n{_CONVERT}")
    column = table[name].cast(pa.list_(pa.float64())).combine_chunks()
    lengths = column.value_lengths().fill_null(0).to_numpy(zero_copy_only=False)
    if (lengths != width).any():
        row = int(np.argmax(lengths != width))
        raise DataError(f"{path}, row {row}: {lengths[row]} numbers in {name!r}, expected {width}.\n{_CONVERT}")
    return column.flatten().to_numpy(zero_copy_only=False).reshape(-1, width)


def _labelled(row: _Row, persons: dict[str, str]) -> Face:
    name = read_image_name(row.name, row.place)
    if row.split not in LABELLED_SPLITS:
        raise DataError(f"{row.place}: split {row.split!r} is none of the three. {nearest(row.split, LABELLED_SPLITS)}")
    if not np.isfinite(row.landmarks).all():
        read_numbers([str(value) for value in row.landmarks], f"{row.place}, landmarks")
    box = read_box([str(value) for value in row.box], f"{row.place}, box")
    return _face(name, row.landmarks.reshape(-1, 2), row.split, box, persons)


def _unlabelled(name: str, cells: list[str], parts: dict[str, str], persons: dict[str, str], place: str) -> Face | None:
    """None where the box has no area."""
    read_image_name(name, place)
    part = _PARTS.get(parts.get(name, ""))
    if part is None:
        raise DataError(
            f"{place}: list_eval_partition.txt does not say 0, 1 or 2 of {name!r}. Take all lists from one archive."
        )
    _, _, width, height = read_numbers(cells, place)
    if width <= 0 or height <= 0:
        return None
    return _face(name, _NO_LANDMARKS, UNLABELLED, read_box(cells, place), persons, (part,))


def _face(
    name: str,
    landmarks: NDArray[np.float64],
    split: str,
    box: Box,
    persons: dict[str, str],
    tags: tuple[str, ...] = (),
) -> Face:
    image = f"{_PICTURES}/{name}"
    person = persons.get(name)
    group = image if person is None else f"person {person}"
    return Face(image=image, landmarks=landmarks, split=split, group=group, box=box, tags=tags)


DATASET = Celeba()
