"""Annotation files that lie beside their pictures, one for each face: .pts, and the landmark JSON of menpo, .ljson.

Source: sagonas2013ibug300w (.pts), alabort2014menpo (.ljson, versions 1 to 3).
"""

import json
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainables.dataset import DataError, noting, raise_noted
from trainables.datasets._fields import read_numbers

PICTURES = (".jpg", ".jpeg", ".png")
_NAMED = 10  # pictures that one remark names


@dataclass(frozen=True)
class Annotated:
    """One annotation file and the picture that has its name."""

    name: str  # below the data set's root, without suffix
    image: str  # below the root; where the picture is absent, its name without suffix
    annotation: Path


def annotation_files(folder: Path, suffixes: Sequence[str] = (".pts",)) -> list[Path]:
    """The annotation files of a folder in the order of their names; none where it does not exist."""
    return sorted(_files(folder, suffixes), key=lambda path: path.name)


def annotated_pictures(root: Path, folder: str, suffixes: Sequence[str] = (".pts",)) -> list[Annotated]:
    """Every annotation file of a folder below `root`, in the order of their names, with the picture of its name.

    Suffixes may be in capitals. Raises one `DataError` for all names that stand for two files of a kind.
    """
    pictures, annotations = (_by_stem(root, folder, kind) for kind in (PICTURES, suffixes))
    found, mistakes = [], []
    for stem in sorted(annotations):
        with noting(mistakes):
            annotation = _only(annotations[stem], "annotations")
            picture = _only(pictures[stem], "pictures") if stem in pictures else None
            # A picture that is absent keeps its face, so that it is counted and named among the unreadable ones.
            image = (picture or annotation.with_suffix("")).relative_to(root).as_posix()
            name = (Path(folder) / stem).as_posix()
            found.append(Annotated(name, image, annotation))
    raise_noted(mistakes)
    return found


def without_annotation(root: Path, folder: str, suffixes: Sequence[str] = (".pts",)) -> list[str]:
    """A remark where pictures of a folder have no annotation file of their name, else nothing."""
    annotated = _by_stem(root, folder, suffixes)
    pictures = sorted(_by_stem(root, folder, PICTURES).items())
    left_out = [path.name for stem, paths in pictures if stem not in annotated for path in paths]
    if not left_out:
        return []
    place = f"{folder}: " if folder not in ("", ".") else ""
    return [f"{place}{count_of(left_out, 'picture')} without annotation, left out: {some_of(left_out)}"]


def count_of(things: Sequence[Any], noun: str) -> str:
    """`1 picture`, `2 pictures`."""
    return f"{len(things):,} {noun}{'' if len(things) == 1 else 's'}"


def some_of(names: Sequence[str]) -> str:
    """The names, of many only the first."""
    more = [f"… and {len(names) - _NAMED:,} more"] if len(names) > _NAMED else []
    return ", ".join([*names[:_NAMED], *more])


def read_pts(path: Path, num_landmarks: int, one_based: bool = False) -> NDArray[np.float64]:
    """The landmarks [K, 2] of a .pts file, one less where it counts pixels from 1.

    Read is what stands between the braces, a point a line. Raises `DataError` with file, line, reason and remedy.
    """
    # Only digits matter: a header in some other encoding is no reason to refuse the points.
    text = _bytes_of(path).decode("utf-8-sig", errors="replace")
    header, opening, rest = text.partition("{")
    if not opening:
        raise DataError(f"{path}, line 1: no '{{' in the file. Is it a .pts file, and was it unpacked whole?")
    body, closing, _ = rest.partition("}")
    first = _lines(header)
    if not closing:
        raise DataError(f"{path}, line {first}: no '}}' follows this '{{'. Is the file cut off? Take it as published.")
    points = []
    for line, row in enumerate(body.splitlines(), start=first):
        cells = row.split()
        if not cells:
            continue
        if len(cells) != 2:
            raise DataError(f"{path}, line {line}: {len(cells)} numbers, expected x and y. Correct the line.")
        points.append(read_numbers(cells, f"{path}, line {line}"))
    if len(points) != num_landmarks:
        raise DataError(
            f"{path}, line {first + _lines(body) - 1}: {len(points)} points, expected {num_landmarks}. "
            "Is it another scheme, or is the file cut off? Take it as published, or remove the face."
        )
    return np.array(points, dtype=np.float64) - (1.0 if one_based else 0.0)


def read_ljson(path: Path, num_landmarks: int) -> NDArray[np.float64]:
    """The landmarks [K, 2] of an .ljson file: its only group with as many points as the scheme; NaN where it has null.

    Versions 1 (a list of groups, together one face), 2 (one group) and 3 (named groups, of which others may hold
    pupils). The file writes y before x, from 0. Raises `DataError` with file, group, point, reason and remedy.
    """
    groups = _point_lists(path, _json_of(path))
    fitting = [name for name, points in groups.items() if len(points) == num_landmarks]
    if len(fitting) != 1:
        found = ", ".join(f"{name!r} with {len(points)} points" for name, points in groups.items()) or "none"
        raise DataError(
            f"{path}: {len(fitting)} groups with {num_landmarks} points, expected 1. Its groups: {found}. "
            "Is it another scheme? Leave one group with the landmarks."
        )
    place = f"{path}, group {fitting[0]!r}"
    points = np.array([_point(cells, f"{place}, point {k}") for k, cells in enumerate(groups[fitting[0]])])
    if np.isnan(points).all():
        raise DataError(f"{place}: no landmark has a position. Annotate the picture, or remove the file.")
    return points[:, ::-1].copy()


def _files(folder: Path, suffixes: Sequence[str]) -> Iterator[Path]:
    if not folder.is_dir():
        return
    for path in folder.iterdir():
        # Archives made on a Mac carry a hidden "._name" beside every file.
        if path.suffix.lower() in suffixes and not path.name.startswith(".") and path.is_file():
            try:
                path.name.encode()
            except UnicodeEncodeError:
                raise DataError(f"{folder}: {path.name!a} is no name in UTF-8. Rename the file.") from None
            yield path


def _by_stem(root: Path, folder: str, suffixes: Sequence[str]) -> dict[str, list[Path]]:
    """Files of a folder by their name without suffix, accents composed: systems store "é" in two ways."""
    found: dict[str, list[Path]] = {}
    for path in annotation_files(root / folder, suffixes):
        found.setdefault(unicodedata.normalize("NFC", path.stem), []).append(path)
    return found


def _only(paths: Sequence[Path], noun: str) -> Path:
    if len(paths) > 1:
        raise DataError(
            f"{paths[0]}: {len(paths)} {noun} have this name: {', '.join(path.name for path in paths)}. "
            "Which belong together? Keep one of them, or rename the others."
        )
    return paths[0]


def _bytes_of(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise DataError(f"{path}: {error.strerror}. Unpack the data set there.") from None


def _lines(text: str) -> int:
    """In which line the next character would stand, from 1."""
    return len(f"{text}.".splitlines())


def _json_of(path: Path) -> Any:
    try:
        return json.loads(_bytes_of(path).decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path}: not well-formed JSON: {error}. Export the landmarks again.") from None


def _point_lists(path: Path, content: Any) -> Mapping[str, Sequence[Any]]:
    try:
        if "groups" not in content:
            groups = {"landmarks": content["landmarks"]["points"]}
        elif isinstance(content["groups"], list):
            groups = {"all": [point["point"] for group in content["groups"] for point in group["landmarks"]]}
        else:
            groups = {name: group["landmarks"]["points"] for name, group in content["groups"].items()}
        if not all(isinstance(points, list) for points in groups.values()):
            raise TypeError("points are a list")
    except (KeyError, TypeError, AttributeError) as error:
        raise DataError(
            f"{path}: not landmarks as menpo writes them ({type(error).__name__}: {error}). Known are the versions 1 "
            "to 3 of its .ljson: export the landmarks again."
        ) from None
    return groups


def _point(cells: Any, place: str) -> list[float]:
    """y and x."""
    if not isinstance(cells, list) or len(cells) != 2:
        raise DataError(
            f"{place}: {cells!r} is not y and x. Landmarks of meshes have no place here: export those of images."
        )
    if cells == [None, None]:
        return [np.nan, np.nan]
    return read_numbers((str(cell) for cell in cells), place)
