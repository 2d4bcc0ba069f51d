"""COCO-style JSON: pictures and annotations in one file, of which only the wanted fields are kept in memory."""

import json
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainables.dataset import DataError, noting, raise_noted
from trainables.datasets._fields import Box, read_box, read_image_name

_STRUCTURE = {"images", "annotations", "id", "file_name", "image_id"}


@dataclass(frozen=True)
class Annotation:
    """One annotation. Lists of numbers among its `values` are arrays."""

    image: str  # the picture's file name
    values: dict[str, Any]
    place: str  # file and number, for messages


def read_annotations(path: Path, wanted: Collection[str]) -> list[Annotation]:
    """Every annotation of the file in its order, with those of its `wanted` fields that it has.

    Raises one `DataError` for all mistakes, each with file, number, reason and remedy.
    """
    content = _parsed(path, _STRUCTURE.union(wanted))
    entries = content if isinstance(content, dict) else {}
    images, annotations = entries.get("images"), entries.get("annotations")
    if not isinstance(images, list) or not isinstance(annotations, list):
        raise DataError(f"{path}: no lists 'images' and 'annotations' in it. Is it COCO-style, and the right file?")
    if not annotations:
        raise DataError(f"{path}: no annotation in it. Take the list as published, unpacked whole.")
    mistakes: list[str] = []
    names: dict[int | str, str] = {}
    for number, image in enumerate(images, start=1):
        with noting(mistakes):
            place = f"{path}, image {number}"
            key, name = _field(image, "id", (int, str), place), _field(image, "file_name", (str,), place)
            if key in names:
                raise DataError(f"{place}: its id {key!r} is that of {names[key]!r} too. Give each picture its own.")
            names[key] = read_image_name(name, place)
    raise_noted(mistakes)
    found: list[Annotation] = []
    for number, annotation in enumerate(annotations, start=1):
        with noting(mistakes):
            place = f"{path}, annotation {number}"
            key = _field(annotation, "image_id", (int, str), place)
            if key not in names:
                raise DataError(f"{place}: no picture has its image_id {key!r}. Add the picture, or remove it.")
            values = {name: value for name, value in annotation.items() if name in wanted}
            found.append(Annotation(names[key], values, f"{place} ({names[key]})"))
    raise_noted(mistakes)
    return found


def numbers_of(annotation: Annotation, name: str, count: int) -> NDArray[np.float64]:
    """`count` finite numbers [count]. Raises `DataError`."""
    values = annotation.values.get(name)
    if not isinstance(values, np.ndarray):
        raise DataError(f"{annotation.place}: {name!r} is not a list of numbers. Correct it, or remove the annotation.")
    if len(values) != count:
        raise DataError(
            f"{annotation.place}: {len(values)} numbers in {name!r}, expected {count}. "
            "Has the data set another scheme, or is the list cut off?"
        )
    if not np.isfinite(values).all():
        raise DataError(
            f"{annotation.place}: {name!r} has a number that is not finite. Correct it, or remove the annotation."
        )
    return values


def keypoints_of(
    annotation: Annotation, name: str, num_landmarks: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Landmarks [K, 2] in px, NaN where they are not labelled, and their flags [K]: 0 stands for not labelled."""
    table = numbers_of(annotation, name, 3 * num_landmarks).reshape(-1, 3)
    flags = table[:, 2]
    if not ((flags >= 0) & (flags <= 2)).all():
        raise DataError(
            f"{annotation.place}: a third number in {name!r} is not within 0 and 2. "
            "Keypoints are triples: x, y and 0 (not labelled), 1 or 2. Correct it, or remove the annotation."
        )
    return np.where(flags[:, None] > 0, table[:, :2], np.nan), flags


def box_of(annotation: Annotation, name: str) -> Box:
    """x, y, width, height in px. Raises `DataError`."""
    return read_box([str(value) for value in numbers_of(annotation, name, 4)], f"{annotation.place}, {name}")


def _parsed(path: Path, kept: Collection[str]) -> Any:
    def compact(entry: dict[str, Any]) -> dict[str, Any]:
        # As it is read: the lists of COCO are large, and most of them are outlines and bodies.
        return {name: _as_array(value) for name, value in entry.items() if name in kept}

    try:
        return json.loads(path.read_text(encoding="utf-8-sig"), object_hook=compact)
    except json.JSONDecodeError as error:
        reason = f"not JSON from line {error.lineno}, column {error.colno}: {error.msg}"
    except UnicodeDecodeError as error:
        reason = f"not UTF-8 text ({error.reason})"
    except (RecursionError, ValueError):
        reason = "JSON that nests too deeply, or with an endless number"
    except OSError as error:
        raise DataError(f"{path}: {error.strerror}. Put the list there.") from None
    raise DataError(f"{path}: {reason}. Take the list as published, unpacked whole.")


def _as_array(value: Any) -> Any:
    # A text that looks like a number is none, and neither is true.
    if not isinstance(value, list) or not value or not set(map(type, value)) <= {int, float}:
        return value
    try:
        return np.array(value, dtype=np.float64)
    except OverflowError:
        return value


def _field(entry: Any, name: str, types: tuple[type, ...], place: str) -> Any:
    value = entry.get(name) if isinstance(entry, dict) else None
    if type(value) not in types:
        raise DataError(f"{place}: {name!r} is {'missing' if value is None else repr(value)}. Correct the list.")
    return value
