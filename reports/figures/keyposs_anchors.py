"""Paper 002, Fig. 6: anchors around the peak of a heatmap, and the circles that meet in the landmark.

Pure geometry, from no trial: the map is the encoded truth, so the circles meet in it exactly.
Source: bao2023keyposs Fig. 6 and Eqs. 3, 9–14.
"""

import numpy as np
from numpy.typing import NDArray

from reports import keyposs
from reports.drawing import Figure, Ranges
from reports.query import Results

STUDIES = keyposs.STUDIES

SIZE, SIGMA = 8, 2.0  # cells
LANDMARK = (3.30, 4.62)  # (x, y) in cells, well off every centre
KERNEL = 2

Array = NDArray[np.float64]


def build(results: Results) -> Figure:
    ranges = ranges_of(LANDMARK)
    return Figure(
        name="keyposs_anchors",
        title="True-range multilateration",
        caption=f"Paper 002, Fig. 6: an {SIZE}×{SIZE} heatmap H of one landmark (σ {SIGMA:g} cells). The four anchors "
        "are the 2×2 window with the largest sum; each lies √(−2σ² ln H) from the landmark, on whose place the circles "
        "meet. Drawn from the formula, not from a network.",
        draw="ranges",
        data=ranges,
    )


def ranges_of(landmark: tuple[float, float]) -> Ranges:
    """The heatmap of a landmark (x, y) in cells, its anchors, and what these say."""
    cells = np.arange(SIZE, dtype=np.float64)
    x, y = landmark
    heatmap = np.exp(-((cells[:, None] - y) ** 2 + (cells[None, :] - x) ** 2) / (2 * SIGMA**2))
    anchors = _anchors(heatmap)
    columns, rows = anchors.astype(int).T
    distances = np.sqrt(-2 * SIGMA**2 * np.log(heatmap[rows, columns]))
    return Ranges(
        heatmap=tuple(tuple(float(value) for value in row) for row in heatmap),
        anchors=tuple((float(x), float(y)) for x, y in anchors),
        distances=tuple(float(distance) for distance in distances),
        truth=landmark,
        prediction=_multilaterate(anchors, distances),
    )


def _anchors(heatmap: Array) -> Array:
    """(x, y) of the cells of the window with the largest sum [KERNEL², 2]."""
    sums = np.lib.stride_tricks.sliding_window_view(heatmap, (KERNEL, KERNEL)).sum(axis=(2, 3))
    top, left = np.unravel_index(sums.argmax(), sums.shape)
    offsets = np.arange(KERNEL, dtype=np.float64)
    across, down = np.meshgrid(left + offsets, top + offsets)
    return np.stack([across.ravel(), down.ravel()], axis=1)


def _multilaterate(anchors: Array, distances: Array) -> tuple[float, float]:
    """The point with these distances from the anchors, by least squares: Eqs. 11–14, the last anchor as reference."""
    matrix = anchors[-1] - anchors[:-1]
    squares = distances**2 - (anchors**2).sum(axis=1)
    x, y = np.linalg.lstsq(matrix, (squares[:-1] - squares[-1]) / 2, rcond=None)[0]
    return float(x), float(y)
