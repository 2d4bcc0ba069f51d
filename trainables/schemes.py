"""Landmark schemes: which index is which point of the face, and which indices swap in a mirror.

All indices are 0-based. "Left" and "right" are the viewer's: left has the smaller x in a frontal picture.
Source: sagonas2013ibug300w (68), wu2018wflw (98), burgosartizzu2013cofw (29), zhu2016aflw (19), liu2020lapa (106).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property


@dataclass(frozen=True, kw_only=True)
class Scheme:
    """One way to number the landmarks of a face.

    `flip_pairs` swap under a horizontal flip; every other landmark is its own mirror image.
    `outer_eye_corners` are the ends of the inter-ocular distance (left, right).
    `pupils` holds, per eye (left, right), the landmarks whose mean is the pupil.
    `parts` names groups of landmarks: part name -> indices, disjoint, together the whole face.
    Raises `ValueError` at birth when an index is out of range or used twice.
    """

    name: str
    num_landmarks: int
    flip_pairs: tuple[tuple[int, int], ...]
    outer_eye_corners: tuple[int, int]
    pupils: tuple[tuple[int, ...], tuple[int, ...]]
    parts: Mapping[str, tuple[int, ...]] = field(hash=False)

    def __post_init__(self):
        self._check("flip_pairs", [index for pair in self.flip_pairs for index in pair])
        self._check("outer_eye_corners", list(self.outer_eye_corners))
        self._check("pupils", [index for eye in self.pupils for index in eye])
        in_parts = [index for indices in self.parts.values() for index in indices]
        self._check("parts", in_parts)
        if len(in_parts) != self.num_landmarks:
            missing = sorted(set(range(self.num_landmarks)) - set(in_parts))
            raise ValueError(f"Scheme '{self.name}': landmarks {missing} are in no part. Add them to `parts`.")

    @cached_property
    def flip_permutation(self) -> tuple[int, ...]:
        """For each landmark, the index it takes its position from after a horizontal flip (an involution)."""
        permutation = list(range(self.num_landmarks))
        for left, right in self.flip_pairs:
            permutation[left], permutation[right] = right, left
        return tuple(permutation)

    @cached_property
    def fixed(self) -> tuple[int, ...]:
        """The landmarks on the midline: their own mirror image."""
        return tuple(index for index, source in enumerate(self.flip_permutation) if index == source)

    def _check(self, field_name: str, indices: list[int]):
        wrong = [index for index in indices if not 0 <= index < self.num_landmarks]
        if wrong:
            raise ValueError(
                f"Scheme '{self.name}': {field_name} names landmarks {wrong}; valid are 0..{self.num_landmarks - 1}."
            )
        twice = sorted({index for index in indices if indices.count(index) > 1})
        if twice:
            raise ValueError(f"Scheme '{self.name}': {field_name} names landmarks {twice} more than once.")


def _indices(first: int, last: int) -> tuple[int, ...]:
    """`first` to `last`, both included: the way the data sets' figures number their parts."""
    return tuple(range(first, last + 1))


# 300W, 300VW, COCO-WholeBody, CelebA and Helen pseudo-landmarks, ytf68.
SCHEME_68 = Scheme(
    name="68",
    num_landmarks=68,
    flip_pairs=(
        *((0, 16), (1, 15), (2, 14), (3, 13), (4, 12), (5, 11), (6, 10), (7, 9)),
        *((17, 26), (18, 25), (19, 24), (20, 23), (21, 22)),
        *((31, 35), (32, 34)),
        *((36, 45), (37, 44), (38, 43), (39, 42), (40, 47), (41, 46)),
        *((48, 54), (49, 53), (50, 52), (55, 59), (56, 58)),
        *((60, 64), (61, 63), (65, 67)),
    ),
    outer_eye_corners=(36, 45),
    pupils=(_indices(36, 41), _indices(42, 47)),
    parts={
        "contour": _indices(0, 16),
        "brows": _indices(17, 26),
        "nose": _indices(27, 35),
        "eyes": _indices(36, 47),
        "mouth": _indices(48, 67),
    },
)

# WFLW.
SCHEME_98 = Scheme(
    name="98",
    num_landmarks=98,
    flip_pairs=(
        *((index, 32 - index) for index in range(16)),
        *((33, 46), (34, 45), (35, 44), (36, 43), (37, 42), (38, 50), (39, 49), (40, 48), (41, 47)),
        *((55, 59), (56, 58)),
        *((60, 72), (61, 71), (62, 70), (63, 69), (64, 68), (65, 75), (66, 74), (67, 73)),
        *((76, 82), (77, 81), (78, 80), (83, 87), (84, 86)),
        *((88, 92), (89, 91), (93, 95)),
        (96, 97),
    ),
    outer_eye_corners=(60, 72),
    pupils=((96,), (97,)),
    parts={
        "contour": _indices(0, 32),
        "brows": _indices(33, 50),
        "nose": _indices(51, 59),
        "eyes": _indices(60, 75),
        "mouth": _indices(76, 95),
        "pupils": _indices(96, 97),
    },
)

# COFW.
SCHEME_29 = Scheme(
    name="29",
    num_landmarks=29,
    flip_pairs=(
        *((0, 1), (2, 3), (4, 6), (5, 7)),
        *((8, 9), (10, 11), (12, 14), (13, 15)),
        (16, 17),
        (18, 19),
        (22, 23),
    ),
    outer_eye_corners=(8, 9),
    pupils=((16,), (17,)),
    parts={
        "brows": _indices(0, 7),
        "eyes": _indices(8, 15),
        "pupils": _indices(16, 17),
        "nose": _indices(18, 21),
        "mouth": _indices(22, 27),
        "contour": (28,),
    },
)

# AFLW-19. Its literature divides by the face box, not by the eye corners: the corners are here for our own tables.
SCHEME_19 = Scheme(
    name="19",
    num_landmarks=19,
    flip_pairs=((0, 5), (1, 4), (2, 3), (6, 11), (7, 10), (8, 9), (12, 14), (15, 17)),
    outer_eye_corners=(6, 11),
    pupils=((7,), (10,)),
    parts={
        "brows": _indices(0, 5),
        "eyes": (6, 8, 9, 11),
        "pupils": (7, 10),
        "nose": _indices(12, 14),
        "mouth": _indices(15, 17),
        "contour": (18,),
    },
)

# LaPa (optional).
SCHEME_106 = Scheme(
    name="106",
    num_landmarks=106,
    flip_pairs=(
        *((index, 32 - index) for index in range(16)),
        *((33, 46), (34, 45), (35, 44), (36, 43), (37, 42), (38, 50), (39, 49), (40, 48), (41, 47)),
        *((55, 65), (56, 64), (57, 63), (58, 62), (59, 61)),
        *((66, 79), (67, 78), (68, 77), (69, 76), (70, 75), (71, 82), (72, 81), (73, 80), (74, 83)),
        *((84, 90), (85, 89), (86, 88), (91, 95), (92, 94)),
        *((96, 100), (97, 99), (101, 103)),
        (104, 105),
    ),
    outer_eye_corners=(66, 79),
    pupils=((104,), (105,)),
    parts={
        "contour": _indices(0, 32),
        "brows": _indices(33, 50),
        "nose": _indices(51, 65),
        "eyes": _indices(66, 83),
        "mouth": _indices(84, 103),
        "pupils": _indices(104, 105),
    },
)

SCHEMES: dict[str, Scheme] = {
    scheme.name: scheme for scheme in (SCHEME_68, SCHEME_98, SCHEME_29, SCHEME_19, SCHEME_106)
}
