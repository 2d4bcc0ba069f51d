"""Draws the trials of a search as spots in planes: against their number, against a setting, or two objectives."""

import math
import textwrap
from collections.abc import Iterable, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from orchestrator.errors import one_line
from reports.drawing import Plane, Planes, Spot
from reports.plot_lines import LEGEND
from reports.plot_ticks import set_log_ticks
from reports.themes import Theme

WIDE, NARROW = (5.2, 3.2), (2.15, 2.0)  # inches of a plane that stands alone in its row, and of others
NAME_WIDTH, NAMES_WIDTH, LABEL_WIDTH = 14, 18, 24  # characters of a choice's name, of all of them, of a narrow label
LOOKS = ("stopped early", "finished", "front", "default", "best", "far above", "failed")  # a legend's, the last on top
IN_LINE = 5  # entries of a legend
SMALL = 8.5  # points, of labels in narrow planes
NARROW_RANGE = 30.0  # of a logarithmic axis from left to right that has room for more than powers of ten
UPPER_EDGE = 0.97  # where trials stand that are far above or have no value, in heights of the axes


def draw_planes(of: Planes, theme: Theme) -> Canvas:
    num_columns = max(map(len, of.rows))
    width, height = WIDE if num_columns == 1 else NARROW
    handles = _handles([plane for row in of.rows for plane in row], theme)
    size = (max(width * num_columns, WIDE[0]), height * len(of.rows) + 0.3)
    canvas = Canvas(figsize=size, layout="constrained")
    grid = canvas.subplots(len(of.rows), num_columns, squeeze=False)
    for row, planes in zip(grid, of.rows, strict=True):
        left: dict[str, Axes] = {}
        for axes, plane in zip(row, planes, strict=False):
            _draw(axes, plane, theme, is_narrow=num_columns > 1)
            first = left.setdefault(plane.y_label, axes)
            if first is not axes:
                axes.sharey(first)
                axes.tick_params(labelleft=False, which="both")
            else:
                axes.set_ylabel(plane.y_label, fontsize=SMALL if num_columns > 1 else None)
        for axes in row[len(planes) :]:
            axes.remove()
    num_in_line = math.ceil(len(handles) / math.ceil(len(handles) / IN_LINE))
    canvas.legend(
        **LEGEND, handles=handles, loc="outside lower center", ncols=num_in_line, columnspacing=1.2,
        handletextpad=0.4, facecolor=theme.paper,
    )  # fmt: skip
    return canvas


def _draw(axes: Axes, plane: Plane, theme: Theme, is_narrow: bool) -> None:
    axes.grid(True, linewidth=0.6, axis="y" if plane.names else "both")
    axes.set_axisbelow(True)
    if plane.line:
        x, y = zip(*plane.line, strict=True)
        axes.plot(x, y, drawstyle=f"steps-{plane.step}", color=theme.series[2], linewidth=1.4, zorder=2)
    for words, places in _by_look(plane.spots).items():
        axes.scatter(*zip(*places, strict=True), **_look(words, theme))
    for words, across in _at_the_edge(plane.spots).items():
        edge = [UPPER_EDGE] * len(across)
        axes.scatter(across, edge, transform=axes.get_xaxis_transform(), **_look(words, theme))
    for spot in plane.spots:
        if spot.label and spot.y is not None and not spot.is_far:
            axes.annotate(
                spot.label, (spot.x, spot.y), xytext=(4, 4), textcoords="offset points", fontsize=7.5, color=theme.ink,
                zorder=6,
            )  # fmt: skip
    if plane.y_log:
        axes.set_yscale("log")
        set_log_ticks(axes.yaxis)
    _draw_x(axes, plane)
    axes.margins(y=0.1)
    axes.tick_params(length=3, which="major", labelsize=7.5 if is_narrow else 9.0)
    axes.tick_params(length=0, which="minor", labelleft=False, labelbottom=False)
    label = textwrap.shorten(one_line(plane.x_label), LABEL_WIDTH if is_narrow else 80, placeholder=" …")
    axes.set_xlabel(label, fontsize=SMALL if is_narrow else None)


def _draw_x(axes: Axes, plane: Plane) -> None:
    if plane.names:
        names = [textwrap.shorten(one_line(name), NAME_WIDTH, placeholder="…") for name in plane.names]
        axes.set_xticks(range(len(names)), names)
        if sum(map(len, names)) > NAMES_WIDTH:
            axes.set_xticks(range(len(names)), names, rotation=25, ha="right", rotation_mode="anchor")
    elif plane.x_log:
        axes.set_xscale("log")
        set_log_ticks(axes.xaxis, detailed=NARROW_RANGE)
    else:
        axes.xaxis.set_major_locator(MaxNLocator(5 if plane.x_limits else 8, integer=plane.x_whole))
    if plane.x_limits:
        axes.set_xlim(*plane.x_limits)


def _by_look(spots: Iterable[Spot]) -> dict[str, list[tuple[float, float]]]:
    """What a legend calls them → where they stand, those last that shall be on top."""
    found: dict[str, list[tuple[float, float]]] = {words: [] for words in LOOKS}
    for spot in spots:
        if spot.y is not None and not spot.is_far:
            found[spot.mark or ("stopped early" if spot.is_minor else "finished")].append((spot.x, spot.y))
    return {words: places for words, places in found.items() if places}


def _at_the_edge(spots: Iterable[Spot]) -> dict[str, list[float]]:
    """What a legend calls those at the upper edge → where they stand along it."""
    found: dict[str, list[float]] = {}
    for spot in spots:
        if spot.y is None or spot.is_far:
            found.setdefault("failed" if spot.y is None else "far above", []).append(spot.x)
    return found


def _look(words: str, theme: Theme) -> dict[str, Any]:
    blue, orange, green = theme.series[:3]
    looks: dict[str, dict[str, Any]] = {
        "stopped early": {"s": 16, "facecolors": "none", "edgecolors": blue, "alpha": 0.55, "linewidths": 0.9},
        "finished": {"s": 18, "color": blue, "linewidths": 0},
        "front": {"s": 26, "color": green, "linewidths": 0},
        "default": {"s": 34, "color": theme.ink, "marker": "D", "edgecolors": theme.paper, "linewidths": 0.7},
        "best": {"s": 90, "color": orange, "marker": "*", "edgecolors": theme.paper, "linewidths": 0.6},
        "far above": {"s": 22, "marker": "^", "facecolors": "none", "edgecolors": blue, "linewidths": 0.9},
        "failed": {"s": 34, "color": theme.quiet, "marker": "|", "linewidths": 1.2, "clip_on": False},
    }
    return {"zorder": 3 + LOOKS.index(words) / 10, **looks[words]}


def _handles(planes: Sequence[Plane], theme: Theme) -> list[Any]:
    """One entry for each kind of spot that is there, as it looks, then the line."""
    spots = [spot for plane in planes for spot in plane.spots]
    kinds = sorted([*_by_look(spots), *_at_the_edge(spots)], key=LOOKS.index)
    axes = Canvas().add_subplot()
    handles: list[Any] = [axes.scatter([], [], label=words, **_look(words, theme)) for words in kinds]
    lines = {plane.line_label: None for plane in planes if plane.line and plane.line_label}
    handles += [Line2D([], [], color=theme.series[2], linewidth=1.4, label=label) for label in lines]
    return handles
