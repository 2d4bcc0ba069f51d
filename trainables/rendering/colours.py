"""Colours as three whole numbers, and mixtures of them."""

from collections.abc import Iterable

Colour = tuple[int, int, int]  # RGB, 0..255


def mix(first, second, share: float) -> Colour:
    """`first` at share 0, `second` at share 1."""
    return to_colour(float(a) + (float(b) - float(a)) * share for a, b in zip(first, second, strict=True))


def to_colour(levels: Iterable) -> Colour:
    """Three levels, rounded and kept within 0..255."""
    red, green, blue = (round(min(255.0, max(0.0, float(level)))) for level in levels)
    return red, green, blue
