"""Importing large packages fast."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uncollected() -> Iterator[None]:
    """Import without looking for garbage in between: torch makes a million objects and hardly any garbage, and the
    search is a third of the time of its import."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
