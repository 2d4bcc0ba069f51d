"""frames: a folder of pictures without landmarks, such as the frames of YouTube Faces, to be learned from unlabelled.

Source: wolf2011youtube (its layout and its lists of boxes).
"""

from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import ClassVar

import numpy as np

from trainables.config import config
from trainables.dataset import UNLABELLED, DataError, Dataset, Face, noting, raise_noted
from trainables.datasets._fields import Box, read_box, read_image_name, read_numbers
from trainables.datasets._lists import unlisted_pictures
from trainables.datasets._pictures import pictures_below, whole_picture
from trainables.datasets._settings import Below
from trainables.schemes import SCHEME_68, Scheme

_LIST = ".labeled_faces.txt"
_NO_LANDMARKS = np.full((SCHEME_68.num_landmarks, 2), np.nan)


@config
class Frames(Dataset):
    """`folder`, below the data root: `<person>/<video>/<frame>`, `<video>/<frame>`, or pictures only.

    The first folder is the group, the whole path of folders the video. Where `<person>.labeled_faces.txt` lies in
    `folder`, it gives the boxes; a picture that no list names is its own box.
    """

    kind: ClassVar[str] = "frames"
    SCHEME: ClassVar[Scheme] = SCHEME_68
    FOLDER: ClassVar[str | None] = "frame_images_DB"
    NORMALISERS: ClassVar[tuple[str, ...]] = ()
    ORIGIN: ClassVar[str] = "YouTube Faces"
    LICENCE: ClassVar[str] = "your own; YouTube Faces: research use"
    TREE: ClassVar[str] = """\
frame_images_DB/               another name by Frames(folder=…)
  <person>/<video>/<frame>.jpg   or <video>/<frame>.jpg
  <person>.labeled_faces.txt     optional: name,…,centre x,centre y,width,height,…
"""
    folder: Below = "frame_images_DB"

    def root(self, data_root: Path) -> Path:
        return data_root / self.folder

    def faces(self, data_root: Path) -> list[Face]:
        """In the order of the pictures' paths. What a list names is there, even if its picture is not."""
        root = self.root(data_root)
        mistakes: list[str] = []
        boxes = self._boxes(data_root, mistakes)
        raise_noted(mistakes)
        pictures = {path.relative_to(root).as_posix(): path for path in pictures_below(root)}
        return [
            _face(image, boxes[image] if image in boxes else whole_picture(pictures[image]))
            for image in sorted({*pictures, *boxes})
        ]

    def sources(self, data_root: Path) -> Sequence[Path]:
        return sorted(self.root(data_root).glob(f"*{_LIST}"))

    def required(self, data_root: Path) -> Sequence[Path]:
        return [self.root(data_root)]

    def remarks(self, data_root: Path) -> Sequence[str]:
        """Pictures that the list of their person does not name: their box is a guess."""
        root = self.root(data_root)
        listed = self._boxes(data_root, [])
        persons = [path.name.removesuffix(_LIST) for path in self.sources(data_root)]
        missed = [line for person in persons for line in unlisted_pictures(root, person, listed)]
        return [f"not in the list of boxes, the whole picture is taken: {line}" for line in missed]

    def _boxes(self, data_root: Path, mistakes: list[str]) -> dict[str, Box]:
        """Picture, below the folder -> box."""
        found: dict[str, Box] = {}
        for path in self.sources(data_root):
            with noting(mistakes):
                for place, line in _lines(path):
                    with noting(mistakes):
                        image, box = _boxed(line, place)
                        if image in found:
                            raise DataError(f"{place}: {image!r} is listed twice. Keep one line: one face a picture.")
                        found[image] = box
        return found


def _lines(path: Path) -> Iterator[tuple[str, str]]:
    try:
        with path.open(encoding="utf-8-sig") as file:
            for number, line in enumerate(file, start=1):
                if line.strip():
                    yield f"{path}, line {number}", line.strip()
    except OSError as error:
        raise DataError(f"{path}: {error.strerror}. Make it readable, or remove it.") from None
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: not UTF-8 text ({error.reason}). Take the list as published.") from None


def _boxed(line: str, place: str) -> tuple[str, Box]:
    cells = line.split(",")
    if len(cells) < 6:
        raise DataError(
            f"{place}: {len(cells)} cells, expected at least 6 (name, any number, centre x, centre y, width, height, "
            "separated by commas). Correct the line, or remove the list."
        )
    centre_x, centre_y, width, height = read_numbers(cells[2:6], place)
    image = read_image_name(cells[0].strip().replace("\\", "/"), place)
    corner = (centre_x - width / 2, centre_y - height / 2)
    return image, read_box([str(value) for value in (*corner, width, height)], place)


def _face(image: str, box: Box) -> Face:
    path = PurePosixPath(image)
    video = path.parent.as_posix() if len(path.parts) > 1 else ""
    return Face(
        image=image, landmarks=_NO_LANDMARKS, split=UNLABELLED, group=image.partition("/")[0], box=box, video=video
    )


DATASET = Frames()
