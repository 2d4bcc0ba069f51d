"""Pictures as files: which a folder holds, and what their names and headers tell."""

from pathlib import Path

from trainables.datasets._fields import Box
from trainables.picture_files import picture_size

SUFFIXES = {".jpg", ".jpeg", ".png"}


def pictures_below(folder: Path) -> list[Path]:
    """Every picture below `folder`, in the order of the paths; none where it is absent."""
    return sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)


def pictures_in(folder: Path) -> list[Path]:
    """The same of those that lie in `folder` itself."""
    return sorted(path for path in folder.glob("*") if path.suffix.lower() in SUFFIXES)


def original_of(name: str) -> str:
    """The name of a picture, without suffix, that of its mirrored twin being the same: `a` of `a` and of `a_mirror`."""
    return name.removesuffix("_mirror")


def whole_picture(path: Path) -> Box:
    """The box of a face that fills its picture: x, y, width, height in px."""
    # A picture that cannot be decoded gets some box: the cache counts and names it.
    width, height = picture_size(path) or (1, 1)
    return 0.0, 0.0, float(width), float(height)
