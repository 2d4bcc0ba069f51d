"""Rows of landmark CSV files: an image name, then x0, y0, x1, y1, …, then optional named columns."""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from trainables.config import nearest
from trainables.dataset import DataError
from trainables.datasets._fields import read_image_name, read_numbers
from trainables.datasets._pictures import SUFFIXES


@dataclass(frozen=True)
class LandmarkRow:
    image: str
    landmarks: NDArray[np.float64]  # [K, 2]
    extra: dict[str, str]  # the named columns after the coordinates
    place: str  # file and line, for messages


def read_landmark_rows(path: Path, num_landmarks: int, optional: Sequence[str] = ()) -> Iterator[LandmarkRow]:
    """Every row of the file; `optional` columns may follow the coordinates. Windows line ends and a BOM are fine.

    Raises `DataError` with file, line, reason and remedy.
    """
    seen: dict[str, int] = {}
    lines = read_cells(path)
    names = _names_of_extra_columns(path, next(lines)[1], num_landmarks, optional)
    for number, cells in lines:
        row = _row(f"{path}, line {number}", cells, num_landmarks, names)
        if row.image in seen:
            raise DataError(
                f"{row.place}: image {row.image!r} stands in line {seen[row.image]} too. A picture stands for "
                "one face: remove one of the lines, or give each face a picture of its own."
            )
        seen[row.image] = number
        yield row


def read_cells(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Number and cells of the header and of every line below it that is not blank.

    Raises `DataError` where the file cannot be read, has no header, or nothing follows that.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.reader(file)
            header = next(reader, [])
            if header and Path(header[0]).suffix.lower() in SUFFIXES:
                raise DataError(
                    f"{path}, line 1: a face where the names of the columns belong. Add a header line above it."
                )
            yield 1, header
            empty = True
            for cells in reader:
                if cells:
                    empty = False
                    yield reader.line_num, cells
    except OSError as error:
        raise DataError(f"{path}: {error.strerror}. Put the list there.") from None
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: not UTF-8 text ({error.reason}). Save it as UTF-8, or fetch it again.") from None
    except csv.Error as error:
        raise DataError(f"{path}, line {reader.line_num}: {error}. Is it a CSV file?") from None
    if empty:
        raise DataError(f"{path}: no faces in it. Expected a header line, then one line for each face.")


def _names_of_extra_columns(path: Path, header: list[str], num_landmarks: int, optional: Sequence[str]) -> list[str]:
    place = f"{path}, line 1"
    names = [name.strip() for name in header[1 + 2 * num_landmarks :]]
    for name in names:
        if name not in optional:
            # Not skipped: a misspelt `group` would let a person stand on two sides of the split.
            raise DataError(
                f"{place}: unknown column {name!r} after {2 * num_landmarks} coordinates. {nearest(name, optional)} "
                "Remove it or correct its name; if it is a coordinate, the file has another scheme."
            )
    return names


def _row(place: str, cells: list[str], num_landmarks: int, names: list[str]) -> LandmarkRow:
    expected = 1 + 2 * num_landmarks + len(names)
    if len(cells) != expected:
        raise DataError(
            f"{place}: {len(cells)} columns, expected {expected} "
            f"(image name, {2 * num_landmarks} coordinates{', ' + ', '.join(names) if names else ''}). "
            f"The data set has {num_landmarks} landmarks: is it another scheme, or is the line cut off?"
        )
    image = read_image_name(cells[0], place)
    landmarks = np.array(read_numbers(cells[1 : 1 + 2 * num_landmarks], place)).reshape(-1, 2)
    return LandmarkRow(image, landmarks, dict(zip(names, cells[1 + 2 * num_landmarks :], strict=True)), place)
