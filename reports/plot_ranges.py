"""Draws a heatmap with its anchors and the circle on which each of them sees the landmark."""

import numpy as np
from matplotlib.figure import Figure as Canvas
from matplotlib.patches import Circle

from reports.drawing import Ranges
from reports.themes import PREDICTION, TRUTH, Theme

SIDE = 3.6  # inches
ANCHOR = "#4aa8e0"


def draw_ranges(ranges: Ranges, theme: Theme) -> Canvas:
    heatmap = np.asarray(ranges.heatmap)
    height, width = heatmap.shape
    canvas = Canvas(figsize=(SIDE, SIDE * height / width + 0.5), layout="constrained")
    axes = canvas.add_subplot()
    axes.imshow(heatmap, cmap="magma", vmin=0.0, vmax=1.0)
    for anchor, distance in zip(ranges.anchors, ranges.distances, strict=True):
        axes.add_patch(Circle(anchor, distance, fill=False, edgecolor=ANCHOR, linewidth=1.1))
    for words, points, colour, look in (
        ("anchor", ranges.anchors, ANCHOR, {"s": 26}),
        ("landmark", (ranges.truth,), TRUTH, {"s": 48}),
        ("where the circles meet", (ranges.prediction,), PREDICTION, {"s": 60, "marker": "+", "linewidths": 1.6}),
    ):
        axes.scatter(*np.asarray(points).T, label=words, color=colour, zorder=3, **look)
    axes.set_xlim(-0.5, width - 0.5)
    axes.set_ylim(height - 0.5, -0.5)
    axes.set_xticks(range(width))
    axes.set_yticks(range(height))
    axes.tick_params(length=0, labelsize=7.5)
    for spine in axes.spines.values():
        spine.set_visible(False)
    canvas.legend(
        loc="outside lower center", ncols=3, fontsize=8.0, frameon=False, handletextpad=0.2, labelcolor=theme.ink
    )
    return canvas
