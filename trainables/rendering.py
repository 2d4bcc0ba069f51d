"""Our own faces: pictures drawn from a parametric face, with exact landmarks and full control over what varies.

`render(sample_face(rng))` is one picture. The same parameters give the same pixels, bit for bit.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from trainables.face_shape import (
    HAIR_STYLES,
    MASTER_OF_SCHEME,
    Array,
    Colour,
    Expression,
    FaceShape,
    Identity,
    Pose,
    check_choice,
)

Image = NDArray[np.uint8]
Plane = NDArray[np.float32]
VISIBLE, OCCLUDED = 1, 2
SHIFT = 4  # cv2's fixed-point coordinates: 1/16 px
REFERENCE_SIZE = 160  # image side at which widths and blurs below are given in px

OCCLUDER_KINDS = ("none", "hand", "sunglasses", "scarf", "rectangle")
BACKGROUND_KINDS = ("gradient", "clouds", "shapes", "stripes")

# From where on a picture carries WFLW's tag.
LARGE_YAW_DEGREES, LARGE_PITCH_DEGREES, LARGE_ROLL_DEGREES = 30.0, 22.0, 35.0
STRONG_EXPRESSION = 0.5
DARK_AMBIENT, BRIGHT_EXPOSURE, DIM_EXPOSURE = 0.3, 1.35, 0.65
STRONG_MAKE_UP = 0.5
STRONG_BLUR_PX = 1.5


@dataclass(frozen=True, kw_only=True)
class Light:
    """One directional light and an ambient one."""

    azimuth_degrees: float = -25.0  # positive: from the viewer's right
    elevation_degrees: float = 35.0  # positive: from above
    strength: float = 0.6
    ambient: float = 0.5
    exposure: float = 1.0  # gain of the whole picture
    colour: tuple[float, float, float] = (1.0, 1.0, 1.0)  # gain of R, G, B


@dataclass(frozen=True, kw_only=True)
class MakeUp:
    """Opacity of each product, 0 none .. 1 stage make-up."""

    lipstick: float = 0.0
    eye_shadow: float = 0.0
    blush: float = 0.0
    lipstick_colour: Colour = (176, 24, 52)
    eye_shadow_colour: Colour = (92, 70, 130)


@dataclass(frozen=True, kw_only=True)
class Occluder:
    """Something in front of the face; landmarks below it are `OCCLUDED`. Lengths in head units of the front view."""

    kind: str = "none"  # one of OCCLUDER_KINDS
    x: float = 0.0
    y: float = 0.9
    width: float = 0.8
    height: float = 0.6
    angle_degrees: float = 0.0
    colour: Colour = (60, 60, 70)

    def __post_init__(self):
        check_choice("Occluder.kind", self.kind, OCCLUDER_KINDS)


@dataclass(frozen=True, kw_only=True)
class Background:
    """What stands behind the head."""

    kind: str = "gradient"  # one of BACKGROUND_KINDS
    colours: tuple[Colour, Colour, Colour] = ((150, 170, 190), (90, 110, 130), (200, 190, 170))

    def __post_init__(self):
        check_choice("Background.kind", self.kind, BACKGROUND_KINDS)


@dataclass(frozen=True, kw_only=True)
class FaceParameters:
    """Everything that decides the pixels of one picture."""

    identity: Identity = field(default_factory=Identity)
    expression: Expression = field(default_factory=Expression)
    pose: Pose = field(default_factory=Pose)
    light: Light = field(default_factory=Light)
    make_up: MakeUp = field(default_factory=MakeUp)
    occluder: Occluder = field(default_factory=Occluder)
    background: Background = field(default_factory=Background)
    blur_px: float = 0.0  # sigma of a Gaussian in px of a 160-px image; it grows with the image
    noise: float = 2.0  # standard deviation of the grain, grey levels
    texture_seed: int = 0  # where the random strands, clouds and grain are

    @property
    def tags(self) -> tuple[str, ...]:
        """WFLW's names of what makes this picture hard."""
        pose, expression, light, make_up = self.pose, self.expression, self.light, self.make_up
        strongest_expression = max(
            abs(expression.smile),
            expression.mouth_open,
            *(abs(lift) for lift in (expression.brow_raise_left, expression.brow_raise_right)),
            *(closure - 0.3 for closure in (expression.eye_closure_left, expression.eye_closure_right)),
        )
        holds = {
            "largepose": abs(pose.yaw_degrees) >= LARGE_YAW_DEGREES
            or abs(pose.pitch_degrees) >= LARGE_PITCH_DEGREES
            or abs(pose.roll_degrees) >= LARGE_ROLL_DEGREES,
            "expression": strongest_expression >= STRONG_EXPRESSION,
            "illumination": light.ambient <= DARK_AMBIENT or not DIM_EXPOSURE < light.exposure < BRIGHT_EXPOSURE,
            "makeup": max(make_up.lipstick, make_up.eye_shadow, make_up.blush) >= STRONG_MAKE_UP,
            "occlusion": self.occluder.kind != "none",
            "blur": self.blur_px >= STRONG_BLUR_PX,
        }
        return tuple(tag for tag, is_so in holds.items() if is_so)


@dataclass(frozen=True)
class RenderedFace:
    """One picture and what is known about it. Coordinates are px; the centre of the first pixel is (0, 0)."""

    image: Image  # [size, size, 3] RGB
    master_points_px: Array  # [100, 2]
    master_self_occluded: NDArray[np.bool_]  # [100]
    occluder_mask: Image  # [size, size], 255 where the occluder is

    def landmarks(self, scheme_name: str) -> Array:
        """[K, 2] (x, y) of "68", "98", "29" or "19"."""
        return np.stack([self.master_points_px[list(index)].mean(axis=0) for index in _master_indices(scheme_name)])

    def state(self, scheme_name: str) -> NDArray[np.uint8]:
        """[K]: 1 visible; 2 behind the occluder or hidden by the face itself."""
        column, row = np.clip(np.rint(self.landmarks(scheme_name)), 0, len(self.image) - 1).astype(int).T
        self_occluded = [self.master_self_occluded[list(index)].all() for index in _master_indices(scheme_name)]
        hidden = (self.occluder_mask[row, column] > 127) | np.array(self_occluded)
        return np.where(hidden, OCCLUDED, VISIBLE).astype(np.uint8)


def render(face: FaceParameters, size: int = REFERENCE_SIZE) -> RenderedFace:
    """Draw one face into a square picture of `size` px, back to front."""
    rng = np.random.default_rng(face.texture_seed)
    shape = FaceShape(face.identity, face.expression)
    view = _View.of(face.pose, shape, size)

    picture = _background(face.background, size, rng)
    _paint_behind(picture, face, shape, view, rng)
    # Slightly out of focus, as behind a sharp face.
    picture = cv2.GaussianBlur(picture, (0, 0), 0.006 * size).astype(np.float32)
    shade, coverage = _shade_surface(shape.mesh(), face.light, view)
    albedo = _soft_skin(face, shape, view)
    creases = _creases(face, shape, view)
    for side in ("left", "right"):
        _paint_eye(albedo, face.identity, shape.curves[f"{side}_lids"], shape.curves[f"{side}_pupil"][0], view)
        _paint_brow(albedo, face.identity, shape.curves[f"{side}_brow"], view)
    _paint_mouth(albedo, face, shape, view)
    _paint_hair_in_front(albedo, face.identity, shape, view, rng)

    skin = cv2.multiply(albedo, _three(shade * creases), dtype=cv2.CV_32F)
    picture += (skin - picture) * _three(coverage)
    occluder_mask = _paint_occluder(picture, face.occluder, view, rng)
    red, green, blue = (face.light.exposure * gain for gain in face.light.colour)
    picture = cv2.multiply(picture, np.array([red, green, blue, 1.0]))
    sigma = face.blur_px * size / REFERENCE_SIZE
    if sigma > 0.05:
        picture = cv2.GaussianBlur(picture, (0, 0), sigma)
    grain = _three(np.float32(face.noise) * _grain(size, rng))
    image = cv2.add(picture, grain, dtype=cv2.CV_8U)  # rounds, and saturates at 0 and 255
    return RenderedFace(
        image=np.asarray(image, dtype=np.uint8),
        master_points_px=view.project(shape.points),
        master_self_occluded=shape.self_occluded(shape.points, view.rotation[2]),
        occluder_mask=occluder_mask,
    )


@dataclass(frozen=True)
class _View:
    """Weak perspective from the head frame to px."""

    rotation: Array  # [3, 3]
    scale: float  # px per head unit
    offset: Array  # [2] px
    size: int

    @classmethod
    def of(cls, pose: Pose, shape: FaceShape, size: int) -> "_View":
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


def _background(background: Background, size: int, rng: np.random.Generator) -> Image:
    first, second, third = (np.array(colour, dtype=np.float32) for colour in background.colours)
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
        for _ in range(7):
            colour = _mix(third, rng.integers(0, 256, 3), 0.4)
            centre = rng.uniform(0, size, 2)
            if rng.random() < 0.5:
                cv2.circle(
                    picture, _fixed(centre), int(rng.uniform(0.05, 0.2) * size * 16), colour, -1, cv2.LINE_AA, SHIFT
                )
            else:
                extent = rng.uniform(0.1, 0.5, 2) * size
                turn = rng.uniform(0, np.pi / 2)
                axes = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
                _fill(picture, centre + (0.5 * extent * _SQUARE) @ axes, colour)
        return np.asarray(cv2.GaussianBlur(picture, (0, 0), 0.012 * size), dtype=np.uint8)
    return picture


def _paint_behind(layer: Image, face: FaceParameters, shape: FaceShape, view: _View, rng):
    """Hair behind the head, shoulders, neck and ears."""
    identity, light = face.identity, face.light
    level = light.ambient + 0.5 * light.strength
    width = identity.face_width
    bald = identity.hair_style == "bald"
    hair = _mix((0, 0, 0), identity.skin_colour if bald else identity.hair_colour, level)
    skin = _mix((0, 0, 0), identity.skin_colour, 0.9 * level)
    dark_skin = _mix((0, 0, 0), _mix(identity.skin_colour, (120, 40, 30), 0.25), 0.55 * level)
    root = view.project(np.array([0, 0.95, -0.7]))

    if identity.hair_style in ("long", "bob"):
        length = 2.3 if identity.hair_style == "long" else 1.15
        side = np.array([[1.08, -0.6], [1.22, 0.1], [1.27, 0.6 * length], [1.12, length], [0.6, length + 0.06]])
        outline = np.concatenate([side, side[::-1] * [-1, 1]]) * [width, 1]
        _fill(layer, view.project(np.insert(outline, 2, -0.55, axis=1)), hair)
    _fill(
        layer,
        _head_ellipse(view, (0, -0.47, -0.45), (1.09 * width, 1.13, 1.08) if not bald else (0.99 * width, 1.06, 1.0)),
        hair,
    )
    if not bald:
        for _ in range(16):  # strands
            angle, reach = rng.uniform(-0.4, np.pi + 0.4), rng.uniform(0.9, 1.07)
            turn = angle + np.linspace(0, 0.5, 5)
            strand = np.stack([reach * width * np.cos(turn), -0.47 - reach * np.sin(turn), np.full(5, -0.35)], axis=-1)
            shade = _mix(hair, (255, 255, 255) if rng.random() < 0.6 else (0, 0, 0), 0.14)
            _stroke(layer, view.project(strand), shade, view.width(0.03))

    clothes = _mix((0, 0, 0), identity.clothes_colour, level)
    body = np.array(
        [[-0.55, 0.55], [-1.0, 0.85], [-1.9, 1.2], [-2.4, 4], [2.4, 4], [1.9, 1.2], [1.0, 0.85], [0.55, 0.55]]
    )
    _fill(layer, root + body * view.scale, clothes)
    top = view.project(np.array([[0.66 * width, 0.5, -0.62], [-0.66 * width, 0.5, -0.62]]))
    neck = np.array([[-0.56, 0.3], [-0.66, 0.72], [-0.3, 1.0], [0.0, 1.08], [0.3, 1.0], [0.66, 0.72], [0.56, 0.3]])
    throat = np.concatenate([top, root + neck * view.scale])
    _fill(layer, throat, skin)
    jaw = view.project(shape.contour[5:28])
    on_throat, below_jaw = np.zeros((2, view.size, view.size), dtype=np.uint8)
    _fill(on_throat, throat, 255)
    _fill(below_jaw, np.concatenate([jaw, (jaw + np.array([0, 0.17 * view.scale]))[::-1]]), 255)
    layer[cv2.bitwise_and(on_throat, below_jaw) > 127] = dark_skin
    if identity.hair_style in ("short", "bald"):
        turn = np.linspace(0, 2 * np.pi, 17)[:-1]
        for side in (-1.0, 1.0):
            ear = np.stack(
                [
                    side * (1.0 + 0.07 * (1 - np.cos(turn))) * width,
                    0.2 + 0.3 * np.sin(turn),
                    -0.52 + 0.17 * np.cos(turn),
                ],
                axis=-1,
            )
            _fill(layer, view.project(ear), skin)
            inner = ear.mean(axis=0) + 0.55 * (ear - ear.mean(axis=0))
            _fill(layer, view.project(inner), _mix(skin, dark_skin, 0.6))


def _head_ellipse(view: _View, centre, radii) -> Array:
    """Outline [32, 2] px of an ellipsoid given in the head frame."""
    spread = view.rotation @ np.diag(np.square(radii)) @ view.rotation.T
    # The outline of a projected ellipsoid is the ellipse of the projected quadratic form.
    root = np.linalg.cholesky(spread[:2, :2])
    turn = np.linspace(0, 2 * np.pi, 33)[:-1]
    return view.project(np.array(centre)) + view.scale * np.stack([np.cos(turn), np.sin(turn)], axis=-1) @ root.T


def _shade_surface(mesh: Array, light: Light, view: _View) -> tuple[Plane, Plane]:
    """Light on the face's surface and how much of each pixel the face covers: two [size, size] float32.

    The mesh is drawn facet by facet, farthest first, at twice the size, then averaged: that anti-aliases its outline.
    """
    camera = mesh @ view.rotation.T
    normal = np.cross(camera[1:, 1:] - camera[:-1, :-1], camera[1:, :-1] - camera[:-1, 1:])
    normal /= np.linalg.norm(normal, axis=-1, keepdims=True) + 1e-9
    azimuth, elevation = np.deg2rad([light.azimuth_degrees, light.elevation_degrees])
    source = np.array([np.sin(azimuth) * np.cos(elevation), -np.sin(elevation), np.cos(azimuth) * np.cos(elevation)])
    halfway = source + np.array([0, 0, 1])
    halfway /= np.linalg.norm(halfway)
    facing = np.clip((normal @ source + 0.15) / 1.15, 0, None)
    gloss = np.clip(normal @ halfway, 0, None) ** 24
    value = light.ambient * (0.75 + 0.25 * normal[..., 2]) + light.strength * (0.95 * facing + 0.12 * gloss)
    value = np.clip(150 * value, 1, 255)

    pixels = 2 * (camera[..., :2] * view.scale + view.offset) + 0.5
    corners = np.rint(pixels * 16).astype(np.int32)
    quads = np.stack([corners[:-1, :-1], corners[:-1, 1:], corners[1:, 1:], corners[1:, :-1]], axis=2).reshape(-1, 4, 2)
    front = np.flatnonzero(normal[..., 2].ravel() > -0.05)
    depth = (camera[1:, 1:, 2] + camera[:-1, :-1, 2]).ravel()[front]
    order = front[np.argsort(depth, kind="stable")]
    large = np.zeros((2 * view.size, 2 * view.size), dtype=np.uint8)
    for quad, grey in zip(quads[order], value.ravel()[order].tolist(), strict=True):
        cv2.fillConvexPoly(large, quad, grey, cv2.LINE_8, SHIFT)
    size = (view.size, view.size)
    _, covered = cv2.threshold(large, 0, 255, cv2.THRESH_BINARY)
    coverage = np.float32(1 / 255) * cv2.resize(covered, size, interpolation=cv2.INTER_AREA).astype(np.float32)
    shade = cv2.resize(large, size, interpolation=cv2.INTER_AREA).astype(np.float32) / 150
    # Blur inside the face only: weights stop the dark outside from bleeding in.
    sigma = 0.035 * view.scale
    shade = cv2.GaussianBlur(shade, (0, 0), sigma) / (cv2.GaussianBlur(coverage, (0, 0), sigma) + 1e-3)
    return shade.astype(np.float32), coverage


def _soft_skin(face: FaceParameters, shape: FaceShape, view: _View) -> Image:
    """Skin with everything that has no edge: flush, blush, eye shadow, stubble. Painted small, then enlarged."""
    identity, make_up = face.identity, face.make_up
    small_size = 40
    skin = np.array(identity.skin_colour, dtype=np.float32)
    small = np.broadcast_to(skin, (small_size, small_size, 3)).copy()

    def glaze(points: Array, colour, opacity: float, sigma: float = 1.0):
        mask = np.zeros((small_size, small_size), dtype=np.uint8)
        _fill(mask, (view.project(points) + 0.5) * small_size / view.size - 0.5, round(255 * opacity))
        weight = cv2.GaussianBlur(mask, (0, 0), sigma).astype(np.float32)[..., None] / 255
        small[:] += (np.array(colour, dtype=np.float32) - small) * weight

    curves = shape.curves
    flush = _mix(identity.skin_colour, (205, 70, 60), 0.5)
    glaze(curves["nose_tip"], flush, 0.12, 1.6)
    if identity.stubble > 0:
        mouth_level = np.array([[0.5, 0.85, 0.75], [0.0, 0.8, 0.98], [-0.5, 0.85, 0.75]])
        beard = np.concatenate([shape.contour[7:26], mouth_level])
        glaze(beard, _mix(identity.skin_colour, identity.hair_colour, 0.75), 0.6 * identity.stubble, 0.8)
    for side in ("left", "right"):
        glaze(curves[f"{side}_cheek"], _mix(flush, (214, 60, 84), make_up.blush), 0.24 + 0.5 * make_up.blush, 1.6)
        upper_lid, below_brow = curves[f"{side}_lids"][:9], curves[f"{side}_brow"][8:17]
        socket = np.concatenate([upper_lid, 0.45 * upper_lid[::-1] + 0.55 * below_brow])
        colour = _mix(make_up.eye_shadow_colour, _mix(identity.skin_colour, (70, 30, 30), 0.4), 1 - make_up.eye_shadow)
        glaze(socket, colour, 0.2 + 0.7 * make_up.eye_shadow, 0.6)
    enlarged = cv2.resize(np.rint(small).astype(np.uint8), (view.size, view.size), interpolation=cv2.INTER_LINEAR)
    return np.asarray(enlarged, dtype=np.uint8)


def _creases(face: FaceParameters, shape: FaceShape, view: _View) -> Plane:
    """[size, size] factor below 1 in folds: wings of the nose, smile lines, lid creases, below the lower lip."""
    fold = np.full((view.size, view.size), 255, dtype=np.uint8)
    curves, smile = shape.curves, max(face.expression.smile, 0)
    for side in ("left", "right"):
        lids, above = curves[f"{side}_lids"], curves[f"{side}_brow"][16:8:-1]
        _stroke(fold, view.project(curves[f"{side}_wing_fold"]), 130, view.width(0.03))
        _stroke(fold, view.project(curves[f"{side}_smile_line"]), round(232 - 90 * smile), view.width(0.03))
        _stroke(fold, view.project(lids[1:9] + 0.25 * (above - lids[1:9])), 160, view.width(0.02))
        _stroke(fold, view.project(lids[9:] + np.array([0, 0.06, 0])), 220, view.width(0.025))
    _stroke(fold, view.project(curves["outer_lips"][14:23] + np.array([0, 0.05, 0])), 180, view.width(0.05))
    _stroke(fold, view.project(curves["philtrum"]), 220, view.width(0.05))
    _stroke(fold, view.project(curves["nose_base"]), 185, view.width(0.03))
    fold = cv2.GaussianBlur(fold, (0, 0), 0.022 * view.scale)
    for side in ("left", "right"):
        nostril = view.project(curves[f"{side}_nostril"][0])
        axes = _fixed((0.05 * view.scale, 0.022 * view.scale))
        cv2.ellipse(fold, _fixed(nostril), axes, 0, 0, 360, 90, -1, cv2.LINE_AA, SHIFT)
    return np.float32(1 / 255) * fold.astype(np.float32)


def _paint_eye(albedo: Image, identity: Identity, lids: Array, pupil: Array, view: _View):
    """Eyeball seen through the lids, then the lashes."""
    outline, centre = view.project(lids), view.project(pupil)
    patch, corner = _window(albedo, outline)
    if patch.size:
        outline_here, centre_here = outline - corner, centre - corner
        ball = np.empty_like(patch)
        ball[:] = _mix((236, 230, 226), identity.skin_colour, 0.12)
        radius = 0.108 * np.sqrt(identity.eye_size) * view.scale
        squeeze = max(0.35, abs(float(view.rotation[2, 2])))
        for share, colour in (
            (1.0, _mix(identity.iris_colour, (10, 8, 8), 0.65)),
            (0.82, identity.iris_colour),
            (0.45, (14, 11, 12)),
        ):
            axes = (share * radius * squeeze, share * radius)
            cv2.ellipse(ball, _fixed(centre_here), _fixed(axes), 0, 0, 360, colour, -1, cv2.LINE_AA, SHIFT)
        _stroke(ball, outline_here[:9] + np.array([0, 0.02 * view.scale]), (120, 100, 98), view.width(0.035))
        glint = centre_here + radius * np.array([-0.3, -0.35])
        cv2.circle(ball, _fixed(glint), int(0.24 * radius * 16), (255, 255, 255), -1, cv2.LINE_AA, SHIFT)
        mask = np.zeros(patch.shape[:2], dtype=np.uint8)
        _fill(mask, outline_here, 255)
        _blend(patch, ball, mask)
    lash = _mix(identity.hair_colour, (20, 14, 12), 0.75)
    _stroke(albedo, outline[:9], lash, view.width(0.03))
    _stroke(albedo, outline[[0, *range(15, 7, -1)]], _mix(identity.skin_colour, (96, 44, 40), 0.55), 1)


def _paint_brow(albedo: Image, identity: Identity, brow: Array, view: _View):
    outline = view.project(brow)
    base = identity.hair_colour if identity.hair_style != "bald" else (70, 54, 44)
    _fill(albedo, outline, _mix(identity.skin_colour, _mix(base, (30, 22, 18), 0.35), 0.8))


def _paint_mouth(albedo: Image, face: FaceParameters, shape: FaceShape, view: _View):
    identity, make_up = face.identity, face.make_up
    outer, inner = view.project(shape.curves["outer_lips"]), view.project(shape.curves["inner_lips"])
    colour = _mix(identity.lip_colour, make_up.lipstick_colour, 0.9 * make_up.lipstick)
    _fill(albedo, outer, colour)
    _fill(albedo, np.concatenate([outer[:13], inner[8::-1]]), _mix(colour, (60, 10, 20), 0.22))
    shine = 0.5 * (outer[[16, 17, 18, 19, 20]] + inner[[11, 11, 12, 13, 13]])
    _stroke(albedo, shine, _mix(colour, (255, 235, 230), 0.18 + 0.2 * make_up.lipstick), view.width(0.035))
    patch, corner = _window(albedo, inner)
    if face.expression.mouth_open > 0.06 and patch.size:
        cavity = np.empty_like(patch)
        cavity[:] = (62, 18, 22)
        inner_here = inner - corner
        down = view.rotation[:2, 1] * view.scale
        opened = face.expression.mouth_open
        tongue = inner_here[9:16]
        _fill(cavity, np.concatenate([tongue - 0.06 * opened * down, (tongue + 0.2 * down)[::-1]]), (176, 84, 86))
        # The edge of the teeth rises with a smile but does not hang down with the corners of an open mouth.
        upper = shape.curves["inner_lips"][:9]
        edge = upper.copy()
        edge[:, 1] = upper[4, 1] + 0.04 + 0.07 * opened + 0.6 * np.minimum(upper[:, 1] - upper[4, 1], 0)
        teeth = np.concatenate([inner_here[:9] - 0.05 * down, (view.project(edge) - corner)[::-1]])
        _fill(cavity, teeth, (238, 232, 222))
        mask = np.zeros(patch.shape[:2], dtype=np.uint8)
        _fill(mask, inner_here, 255)
        _blend(patch, cavity, mask)
    else:
        _stroke(albedo, inner[:9], _mix(colour, (50, 10, 14), 0.65), view.width(0.02))


def _paint_hair_in_front(albedo: Image, identity: Identity, shape: FaceShape, view: _View, rng):
    """Everything of the face's surface above the hairline."""
    if identity.hair_style == "bald":
        return
    hairline = shape.curves["hairline"]
    visible = view.project(hairline[~shape.self_occluded(hairline, view.rotation[2], margin=0.035)])
    down = view.rotation[:2, 1] / np.linalg.norm(view.rotation[:2, 1]) * view.scale
    right = np.array([down[1], -down[0]])
    # Closed outside the face: only what the face covers is kept.
    above = np.array([visible[-1] + 1.5 * right, visible[-1] + 1.5 * right - 3 * down])
    above = np.concatenate([above, [visible[0] - 1.5 * right - 3 * down, visible[0] - 1.5 * right]])
    _fill(albedo, np.concatenate([visible, above]), identity.hair_colour)
    for _ in range(14):
        start = hairline[rng.integers(3, 22)] + [rng.uniform(-0.05, 0.05), rng.uniform(-0.05, 0.03), 0]
        lean = np.array([0.5 * (start[0] - 0.5 * identity.hair_parting), 0, 0])
        steps = np.linspace(0, 1, 4)[:, None]
        strand = start + steps * (np.array([0, -0.6, -0.15]) - 0.4 * lean) + steps**2 * lean
        shade = _mix(identity.hair_colour, (255, 240, 220) if rng.random() < 0.5 else (0, 0, 0), 0.2)
        _stroke(albedo, view.project(strand), shade, view.width(0.02))


def _paint_occluder(picture, occluder: Occluder, view: _View, rng) -> Image:
    """Paint it into the float picture; return its mask, uint8 [size, size]."""
    mask = np.zeros((view.size, view.size), dtype=np.uint8)
    if occluder.kind == "none":
        return mask
    paint = np.empty((view.size, view.size, 3), dtype=np.uint8)
    paint[:] = occluder.colour
    bright, dark = _mix(occluder.colour, (255, 255, 255), 0.25), _mix(occluder.colour, (0, 0, 0), 0.3)
    turn = np.deg2rad(occluder.angle_degrees)
    axes = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    extent = np.array([occluder.width, occluder.height]) / 2

    def place(local: Array, z: float = 1.3) -> Array:  # occluder's own axes, half extents 1 -> px
        flat = (local * extent) @ axes + [occluder.x, occluder.y]
        return view.project(np.insert(flat, 2, z, axis=1))

    if occluder.kind == "rectangle":
        _fill(mask, place(_SQUARE), 255)
        for share in rng.uniform(-1, 1, 5):
            _stroke(
                paint,
                place(np.array([[share, -1], [share + rng.uniform(-0.4, 0.4), 1]])),
                bright if share > 0 else dark,
                view.width(0.08),
            )
    elif occluder.kind == "hand":
        palm = np.array(
            [[-0.95, 0.1], [-0.7, -0.2], [0.7, -0.2], [0.95, 0.2], [0.8, 0.9], [0.5, 2.2], [-0.5, 2.2], [-0.85, 0.9]]
        )
        _fill(mask, place(palm), 255)
        for x, tip in ((-0.72, -0.75), (-0.25, -1.0), (0.24, -0.95), (0.72, -0.65)):
            finger = place(np.array([[x, 0.3], [x * 1.08, tip]]))
            _stroke(mask, finger, 255, view.width(0.42 * extent[0]))
            _stroke(paint, finger, bright, view.width(0.2 * extent[0]))
        for x in (-0.48, 0.0, 0.48):
            _stroke(paint, place(np.array([[x, 0.35], [x * 1.08, -0.7]])), dark, view.width(0.04))
        thumb = place(np.array([[0.7, 0.9], [1.35, 0.3]]))
        _stroke(mask, thumb, 255, view.width(0.42 * extent[0]))
        paint = cv2.GaussianBlur(paint, (0, 0), 0.02 * view.scale)
    elif occluder.kind == "scarf":
        x = np.linspace(-1, 1, 9)
        top = np.stack([x, -1 + 0.25 * x**2], axis=-1)
        around = place(np.concatenate([top * [1, 1], [[1.15, 1.6], [-1.15, 1.6]]]), 0.35)
        around[:9] += (place(top, 1.1) - place(top, 0.35)) * (1 - x**2)[:, None]
        _fill(mask, around, 255)
        for drop in (0.35, 0.8, 1.3, 1.9):
            _stroke(
                paint,
                around[:9] + np.array([0, drop * extent[1] * view.scale]),
                dark if drop in (0.35, 1.3) else bright,
                view.width(0.09),
            )
        paint = cv2.GaussianBlur(paint, (0, 0), 0.03 * view.scale)
    else:  # sunglasses
        for side in (-1.0, 1.0):
            lens = np.array(
                [
                    [0.06, -0.75],
                    [0.5, -0.95],
                    [0.95, -0.85],
                    [1.0, -0.2],
                    [0.8, 0.75],
                    [0.45, 1.0],
                    [0.16, 0.7],
                    [0.05, 0.0],
                ]
            )
            _fill(mask, place(lens * [side, 1], 0.95), 255)
            arm = view.project(
                np.array([[side * extent[0] + occluder.x, occluder.y - 0.1, 0.9], [side * 1.04, -0.05, -0.5]])
            )
            _stroke(mask, arm, 255, view.width(0.04))
            glare = place(np.array([[0.25, -0.5], [0.7, -0.6]]) * [side, 1], 0.95)
            _stroke(paint, glare, bright, view.width(0.08))
        _stroke(mask, place(np.array([[-0.1, -0.6], [0.1, -0.6]]), 1.0), 255, view.width(0.06))
        paint = cv2.GaussianBlur(paint, (0, 0), 0.05 * view.scale)
    picture += (paint - picture) * _three(np.float32(1 / 255) * mask.astype(np.float32))
    return mask


_SQUARE = np.array([[-1.0, -1], [1, -1], [1, 1], [-1, 1]])
_GRAIN = np.tile(np.random.default_rng(0).standard_normal((256, 256)).astype(np.float32), (2, 2))


def _grain(size: int, rng: np.random.Generator) -> Plane:
    """Unit-variance noise [size, size]: a random cut of one fixed tile, far faster than drawing it anew."""
    row, column = rng.integers(0, 256, 2)
    tile = _GRAIN if size <= 256 else np.tile(_GRAIN, (size // 512 + 2,) * 2)
    return tile[row : row + size, column : column + size]


def _three(plane: Plane) -> Plane:
    """[H, W] -> [H, W, 3]. Numpy's own broadcasting over a last axis of three is several times slower."""
    return np.asarray(cv2.merge([plane, plane, plane]), dtype=np.float32)


def _master_indices(scheme_name: str) -> tuple[tuple[int, ...], ...]:
    if scheme_name not in MASTER_OF_SCHEME:
        raise KeyError(
            f"The renderer has no landmarks for scheme '{scheme_name}'. Known: {', '.join(MASTER_OF_SCHEME)}."
        )
    return MASTER_OF_SCHEME[scheme_name]


def _fixed(point_px) -> tuple[int, int]:
    return round(float(point_px[0]) * 16), round(float(point_px[1]) * 16)


def _fill(image: Image, polygon_px: Array, colour):
    cv2.fillPoly(image, [np.rint(polygon_px * 16).astype(np.int32)], colour, cv2.LINE_AA, SHIFT)


def _stroke(image: Image, line_px: Array, colour, width_px: int):
    cv2.polylines(image, [np.rint(line_px * 16).astype(np.int32)], False, colour, width_px, cv2.LINE_AA, SHIFT)


def _window(image: Image, outline_px: Array) -> tuple[Image, NDArray[np.intp]]:
    """The part of an image around an outline, as a view that can be painted, and its corner (x, y)."""
    low = np.clip(np.floor(outline_px.min(axis=0)).astype(int) - 2, 0, len(image))
    high = np.clip(np.ceil(outline_px.max(axis=0)).astype(int) + 3, 0, len(image))
    return image[low[1] : high[1], low[0] : high[0]], low


def _blend(patch: Image, paint: Image, mask: Image):
    weight = mask.astype(np.float32)[..., None] / 255
    patch[:] = np.rint(patch + (paint - patch.astype(np.float32)) * weight)


def _mix(first, second, share: float) -> Colour:
    """`first` at share 0, `second` at share 1."""
    return _colour(float(a) + (float(b) - float(a)) * share for a, b in zip(first, second, strict=True))


def _colour(levels: Iterable) -> Colour:
    red, green, blue = (round(min(255.0, max(0.0, float(level)))) for level in levels)
    return red, green, blue


SKIN_COLOURS = (
    (244, 212, 188),
    (234, 192, 164),
    (222, 176, 142),
    (198, 146, 108),
    (164, 112, 78),
    (122, 80, 56),
    (92, 60, 44),
)
HAIR_COLOURS = (
    (28, 22, 20),
    (52, 36, 26),
    (86, 56, 34),
    (128, 84, 46),
    (186, 142, 82),
    (214, 182, 128),
    (150, 64, 34),
    (150, 148, 146),
)
IRIS_COLOURS = ((84, 56, 34), (60, 40, 28), (110, 84, 44), (84, 116, 86), (84, 124, 160), (116, 130, 140))


def sample_identity(rng: np.random.Generator) -> Identity:
    """A plausible random person."""

    def around(mean: float, spread: float) -> float:
        return float(mean + spread * np.clip(rng.standard_normal(), -2.2, 2.2))

    tone = int(rng.choice(len(SKIN_COLOURS), p=[0.19, 0.19, 0.17, 0.14, 0.12, 0.11, 0.08]))
    skin = _jitter(SKIN_COLOURS[tone], 4, rng)
    # Fair hair and eyes go with fair skin, as they mostly do.
    hair = HAIR_COLOURS[int(rng.integers(len(HAIR_COLOURS) if tone < 4 else 3))]
    iris = IRIS_COLOURS[int(rng.integers(len(IRIS_COLOURS) if tone < 4 else 2))]
    style = str(rng.choice(HAIR_STYLES, p=[0.42, 0.3, 0.2, 0.08]))
    return Identity(
        face_width=around(1.0, 0.035),
        jaw_length=around(1.0, 0.04),
        jaw_squareness=around(0.0, 0.45),
        cheek_fullness=around(0.0, 0.4),
        eye_spacing=around(1.0, 0.035),
        eye_size=around(1.0, 0.07),
        eye_slant=around(0.01, 0.02),
        nose_length=around(1.0, 0.05),
        nose_width=around(1.0, 0.1),
        nose_protrusion=around(1.0, 0.12),
        mouth_width=around(1.0, 0.07),
        lip_fullness=around(1.0, 0.16),
        brow_height=around(1.0, 0.08),
        brow_thickness=around(1.0, 0.2),
        brow_arch=around(1.0, 0.3),
        hairline_height=around(1.0, 0.09),
        hair_style=style,
        hair_parting=float(rng.uniform(-1, 1)),
        stubble=float(rng.uniform(0.2, 1)) if style in ("short", "bald") and rng.random() < 0.4 else 0.0,
        skin_colour=skin,
        hair_colour=_jitter(hair, 8, rng),
        iris_colour=_jitter(iris, 10, rng),
        lip_colour=_mix(skin, (176, 60, 66), float(rng.uniform(0.35, 0.6))),
        clothes_colour=_colour(rng.integers(20, 236, 3)),
    )


def sample_face(rng: np.random.Generator, identity: Identity | None = None) -> FaceParameters:
    """A plausible random picture; with `identity`, another view of that person.

    About the shares of WFLW's test set: one in four pictures turned, lit, hidden or blurred hard, fewer made up.
    """
    if identity is None:
        identity = sample_identity(rng)
    return FaceParameters(
        identity=identity,
        expression=_sample_expression(rng),
        pose=_sample_pose(rng),
        light=_sample_light(rng),
        make_up=_sample_make_up(rng),
        occluder=_sample_occluder(rng, identity),
        background=Background(
            kind=str(rng.choice(BACKGROUND_KINDS, p=[0.25, 0.35, 0.3, 0.1])),
            colours=(_muted_colour(rng), _muted_colour(rng), _muted_colour(rng)),
        ),
        blur_px=float(rng.uniform(1.5, 3.2) if rng.random() < 0.2 else rng.uniform(0, 0.9)),
        noise=float(rng.uniform(0.5, 3.5)),
        texture_seed=int(rng.integers(2**31)),
    )


def _sample_expression(rng: np.random.Generator) -> Expression:
    strong = 1.0 if rng.random() < 0.3 else 0.45
    lift = float(np.clip(strong * rng.normal(0.0, 0.5), -0.5, 1))
    closure = float(rng.uniform(0.75, 1) if rng.random() < 0.07 else rng.uniform(0, 0.3))
    return Expression(
        smile=float(np.clip(strong * rng.normal(0.35, 0.6), -0.5, 1)),
        smirk=float(np.clip(strong * rng.normal(0, 0.4), -1, 1)),
        mouth_open=float(np.clip(strong * rng.normal(0.1, 0.6), 0, 1)),
        brow_raise_left=lift,
        brow_raise_right=float(np.clip(lift + strong * rng.normal(0, 0.15), -0.5, 1)),
        eye_closure_left=closure,
        eye_closure_right=float(np.clip(closure + rng.normal(0, 0.04), 0, 1)),
        gaze_x=float(rng.uniform(-1, 1)),
        gaze_y=float(rng.uniform(-1, 1)),
    )


def _sample_pose(rng: np.random.Generator) -> Pose:
    yaw = rng.uniform(-55, 55) if rng.random() < 0.25 else np.clip(rng.normal(0, 14), -29, 29)
    box_side = float(rng.uniform(0.45, 0.75))
    # The box may come within 3 % of the border; its middle is drawn below the picture's, because hair is above it.
    room = min(0.5 - box_side / 2 - 0.03, 0.16)
    return Pose(
        yaw_degrees=float(yaw),
        pitch_degrees=float(np.clip(rng.normal(2, 9), -28, 28)),
        roll_degrees=float(np.clip(rng.normal(0, 10), -40, 40)),
        box_side=box_side,
        centre_x=float(0.5 + rng.uniform(-room, room)),
        centre_y=float(0.5 + rng.uniform(-0.5 * room, room)),
    )


def _sample_light(rng: np.random.Generator) -> Light:
    hard = rng.random() < 0.2
    warmth = rng.normal(0.01, 0.035)
    return Light(
        azimuth_degrees=float(rng.uniform(-85, 85) if hard else rng.uniform(-55, 55)),
        elevation_degrees=float(rng.uniform(-20, 65) if hard else rng.uniform(5, 55)),
        strength=float(rng.uniform(0.8, 1.05) if hard else rng.uniform(0.4, 0.65)),
        ambient=float(rng.uniform(0.12, 0.3) if hard else rng.uniform(0.42, 0.58)),
        exposure=float(
            rng.choice([rng.uniform(0.4, 0.65), rng.uniform(0.8, 1.15), rng.uniform(1.35, 1.6)], p=[0.05, 0.9, 0.05])
        ),
        colour=(float(1 + warmth), 1.0, float(1 - warmth)),
    )


def _sample_make_up(rng: np.random.Generator) -> MakeUp:
    strong = rng.random() < 0.12
    low, high = (0.5, 1.0) if strong else (0.0, 0.25)
    lips = ((176, 24, 52), (200, 60, 90), (120, 20, 50), (214, 90, 70), (90, 30, 70))
    shadows = ((92, 70, 130), (60, 90, 140), (120, 70, 50), (50, 50, 58), (70, 120, 100))
    return MakeUp(
        lipstick=float(rng.uniform(low, high)),
        eye_shadow=float(rng.uniform(low, high)),
        blush=float(rng.uniform(low, high)),
        lipstick_colour=lips[int(rng.integers(len(lips)))],
        eye_shadow_colour=shadows[int(rng.integers(len(shadows)))],
    )


def _sample_occluder(rng: np.random.Generator, identity: Identity) -> Occluder:
    kind = str(rng.choice(OCCLUDER_KINDS, p=[0.76, 0.08, 0.05, 0.04, 0.07]))
    colour = _colour(rng.integers(10, 240, 3))
    if kind == "hand":
        x = float(rng.uniform(-0.8, 0.8))
        return Occluder(
            kind=kind,
            x=x,
            y=float(rng.uniform(0.7, 1.4)),
            width=float(rng.uniform(0.7, 1.0)),
            height=float(rng.uniform(0.9, 1.3)),
            angle_degrees=float(rng.uniform(-35, 35)),
            colour=_mix(identity.skin_colour, (150, 70, 50), 0.12),
        )
    if kind == "sunglasses":
        dark = _colour(rng.integers(8, 60, 3))
        return Occluder(
            kind=kind, y=0.03, width=float(rng.uniform(1.5, 1.8)), height=float(rng.uniform(0.42, 0.6)), colour=dark
        )
    if kind == "scarf":
        return Occluder(kind=kind, y=1.3, width=2.2, height=float(rng.uniform(0.8, 1.3)), colour=colour)
    return Occluder(
        kind=kind,
        x=float(rng.uniform(-0.8, 0.8)),
        y=float(rng.uniform(-0.5, 1.4)),
        width=float(rng.uniform(0.4, 1.1)),
        height=float(rng.uniform(0.4, 1.1)),
        angle_degrees=float(rng.uniform(-45, 45)),
        colour=colour,
    )


def _muted_colour(rng: np.random.Generator) -> Colour:
    return _mix(rng.integers(30, 236, 3), (rng.uniform(50, 220),) * 3, 0.45)


def _jitter(colour: Colour, spread: int, rng: np.random.Generator) -> Colour:
    return _colour(float(level + rng.integers(-spread, spread + 1)) for level in colour)
