"""Faces of dlib's image lists: `<image file><box top left width height><part name x y/>…`, one box per image."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn
from xml.etree import ElementTree

import numpy as np
from numpy.typing import NDArray

from trainables.dataset import DataError
from trainables.datasets._fields import Box, read_box, read_image_name, read_numbers


@dataclass(frozen=True)
class DlibFace:
    image: str
    landmarks: NDArray[np.float64]  # [K, 2]
    box: Box
    place: str  # file and image, for messages


def read_dlib_faces(path: Path, num_landmarks: int) -> Iterator[DlibFace]:
    """Every face of a list, in its order. Raises `DataError` with file, image, reason and remedy."""
    names = [f"{index:02d}" for index in range(num_landmarks)]
    seen: set[str] = set()
    for number, element in enumerate(_parse(path).iter("image"), start=1):
        image = read_image_name(element.get("file", ""), f"{path}, image {number}")
        place = f"{path}, image {image!r}"
        if image in seen:
            raise DataError(f"{place}: it is listed twice. Keep one of the two: a picture stands for one face.")
        seen.add(image)
        boxes = element.findall("box")
        if len(boxes) != 1:
            raise DataError(f"{place}: {len(boxes)} boxes, expected 1. Correct the list, or remove the image.")
        cells = [boxes[0].get(name, "") for name in ("left", "top", "width", "height")]
        yield DlibFace(image, _landmarks(boxes[0], names, place), read_box(cells, f"{place}, box"), place)
    if not seen:
        raise DataError(f"{path}: no <image> in it. Is it a dlib image list, and was it unpacked whole?")


def _landmarks(box: ElementTree.Element, names: list[str], place: str) -> NDArray[np.float64]:
    parts = box.findall("part")
    if len(parts) != len(names):
        raise DataError(
            f"{place}: {len(parts)} parts, expected {len(names)}. "
            "Is it a shortened list, for example of the eyes only? Take the list as published."
        )
    found: dict[str, list[float]] = {}
    for part in parts:
        name = part.get("name", "")
        if name not in names:
            raise DataError(f"{place}: unknown part {name!r}. Known: {', '.join(names)}.")
        if name in found:
            raise DataError(f"{place}: part {name!r} occurs twice. Correct the list, or remove the image.")
        cells = (part.get("x", ""), part.get("y", ""))
        found[name] = read_numbers(cells, f"{place}, part {name!r}")
    return np.array([found[name] for name in names])


def _parse(path: Path) -> ElementTree.Element:
    try:
        return ElementTree.parse(path, ElementTree.XMLParser(target=_Builder())).getroot()
    except _Doctype:
        raise DataError(
            f"{path}: it has a DOCTYPE. An image list needs none, and its entities could read other files or fill the "
            "memory: take the list as published, or remove the declaration."
        ) from None
    except (ElementTree.ParseError, LookupError, ValueError) as error:
        raise DataError(f"{path}: not well-formed XML: {error}. Take the list as published, unpacked whole.") from None
    except OSError as error:
        raise DataError(f"{path}: {error.strerror}. Unpack the data set there.") from None


class _Doctype(Exception):
    pass


class _Builder(ElementTree.TreeBuilder):
    def doctype(self, name: str, pubid: str | None, system: str | None) -> NoReturn:
        raise _Doctype
