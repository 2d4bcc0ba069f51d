"""Everything that decides the pixels of one picture: the person, the muscles, the pose and what surrounds them."""

from dataclasses import dataclass, field

import numpy as np

from trainables.rendering.arrays import Array
from trainables.rendering.colours import Colour

HAIR_STYLES = ("short", "long", "bob", "bald")
OCCLUDER_KINDS = ("none", "hand", "sunglasses", "scarf", "rectangle")
BACKGROUND_KINDS = ("gradient", "clouds", "shapes", "stripes")

# From where on a picture carries WFLW's tag.
LARGE_YAW_DEGREES, LARGE_PITCH_DEGREES, LARGE_ROLL_DEGREES = 30.0, 22.0, 35.0
STRONG_EXPRESSION = 0.5
DARK_AMBIENT, BRIGHT_EXPOSURE, DIM_EXPOSURE = 0.3, 1.35, 0.65
STRONG_MAKE_UP = 0.5
STRONG_BLUR_PX = 1.5


@dataclass(frozen=True, kw_only=True)
class Identity:
    """What stays the same between two views of one person. Lengths are factors of the mean face's."""

    face_width: float = 1.0
    jaw_length: float = 1.0
    jaw_squareness: float = 0.0  # -1 pointed .. 1 square
    cheek_fullness: float = 0.0  # -1 hollow .. 1 full
    eye_spacing: float = 1.0
    eye_size: float = 1.0
    eye_slant: float = 0.0  # rise of the outer corner, head units
    nose_length: float = 1.0
    nose_width: float = 1.0
    nose_protrusion: float = 1.0
    mouth_width: float = 1.0
    lip_fullness: float = 1.0
    brow_height: float = 1.0
    brow_thickness: float = 1.0
    brow_arch: float = 1.0
    hairline_height: float = 1.0
    hair_style: str = "short"  # one of HAIR_STYLES
    hair_parting: float = 0.0  # -1 left .. 1 right
    stubble: float = 0.0  # 0 .. 1
    skin_colour: Colour = (224, 182, 154)
    hair_colour: Colour = (70, 48, 34)
    iris_colour: Colour = (96, 70, 46)
    lip_colour: Colour = (190, 110, 104)
    clothes_colour: Colour = (70, 86, 120)

    def __post_init__(self):
        _check_choice("Identity.hair_style", self.hair_style, HAIR_STYLES)


@dataclass(frozen=True, kw_only=True)
class Expression:
    """What the muscles do. All zero is the neutral, mirror-symmetric face."""

    smile: float = 0.0  # -0.5 sulk .. 1 broad
    smirk: float = 0.0  # -1 .. 1, raises the left or the right corner of the mouth
    mouth_open: float = 0.0  # 0 .. 1
    brow_raise_left: float = 0.0  # -0.5 frown .. 1 surprise
    brow_raise_right: float = 0.0
    eye_closure_left: float = 0.0  # 0 open .. 1 shut
    eye_closure_right: float = 0.0
    gaze_x: float = 0.0  # -1 viewer's left .. 1 viewer's right
    gaze_y: float = 0.0  # -1 up .. 1 down


@dataclass(frozen=True, kw_only=True)
class Pose:
    """Weak perspective: the turn of the head, and where the tight box of the 98 landmarks sits in the image."""

    yaw_degrees: float = 0.0  # positive: the nose points to the viewer's right
    pitch_degrees: float = 0.0  # positive: the nose points down
    roll_degrees: float = 0.0  # positive: clockwise on the screen
    box_side: float = 0.6  # longer side of the landmark box, share of the image side
    centre_x: float = 0.5  # centre of the landmark box, share of the image side
    centre_y: float = 0.53

    def rotation(self) -> Array:
        """[3, 3] from head to camera: yaw first, then pitch, then roll."""
        yaw, pitch, roll = np.deg2rad([self.yaw_degrees, self.pitch_degrees, self.roll_degrees])
        turn = np.array([[np.cos(yaw), 0, np.sin(yaw)], [0, 1, 0], [-np.sin(yaw), 0, np.cos(yaw)]])
        nod = np.array([[1, 0, 0], [0, np.cos(pitch), np.sin(pitch)], [0, -np.sin(pitch), np.cos(pitch)]])
        tilt = np.array([[np.cos(roll), -np.sin(roll), 0], [np.sin(roll), np.cos(roll), 0], [0, 0, 1]])
        return tilt @ nod @ turn


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
        _check_choice("Occluder.kind", self.kind, OCCLUDER_KINDS)


@dataclass(frozen=True, kw_only=True)
class Background:
    """What stands behind the head."""

    kind: str = "gradient"  # one of BACKGROUND_KINDS
    colours: tuple[Colour, Colour, Colour] = ((150, 170, 190), (90, 110, 130), (200, 190, 170))

    def __post_init__(self):
        _check_choice("Background.kind", self.kind, BACKGROUND_KINDS)


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


def _check_choice(field_name: str, value: str, known: tuple[str, ...]):
    """Raise `ValueError` unless `value` is one of `known`."""
    if value not in known:
        raise ValueError(f"{field_name} is '{value}'. Known: {', '.join(known)}.")
