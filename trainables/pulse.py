"""A sign of life: how many steps this process has done, for whoever watches that it goes on."""

from collections.abc import Iterator
from contextlib import contextmanager


class _Pulse:
    steps = 0
    waits = 0  # for another process, which somebody else watches


def beat() -> None:
    """One more batch was learned from, or measured."""
    _Pulse.steps += 1


@contextmanager
def waiting() -> Iterator[None]:
    """For another process that works: within this block nobody expects steps."""
    _Pulse.waits += 1
    try:
        yield
    finally:
        _Pulse.waits -= 1


def beats() -> int:
    if _Pulse.waits:
        beat()
    return _Pulse.steps
