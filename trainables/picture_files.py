"""Picture files: how large their pictures are without decoding them, and their pixels where that is safe."""

from pathlib import Path
from struct import error, unpack

import cv2
import numpy as np
from numpy.typing import NDArray

MOST_PIXELS = 2**27  # 134 megapixels, 400 MB decoded: a few bytes of a header or of zeros must not fill the memory
_MOST_PER_BYTE = 8 * 1032  # pixels: PNG has a bit for each, which it makes smaller by 1032 at most; JPEG needs more
_PNG = b"\x89PNG\r\n\x1a\n"
_JPEG = b"\xff\xd8"
_ENDS_OF_HEADER = {0xD9, 0xDA}
_SIZES = set(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # markers of a JPEG frame; the three are tables


def read_picture(path: Path) -> NDArray[np.uint8]:
    """RGB [height, width, 3]. Raises ValueError with the reason where there is no picture that can be read."""
    if not path.is_file():
        raise ValueError("no file" if path.exists() else "no such file")
    width, height = picture_size(path) or (0, 0)
    if width * height > MOST_PIXELS:
        raise ValueError(f"{width}×{height} px are more than {MOST_PIXELS:,}")
    if width * height > _MOST_PER_BYTE * path.stat().st_size:
        raise ValueError(f"the file is too short for {width}×{height} px")
    try:
        # Annotations are of the stored pixels; a camera's note to turn the picture does not turn them.
        pixels = cv2.imread(str(path), cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
    except cv2.error as problem:  # of another format that claims as much
        raise ValueError(f"not a readable image ({problem.err or 'it cannot be decoded'})") from None
    if pixels is None:
        raise ValueError("not a readable image")
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB), dtype=np.uint8)


def picture_size(path: Path) -> tuple[int, int] | None:
    """Width and height of a JPEG or PNG file, by content, whatever its suffix; None where its header has none."""
    try:
        with path.open("rb") as file:
            start = file.read(24)
            if start.startswith(_PNG) and len(start) == 24:
                width, height = unpack(">II", start[16:24])
                return (width, height) if width and height else None
            if not start.startswith(_JPEG):
                return None
            file.seek(len(_JPEG))
            while len(segment := file.read(4)) == 4:
                mark, code, length = unpack(">BBH", segment)
                if mark != 0xFF or code in _ENDS_OF_HEADER:
                    return None
                if code == 0xFF:  # a fill byte
                    file.seek(-3, 1)
                    continue
                if code in _SIZES:
                    _, height, width = unpack(">BHH", file.read(5))
                    return (width, height) if width and height else None
                file.seek(length - 2, 1)
    except (OSError, ValueError, error):
        pass  # absent, or cut off within its header
    return None
