"""Settings that several readers share: a path below a folder, and lists of one's own."""

from pathlib import PurePosixPath
from typing import Annotated, Literal

from pydantic import AfterValidator

from trainables.datasets._fields import why_no_path


def _possible(path: str) -> str:
    if reason := why_no_path(path):
        raise ValueError(f"{path!a} {reason}. Give a path that can be")
    return path


def _below(path: str) -> str:
    parts = PurePosixPath(path)
    if parts.is_absolute() or ".." in parts.parts:
        raise ValueError(f"{path!r} lies outside its folder. Give a path below it, without '..'")
    return path


Possible = Annotated[str, AfterValidator(_possible)]  # a path that a file can have
Below = Annotated[str, AfterValidator(_possible), AfterValidator(_below)]  # a path that cannot leave its folder
Lists = tuple[tuple[Literal["train", "val", "test"], Below], ...]  # (split, file below the data set's folder), …
