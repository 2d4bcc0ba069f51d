"""Which points of the drawn face are the landmarks of each scheme.

The face carries 100 master points. Every landmark is the mean of some of them; a mean of points projects to the mean
of their projections.
"""

NUM_MASTER_POINTS = 100  # the 98 of WFLW, then the left and the right wing of the nose
LEFT_WING, RIGHT_WING = 98, 99

MASTER_OF_SCHEME: dict[str, tuple[tuple[int, ...], ...]] = {
    "98": tuple((index,) for index in range(98)),
    "68": tuple(
        (index,)
        for index in (
            *range(0, 33, 2),
            *(33, 34, 35, 36, 37, 42, 43, 44, 45, 46),
            *range(51, 60),
            *(60, 61, 63, 64, 65, 67, 68, 69, 71, 72, 73, 75),
            *range(76, 96),
        )
    ),
    "29": (
        *((33,), (46,), (37, 38), (42, 50), (35,), (40,), (44,), (48,)),
        *((60,), (72,), (64,), (68,), (62,), (66,), (70,), (74,), (96,), (97,)),
        *((LEFT_WING,), (RIGHT_WING,), (54,), (57,), (76,), (82,), (79,), (90,), (94,), (85,), (16,)),
    ),
    "19": (
        *((33,), (35, 40), (37, 38), (42, 50), (44, 48), (46,)),
        *((60,), (96,), (64,), (68,), (97,), (72,)),
        *((LEFT_WING,), (54,), (RIGHT_WING,), (76,), (90, 94), (82,), (16,)),
    ),
}


def master_indices(scheme_name: str) -> tuple[tuple[int, ...], ...]:
    """For each landmark of the scheme, the master points it is the mean of. Raises `KeyError` for an unknown one."""
    if scheme_name not in MASTER_OF_SCHEME:
        raise KeyError(
            f"The renderer has no landmarks for scheme '{scheme_name}'. Known: {', '.join(MASTER_OF_SCHEME)}."
        )
    return MASTER_OF_SCHEME[scheme_name]
