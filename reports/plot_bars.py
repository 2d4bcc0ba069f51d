"""Draws shares of one whole as horizontal bars, each with its number."""

import textwrap

from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from matplotlib.ticker import PercentFormatter

from orchestrator.errors import one_line
from reports.drawing import BarGroup, Bars
from reports.themes import Theme

WIDTH, ROW, FRAME = 5.2, 0.27, 0.55  # inches
LABEL_WIDTH = 36  # characters
TEXT_WIDTH = 72  # characters of a line


def draw_bars(of: Bars, theme: Theme) -> Canvas:
    heights = [FRAME + ROW * max(len(group.bars), 2) for group in of.groups]
    canvas = Canvas(figsize=(WIDTH, sum(heights)), layout="constrained")
    grid = canvas.subplots(len(of.groups), 1, squeeze=False, height_ratios=heights)
    for axes, group in zip(grid.flat, of.groups, strict=True):
        if len(of.groups) > 1:
            axes.set_title(one_line(group.title), fontsize=9)
        if group.bars:
            _draw_group(axes, group, theme)
            axes.set_xlabel(of.x_label)
        else:
            _write(axes, group.text, theme)
    return canvas


def _draw_group(axes: Axes, group: BarGroup, theme: Theme) -> None:
    places, shares = range(len(group.bars)), [share for _, share in group.bars]
    axes.grid(True, axis="x", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.barh(places, shares, height=0.62, color=theme.series[0])
    for place, share in zip(places, shares, strict=True):
        axes.annotate(
            f"{share:.0%}", (share, place), xytext=(3, 0), textcoords="offset points", va="center", fontsize=8.0,
            color=theme.ink,
        )  # fmt: skip
    axes.set_yticks(places, [textwrap.shorten(one_line(name), LABEL_WIDTH, placeholder=" …") for name, _ in group.bars])
    axes.set_ylim(len(places) - 0.4, -0.6)
    axes.set_xlim(0, max(shares) * 1.1)
    axes.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    axes.tick_params(axis="y", length=0, labelsize=8.0)
    axes.spines["left"].set_visible(False)


def _write(axes: Axes, text: str, theme: Theme) -> None:
    axes.axis("off")
    axes.text(
        0.5, 0.5, textwrap.fill(one_line(text), TEXT_WIDTH), ha="center", va="center", color=theme.quiet,
        transform=axes.transAxes,
    )  # fmt: skip
