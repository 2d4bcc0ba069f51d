"""Draws panels side by side that share their y axis and their legend."""

from math import ceil

from matplotlib.figure import Figure as Canvas

from reports.drawing import Panels
from reports.plot_lines import LEGEND, draw_line, handles_of
from reports.plot_ticks import set_log_ticks
from reports.themes import Theme

MAX_COLUMNS = 4
WIDTH, HEIGHT = 2.1, 1.9  # inches of a panel


def draw_panels(of: Panels, theme: Theme) -> Canvas:
    num_columns = min(MAX_COLUMNS, len(of.panels))
    num_rows = ceil(len(of.panels) / num_columns)
    handles = handles_of((line for panel in of.panels for line in panel.lines), theme)
    legend_rows = ceil(len(handles) / num_columns)
    size = (WIDTH * max(num_columns, 2), HEIGHT * num_rows + 0.2 * legend_rows)
    canvas = Canvas(figsize=size, layout="constrained")
    grid = canvas.subplots(num_rows, num_columns, squeeze=False, sharey=True)
    for axes, panel in zip(grid.flat, of.panels, strict=False):
        axes.grid(True, linewidth=0.6)
        axes.set_axisbelow(True)
        axes.set_title(panel.title, fontsize=9)
        for line in panel.lines:
            draw_line(axes, line, theme)
        axes.set_xticks(range(len(panel.steps)), panel.steps, fontsize=7.5)
        if max(map(len, panel.steps)) > 4 and len(panel.steps) > 3:
            axes.tick_params(axis="x", rotation=40)
        axes.set_xlim(-0.2, len(panel.steps) - 0.8)
        axes.tick_params(length=3, which="major")
    for axes in grid.flat[len(of.panels) :]:
        axes.remove()
    if of.y_log:
        grid[0, 0].set_yscale("log")
        set_log_ticks(grid[0, 0].yaxis)
        for axes in grid.flat[: len(of.panels)]:
            axes.tick_params(length=0, which="minor", labelleft=False)
    for axes in grid[:, 0]:
        axes.set_ylabel(of.y_label)
    canvas.legend(**LEGEND, handles=handles, loc="outside lower center", ncols=num_columns, facecolor=theme.paper)
    return canvas
