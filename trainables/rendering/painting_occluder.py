"""Something in front of the face, and the mask of what it hides."""

from dataclasses import dataclass

import cv2
import numpy as np

from trainables.rendering.arrays import Array, Image, Plane
from trainables.rendering.colours import Colour, mix
from trainables.rendering.drawing import SQUARE, fill, stroke, three_channels
from trainables.rendering.parameters import Occluder
from trainables.rendering.view import View


def paint_occluder(picture: Plane, occluder: Occluder, view: View, rng: np.random.Generator) -> Image:
    """Paint it into the float picture [size, size, 3]; return its mask, uint8 [size, size]."""
    if occluder.kind == "none":
        return np.zeros((view.size, view.size), dtype=np.uint8)
    drawn = _DrawnOccluder.blank(occluder, view)
    if occluder.kind == "rectangle":
        _draw_rectangle(drawn, rng)
    elif occluder.kind == "hand":
        _draw_hand(drawn)
    elif occluder.kind == "scarf":
        _draw_scarf(drawn)
    else:
        _draw_sunglasses(drawn)
    picture += (drawn.paint - picture) * three_channels(np.float32(1 / 255) * drawn.mask.astype(np.float32))
    return drawn.mask


@dataclass(frozen=True)
class _DrawnOccluder:
    """`mask` says where the occluder is, `paint` what colour it has there. Both are drawn in place."""

    occluder: Occluder
    view: View
    mask: Image  # [size, size]
    paint: Image  # [size, size, 3]

    @classmethod
    def blank(cls, occluder: Occluder, view: View) -> "_DrawnOccluder":
        mask = np.zeros((view.size, view.size), dtype=np.uint8)
        paint = np.empty((view.size, view.size, 3), dtype=np.uint8)
        paint[:] = occluder.colour
        return cls(occluder, view, mask, paint)

    @property
    def bright(self) -> Colour:
        return mix(self.occluder.colour, (255, 255, 255), 0.25)

    @property
    def dark(self) -> Colour:
        return mix(self.occluder.colour, (0, 0, 0), 0.3)

    @property
    def extent(self) -> Array:
        """[2] half width and half height, head units."""
        return np.array([self.occluder.width, self.occluder.height]) / 2

    def place(self, local: Array, z: float = 1.3) -> Array:
        """[..., 2] in the occluder's own axes, where it reaches from -1 to 1 -> px."""
        turn = np.deg2rad(self.occluder.angle_degrees)
        axes = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
        flat = (local * self.extent) @ axes + [self.occluder.x, self.occluder.y]
        return self.view.project(np.insert(flat, 2, z, axis=1))

    def soften(self, head_units: float):
        """Blur the paint, not the mask: folds are soft, the edge is not."""
        self.paint[:] = cv2.GaussianBlur(self.paint, (0, 0), head_units * self.view.scale)


def _draw_rectangle(drawn: _DrawnOccluder, rng: np.random.Generator):
    fill(drawn.mask, drawn.place(SQUARE), 255)
    for share in rng.uniform(-1, 1, 5):
        stripe = drawn.place(np.array([[share, -1], [share + rng.uniform(-0.4, 0.4), 1]]))
        stroke(drawn.paint, stripe, drawn.bright if share > 0 else drawn.dark, drawn.view.width(0.08))


def _draw_hand(drawn: _DrawnOccluder):
    palm = np.array(
        [[-0.95, 0.1], [-0.7, -0.2], [0.7, -0.2], [0.95, 0.2], [0.8, 0.9], [0.5, 2.2], [-0.5, 2.2], [-0.85, 0.9]]
    )
    fill(drawn.mask, drawn.place(palm), 255)
    finger_width = drawn.view.width(0.42 * drawn.extent[0])
    for x, tip in ((-0.72, -0.75), (-0.25, -1.0), (0.24, -0.95), (0.72, -0.65)):
        finger = drawn.place(np.array([[x, 0.3], [x * 1.08, tip]]))
        stroke(drawn.mask, finger, 255, finger_width)
        stroke(drawn.paint, finger, drawn.bright, drawn.view.width(0.2 * drawn.extent[0]))
    for x in (-0.48, 0.0, 0.48):
        between_fingers = drawn.place(np.array([[x, 0.35], [x * 1.08, -0.7]]))
        stroke(drawn.paint, between_fingers, drawn.dark, drawn.view.width(0.04))
    thumb = drawn.place(np.array([[0.7, 0.9], [1.35, 0.3]]))
    stroke(drawn.mask, thumb, 255, finger_width)
    drawn.soften(0.02)


def _draw_scarf(drawn: _DrawnOccluder):
    x = np.linspace(-1, 1, 9)
    top = np.stack([x, -1 + 0.25 * x**2], axis=-1)
    around = drawn.place(np.concatenate([top, [[1.15, 1.6], [-1.15, 1.6]]]), 0.35)
    around[:9] += (drawn.place(top, 1.1) - drawn.place(top, 0.35)) * (1 - x**2)[:, None]
    fill(drawn.mask, around, 255)
    for drop, colour in ((0.35, drawn.dark), (0.8, drawn.bright), (1.3, drawn.dark), (1.9, drawn.bright)):
        fold = around[:9] + np.array([0, drop * drawn.extent[1] * drawn.view.scale])
        stroke(drawn.paint, fold, colour, drawn.view.width(0.09))
    drawn.soften(0.03)


def _draw_sunglasses(drawn: _DrawnOccluder):
    occluder, view = drawn.occluder, drawn.view
    lens = np.array(
        [[0.06, -0.75], [0.5, -0.95], [0.95, -0.85], [1.0, -0.2], [0.8, 0.75], [0.45, 1.0], [0.16, 0.7], [0.05, 0.0]]
    )
    for side in (-1.0, 1.0):
        fill(drawn.mask, drawn.place(lens * [side, 1], 0.95), 255)
        hinge = [side * drawn.extent[0] + occluder.x, occluder.y - 0.1, 0.9]
        arm = view.project(np.array([hinge, [side * 1.04, -0.05, -0.5]]))
        stroke(drawn.mask, arm, 255, view.width(0.04))
        glare = drawn.place(np.array([[0.25, -0.5], [0.7, -0.6]]) * [side, 1], 0.95)
        stroke(drawn.paint, glare, drawn.bright, view.width(0.08))
    stroke(drawn.mask, drawn.place(np.array([[-0.1, -0.6], [0.1, -0.6]]), 1.0), 255, view.width(0.06))
    drawn.soften(0.05)
