"""Draws faces as points whose colour and size say a value at each landmark."""

import textwrap
from math import ceil

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure as Canvas

from orchestrator.errors import one_line
from reports.drawing import LandmarkMaps
from reports.themes import Theme

MAX_COLUMNS = 4
SIDE = 2.0  # inches of a face
COLOURS = "plasma"
LEAST, MOST = 14.0, 44.0  # areas of a point, in square points


def draw_maps(of: LandmarkMaps, theme: Theme) -> Canvas:
    num_columns = min(MAX_COLUMNS, len(of.maps))
    num_rows = ceil(len(of.maps) / num_columns)
    canvas = Canvas(figsize=(SIDE * num_columns + 0.7, (SIDE + 0.25) * num_rows), layout="constrained")
    grid = canvas.subplots(num_rows, num_columns, squeeze=False)
    values = np.concatenate([one.values for one in of.maps])
    shown = values[np.isfinite(values)]
    scale = Normalize(float(shown.min()), float(shown.max())) if len(shown) else Normalize(0.0, 1.0)
    for axes, one in zip(grid.flat, of.maps, strict=False):
        level = np.asarray(scale(np.asarray(one.values)).filled(0.0))
        axes.scatter(
            *np.asarray(one.points).T, c=one.values, s=LEAST + (MOST - LEAST) * level, cmap=COLOURS, norm=scale,
            edgecolors=theme.quiet, linewidths=0.3,
        )  # fmt: skip
        axes.set_title(textwrap.fill(one_line(one.label), 28), fontsize=9)
        axes.set_aspect("equal")
        axes.invert_yaxis()
        axes.margins(0.06)
    for axes in grid.flat:
        axes.set_axis_off()
    bar = canvas.colorbar(ScalarMappable(scale, COLOURS), ax=list(grid.flat), shrink=0.85, pad=0.02, aspect=24)
    bar.set_label(of.value_label, fontsize=8.5)
    bar.ax.tick_params(labelsize=8)
    bar.outline.set_visible(False)  # pyright: ignore[reportCallIssue]
    return canvas
