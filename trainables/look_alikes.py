"""Pictures that are the same, or mirror images, though their pixels differ: stored anew, or in another size."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

_SIDE = 16  # of a thumbnail, px
# Correlation of two thumbnails: JPEG of quality 75 keeps 0.9957 at 64 px and 0.9995 at 300 px; other faces reach 0.98.
_ALIKE = 0.995
_PLAIN = 4.0  # grey levels: a picture that varies less has nothing to be known by
_BLOCK = 2**24  # correlations that are looked at together, 64 MB


def thumbnail(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """16×16 grey levels of an RGB picture [height, width, 3]."""
    small = cv2.resize(pixels, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA).astype(np.float32)
    return np.rint(small.mean(axis=2)).astype(np.uint8)


def look_alikes(some: Sequence[NDArray[np.uint8]], others: Sequence[NDArray[np.uint8]]) -> list[tuple[int, int, bool]]:
    """For each of `some` (thumbnails) that one of `others` looks like: its index, that of the likest, if mirrored."""
    found: list[tuple[int, int, bool]] = []
    if not some or not others:
        return found
    known = _standardised(np.stack(others))
    step = max(1, _BLOCK // len(known))
    for start in range(0, len(some), step):
        block = np.stack(some[start : start + step])
        likeness = [_standardised(view) @ known.T for view in (block, block[:, :, ::-1])]
        best = np.stack([each.max(axis=1) for each in likeness])
        mirrored = best[1] > best[0]
        for row in np.flatnonzero(best.max(axis=0) >= _ALIKE).tolist():
            found.append((start + row, int(likeness[int(mirrored[row])][row].argmax()), bool(mirrored[row])))
    return found


def _standardised(thumbnails: NDArray[np.uint8]) -> NDArray[np.float32]:
    """[N, 256] of mean 0 and length 1, so that products are correlations; 0 where the picture is plain."""
    levels = thumbnails.reshape(len(thumbnails), -1).astype(np.float32)
    levels -= levels.mean(axis=1, keepdims=True)
    length = np.linalg.norm(levels, axis=1, keepdims=True)
    return levels * np.where(length < _PLAIN * _SIDE, 0.0, 1.0 / np.maximum(length, 1e-6)).astype(np.float32)
