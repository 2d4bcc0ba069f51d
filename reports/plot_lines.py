"""Draws lines with their bands, and the entries that name them in a legend."""

import textwrap
from collections.abc import Iterable
from typing import Any

from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from orchestrator.errors import one_line
from reports.drawing import Line
from reports.themes import Theme

LEGEND_WIDTH, LEGEND_LINES = 76, 2  # letters that fit below the axes, and lines of an entry
STROKES = ("-", (0, (5, 1)), (0, (1, 1)))  # beyond seven variants the colours start again with another stroke
LEGEND: dict[str, Any] = {"fontsize": 8.0, "handlelength": 2.0, "labelspacing": 0.35, "edgecolor": "none"}


def draw_line(axes: Axes, line: Line, theme: Theme) -> None:
    colour, stroke = stroke_of(line.series, theme)
    style = (0, (2.2, 1.4)) if line.dashed else stroke
    axes.plot(line.x, line.y, color=colour, linestyle=style, linewidth=1.2 if line.dashed else 1.8, zorder=3)
    if len(line.x) == 1:
        axes.plot(line.x, line.y, color=colour, marker="o", markersize=4)
    if line.low:
        axes.fill_between(line.x, line.low, line.high, color=colour, alpha=0.10 if line.dashed else 0.18, linewidth=0)


def handles_of(lines: Iterable[Line], theme: Theme) -> list[Line2D]:
    """One entry for each series, in the order of the series."""
    seen: dict[int, str] = {}
    for line in lines:
        if line.series not in seen:
            words = textwrap.wrap(one_line(line.label), LEGEND_WIDTH, max_lines=LEGEND_LINES, placeholder=" …")
            seen[line.series] = "\n".join(words)
    handles = []
    for series, label in sorted(seen.items()):
        colour, stroke = stroke_of(series, theme)
        handles.append(Line2D([], [], color=colour, linestyle=stroke, linewidth=1.8, label=label))
    return handles


def stroke_of(series: int, theme: Theme) -> tuple[str, Any]:
    return theme.series[series % len(theme.series)], STROKES[series // len(theme.series) % len(STROKES)]
