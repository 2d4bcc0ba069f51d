"""The features with an edge, painted onto the skin: eyes, brows, mouth, hair in front."""

import numpy as np

from trainables.rendering.arrays import Array, Image
from trainables.rendering.colours import mix
from trainables.rendering.drawing import blend, fill, fill_circle, fill_ellipse, stroke, window
from trainables.rendering.parameters import FaceParameters, Identity
from trainables.rendering.shape import FaceShape
from trainables.rendering.view import View


def paint_eye(albedo: Image, identity: Identity, lids: Array, pupil: Array, view: View):
    """Eyeball seen through the lids, then the lashes."""
    outline, centre = view.project(lids), view.project(pupil)
    patch, corner = window(albedo, outline)
    if patch.size:
        outline_here, centre_here = outline - corner, centre - corner
        ball = np.empty_like(patch)
        ball[:] = mix((236, 230, 226), identity.skin_colour, 0.12)
        radius = 0.108 * np.sqrt(identity.eye_size) * view.scale
        squeeze = max(0.35, abs(float(view.rotation[2, 2])))
        for share, colour in (
            (1.0, mix(identity.iris_colour, (10, 8, 8), 0.65)),
            (0.82, identity.iris_colour),
            (0.45, (14, 11, 12)),
        ):
            fill_ellipse(ball, centre_here, (share * radius * squeeze, share * radius), colour)
        stroke(ball, outline_here[:9] + np.array([0, 0.02 * view.scale]), (120, 100, 98), view.width(0.035))
        glint = centre_here + radius * np.array([-0.3, -0.35])
        fill_circle(ball, glint, 0.24 * radius, (255, 255, 255))
        mask = np.zeros(patch.shape[:2], dtype=np.uint8)
        fill(mask, outline_here, 255)
        blend(patch, ball, mask)
    lash = mix(identity.hair_colour, (20, 14, 12), 0.75)
    stroke(albedo, outline[:9], lash, view.width(0.03))
    stroke(albedo, outline[[0, *range(15, 7, -1)]], mix(identity.skin_colour, (96, 44, 40), 0.55), 1)


def paint_brow(albedo: Image, identity: Identity, brow: Array, view: View):
    """The brow: about the colour of the hair, brown on a bald head."""
    outline = view.project(brow)
    base = identity.hair_colour if identity.hair_style != "bald" else (70, 54, 44)
    fill(albedo, outline, mix(identity.skin_colour, mix(base, (30, 22, 18), 0.35), 0.8))


def paint_mouth(albedo: Image, face: FaceParameters, shape: FaceShape, view: View):
    """Lips, and between them teeth and tongue or the line where they meet."""
    identity, make_up = face.identity, face.make_up
    outer, inner = view.project(shape.curves["outer_lips"]), view.project(shape.curves["inner_lips"])
    colour = mix(identity.lip_colour, make_up.lipstick_colour, 0.9 * make_up.lipstick)
    fill(albedo, outer, colour)
    fill(albedo, np.concatenate([outer[:13], inner[8::-1]]), mix(colour, (60, 10, 20), 0.22))
    shine = 0.5 * (outer[[16, 17, 18, 19, 20]] + inner[[11, 11, 12, 13, 13]])
    stroke(albedo, shine, mix(colour, (255, 235, 230), 0.18 + 0.2 * make_up.lipstick), view.width(0.035))
    patch, corner = window(albedo, inner)
    if face.expression.mouth_open > 0.06 and patch.size:
        cavity = np.empty_like(patch)
        cavity[:] = (62, 18, 22)
        inner_here = inner - corner
        down = view.rotation[:2, 1] * view.scale
        opened = face.expression.mouth_open
        tongue = inner_here[9:16]
        fill(cavity, np.concatenate([tongue - 0.06 * opened * down, (tongue + 0.2 * down)[::-1]]), (176, 84, 86))
        # The edge of the teeth rises with a smile but does not hang down with the corners of an open mouth.
        upper = shape.curves["inner_lips"][:9]
        edge = upper.copy()
        edge[:, 1] = upper[4, 1] + 0.04 + 0.07 * opened + 0.6 * np.minimum(upper[:, 1] - upper[4, 1], 0)
        teeth = np.concatenate([inner_here[:9] - 0.05 * down, (view.project(edge) - corner)[::-1]])
        fill(cavity, teeth, (238, 232, 222))
        mask = np.zeros(patch.shape[:2], dtype=np.uint8)
        fill(mask, inner_here, 255)
        blend(patch, cavity, mask)
    else:
        stroke(albedo, inner[:9], mix(colour, (50, 10, 14), 0.65), view.width(0.02))


def paint_hair_in_front(albedo: Image, identity: Identity, shape: FaceShape, view: View, rng: np.random.Generator):
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
    fill(albedo, np.concatenate([visible, above]), identity.hair_colour)
    for _ in range(14):
        start = hairline[rng.integers(3, 22)] + [rng.uniform(-0.05, 0.05), rng.uniform(-0.05, 0.03), 0]
        lean = np.array([0.5 * (start[0] - 0.5 * identity.hair_parting), 0, 0])
        steps = np.linspace(0, 1, 4)[:, None]
        strand = start + steps * (np.array([0, -0.6, -0.15]) - 0.4 * lean) + steps**2 * lean
        shade = mix(identity.hair_colour, (255, 240, 220) if rng.random() < 0.5 else (0, 0, 0), 0.2)
        stroke(albedo, view.project(strand), shade, view.width(0.02))
