"""Numbers, boxes and picture names as annotation files write them; a wrong one is a `DataError` with its place."""

import math
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path, PurePosixPath

from trainables.dataset import FARTHEST, DataError

Box = tuple[float, float, float, float]
_LONGEST = 255  # bytes of a name on the file systems in use


def read_numbers(cells: Iterable[str], place: str) -> list[float]:
    """Finite numbers. `place` says where they stand: file and line, or file and picture."""
    return [_number(cell, place) for cell in cells]


def read_box(cells: Sequence[str], place: str) -> Box:
    """x, y, width, height. A box may begin outside its picture (300W has such), but it needs an area."""
    x, y, width, height = read_numbers(cells, place)
    if width <= 0 or height <= 0:
        raise DataError(
            f"{place}: a box of {width:g}×{height:g} px has no area. "
            "A box is x, y, width and height in px, not two corners: correct it, or remove the face."
        )
    return x, y, width, height


def read_image_name(name: str, place: str) -> str:
    """A path below the data set's folder."""
    path = PurePosixPath(name)
    if not name.strip() or not path.name:
        raise DataError(f"{place}: no image name. Add it, or remove the face.")
    if path.is_absolute() or ".." in path.parts:
        raise DataError(f"{place}: image {name!r} lies outside the data set's folder. Move it into that.")
    if reason := why_no_path(name):
        raise DataError(f"{place}: image {name[:_LONGEST]!a} {reason}. Correct it, or remove the face.")
    return name


def why_no_path(text: str) -> str:
    """Why no file can have this path, or nothing."""
    try:
        longest = max((len(part.encode()) for part in text.split("/")), default=0)
    except UnicodeEncodeError:
        return "has a character that is none"
    if "\0" in text:
        return "has a null character"
    return f"has a name of more than {_LONGEST} bytes" if longest > _LONGEST else ""


def read_lines(path: Path, remedy: str) -> Iterator[tuple[str, str]]:
    """Place and text of every line of a list that is not blank. `remedy`: what to do where the file cannot be read."""
    try:
        with path.open(encoding="utf-8-sig") as file:
            for number, line in enumerate(file, start=1):
                if text := line.strip():
                    yield f"{path}, line {number}", text
    except OSError as error:
        raise DataError(f"{path}: {error.strerror}. {remedy}") from None
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: not UTF-8 text ({error.reason}). {remedy}") from None


def _number(cell: str, place: str) -> float:
    try:
        # Python alone takes "1_0" and "١" for numbers.
        value = float(cell) if cell.isascii() and "_" not in cell else math.nan
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        shown = cell if len(cell) <= _LONGEST else f"{cell[:_LONGEST]}…"
        raise DataError(f"{place}: {shown!r} is not a finite number of px. Correct it, or remove the face.")
    if abs(value) > FARTHEST:
        raise DataError(f"{place}: {value:g} px lies beyond any picture. Correct it, or remove the face.")
    return value
