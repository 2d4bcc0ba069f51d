"""Faces of your own with 68 landmarks: a folder of images and one CSV file."""

from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath
from typing import ClassVar

from trainables.config import config, nearest
from trainables.dataset import DataError, Dataset, Face, split_of_group
from trainables.datasets._csv import LandmarkRow, read_landmark_rows
from trainables.datasets._fields import Box, read_box
from trainables.datasets._lists import unlisted_neighbours
from trainables.datasets._pictures import original_of
from trainables.datasets._settings import Possible
from trainables.schemes import SCHEME_68, Scheme

BOX = ("box_x", "box_y", "box_w", "box_h")
SPLITS = ("train", "val", "test")


@config
class Csv68(Dataset):
    """`file`, below the data root: image name (relative to the file), x0, y0, …, x67, y67, then optional columns.

    Optional columns: `box_x, box_y, box_w, box_h`; `group` (person or video; by default every image is its own, with
    its twin `<name>_mirror`); `split` (train, val or test). Without a `split` column, whole groups are split 80/10/10
    by a hash of their name.
    """

    kind: ClassVar[str] = "csv68"
    VERSION: ClassVar[int] = 2  # 1 let mirrored twins stand on two sides
    SCHEME: ClassVar[Scheme] = SCHEME_68
    LICENCE: ClassVar[str] = "your own"
    TREE: ClassVar[str] = """\
landmarks.csv     name, x0, y0, …, x67, y67 [, box_x, box_y, box_w, box_h] [, group] [, split]
<images>          where the names in landmarks.csv say, relative to it
"""
    file: Possible = "landmarks.csv"

    def faces(self, data_root: Path) -> list[Face]:
        return [_face(row) for row in self._rows(data_root)]

    def sources(self, data_root: Path) -> Sequence[Path]:
        path = (data_root / self.file).resolve()
        if not path.is_relative_to(data_root.resolve()):
            raise DataError(f"csv68: file = {self.file!r} lies outside the data root {data_root}. Move it below.")
        return [path]

    def remarks(self, data_root: Path) -> Sequence[str]:
        """Pictures that the list does not name, in the folders of those that it names."""
        return unlisted_neighbours(self.root(data_root), [row.image for row in self._rows(data_root)])

    def root(self, data_root: Path) -> Path:
        return self.sources(data_root)[0].parent

    def _rows(self, data_root: Path) -> Iterable[LandmarkRow]:
        return read_landmark_rows(self.sources(data_root)[0], self.scheme.num_landmarks, (*BOX, "group", "split"))

    def _picture_sizes(self, data_root: Path) -> Iterable[tuple[str, int]]:
        # Only those in the list: other data sets may lie beside or below it.
        root = self.root(data_root)
        for row in self._rows(data_root):
            path = root / row.image
            yield row.image, path.stat().st_size if path.is_file() else -1


def _face(row: LandmarkRow) -> Face:
    group = row.extra.get("group") or original_of(PurePosixPath(row.image).with_suffix("").as_posix())
    return Face(image=row.image, landmarks=row.landmarks, split=_split(row, group), group=group, box=_box(row))


def _split(row: LandmarkRow, group: str) -> str:
    split = row.extra.get("split")
    if split is None:
        return split_of_group(group)
    if split not in SPLITS:
        raise DataError(f"{row.place}: split {split!r} is none of the three. {nearest(split, SPLITS)}")
    return split


def _box(row: LandmarkRow) -> Box | None:
    cells = [row.extra.get(name, "") for name in BOX]
    if not any(cells):
        return None
    if not all(cells):
        raise DataError(f"{row.place}: part of a box. Fill all of {', '.join(BOX)}, or none.")
    return read_box(cells, f"{row.place}, box")


DATASET = Csv68()
