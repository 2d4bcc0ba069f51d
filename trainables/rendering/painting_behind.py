"""What is behind the face: the background, and the hair, shoulders, neck and ears that the surface leaves out."""

import cv2
import numpy as np

from trainables.rendering.arrays import Array, Image
from trainables.rendering.colours import Colour, mix
from trainables.rendering.drawing import SQUARE, fill, fill_circle, stroke
from trainables.rendering.parameters import Background, FaceParameters, Identity
from trainables.rendering.shape import FaceShape
from trainables.rendering.view import View


def paint_background(background: Background, size: int, rng: np.random.Generator) -> Image:
    """[size, size, 3]: two colours flowing into each other, drawn small and enlarged; "shapes" lie on top."""
    first, second = (np.array(colour, dtype=np.float32) for colour in background.colours[:2])
    angle, phase = rng.uniform(0, 2 * np.pi), rng.uniform(0, 2 * np.pi)
    axis = np.linspace(-1, 1, 40, dtype=np.float32)
    along = (np.cos(angle) * axis)[None, :] + (np.sin(angle) * axis)[:, None]
    if background.kind == "clouds":
        share = cv2.resize(rng.random((6, 6), dtype=np.float32), (40, 40), interpolation=cv2.INTER_CUBIC)
    elif background.kind == "stripes":
        share = 0.5 + 0.5 * np.sin(9 * along + phase)
    else:
        share = 0.5 + 0.4 * along
    small = first + (second - first) * np.clip(share, 0, 1)[..., None]
    picture: Image = np.asarray(
        cv2.resize(small.astype(np.uint8), (size, size), interpolation=cv2.INTER_CUBIC), dtype=np.uint8
    )
    if background.kind == "shapes":
        _paint_shapes(picture, background.colours[2], rng)
        return np.asarray(cv2.GaussianBlur(picture, (0, 0), 0.012 * size), dtype=np.uint8)
    return picture


def _paint_shapes(picture: Image, colour: Colour, rng: np.random.Generator):
    """Seven circles and rectangles in random colours near `colour`."""
    size = len(picture)
    for _ in range(7):
        shade = mix(colour, rng.integers(0, 256, 3), 0.4)
        centre = rng.uniform(0, size, 2)
        if rng.random() < 0.5:
            fill_circle(picture, centre, rng.uniform(0.05, 0.2) * size, shade)
        else:
            extent = rng.uniform(0.1, 0.5, 2) * size
            turn = rng.uniform(0, np.pi / 2)
            axes = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
            fill(picture, centre + (0.5 * extent * SQUARE) @ axes, shade)


def paint_behind(layer: Image, face: FaceParameters, shape: FaceShape, view: View, rng: np.random.Generator):
    """Hair behind the head, shoulders, neck and ears."""
    identity = face.identity
    level = face.light.ambient + 0.5 * face.light.strength
    skin = mix((0, 0, 0), identity.skin_colour, 0.9 * level)
    dark_skin = mix((0, 0, 0), mix(identity.skin_colour, (120, 40, 30), 0.25), 0.55 * level)
    _paint_hair_behind(layer, identity, level, view, rng)
    _paint_body(layer, identity.face_width, mix((0, 0, 0), identity.clothes_colour, level), skin, view)
    _paint_chin_shadow(layer, identity.face_width, dark_skin, shape, view)
    if identity.hair_style in ("short", "bald"):
        _paint_ears(layer, identity.face_width, skin, dark_skin, view)


def _paint_hair_behind(layer: Image, identity: Identity, level: float, view: View, rng: np.random.Generator):
    """The back of the head, with or without hair; `level` is the brightness."""
    width = identity.face_width
    bald = identity.hair_style == "bald"
    hair = mix((0, 0, 0), identity.skin_colour if bald else identity.hair_colour, level)
    if identity.hair_style in ("long", "bob"):
        length = 2.3 if identity.hair_style == "long" else 1.15
        side = np.array([[1.08, -0.6], [1.22, 0.1], [1.27, 0.6 * length], [1.12, length], [0.6, length + 0.06]])
        outline = np.concatenate([side, side[::-1] * [-1, 1]]) * [width, 1]
        fill(layer, view.project(np.insert(outline, 2, -0.55, axis=1)), hair)
    radii = (0.99 * width, 1.06, 1.0) if bald else (1.09 * width, 1.13, 1.08)
    fill(layer, _head_ellipse(view, (0, -0.47, -0.45), radii), hair)
    if bald:
        return
    for _ in range(16):  # strands
        angle, reach = rng.uniform(-0.4, np.pi + 0.4), rng.uniform(0.9, 1.07)
        turn = angle + np.linspace(0, 0.5, 5)
        strand = np.stack([reach * width * np.cos(turn), -0.47 - reach * np.sin(turn), np.full(5, -0.35)], axis=-1)
        shade = mix(hair, (255, 255, 255) if rng.random() < 0.6 else (0, 0, 0), 0.14)
        stroke(layer, view.project(strand), shade, view.width(0.03))


def _paint_body(layer: Image, face_width: float, clothes: Colour, skin: Colour, view: View):
    """Shoulders and throat; the shoulders stay upright when the head turns."""
    body = np.array(
        [[-0.55, 0.55], [-1.0, 0.85], [-1.9, 1.2], [-2.4, 4], [2.4, 4], [1.9, 1.2], [1.0, 0.85], [0.55, 0.55]]
    )
    fill(layer, _neck_root(view) + body * view.scale, clothes)
    fill(layer, _throat(face_width, view), skin)


def _paint_chin_shadow(layer: Image, face_width: float, dark_skin: Colour, shape: FaceShape, view: View):
    """A band below the jaw, only where it falls on the throat."""
    jaw = view.project(shape.contour[5:28])
    on_throat, below_jaw = np.zeros((2, view.size, view.size), dtype=np.uint8)
    fill(on_throat, _throat(face_width, view), 255)
    fill(below_jaw, np.concatenate([jaw, (jaw + np.array([0, 0.17 * view.scale]))[::-1]]), 255)
    layer[cv2.bitwise_and(on_throat, below_jaw) > 127] = dark_skin


def _paint_ears(layer: Image, face_width: float, skin: Colour, dark_skin: Colour, view: View):
    turn = np.linspace(0, 2 * np.pi, 17)[:-1]
    for side in (-1.0, 1.0):
        x = side * (1.0 + 0.07 * (1 - np.cos(turn))) * face_width
        ear = np.stack([x, 0.2 + 0.3 * np.sin(turn), -0.52 + 0.17 * np.cos(turn)], axis=-1)
        fill(layer, view.project(ear), skin)
        inner = ear.mean(axis=0) + 0.55 * (ear - ear.mean(axis=0))
        fill(layer, view.project(inner), mix(skin, dark_skin, 0.6))


def _throat(face_width: float, view: View) -> Array:
    """Outline [9, 2] px: its upper end turns with the head, its lower end does not."""
    top = view.project(np.array([[0.66 * face_width, 0.5, -0.62], [-0.66 * face_width, 0.5, -0.62]]))
    neck = np.array([[-0.56, 0.3], [-0.66, 0.72], [-0.3, 1.0], [0.0, 1.08], [0.3, 1.0], [0.66, 0.72], [0.56, 0.3]])
    return np.concatenate([top, _neck_root(view) + neck * view.scale])


def _neck_root(view: View) -> Array:
    """[2] px: where head and body meet."""
    return view.project(np.array([0, 0.95, -0.7]))


def _head_ellipse(view: View, centre, radii) -> Array:
    """Outline [32, 2] px of an ellipsoid given in the head frame."""
    spread = view.rotation @ np.diag(np.square(radii)) @ view.rotation.T
    # The outline of a projected ellipsoid is the ellipse of the projected quadratic form.
    root = np.linalg.cholesky(spread[:2, :2])
    turn = np.linspace(0, 2 * np.pi, 33)[:-1]
    return view.project(np.array(centre)) + view.scale * np.stack([np.cos(turn), np.sin(turn)], axis=-1) @ root.T
