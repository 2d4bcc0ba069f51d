"""Pictures as they are read for keeps: one that was cut off is unreadable, not half grey.

Decoders of JPEG fill what is missing with grey and go on, so that a broken download would be trained on.
"""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from trainables.dataset import Dataset, Face, UnreadableImage

_FILES = {".jpg", ".jpeg", ".png", ".bmp", ".gif", ".tif", ".tiff", ".ppm", ".pgm", ".webp"}
_START, _SCAN, _END = b"\xff\xd8", b"\xff\xda", b"\xff\xd9"  # markers of JPEG
_TAIL = 2


def in_any_order(faces: Iterable[Face]) -> bool:
    """Whether the pictures of these faces are as quickly read in any order, or by several threads at once.

    Frames of a film are not: going back begins it anew.
    """
    return all(face.pixels is not None or Path(face.image).suffix.lower() in _FILES for face in faces)


def read_whole(dataset: Dataset, data_root: Path, face: Face) -> NDArray[np.uint8]:
    """The picture of a face, RGB [height, width, 3]. Raises `UnreadableImage`, also where its file ends too early."""
    if face.pixels is None and is_cut_off(dataset.root(data_root) / face.image):
        raise UnreadableImage(f"{face.image}: the file ends before its picture does")
    return dataset.read_image(data_root, face)


def is_cut_off(path: Path) -> bool:
    """Whether this is a JPEG file without its end. Other formats say so themselves when they are decoded."""
    try:
        with path.open("rb") as file:
            if file.read(len(_START)) != _START or file.seek(0, 2) <= _TAIL:
                return False
            file.seek(-_TAIL, 2)
            if file.read() == _END:
                return False
            file.seek(0)
            content = file.read()
    except (OSError, ValueError):
        return False
    # Something may follow the end, and a thumbnail has an end of its own, but before the picture's scan.
    return content.rfind(_END) < content.rfind(_SCAN)
