"""The drawn face in three dimensions: a symmetric height field, and the curves and master points that lie on it.

Head frame: x to the viewer's right, y down, z towards the viewer, origin between the eyes. One unit is half the width
of the mean face between its cheekbones. Proportions of the front view follow the mean 300W shape; depths are by eye.
"""

import numpy as np
from numpy.typing import NDArray

from trainables.rendering.arrays import Array
from trainables.rendering.landmarks import LEFT_WING, NUM_MASTER_POINTS, RIGHT_WING
from trainables.rendering.parameters import Expression, Identity
from trainables.schemes import SCHEME_98

CONTOUR_TOP_Y = -0.05
CROWN_Y = -1.5
# Columns of the mesh as shares of the half width: dense across the nose and where the cheek turns away.
_HALF_COLUMNS = (0.0, 0.05, 0.1, 0.15, 0.2, 0.27, 0.35, 0.44, 0.54, 0.65, 0.76, 0.86, 0.94, 0.985, 1.0)
MESH_COLUMNS = np.array([*(-share for share in _HALF_COLUMNS[:0:-1]), *_HALF_COLUMNS])


class FaceShape:
    """The surface of one person with one expression, in the head frame.

    `contour` is the jaw, [33, 3]; `points` are the master points, [100, 3]; `curves` holds every other line that a
    painter or a landmark needs: name -> [points, 3].
    """

    def __init__(self, identity: Identity, expression: Expression):
        self.identity = identity
        self.expression = expression
        self.chin_y = 1.47 * identity.jaw_length + 0.2 * expression.mouth_open
        self.nose_tip_y = 0.53 * identity.nose_length
        self.nose_base_y = 0.715 * identity.nose_length
        self.mouth_y = 0.97 + 0.25 * (identity.jaw_length - 1) + 0.2 * (identity.nose_length - 1)
        self._tabulate()
        self._place_bumps()
        self.contour = self._contour()
        flat = self._flat_curves()
        # All curves are lifted onto the surface at once: one call on 200 points costs as much as one on 2.
        lifted = self.on_surface(*np.concatenate(list(flat.values())).T)
        ends = np.cumsum([len(curve) for curve in flat.values()])
        self.curves = dict(zip(flat, np.split(lifted, ends[:-1]), strict=True))
        self.points = self._master_points()

    def on_surface(self, x, y) -> Array:
        """The points of the surface in front of (x, y): [...] and [...] -> [..., 3]."""
        x, y = np.broadcast_arrays(np.asarray(x, dtype=np.float64), y)
        return np.stack([x, y, self.depth(x, y)], axis=-1)

    def depth(self, x: Array, y: Array) -> Array:
        """z of the surface at (x, y); at the outline and beyond it, the z of the outline."""
        half_width, edge_z, middle_z, nose_height, nose_sigma = (
            np.interp(y, self._table_y, column) for column in self._table
        )
        roundness = np.sqrt(np.clip(1 - (x / half_width) ** 2, 0, None))
        z = edge_z + (middle_z - edge_z) * roundness
        z += nose_height * np.exp(-0.5 * (x / nose_sigma) ** 2)
        across, centre_x, sigma_x, centre_y, sigma_y, height = np.abs(x)[..., None], *self._bumps.T
        exponent = ((across - centre_x) / sigma_x) ** 2 + ((y[..., None] - centre_y) / sigma_y) ** 2
        # Bumps fade towards the outline, so that the outline itself stays the jaw curve.
        return z + (np.exp(-0.5 * exponent) @ height) * np.minimum(1, 3 * roundness)

    def mesh(self) -> Array:
        """[rows, columns, 3]: from the crown to the chin, its edges on the contour."""
        upper = np.linspace(0.03, 1, 11)[:-1] * np.pi / 2
        upper_y = CONTOUR_TOP_Y + (CROWN_Y - CONTOUR_TOP_Y) * np.cos(upper)
        length, _, outline_y = self._left_outline_by_length()
        lower_y = np.interp(np.linspace(0, 1, 24), length, outline_y)
        y = np.concatenate([upper_y, lower_y[:-1], [self.chin_y - 1e-3, self.chin_y]])[:, None]
        half_width = np.interp(y, self._table_y, self._table[0])
        return self.on_surface(half_width * MESH_COLUMNS, y)

    def self_occluded(self, points: Array, towards_viewer: Array, margin: float = 0.2) -> NDArray[np.bool_]:
        """Whether the face itself hides a point: [N, 3] points, [3] unit vector -> [N].

        Walks from each point towards the viewer and asks whether it ever gets deeper than `margin` below the surface.
        The default calls the far jaw hidden from a yaw of about 15 degrees on, where the outline has left it by 3 % of
        the face's width; without a margin it would be hidden at any yaw.
        """
        steps = np.arange(0.08, 1.3, 0.08)[:, None, None]
        walk = points + steps * towards_viewer
        below = self.depth(walk[..., 0], walk[..., 1]) - walk[..., 2]
        inside = np.abs(walk[..., 0]) < np.interp(walk[..., 1], self._table_y, self._table[0])
        hidden = (below > margin) & inside & (walk[..., 1] < self.chin_y)
        return np.asarray(hidden.any(axis=0))

    def _tabulate(self):
        """Half width, depth of the outline, depth of the midline, height and width of the nose, as functions of y."""
        identity = self.identity
        angle = np.linspace(0, np.pi / 2, 65)
        power = 0.75 - 0.13 * identity.jaw_squareness
        jaw_x = np.append(np.cos(angle[:-1]) ** power, 0.0)
        jaw_y = CONTOUR_TOP_Y + (self.chin_y - CONTOUR_TOP_Y) * np.sin(angle)
        skull_x = np.append(np.cos(angle[:-1]) ** 0.85, 0.0)
        skull_y = CONTOUR_TOP_Y + (CROWN_Y - CONTOUR_TOP_Y) * np.sin(angle)
        outline_y = np.concatenate([skull_y[:0:-1], jaw_y])
        outline_x = np.maximum(np.concatenate([skull_x[:0:-1], jaw_x]), 1e-4) * identity.face_width

        y = outline_y
        chin, mouth = self.chin_y, self.mouth_y
        edge_y = CONTOUR_TOP_Y + (chin - CONTOUR_TOP_Y) * np.array([0, 0.35, 0.55, 0.75, 0.9, 1])
        edge = _smooth_interp(y, [CROWN_Y, -0.9, *edge_y], [-0.25, -0.4, -0.45, -0.38, -0.22, 0.12, 0.46, 0.74])
        middle_y = [CROWN_Y, -1.42, -1.2, -0.9, -0.5, -0.25, 0, 0.3, 0.7, mouth, mouth + 0.24, chin - 0.12, chin]
        middle = _smooth_interp(
            y, middle_y, [-0.25, 0.15, 0.58, 0.82, 0.93, 0.96, 0.88, 0.92, 0.95, 0.98, 0.92, 0.94, 0.74]
        )
        tip, base = self.nose_tip_y, self.nose_base_y
        nose_y = [-0.3, -0.05, 0.55 * tip, tip - 0.05, tip + 0.03, base - 0.03, base + 0.08]
        height = _smooth_interp(y, nose_y, [0.0, 0.06, 0.24, 0.42, 0.42, 0.16, 0.0])
        sigma = np.interp(y, [0, tip, base], [0.085, 0.13, 0.15]) * np.sqrt(identity.nose_width)
        self._table_y = y
        self._table = (outline_x, edge, middle, height * identity.nose_protrusion, sigma)

    def _place_bumps(self):
        """Rows of |x|, its sigma, y, its sigma, height."""
        identity, expression = self.identity, self.expression
        eye_x, mouth, nose = 0.455 * identity.eye_spacing, self.mouth_y, identity.nose_width
        gap = 0.3 * expression.mouth_open
        cheek = 0.06 + 0.05 * identity.cheek_fullness + 0.05 * max(expression.smile, 0)
        self._bumps = np.array(
            [
                (0.40, 0.25, -0.25, 0.09, 0.06),  # brow ridge
                (eye_x - 0.03, 0.20, 0.01, 0.12, -0.15),  # socket
                (eye_x, 0.13, 0.0, 0.09, 0.08),  # eyeball
                (0.56, 0.20, 0.40 - 0.05 * expression.smile, 0.18, cheek),
                (0.17 * nose, 0.06, self.nose_tip_y + 0.06, 0.06, 0.13),  # wings of the nose
                (0.0, 0.24, mouth - 0.06, 0.05, 0.05),  # upper lip
                (0.0, 0.20, mouth + gap + 0.08, 0.05, 0.06),  # lower lip
                (0.0, 0.20, mouth + gap + 0.2, 0.05, -0.04),  # below the lower lip
                (0.0, 0.16, self.chin_y - 0.14, 0.09, 0.06),  # chin
            ]
        )

    def _flat_curves(self) -> dict[str, Array]:
        """Front view of every curve: name -> [points, 2]. A right one is the mirror image of a left one."""
        expression, nose = self.expression, self.identity.nose_width
        tip, base = self.nose_tip_y, self.nose_base_y
        outer_lips, inner_lips = self._lips()
        turn = np.linspace(0, 2 * np.pi, 12, endpoint=False)
        disc = np.stack([np.cos(turn), np.sin(turn)], axis=-1)
        curves = {
            "outer_lips": outer_lips,
            "inner_lips": inner_lips,
            "nose_bridge": np.stack([np.zeros(4), np.linspace(-0.02, tip, 4)], axis=-1),
            "nose_base": np.array([(-0.2, -0.06), (-0.105, -0.02), (0, 0), (0.105, -0.02), (0.2, -0.06)]) * [nose, 1]
            + [0, base],
            "nose_tip": 0.17 * disc + [0, tip],
            "philtrum": np.array([(0, base + 0.04), (0, outer_lips[6, 1] - 0.03)]),
            "hairline": self._hairline(),
        }
        mouth_corner_x = -outer_lips[0, 0]
        for side, mirror, closure, lift, gaze in (
            ("left", 1, expression.eye_closure_left, expression.brow_raise_left, expression.gaze_x),
            ("right", -1, expression.eye_closure_right, expression.brow_raise_right, -expression.gaze_x),
        ):
            lids, pupil = self._eye(closure, gaze)
            wing_x = -nose * np.array([0.21, 0.25, 0.24, 0.19])
            on_this_side = {
                "lids": lids,
                "pupil": pupil,
                "brow": self._brow(lift),
                "wing": np.array([(-0.245 * nose, tip + 0.06)]),
                "wing_fold": np.stack([wing_x, [tip - 0.06, tip + 0.03, base - 0.06, base - 0.03]], axis=-1),
                "nostril": np.array([(-0.1 * nose, base - 0.025)]),
                "smile_line": np.array(
                    [(-0.27 * nose, tip + 0.05), (-0.42, base + 0.05), (-mouth_corner_x - 0.13, self.mouth_y - 0.02)]
                ),
                "cheek": 0.26 * disc + [-0.58, 0.45],
            }
            curves.update({f"{side}_{name}": curve * [mirror, 1] for name, curve in on_this_side.items()})
        return curves

    def _eye(self, closure: float, gaze: float) -> tuple[Array, Array]:
        """Left eye: lids [16, 2] from the outer corner over the upper lid and back, pupil [1, 2]; gaze + is inwards."""
        identity = self.identity
        centre_x, half_width = -0.455 * identity.eye_spacing, 0.205 * identity.eye_size
        opening = (0.165 * (1 - closure) * (1 - 0.2 * self.expression.smile) + 0.012) * identity.eye_size

        def lids(share):  # share of the half width -> y of the upper and of the lower lid
            lower = 0.02 * share - identity.eye_slant * (1 - share) / 2 + 0.05 * identity.eye_size * (1 - share**2)
            return lower - opening * (1 - np.abs(share) ** 2.3), lower

        share = np.linspace(-1, 1, 9)
        outline = _there_and_back(centre_x + half_width * share, *lids(share))
        pupil_share = 0.45 * gaze
        upper, lower = lids(pupil_share)
        pupil_y = upper + (lower - upper) * (0.47 + 0.2 * self.expression.gaze_y)
        return outline, np.array([(centre_x + half_width * pupil_share, pupil_y)])

    def _brow(self, lift: float) -> Array:
        """Left brow [17, 2]: upper edge from the outer to the inner end (9), lower edge back (8, the tip left out)."""
        identity = self.identity
        share = np.linspace(0, 1, 9)
        x = -0.86 + 0.65 * share + 0.04 * (1 - lift) * share
        middle = (
            -0.29 * identity.brow_height - 0.10 * identity.brow_arch * np.sin(np.pi * share**0.8) + 0.05 * (1 - share)
        )
        middle -= 0.13 * lift * (0.6 + 0.4 * share) if lift > 0 else 0.13 * lift * share
        thickness = 0.085 * identity.brow_thickness * np.minimum(1, 2.2 * share) ** 0.8 * (1 - 0.35 * share**8)
        return np.stack(
            [
                np.concatenate([x, x[:0:-1]]),
                np.concatenate([middle - thickness / 2, (middle + thickness / 2)[:0:-1]]),
            ],
            axis=-1,
        )

    def _lips(self) -> tuple[Array, Array]:
        """Outer [24, 2] and inner [16, 2] outline: from the left corner over the upper lip and back."""
        identity, expression = self.identity, self.expression
        smile, opened = expression.smile, expression.mouth_open
        half_width = 0.385 * identity.mouth_width * (1 + 0.17 * smile) * (1 - 0.12 * opened)
        fullness = identity.lip_fullness * (1 - 0.2 * max(smile, 0))
        gap = 0.012 + 0.3 * opened

        def line(share):  # where the lips meet
            rise = -0.13 * smile - 0.015
            return self.mouth_y + rise * np.abs(share) ** 1.8 - 0.07 * expression.smirk * share * np.abs(share)

        share = _LIP_SHARES
        dip = 1 - 0.22 * np.exp(-((share / 0.13) ** 2))
        upper = line(share) - 0.1 * fullness * (1 - np.abs(share) ** 1.5) * dip
        lower = line(share) + (gap + 0.125 * fullness) * (1 - share**2) ** 0.9
        outer = _there_and_back(half_width * share, upper, lower)
        share = np.linspace(-1, 1, 9)
        corner_drop = 0.35 * gap * np.abs(share)
        upper = line(0.9 * share) + corner_drop
        return outer, _there_and_back(0.9 * half_width * share, upper, upper + (gap - corner_drop) * (1 - share**2))

    def _hairline(self) -> Array:
        """[25, 2] from the left temple over the forehead to the right temple."""
        share = np.linspace(-1, 1, 25)
        top = -0.86 * self.identity.hairline_height
        peak = 0.06 * np.exp(-(((share - 0.35 * self.identity.hair_parting) / 0.2) ** 2))
        y = top + (0.05 - top) * np.abs(share) ** 3.2 + peak
        return np.stack([0.999 * share * np.interp(y, self._table_y, self._table[0]), y], axis=-1)

    def _left_outline_by_length(self) -> tuple[Array, Array, Array]:
        """Share of the arc length in the front view, from the ear (0) to the chin (1); x and y there."""
        below = self._table_y >= CONTOUR_TOP_Y
        x, y = -self._table[0][below], self._table_y[below]
        x[-1] = 0.0
        length = np.concatenate([[0], np.cumsum(np.hypot(np.diff(x), np.diff(y)))])
        return length / length[-1], x, y

    def _contour(self) -> Array:
        """[33, 3], evenly spaced along the jaw in the front view, from the left ear over the chin to the right ear."""
        length, x, y = self._left_outline_by_length()
        share = np.linspace(0, 1, 17)
        left_x, left_y = np.interp(share, length, x), np.interp(share, length, y)
        left = np.stack([left_x, left_y, np.interp(left_y, self._table_y, self._table[1])], axis=-1)
        return np.concatenate([left, left[-2::-1] * _MIRROR])

    def _master_points(self) -> Array:
        """[100, 3] in the order of WFLW, then the wings of the nose. The right half mirrors the left's numbers."""
        curves, flip = self.curves, np.array(SCHEME_98.flip_permutation)
        brow = [0, 2, 4, 6, 8, 9, 11, 13, 15]
        points = np.empty((NUM_MASTER_POINTS, 3))
        points[:33] = self.contour
        points[33:42] = curves["left_brow"][brow]
        points[42:51] = curves["right_brow"][brow][flip[42:51] - 33]
        points[51:55] = curves["nose_bridge"]
        points[55:60] = curves["nose_base"]
        points[60:68] = curves["left_lids"][::2]
        points[68:76] = curves["right_lids"][::2][flip[68:76] - 60]
        points[76:88] = curves["outer_lips"][_LIP_LANDMARKS]
        points[88:96] = curves["inner_lips"][[0, 3, 4, 5, 8, 11, 12, 13]]
        points[96], points[97] = curves["left_pupil"][0], curves["right_pupil"][0]
        points[LEFT_WING], points[RIGHT_WING] = curves["left_wing"][0], curves["right_wing"][0]
        return points


_MIRROR = np.array([-1.0, 1.0, 1.0])
_LIP_SHARES = np.array([-1, -0.8, -0.6, -0.4, -0.22, -0.11, 0, 0.11, 0.22, 0.4, 0.6, 0.8, 1])
_LIP_LANDMARKS = [0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22]


def _there_and_back(x: Array, upper: Array, lower: Array) -> Array:
    """A closed outline [2 n - 2, 2]: `upper` from left to right, then `lower` back, without its two ends."""
    return np.stack([np.concatenate([x, x[-2:0:-1]]), np.concatenate([upper, lower[-2:0:-1]])], axis=-1)


def _smooth_interp(x: Array, knots_x, knots_y) -> Array:
    """Linear interpolation with its kinks rounded: kinks of the surface would show as bands in the shading."""
    offsets = np.array([-0.09, -0.045, 0.0, 0.045, 0.09])[:, None]
    weights = np.array([0.1, 0.25, 0.3, 0.25, 0.1])
    return weights @ np.interp(x + offsets, knots_x, knots_y)
