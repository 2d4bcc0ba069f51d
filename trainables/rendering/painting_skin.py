"""The skin without its features: light on the surface, soft tints, folds."""

import cv2
import numpy as np

from trainables.rendering.arrays import Array, Image, Plane
from trainables.rendering.colours import mix
from trainables.rendering.drawing import SHIFT, fill, fill_ellipse, stroke
from trainables.rendering.parameters import FaceParameters, Light
from trainables.rendering.shape import FaceShape
from trainables.rendering.view import View

WHITE = 150  # grey level of a surface that shows its colour unchanged; 0 is no surface


def shade_surface(mesh: Array, light: Light, view: View) -> tuple[Plane, Plane]:
    """Light on the face's surface and how much of each pixel the face covers: two [size, size] float32.

    The mesh is drawn facet by facet, farthest first, at twice the size, then averaged: that anti-aliases its outline.
    """
    camera = mesh @ view.rotation.T
    normal, grey = _shade_facets(camera, light)
    pixels = 2 * (camera[..., :2] * view.scale + view.offset) + 0.5
    corners = np.rint(pixels * 16).astype(np.int32)
    quads = np.stack([corners[:-1, :-1], corners[:-1, 1:], corners[1:, 1:], corners[1:, :-1]], axis=2).reshape(-1, 4, 2)
    front = np.flatnonzero(normal[..., 2].ravel() > -0.05)
    depth = (camera[1:, 1:, 2] + camera[:-1, :-1, 2]).ravel()[front]
    order = front[np.argsort(depth, kind="stable")]
    large = np.zeros((2 * view.size, 2 * view.size), dtype=np.uint8)
    for quad, level in zip(quads[order], grey.ravel()[order].tolist(), strict=True):
        cv2.fillConvexPoly(large, quad, level, cv2.LINE_8, SHIFT)
    size = (view.size, view.size)
    _, covered = cv2.threshold(large, 0, 255, cv2.THRESH_BINARY)
    coverage = np.float32(1 / 255) * cv2.resize(covered, size, interpolation=cv2.INTER_AREA).astype(np.float32)
    shade = cv2.resize(large, size, interpolation=cv2.INTER_AREA).astype(np.float32) / WHITE
    # Blur inside the face only: weights stop the dark outside from bleeding in.
    sigma = 0.035 * view.scale
    shade = cv2.GaussianBlur(shade, (0, 0), sigma) / (cv2.GaussianBlur(coverage, (0, 0), sigma) + 1e-3)
    return shade.astype(np.float32), coverage


def _shade_facets(camera: Array, light: Light) -> tuple[Array, Array]:
    """Unit normal [rows, columns, 3] and grey level [rows, columns] of each facet of a mesh in the camera frame."""
    normal = np.cross(camera[1:, 1:] - camera[:-1, :-1], camera[1:, :-1] - camera[:-1, 1:])
    normal /= np.linalg.norm(normal, axis=-1, keepdims=True) + 1e-9
    azimuth, elevation = np.deg2rad([light.azimuth_degrees, light.elevation_degrees])
    source = np.array([np.sin(azimuth) * np.cos(elevation), -np.sin(elevation), np.cos(azimuth) * np.cos(elevation)])
    halfway = source + np.array([0, 0, 1])
    halfway /= np.linalg.norm(halfway)
    facing = np.clip((normal @ source + 0.15) / 1.15, 0, None)
    gloss = np.clip(normal @ halfway, 0, None) ** 24
    value = light.ambient * (0.75 + 0.25 * normal[..., 2]) + light.strength * (0.95 * facing + 0.12 * gloss)
    return normal, np.clip(WHITE * value, 1, 255)


def soft_skin(face: FaceParameters, shape: FaceShape, view: View) -> Image:
    """Skin with everything that has no edge: flush, blush, eye shadow, stubble. Painted small, then enlarged."""
    identity, make_up = face.identity, face.make_up
    small_size = 40
    skin = np.array(identity.skin_colour, dtype=np.float32)
    small = np.broadcast_to(skin, (small_size, small_size, 3)).copy()

    def glaze(points: Array, colour, opacity: float, sigma: float = 1.0):
        mask = np.zeros((small_size, small_size), dtype=np.uint8)
        fill(mask, (view.project(points) + 0.5) * small_size / view.size - 0.5, round(255 * opacity))
        weight = cv2.GaussianBlur(mask, (0, 0), sigma).astype(np.float32)[..., None] / 255
        small[:] += (np.array(colour, dtype=np.float32) - small) * weight

    curves = shape.curves
    flush = mix(identity.skin_colour, (205, 70, 60), 0.5)
    glaze(curves["nose_tip"], flush, 0.12, 1.6)
    if identity.stubble > 0:
        mouth_level = np.array([[0.5, 0.85, 0.75], [0.0, 0.8, 0.98], [-0.5, 0.85, 0.75]])
        beard = np.concatenate([shape.contour[7:26], mouth_level])
        glaze(beard, mix(identity.skin_colour, identity.hair_colour, 0.75), 0.6 * identity.stubble, 0.8)
    for side in ("left", "right"):
        glaze(curves[f"{side}_cheek"], mix(flush, (214, 60, 84), make_up.blush), 0.24 + 0.5 * make_up.blush, 1.6)
        upper_lid, below_brow = curves[f"{side}_lids"][:9], curves[f"{side}_brow"][8:17]
        socket = np.concatenate([upper_lid, 0.45 * upper_lid[::-1] + 0.55 * below_brow])
        colour = mix(make_up.eye_shadow_colour, mix(identity.skin_colour, (70, 30, 30), 0.4), 1 - make_up.eye_shadow)
        glaze(socket, colour, 0.2 + 0.7 * make_up.eye_shadow, 0.6)
    enlarged = cv2.resize(np.rint(small).astype(np.uint8), (view.size, view.size), interpolation=cv2.INTER_LINEAR)
    return np.asarray(enlarged, dtype=np.uint8)


def creases(face: FaceParameters, shape: FaceShape, view: View) -> Plane:
    """[size, size] factor below 1 in folds: wings of the nose, smile lines, lid creases, below the lower lip."""
    fold = np.full((view.size, view.size), 255, dtype=np.uint8)
    curves, smile = shape.curves, max(face.expression.smile, 0)
    for side in ("left", "right"):
        lids, above = curves[f"{side}_lids"], curves[f"{side}_brow"][16:8:-1]
        stroke(fold, view.project(curves[f"{side}_wing_fold"]), 130, view.width(0.03))
        stroke(fold, view.project(curves[f"{side}_smile_line"]), round(232 - 90 * smile), view.width(0.03))
        stroke(fold, view.project(lids[1:9] + 0.25 * (above - lids[1:9])), 160, view.width(0.02))
        stroke(fold, view.project(lids[9:] + np.array([0, 0.06, 0])), 220, view.width(0.025))
    stroke(fold, view.project(curves["outer_lips"][14:23] + np.array([0, 0.05, 0])), 180, view.width(0.05))
    stroke(fold, view.project(curves["philtrum"]), 220, view.width(0.05))
    stroke(fold, view.project(curves["nose_base"]), 185, view.width(0.03))
    fold = np.asarray(cv2.GaussianBlur(fold, (0, 0), 0.022 * view.scale), dtype=np.uint8)
    for side in ("left", "right"):
        nostril = view.project(curves[f"{side}_nostril"][0])
        fill_ellipse(fold, nostril, (0.05 * view.scale, 0.022 * view.scale), 90)
    return np.float32(1 / 255) * fold.astype(np.float32)
