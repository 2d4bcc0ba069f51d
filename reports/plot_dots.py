"""Draws means with their spread as dots in rows, every seed beside them, and what a paper printed as diamonds."""

import textwrap
from itertools import groupby

from matplotlib.figure import Figure as Canvas
from matplotlib.lines import Line2D

from orchestrator.errors import one_line
from reports.drawing import Dot, Dots
from reports.plot_lines import LEGEND
from reports.themes import Theme

WIDTH, ROW, FRAME = 5.6, 0.25, 0.95  # inches
LABEL_WIDTH = 34  # characters
BETWEEN_GROUPS = 0.8  # rows


def draw_dots(of: Dots, theme: Theme) -> Canvas:
    places, headings = _places(of)
    canvas = Canvas(figsize=(WIDTH, FRAME + ROW * (max([*places, *headings.values()]) + 1)), layout="constrained")
    axes = canvas.add_subplot()
    axes.grid(True, axis="x", linewidth=0.6)
    axes.set_axisbelow(True)
    if of.zero:
        axes.axvline(0.0, color=theme.quiet, linewidth=1.0, zorder=1)
    for dot, place in zip(of.dots, places, strict=True):
        colour = theme.series[(dot.series or 0) % len(theme.series)]
        axes.scatter(dot.values, [place] * len(dot.values), s=9, color=colour, alpha=0.45, linewidths=0, zorder=2)
        if dot.spread is not None:
            axes.hlines(place, dot.mean - dot.spread, dot.mean + dot.spread, color=colour, linewidth=1.6, zorder=2)
        axes.scatter([dot.mean], [place], s=34, color=colour, edgecolors=theme.paper, linewidths=0.8, zorder=3)
        if dot.published is not None:
            axes.scatter(
                [dot.published], [place], s=30, marker="D", facecolors="none", edgecolors=theme.ink, linewidths=1.0,
                zorder=4,
            )  # fmt: skip
    axes.set_yticks(places, [_label(dot) for dot in of.dots])
    for group, place in headings.items():
        axes.annotate(
            one_line(group), (0.0, place), xycoords=("axes fraction", "data"), xytext=(-4, 0),
            textcoords="offset points", ha="right", va="center", fontsize=8.0, fontweight="bold", color=theme.ink,
        )  # fmt: skip
    axes.set_ylim(max(places) + 0.7, min([*places, *headings.values()]) - 0.7)
    axes.tick_params(axis="y", length=0, labelsize=8.0)
    axes.spines["left"].set_visible(False)
    axes.set_xlabel(of.x_label)
    handles = [Line2D([], [], color=theme.quiet, marker="o", linewidth=1.6, markersize=5.5, label="mean ± deviation")]
    handles.append(Line2D([], [], color=theme.quiet, marker="o", linestyle="", markersize=3, alpha=0.5, label="seed"))
    if any(dot.published is not None for dot in of.dots):
        look = {"marker": "D", "linestyle": "", "markersize": 5, "markerfacecolor": "none"}
        handles.append(Line2D([], [], color=theme.ink, label=of.published_label, **look))
    canvas.legend(**{**LEGEND, "handles": handles}, loc="outside lower center", ncols=3, facecolor=theme.paper)
    return canvas


def _label(dot: Dot) -> str:
    """In two lines at most: what tells variants apart is often at the end."""
    return "\n".join(textwrap.wrap(one_line(dot.label), LABEL_WIDTH, max_lines=2, placeholder=" …"))


def _places(of: Dots) -> tuple[list[float], dict[str, float]]:
    """Where each row and each group's heading stands, from the top down; a group without a name has no heading."""
    places: list[float] = []
    headings: dict[str, float] = {}
    next_row = 0.0
    for group, dots in groupby(of.dots, key=lambda dot: dot.group):
        next_row += BETWEEN_GROUPS if places else 0.0
        if group:
            headings[group] = next_row
            next_row += 1
        for _ in dots:
            places.append(next_row)
            next_row += 1
    return places, headings
