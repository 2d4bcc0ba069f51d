"""ibug300vw: 300VW, 114 videos of faces with 68 landmarks on every frame, in three test categories.

50 videos train; the others test under good light (category 1), in unconstrained light (2) and in arbitrary conditions
(3). Frames come from `vid.avi`, or from the pictures that were extracted from it beforehand.
Source: shen2015ibug300vw; dong2018sbr for the numbers of frames, which leave out the broken ones.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from trainables.config import config
from trainables.dataset import UNLABELLED, Dataset, Face, noting, raise_noted
from trainables.datasets._fields import Box
from trainables.datasets._ibug300vw import BROKEN_FRAMES, CATEGORIES, CATEGORY_FRAMES, TRAINING, TRAINING_FRAMES
from trainables.datasets._pts import PICTURES, annotation_files, count_of, read_pts, some_of
from trainables.datasets._video import num_frames, read_frame
from trainables.recipe import PositiveInt
from trainables.schemes import SCHEME_68, Scheme

_CATEGORY_OF = {video: category for category, videos in CATEGORIES.items() for video in videos}
_VIDEOS = sorted([*TRAINING, *_CATEGORY_OF])
_NOT_NUMBERED = (
    "its name is no frame number, or that of another file. Frames count from 000001.pts: rename it, or remove it."
)


@config
class Ibug300vw(Dataset):
    """`labelled`: False hides the landmarks of the training videos; their frames are unlabelled faces in boxes.

    `every`: takes the first annotated frame of each video, and each `every`-th after it. `broken`: takes also the test
    frames whose annotation is known to be broken. `one_based`: count pixels from 1, as `ibug300w` does.
    """

    kind: ClassVar[str] = "ibug300vw"
    SCHEME: ClassVar[Scheme] = SCHEME_68
    FOLDER: ClassVar[str | None] = "300VW_Dataset_2015_12_14"
    NORMALISERS: ClassVar[tuple[str, ...]] = ("io", "ip", "box", "diag")
    LICENCE: ClassVar[str] = "research use, not commercial; iBUG 300-VW"
    TREE: ClassVar[str] = """\
300VW_Dataset_2015_12_14/
  <id>/                114 videos, such as 001
    annot/000001.pts   one for each frame, the first is 000001
    vid.avi            or its frames: imgs/000001.png (or .jpg)
"""
    labelled: bool = True
    every: PositiveInt = 1
    broken: bool = False
    one_based: bool = False

    @property
    def COUNTS(self) -> dict[str, int]:
        # The published numbers are of all frames but the broken ones.
        if self.every > 1 or self.broken:
            return {}
        return {"train+val" if self.labelled else UNLABELLED: TRAINING_FRAMES, "test": sum(CATEGORY_FRAMES.values())}

    @property
    def SUBSETS(self) -> dict[str, int]:
        return {} if self.every > 1 or self.broken else CATEGORY_FRAMES

    def faces(self, data_root: Path) -> list[Face]:
        """Video by video, each in the order of its frames."""
        found: list[Face] = []
        mistakes: list[str] = []
        for video in self._videos(data_root):
            mistakes += [f"{path}: {_NOT_NUMBERED}" for path in video.not_numbered]
            for number, annotation in self._taken(video):
                with noting(mistakes):
                    found.append(self._face(video, number, annotation))
        raise_noted(mistakes)
        return found

    def sources(self, data_root: Path) -> Sequence[Path]:
        return [path for video in self._videos(data_root) for _, path in self._taken(video)]

    def required(self, data_root: Path) -> Sequence[Path]:
        return [self.root(data_root)]

    def remarks(self, data_root: Path) -> Sequence[str]:
        root, videos = self.root(data_root), list(self._videos(data_root))
        there = {video.name for video in videos}
        absent = [name for name in _VIDEOS if name not in there]
        strange = [path.parent.name for path in sorted(root.glob("*/annot")) if path.parent.name not in _VIDEOS]
        lines = [f"{count_of(absent, 'video')} of {len(_VIDEOS)} absent: {some_of(absent)}"] if absent else []
        if strange:
            lines.append(f"{count_of(strange, 'folder')} left out, no video of 300VW: {some_of(strange)}")
        for video in videos:
            lines += self._remarks_on(video)
        return lines

    def read_image(self, data_root: Path, face: Face) -> NDArray[np.uint8]:
        if not face.image.endswith("/vid.avi"):
            return super().read_image(data_root, face)
        return read_frame(self.root(data_root) / face.image, int(face.which), face.name)

    def _picture_sizes(self, data_root: Path) -> Iterable[tuple[str, int]]:
        films = [video.film for video in self._videos(data_root) if video.film.is_file()]
        of_films = ((f"{film.parent.name}/{film.name}", film.stat().st_size) for film in films)
        return chain(super()._picture_sizes(data_root), of_films)

    def _videos(self, data_root: Path) -> "Iterator[_Video]":
        root = self.root(data_root)
        return (_Video.at(root / name) for name in _VIDEOS if (root / name).is_dir())

    def _taken(self, video: "_Video") -> list[tuple[int, Path]]:
        """The frames that this config takes, and their annotation files."""
        left_out = frozenset() if self.broken else BROKEN_FRAMES.get(video.name, frozenset())
        return [frame for frame in video.annotations.items() if frame[0] not in left_out][:: self.every]

    def _face(self, video: "_Video", number: int, annotation: Path) -> Face:
        landmarks = read_pts(annotation, self.scheme.num_landmarks, self.one_based)
        category = _CATEGORY_OF.get(video.name)
        hidden = category is None and not self.labelled
        image, which = video.frame(number)
        return Face(
            image=image,
            which=which,
            landmarks=np.full_like(landmarks, np.nan) if hidden else landmarks,
            box=_box_of(landmarks) if hidden else None,
            split="test" if category else "train" if self.labelled else UNLABELLED,
            group=video.name,
            video=video.name,
            tags=(category,) if category else (),
        )

    def _remarks_on(self, video: "_Video") -> list[str]:
        broken = sorted(video.annotations.keys() & BROKEN_FRAMES.get(video.name, frozenset()))
        lines = []
        if broken and not self.broken:
            names = some_of([str(number) for number in broken])
            lines.append(f"{video.name}: {count_of(broken, 'frame')} with a broken annotation left out: {names}")
        unannotated = sorted(video.pictures.keys() - video.annotations.keys())
        if unannotated:
            names = some_of([video.pictures[number] for number in unannotated])
            lines.append(f"{video.name}/imgs: {count_of(unannotated, 'picture')} without annotation, left out: {names}")
        elif not video.pictures and (frames := num_frames(video.film)) and frames > len(video.annotations):
            lines.append(f"{video.name}/vid.avi: {frames:,} frames, {len(video.annotations):,} annotated")
        return lines


@dataclass(frozen=True)
class _Video:
    """The folder of a video. Frame numbers are those of the file names, in ascending order."""

    name: str
    film: Path
    annotations: dict[int, Path]
    not_numbered: list[Path]  # annotation files whose name is no frame number, or one that another has too
    pictures: dict[int, str]  # extracted frames, by their names

    @classmethod
    def at(cls, folder: Path) -> "_Video":
        annotations: dict[int, Path] = {}
        not_numbered: list[Path] = []
        for path in annotation_files(folder / "annot"):
            number = _frame_number(path)
            if number is None or number in annotations:
                not_numbered.append(path)
            else:
                annotations[number] = path
        # Of two pictures of a frame the last by name is taken: .png before .jpg.
        pictures = {_frame_number(path): path.name for path in annotation_files(folder / "imgs", PICTURES)}
        numbered = {number: name for number, name in pictures.items() if number is not None}
        return cls(folder.name, folder / "vid.avi", dict(sorted(annotations.items())), not_numbered, numbered)

    def frame(self, number: int) -> tuple[str, str]:
        """Where a frame is below the root, and which one it is of that file."""
        if number in self.pictures:
            return f"{self.name}/imgs/{self.pictures[number]}", ""
        if self.pictures and not self.film.is_file():
            return f"{self.name}/imgs/{number:06d}", ""  # absent: counted and named as unreadable
        return f"{self.name}/vid.avi", f"{number:06d}"


def _frame_number(path: Path) -> int | None:
    number = int(path.stem) if path.stem.isascii() and path.stem.isdigit() else 0
    return number if number > 0 else None


def _box_of(landmarks: NDArray[np.float64]) -> Box:
    """x, y, width and height in whole px, so that a hidden face is cropped as it were with its landmarks."""
    left, top = np.floor(landmarks.min(axis=0)).tolist()
    right, bottom = np.ceil(landmarks.max(axis=0)).tolist()
    return left, top, max(right - left, 1.0), max(bottom - top, 1.0)


DATASET = Ibug300vw()
