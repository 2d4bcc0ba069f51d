"""How the head frame lands in the picture."""

from dataclasses import dataclass

import numpy as np

from trainables.rendering.arrays import Array
from trainables.rendering.parameters import Pose
from trainables.rendering.shape import FaceShape


@dataclass(frozen=True)
class View:
    """Weak perspective from the head frame to px."""

    rotation: Array  # [3, 3]
    scale: float  # px per head unit
    offset: Array  # [2] px
    size: int

    @classmethod
    def of(cls, pose: Pose, shape: FaceShape, size: int) -> "View":
        rotation = pose.rotation()
        landmarks = (shape.points[:98] @ rotation.T)[:, :2]
        low, high = landmarks.min(axis=0), landmarks.max(axis=0)
        scale = pose.box_side * size / (high - low).max()
        # A share of 0.5 is the middle of the picture, which is pixel (size - 1) / 2.
        centre = np.array([pose.centre_x, pose.centre_y]) * size - 0.5
        return cls(rotation, float(scale), centre - scale * (low + high) / 2, size)

    def project(self, points: Array) -> Array:
        """[..., 3] head units -> [..., 2] px."""
        return (points @ self.rotation.T)[..., :2] * self.scale + self.offset

    def width(self, head_units: float) -> int:
        """A line's width in whole px, at least 1."""
        return max(1, round(head_units * self.scale))
