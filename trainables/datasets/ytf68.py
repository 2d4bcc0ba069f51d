"""ytf68: frames of public video interviews with 68 landmarks, split by person.

The public "facial keypoints" course data, derived from YouTube Faces: two CSV lists with the same persons in other
frames. Its own lists would let a network recognise persons, so the split here is by person.
Source: wolf2011youtube.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import field
from pathlib import Path, PurePosixPath
from typing import ClassVar, Literal

import numpy as np

from trainables.config import config
from trainables.dataset import UNLABELLED, DataError, Dataset, Face, UnreadableImage, split_of_group
from trainables.datasets._csv import read_landmark_rows
from trainables.datasets._fields import Box
from trainables.datasets._pictures import pictures_below, whole_picture
from trainables.picture_files import picture_size
from trainables.schemes import SCHEME_68, Scheme

_SPLITS = {"training": "train", "test": "test"}  # folder -> published split
# Of labelled pictures: the landmarks' box is 0.38 of the side (median; 0.29 to 0.48 in nine of ten), its middle 0.046
# of the side below the picture's.
_FACE, _LOWER = 0.38, 0.046
_POOL = 2  # raise it when the reader changes what it returns of unlabelled faces
_NO_LANDMARKS = np.full((SCHEME_68.num_landmarks, 2), np.nan)


@config
class Ytf68(Dataset):
    """Both labelled lists together: 2,973 / 291 / 393 faces of 244 / 24 / 32 persons.

    `protocol`: `official` takes the published lists instead, for comparison only: the tested persons are trained on,
    in other frames of the same videos. Training pictures that are test pictures too, pixel for pixel, are left out.
    `unlabelled`: the pictures without landmarks join as unlabelled, those of persons who validate or test excepted.
    """

    kind: ClassVar[str] = "ytf68"
    SCHEME: ClassVar[Scheme] = SCHEME_68
    FOLDER: ClassVar[str | None] = "ytf68"
    ORIGIN: ClassVar[str] = "YouTube Faces"
    LICENCE: ClassVar[str] = "research use; derived from YouTube Faces"
    TREE: ClassVar[str] = """\
ytf68/
  training/                       2,991 images <person>_<video><frame>.jpg
  training_frames_keypoints.csv   name, 0 … 135
  test/                           1,994 images, 666 of them annotated
  test_frames_keypoints.csv
"""
    protocol: Literal["person", "official"] = field(default="person", metadata={"neutral": "person"})
    unlabelled: bool = field(default=False, metadata={"neutral": False})

    def __post_init__(self) -> None:
        if self.unlabelled and self.protocol == "official":
            raise ValueError("every unlabelled picture shows a person whom the official list tests. Split by person")

    @property
    def COUNTS(self) -> dict[str, int]:
        if self.protocol == "official":
            return {"train+val": 2988, "test": 666}
        return {"train": 2973, "val": 291, "test": 393}

    @property
    def LEAKS(self) -> str:
        if self.protocol == "official":
            return "the same persons, in other frames of the same videos"
        return ""

    def faces(self, data_root: Path) -> list[Face]:
        """The training list, then the test list, each in its order, then the unlabelled pictures in that of names."""
        found = self._listed(data_root)
        if self.protocol == "official":
            twins = self._twins(data_root, found)
            return [face for face in found if face.image not in twins]
        return [*found, *self._pool(data_root, found)] if self.unlabelled else found

    def sources(self, data_root: Path) -> Sequence[Path]:
        root = self.root(data_root)
        return [root / "training_frames_keypoints.csv", root / "test_frames_keypoints.csv"]

    def remarks(self, data_root: Path) -> Sequence[str]:
        """What was left out: pictures without landmarks, and the duplicates of the official lists."""
        listed = self._listed(data_root)
        remarks = []
        if self.protocol == "official" and (twins := sorted(self._twins(data_root, listed))):
            remarks.append(f"{len(twins):,} training pictures left out, identical with test ones: {', '.join(twins)}")
        left_out = len(self._unannotated(data_root, listed))
        if self.unlabelled:
            left_out -= len(self._pool(data_root, listed))
        if left_out:
            whose = " of persons who validate or test" if self.unlabelled else ""
            remarks.append(f"{left_out:,} pictures without annotation{whose} are left out")
        return remarks

    def digest(self, data_root: Path) -> str:
        """That of the labelled faces stays when only unlabelled ones are read otherwise."""
        found = super().digest(data_root)
        return hashlib.sha256(f"{found} {_POOL}".encode()).hexdigest()[:16] if self.unlabelled else found

    def _listed(self, data_root: Path) -> list[Face]:
        found = []
        for (folder, published), path in zip(_SPLITS.items(), self.sources(data_root), strict=True):
            for row in read_landmark_rows(path, self.scheme.num_landmarks):
                person, video = _person_and_video(row.image, row.place)
                split = published if self.protocol == "official" else split_of_group(person)
                image = f"{folder}/{row.image}"
                found.append(Face(image=image, landmarks=row.landmarks, split=split, group=person, video=video))
        return found

    def _unannotated(self, data_root: Path, listed: Sequence[Face]) -> list[str]:
        root = self.root(data_root)
        annotated = {face.image for face in listed}
        images = (path.relative_to(root).as_posix() for folder in _SPLITS for path in pictures_below(root / folder))
        return [image for image in images if image not in annotated]

    def _pool(self, data_root: Path, listed: Sequence[Face]) -> list[Face]:
        found = []
        for image in self._unannotated(data_root, listed):
            path = self.root(data_root) / image
            person, video = _person_and_video(path.name, str(path))
            if split_of_group(person) == "train":
                box = _middle(whole_picture(path))
                found.append(Face(image, _NO_LANDMARKS, UNLABELLED, group=person, video=video, box=box))
        return found

    def _twins(self, data_root: Path, listed: Sequence[Face]) -> set[str]:
        """Training pictures whose pixels are those of a test picture."""
        of_split = {split: [face for face in listed if face.split == split] for split in ("train", "test")}
        sizes = {face.image: picture_size(self.root(data_root) / face.image) for face in listed}
        test_sizes = {sizes[face.image] for face in of_split["test"]} - {None}
        tested = {pixels for face in of_split["test"] if (pixels := self._pixels(data_root, face))}
        return {
            face.image
            for face in of_split["train"]
            if sizes[face.image] in test_sizes and self._pixels(data_root, face) in tested
        }

    def _pixels(self, data_root: Path, face: Face) -> bytes | None:
        try:
            pixels = self.read_image(data_root, face)
        except UnreadableImage:
            return None  # the cache counts and names it
        return repr(pixels.shape).encode() + pixels.tobytes()


def _middle(picture: Box) -> Box:
    """Where the landmarks of an unlabelled face most likely are: the pictures show heads with their surroundings."""
    x, y, width, height = picture
    side = _FACE * max(width, height)
    return x + (width - side) / 2, y + (height - side) / 2 + _LOWER * height, side, side


def _person_and_video(name: str, place: str) -> tuple[str, str]:
    """`<person>_<video><frame>.jpg` -> `<person>`, `<person>_<video>`; the frame is one digit."""
    person = name.rpartition("_")[0]
    if not person:
        raise DataError(f"{place}: {name!r} names no person. Name it <person>_<video><frame>.jpg.")
    return person, PurePosixPath(name).stem[:-1]


DATASET = Ytf68()
