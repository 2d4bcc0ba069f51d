"""Pictures as files: which a folder holds, and how large they are without decoding them."""

from pathlib import Path
from struct import error, unpack

from trainables.datasets._fields import Box

SUFFIXES = {".jpg", ".jpeg", ".png"}
_PNG = b"\x89PNG\r\n\x1a\n"
_JPEG = b"\xff\xd8"
_ENDS_OF_HEADER = {0xD9, 0xDA}
_SIZES = set(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # markers of a JPEG frame; the three are tables


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


def picture_size(path: Path) -> tuple[int, int] | None:
    """Width and height of a JPEG or PNG file, by content, whatever its suffix; None where its header has none."""
    try:
        with path.open("rb") as file:
            start = file.read(24)
            if start.startswith(_PNG) and len(start) == 24:
                width, height = unpack(">II", start[16:24])
                return (width, height) if width and height else None
            if not start.startswith(_JPEG):
                return None
            file.seek(len(_JPEG))
            while len(segment := file.read(4)) == 4:
                mark, code, length = unpack(">BBH", segment)
                if mark != 0xFF or code in _ENDS_OF_HEADER:
                    return None
                if code == 0xFF:  # a fill byte
                    file.seek(-3, 1)
                    continue
                if code in _SIZES:
                    _, height, width = unpack(">BHH", file.read(5))
                    return (width, height) if width and height else None
                file.seek(length - 2, 1)
    except (OSError, ValueError, error):
        pass  # absent, or cut off within its header
    return None
