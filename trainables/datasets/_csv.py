"""Rows of landmark CSV files: an image name, then x0, y0, x1, y1, …, then optional named columns."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from trainables.dataset import DataError


@dataclass(frozen=True)
class LandmarkRow:
    image: str
    landmarks: NDArray[np.float64]  # [K, 2]
    extra: dict[str, str]  # the named columns after the coordinates


def read_landmark_rows(path: Path, num_landmarks: int) -> Iterator[LandmarkRow]:
    """Every row of the file. Raises `DataError` with file, line, reason and remedy; Windows line ends are fine."""
    with path.open(newline="", encoding="utf-8-sig") as file:
        reader = csv.reader(file)
        header = next(reader, [])
        names = header[1 + 2 * num_landmarks :]
        for number, cells in enumerate(reader, start=2):
            if cells:
                yield _row(path, number, cells, num_landmarks, names)


def _row(path: Path, number: int, cells: list[str], num_landmarks: int, names: list[str]) -> LandmarkRow:
    place = f"{path}, line {number}"
    expected = 1 + 2 * num_landmarks + len(names)
    if len(cells) != expected:
        raise DataError(
            f"{place}: {len(cells)} columns, expected {expected} "
            f"(image name, {2 * num_landmarks} coordinates{', ' + ', '.join(names) if names else ''}). "
            f"The data set has {num_landmarks} landmarks: is it another scheme, or is the line cut off?"
        )
    try:
        values = np.array([float(cell) for cell in cells[1 : 1 + 2 * num_landmarks]])
    except ValueError as error:
        raise DataError(f"{place}: {error}. Coordinates are numbers in px of the image.") from None
    if not np.isfinite(values).all():
        raise DataError(f"{place}: NaN or infinite coordinate. Correct the line, or remove it.")
    return LandmarkRow(cells[0], values.reshape(-1, 2), dict(zip(names, cells[1 + 2 * num_landmarks :], strict=True)))
