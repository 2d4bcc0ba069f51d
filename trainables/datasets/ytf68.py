"""ytf68: frames of public video interviews with 68 landmarks, split by person.

The public "facial keypoints" course data, derived from YouTube Faces: two CSV lists with the same persons in other
frames. Its own lists would let a network recognise persons, so the split here is by person.
Source: wolf2011youtube.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from trainables.config import config
from trainables.dataset import DataError, Dataset, Face, split_of_group
from trainables.datasets._csv import read_landmark_rows
from trainables.schemes import SCHEME_68, Scheme


@config
class Ytf68(Dataset):
    """Both labelled lists together: 2,973 / 291 / 393 faces of 244 / 24 / 32 persons."""

    kind: ClassVar[str] = "ytf68"
    SCHEME: ClassVar[Scheme] = SCHEME_68
    FOLDER: ClassVar[str | None] = "ytf68"
    COUNTS: ClassVar[dict[str, int]] = {"train": 2973, "val": 291, "test": 393}
    LICENCE: ClassVar[str] = "research use; derived from YouTube Faces"
    TREE: ClassVar[str] = """\
ytf68/
  training/                       2,991 images <person>_<video><frame>.jpg
  training_frames_keypoints.csv   name, 0 … 135
  test/                           1,994 images, 666 of them annotated
  test_frames_keypoints.csv
"""

    def faces(self, data_root: Path) -> list[Face]:
        found = []
        for folder, path in zip(("training", "test"), self.sources(data_root), strict=True):
            for row in read_landmark_rows(path, self.scheme.num_landmarks):
                person = row.image.rpartition("_")[0]
                if not person:
                    raise DataError(f"{row.place}: {row.image!r} names no person. Name it <person>_<video><frame>.jpg.")
                image, split = f"{folder}/{row.image}", split_of_group(person)
                found.append(Face(image=image, landmarks=row.landmarks, split=split, group=person))
        return found

    def sources(self, data_root: Path) -> Sequence[Path]:
        root = self.root(data_root)
        return [root / "training_frames_keypoints.csv", root / "test_frames_keypoints.csv"]


DATASET = Ytf68()
