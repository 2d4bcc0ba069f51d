"""Plausible random people and pictures of them."""

import numpy as np

from trainables.rendering.colours import Colour, mix, to_colour
from trainables.rendering.parameters import (
    BACKGROUND_KINDS,
    HAIR_STYLES,
    OCCLUDER_KINDS,
    Background,
    Expression,
    FaceParameters,
    Identity,
    Light,
    MakeUp,
    Occluder,
    Pose,
)

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
        lip_colour=mix(skin, (176, 60, 66), float(rng.uniform(0.35, 0.6))),
        clothes_colour=to_colour(rng.integers(20, 236, 3)),
    )


def sample_face(rng: np.random.Generator, identity: Identity | None = None) -> FaceParameters:
    """A plausible random picture; with `identity`, another view of that person.

    Tags of 2,000 pictures (seed 0): expression 38 %, illumination 29 %, occlusion 24 %, blur 20 %, makeup 13 %,
    largepose 12 %.
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
    colour = to_colour(rng.integers(10, 240, 3))
    if kind == "hand":
        x = float(rng.uniform(-0.8, 0.8))
        return Occluder(
            kind=kind,
            x=x,
            y=float(rng.uniform(0.7, 1.4)),
            width=float(rng.uniform(0.7, 1.0)),
            height=float(rng.uniform(0.9, 1.3)),
            angle_degrees=float(rng.uniform(-35, 35)),
            colour=mix(identity.skin_colour, (150, 70, 50), 0.12),
        )
    if kind == "sunglasses":
        dark = to_colour(rng.integers(8, 60, 3))
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
    return mix(rng.integers(30, 236, 3), (rng.uniform(50, 220),) * 3, 0.45)


def _jitter(colour: Colour, spread: int, rng: np.random.Generator) -> Colour:
    return to_colour(float(level + rng.integers(-spread, spread + 1)) for level in colour)
