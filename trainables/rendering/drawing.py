"""Anti-aliased shapes in px, drawn in place at 1/16 px, and the blending of what was drawn."""

import cv2
import numpy as np
from numpy.typing import NDArray

from trainables.rendering.arrays import Array, Image, Plane

SHIFT = 4  # cv2's fixed-point coordinates: 1/16 px
SQUARE = np.array([[-1.0, -1], [1, -1], [1, 1], [-1, 1]])


def fill(image: Image, polygon_px: Array, colour):
    """Fill a closed polygon, [points, 2]."""
    cv2.fillPoly(image, [np.rint(polygon_px * 16).astype(np.int32)], colour, cv2.LINE_AA, SHIFT)


def stroke(image: Image, line_px: Array, colour, width_px: int):
    """Draw an open line, [points, 2]."""
    cv2.polylines(image, [np.rint(line_px * 16).astype(np.int32)], False, colour, width_px, cv2.LINE_AA, SHIFT)


def fill_circle(image: Image, centre_px, radius_px: float, colour):
    cv2.circle(image, _fixed(centre_px), int(radius_px * 16), colour, -1, cv2.LINE_AA, SHIFT)


def fill_ellipse(image: Image, centre_px, radii_px, colour):
    cv2.ellipse(image, _fixed(centre_px), _fixed(radii_px), 0, 0, 360, colour, -1, cv2.LINE_AA, SHIFT)


def window(image: Image, outline_px: Array) -> tuple[Image, NDArray[np.intp]]:
    """The part of an image around an outline, as a view that can be painted, and its corner (x, y)."""
    low = np.clip(np.floor(outline_px.min(axis=0)).astype(int) - 2, 0, len(image))
    high = np.clip(np.ceil(outline_px.max(axis=0)).astype(int) + 3, 0, len(image))
    return image[low[1] : high[1], low[0] : high[0]], low


def blend(patch: Image, paint: Image, mask: Image):
    """Cover `patch` with `paint` where `mask` is 255, partly where it is less."""
    weight = mask.astype(np.float32)[..., None] / 255
    patch[:] = np.rint(patch + (paint - patch.astype(np.float32)) * weight)


def three_channels(plane: Plane) -> Plane:
    """[H, W] -> [H, W, 3]. Numpy's own broadcasting over a last axis of three is several times slower."""
    return np.asarray(cv2.merge([plane, plane, plane]), dtype=np.float32)


def _fixed(point_px) -> tuple[int, int]:
    return round(float(point_px[0]) * 16), round(float(point_px[1]) * 16)
