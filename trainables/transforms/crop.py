"""Crops: a box around a face ⇄ a square network input, as an affine map with an exact inverse.

A pixel's centre has integer coordinates, in images and in crops. Maps are 2×3 matrices in float64.
"""

from typing import Annotated, Literal

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from trainables.config import config

Array = NDArray[np.floating]


@config
class Crop:
    """Which box is cropped, and how it becomes a square.

    `source`: `landmarks`, the tight box of the true landmarks; `dataset`, the box that the data set gives (a face
    without one falls back to its landmarks). `scale` enlarges the box about its centre; boxes given by a data set are
    only enlarged where `enlarge_dataset_box` says so, because paper 001 takes them as they are. `square`: the larger
    side is used for both; otherwise width and height are stretched independently.

    Source: sun2019hrnet (public code) for the default: ground-truth box, floor and ceil, ×1.25, square.
    """

    source: Literal["landmarks", "dataset"] = "landmarks"
    scale: Annotated[float, Field(gt=0)] = 1.25
    square: bool = True
    enlarge_dataset_box: bool = False

    def describe(self, boxed: float) -> str:
        """The protocol in words, as tables print it. `boxed`: the share of faces whose box the data set gives."""
        truth = f"ground-truth box ×{self.scale:g}"
        given = f"data set's box ×{self.scale if self.enlarge_dataset_box else 1:g}"
        if self.source == "landmarks" or boxed == 0:
            box = truth
        else:
            box = given if boxed == 1 else f"{given}, for {1 - boxed:.1%} without one {truth}"
        return f"{box}, {'square' if self.square else 'stretched'}"

    def matrix(self, landmarks: Array, box: Array | None, size: int) -> Array:
        """The map from image px to crop px [2, 3]. `landmarks` [K, 2]; `box` (x, y, width, height) or None.

        q = (p − c)·S/s + S/2 for centre c, side s and input size S.  Source: sun2019hrnet (public code).
        """
        left, top, width, height, scale = self._region(landmarks, box)
        if self.square:
            left, width = left + width / 2, max(width, height)
            top, height = top + height / 2, width
            left, top = left - width / 2, top - height / 2
        sides = np.array([width, height], dtype=np.float64) * scale
        centre = np.array([left + width / 2, top + height / 2])
        gain = size / sides
        return np.array(
            [
                [gain[0], 0.0, size / 2 - gain[0] * centre[0]],
                [0.0, gain[1], size / 2 - gain[1] * centre[1]],
            ]
        )

    def _region(self, landmarks: Array, box: Array | None) -> tuple[float, float, float, float, float]:
        if self.source == "dataset" and box is not None and np.isfinite(box).all():
            left, top, width, height = (float(value) for value in box)
            return left, top, max(width, 1.0), max(height, 1.0), self.scale if self.enlarge_dataset_box else 1.0
        low, high = np.floor(np.nanmin(landmarks, axis=0)), np.ceil(np.nanmax(landmarks, axis=0))
        width, height = np.maximum(high - low, 1.0)
        return float(low[0]), float(low[1]), float(width), float(height), self.scale


def transform(points: Array, matrix: Array) -> Array:
    """Points [..., K, 2] through one 2×3 map, or [N, K, 2] through [N, 2, 3], in float64."""
    points = np.asarray(points, dtype=np.float64)
    return points @ np.swapaxes(matrix[..., :2], -1, -2) + matrix[..., None, :, 2]


def inverse(matrix: Array) -> Array:
    """The map back [..., 2, 3]: exact up to rounding in float64."""
    linear = np.linalg.inv(matrix[..., :2])
    offset = -(linear @ matrix[..., 2:])
    return np.concatenate([linear, offset], axis=-1)


def cut(image: NDArray[np.uint8], matrix: Array, size: int) -> NDArray[np.uint8]:
    """The square [size, size, 3] that `matrix` maps `image` to. Outside the image it is black.

    An image that shrinks more than twice is first reduced by area averaging, so that no pixel is skipped.
    """
    shrink = 1.0 / max(abs(np.linalg.det(matrix[:, :2])) ** 0.5, 1e-9)
    if shrink > 2.0:
        factor = min(int(shrink), *image.shape[:2])
        height, width = image.shape[0] // factor, image.shape[1] // factor
        whole = image[: height * factor, : width * factor]
        image = np.asarray(cv2.resize(whole, (width, height), interpolation=cv2.INTER_AREA), dtype=np.uint8)
        # A reduced pixel i averages f pixels around f·i + (f−1)/2.
        matrix = np.column_stack([matrix[:, :2] * factor, matrix[:, 2] + matrix[:, :2].sum(axis=1) * (factor - 1) / 2])
    return np.asarray(cv2.warpAffine(image, matrix, (size, size), flags=cv2.INTER_LINEAR), dtype=np.uint8)
