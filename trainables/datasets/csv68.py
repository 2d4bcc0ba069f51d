"""Faces of your own with 68 landmarks: a folder of images and one CSV file. Source: PROTOCOLS §1.10."""

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from trainables.config import config
from trainables.dataset import DataError, Dataset, Face, split_of_group
from trainables.datasets._csv import LandmarkRow, read_landmark_rows
from trainables.schemes import SCHEME_68, Scheme

BOX = ("box_x", "box_y", "box_w", "box_h")


@config
class Csv68(Dataset):
    """`file`, below the data root: image name (relative to the file), x0, y0, …, x67, y67, then optional columns.

    Optional columns: `box_x, box_y, box_w, box_h`; `group` (person or video; by default every image is its own);
    `split` (train, val or test). Without a `split` column, whole groups are split 80/10/10 by a hash of their name.
    """

    kind: ClassVar[str] = "csv68"
    SCHEME: ClassVar[Scheme] = SCHEME_68
    LICENCE: ClassVar[str] = "your own"
    TREE: ClassVar[str] = """\
landmarks.csv     name, x0, y0, …, x67, y67 [, box_x, box_y, box_w, box_h] [, group] [, split]
<images>          where the names in landmarks.csv say, relative to it
"""
    file: str = "landmarks.csv"

    def faces(self, data_root: Path) -> list[Face]:
        return [self._face(row) for row in read_landmark_rows(self.sources(data_root)[0], self.scheme.num_landmarks)]

    def sources(self, data_root: Path) -> Sequence[Path]:
        path = (data_root / self.file).resolve()
        if not path.is_relative_to(data_root.resolve()):
            raise DataError(f"csv68: file = {self.file!r} lies outside the data root {data_root}. Move it below.")
        return [path]

    def root(self, data_root: Path) -> Path:
        return self.sources(data_root)[0].parent

    def _face(self, row: LandmarkRow) -> Face:
        group = row.extra.get("group") or row.image
        box = tuple(float(row.extra[name]) for name in BOX) if all(row.extra.get(name) for name in BOX) else None
        return Face(
            image=row.image,
            landmarks=row.landmarks,
            split=row.extra.get("split") or split_of_group(group),
            group=group,
            box=box,  # type: ignore[arg-type]
        )


DATASET = Csv68()
