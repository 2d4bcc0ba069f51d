"""Frames of a video file, read in order."""

from functools import lru_cache
from pathlib import Path
from threading import Lock

import cv2
import numpy as np
from numpy.typing import NDArray

from trainables.dataset import UnreadableImage


def read_frame(path: Path, number: int, name: str) -> NDArray[np.uint8]:
    """Frame `number`, from 1, as RGB [height, width, 3]. `name` stands for it in messages. Raises `UnreadableImage`.

    Frames asked for in ascending order are decoded once each; a smaller number than the last starts from the beginning.
    """
    try:
        written = path.stat()
    except OSError:
        raise UnreadableImage(f"{name}: no such file") from None
    return _opened(path, written.st_mtime_ns, written.st_size).frame(number, name)


def num_frames(path: Path) -> int | None:
    """How many frames the file says that it has; None where it is no readable video."""
    capture = cv2.VideoCapture(str(path))
    count = int(capture.get(cv2.CAP_PROP_FRAME_COUNT)) if capture.isOpened() else 0
    capture.release()
    return count if count > 0 else None


class _Video:
    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = Lock()
        self._last: int | None = None  # the last frame, once it was passed
        self._rewind()

    def frame(self, number: int, name: str) -> NDArray[np.uint8]:
        with self._lock:
            if self._last is None or number <= self._last:
                self._advance(number)
            if self._number != number:
                reason = "ends or cannot be decoded before this frame" if self._last else "is no readable video"
                raise UnreadableImage(f"{name}: the file {reason}")
            decoded, pixels = self._capture.retrieve()
        if not decoded:
            raise UnreadableImage(f"{name}: the frame cannot be decoded")
        return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB), dtype=np.uint8)

    def _advance(self, number: int) -> None:
        if number < self._number:
            self._rewind()
        # Seeking lands on the wrong frame in some files; decoding what lies between never does.
        while self._number < number:
            if not self._capture.grab():
                self._last = self._number
                self._rewind()  # past its end a file gives no more, not even the frame before
                return
            self._number += 1

    def _rewind(self) -> None:
        self._capture = cv2.VideoCapture(str(self._path))
        self._number = 0  # of the frame that was grabbed last


@lru_cache(maxsize=1)
def _opened(path: Path, written_ns: int, size: int) -> _Video:
    """The video that is being read; another file, or another content, takes its place."""
    return _Video(path)
