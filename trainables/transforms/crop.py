"""Crops: a box around a face ⇄ a square network input, as an affine map with an exact inverse.

A pixel's centre has integer coordinates, in images and in crops. Maps are 2×3 matrices in float64.
"""

from dataclasses import field
from typing import Annotated, Literal

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from trainables.config import Named, config

Array = NDArray[np.floating]


@config
class Crop:
    """Which box is cropped, and how it becomes a square.

    `source`: `landmarks`, the tight box of the true landmarks; `dataset`, the box that the data set gives (a face
    without one falls back to its landmarks). `scale` enlarges the box about its centre; boxes given by a data set are
    only enlarged where `enlarge_dataset_box` says so, because paper 001 takes them as they are. `square`: the larger
    side is used for both, or with `side="mean"` the mean of both; otherwise width and height are stretched
    independently. `raised`: the box moves up by this share of its height. `whole_pixels`: the box of the landmarks
    reaches from the floor of the smallest to the ceiling of the largest; otherwise it is theirs exactly.

    Source: sun2019hrnet (public code) for the default: ground-truth box, floor and ceil, ×1.25, square.
    """

    source: Literal["landmarks", "dataset"] = "landmarks"
    scale: Annotated[float, Field(gt=0)] = 1.25
    square: bool = True
    enlarge_dataset_box: bool = False
    side: Literal["longer", "mean"] = field(default="longer", metadata={"neutral": "longer"})
    raised: Annotated[float, Field(ge=0, lt=1)] = field(default=0.0, metadata={"neutral": 0.0})
    whole_pixels: bool = field(default=True, metadata={"neutral": True})

    def describe(self, boxed: float) -> str:
        """The protocol in words, as tables print it. `boxed`: the share of faces whose box the data set gives."""
        truth = f"{'' if self.whole_pixels else 'unrounded '}ground-truth box ×{self.scale:g}"
        given = f"data set's box ×{self.scale if self.enlarge_dataset_box else 1:g}"
        if self.source == "landmarks" or boxed == 0:
            box = truth
        else:
            box = given if boxed == 1 else f"{given}, for {1 - boxed:.1%} without one {truth}"
        shape = {"longer": "square", "mean": "square of the mean side"}[self.side] if self.square else "stretched"
        return f"{box}, {shape}" + (f", raised by {self.raised:.0%} of its height" if self.raised else "")

    def matrix(self, landmarks: Array, box: Array | None, size: int) -> Array:
        """The map from image px to crop px [2, 3]. `landmarks` [K, 2]; `box` (x, y, width, height) or None.

        q = (p − c)·S/s + S/2 for centre c, side s and input size S.  Source: sun2019hrnet (public code).
        """
        left, top, width, height, scale = self._region(landmarks, box)
        top -= self.raised * height
        if self.square:
            side = max(width, height) if self.side == "longer" else (width + height) / 2
            left, top = left + width / 2 - side / 2, top + height / 2 - side / 2
            width = height = side
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
        unlabelled = not np.isfinite(landmarks).any()
        if (unlabelled or self.source == "dataset") and box is not None and np.isfinite(box).all():
            left, top, width, height = (float(value) for value in box)
            # The box of an unlabelled face stands for the landmarks that it has not.
            enlarged = self.enlarge_dataset_box or self.source == "landmarks"
            return left, top, max(width, 1.0), max(height, 1.0), self.scale if enlarged else 1.0
        low, high = np.nanmin(landmarks, axis=0), np.nanmax(landmarks, axis=0)
        if self.whole_pixels:
            low, high = np.floor(low), np.ceil(high)
        width, height = np.maximum(high - low, 1.0)
        return float(low[0]), float(low[1]), float(width), float(height), self.scale


# What the literature crops, by name. No image is cut off at its border: outside it a crop is black.
# Sources, all public code: sun2019hrnet (hrnet, and aflw with that data set's own box), bulat2017fan (fan: a side
# of 200 px at scale (w + h) / 195, the centre raised), jin2021pipnet (pipnet_300w, pipnet_wflw), the dlib-XML tutorials
# for PyTorch (dlib), mmpose2020 (coco_wholebody).
CONVENTIONS: dict[str, Crop] = Named(
    {
        "hrnet": Crop(),
        "fan": Crop(side="mean", scale=2 * 200 / 195, raised=0.12, whole_pixels=False),
        "pipnet_300w": Crop(scale=1.1, square=False, whole_pixels=False),
        "pipnet_wflw": Crop(source="dataset", scale=1.2, square=False, enlarge_dataset_box=True),
        "dlib": Crop(source="dataset", scale=1.2, square=False),
        "coco_wholebody": Crop(source="dataset", enlarge_dataset_box=True),
        "aflw": Crop(source="dataset", enlarge_dataset_box=True),
    }
)


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
