"""Our own faces: pictures drawn from a parametric face, with exact landmarks and full control over what varies.

`render(sample_face(rng))` is one picture. The same parameters give the same pixels, bit for bit.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from trainables.rendering.arrays import Array, Image, Plane
from trainables.rendering.drawing import three_channels
from trainables.rendering.landmarks import master_indices
from trainables.rendering.painting_behind import paint_background, paint_behind
from trainables.rendering.painting_features import paint_brow, paint_eye, paint_hair_in_front, paint_mouth
from trainables.rendering.painting_occluder import paint_occluder
from trainables.rendering.painting_skin import creases, shade_surface, soft_skin
from trainables.rendering.parameters import FaceParameters
from trainables.rendering.shape import FaceShape
from trainables.rendering.view import View

VISIBLE, OCCLUDED = 1, 2
REFERENCE_SIZE = 160  # image side at which a blur is given in px
_GRAIN = np.tile(np.random.default_rng(0).standard_normal((256, 256)).astype(np.float32), (2, 2))


@dataclass(frozen=True)
class RenderedFace:
    """One picture and what is known about it. Coordinates are px; the centre of the first pixel is (0, 0)."""

    image: Image  # [size, size, 3] RGB
    master_points_px: Array  # [100, 2]
    master_self_occluded: NDArray[np.bool_]  # [100]
    occluder_mask: Image  # [size, size], 255 where the occluder is

    def landmarks(self, scheme_name: str) -> Array:
        """[K, 2] (x, y) of "68", "98", "29" or "19"."""
        return np.stack([self.master_points_px[list(index)].mean(axis=0) for index in master_indices(scheme_name)])

    def state(self, scheme_name: str) -> NDArray[np.uint8]:
        """[K]: 1 visible; 2 behind the occluder or hidden by the face itself."""
        column, row = np.clip(np.rint(self.landmarks(scheme_name)), 0, len(self.image) - 1).astype(int).T
        self_occluded = [self.master_self_occluded[list(index)].all() for index in master_indices(scheme_name)]
        hidden = (self.occluder_mask[row, column] > 127) | np.array(self_occluded)
        return np.where(hidden, OCCLUDED, VISIBLE).astype(np.uint8)


def render(face: FaceParameters, size: int = REFERENCE_SIZE) -> RenderedFace:
    """Draw one face into a square picture of `size` px, back to front."""
    rng = np.random.default_rng(face.texture_seed)
    shape = FaceShape(face.identity, face.expression)
    view = View.of(face.pose, shape, size)

    picture = paint_background(face.background, size, rng)
    paint_behind(picture, face, shape, view, rng)
    # Slightly out of focus, as behind a sharp face.
    picture = cv2.GaussianBlur(picture, (0, 0), 0.006 * size).astype(np.float32)
    shade, coverage = shade_surface(shape.mesh(), face.light, view)
    albedo = soft_skin(face, shape, view)
    folds = creases(face, shape, view)
    for side in ("left", "right"):
        paint_eye(albedo, face.identity, shape.curves[f"{side}_lids"], shape.curves[f"{side}_pupil"][0], view)
        paint_brow(albedo, face.identity, shape.curves[f"{side}_brow"], view)
    paint_mouth(albedo, face, shape, view)
    paint_hair_in_front(albedo, face.identity, shape, view, rng)

    skin = cv2.multiply(albedo, three_channels(shade * folds), dtype=cv2.CV_32F)
    picture += (skin - picture) * three_channels(coverage)
    occluder_mask = paint_occluder(picture, face.occluder, view, rng)
    red, green, blue = (face.light.exposure * gain for gain in face.light.colour)
    picture = cv2.multiply(picture, np.array([red, green, blue, 1.0]))
    sigma = face.blur_px * size / REFERENCE_SIZE
    if sigma > 0.05:
        picture = cv2.GaussianBlur(picture, (0, 0), sigma)
    grain = three_channels(np.float32(face.noise) * _grain(size, rng))
    image = cv2.add(picture, grain, dtype=cv2.CV_8U)  # rounds, and saturates at 0 and 255
    return RenderedFace(
        image=np.asarray(image, dtype=np.uint8),
        master_points_px=view.project(shape.points),
        master_self_occluded=shape.self_occluded(shape.points, view.rotation[2]),
        occluder_mask=occluder_mask,
    )


def _grain(size: int, rng: np.random.Generator) -> Plane:
    """Unit-variance noise [size, size]: a random cut of one fixed tile, far faster than drawing it anew."""
    row, column = rng.integers(0, 256, 2)
    tile = _GRAIN if size <= 256 else np.tile(_GRAIN, (size // 512 + 2,) * 2)
    return tile[row : row + size, column : column + size]
