"""Settings that several readers share: a path below a folder, and lists of one's own."""

from pathlib import PurePosixPath
from typing import Annotated, Literal

from pydantic import AfterValidator


def _below(path: str) -> str:
    parts = PurePosixPath(path)
    if parts.is_absolute() or ".." in parts.parts:
        raise ValueError(f"{path!r} lies outside its folder. Give a path below it, without '..'")
    return path


Below = Annotated[str, AfterValidator(_below)]  # a path that cannot leave its folder
Lists = tuple[tuple[Literal["train", "val", "test"], Below], ...]  # (split, file below the data set's folder), …
