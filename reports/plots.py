"""Figures as PNG and PDF through matplotlib: readable in print, safe for colour-blind readers, light or dark."""

import io
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure as Canvas
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator, PercentFormatter
from PIL.Image import Image, fromarray

from reports.drawing import Curves, Drawn, Figure
from reports.plot_bars import draw_bars
from reports.plot_dots import draw_dots
from reports.plot_faces import draw_faces
from reports.plot_lines import LEGEND, draw_line, handles_of
from reports.plot_maps import draw_maps
from reports.plot_panels import draw_panels
from reports.plot_planes import draw_planes
from reports.plot_ranges import draw_ranges
from reports.plot_ticks import set_log_ticks
from reports.themes import DARK, LIGHT, Theme

STYLE: dict[Any, Any] = {
    "font.family": "sans-serif",
    "font.sans-serif": ["Helvetica", "Arial", "Liberation Sans", "DejaVu Sans"],
    "font.size": 9.0,
    "pdf.fonttype": 42,  # text stays text in the PDF
    "axes.spines.top": False,
    "axes.spines.right": False,
    "lines.linewidth": 1.6,
    "text.parse_math": False,  # a label may hold a dollar sign
}

DPI = 200
DPI_OF_FACES = 150  # so fine that every pixel of a thumbnail is there
QUALITY = 88  # of JPEG, in which photographs take a tenth of the room


def drawn(figure: Figure) -> Drawn:
    """All forms of a figure from one canvas for each theme, which takes longer to lay out than to draw."""
    dpi = DPI_OF_FACES if figure.draw == "faces" else DPI
    with _style(LIGHT):
        canvas = DRAW[figure.draw](figure.data, LIGHT)
        pixels = _pixels(canvas, dpi)
        canvas.set_layout_engine("none")
        pdf = io.BytesIO()
        canvas.savefig(pdf, format="pdf", dpi=dpi, metadata={"CreationDate": None, "Title": figure.name})
    with _style(DARK):
        on_dark = _pixels(DRAW[figure.draw](figure.data, DARK), dpi)
    printed = _png(pixels)
    if figure.draw == "faces":
        return Drawn(pdf=pdf.getvalue(), png=printed, light=_jpeg(pixels), dark=_jpeg(on_dark))
    return Drawn(pdf=pdf.getvalue(), png=printed, light=printed, dark=_png(on_dark))


def png(figure: Figure, theme: Theme = LIGHT, dpi: int = DPI) -> bytes:
    with _style(theme):
        return _png(_pixels(DRAW[figure.draw](figure.data, theme), dpi))


def _style(theme: Theme) -> AbstractContextManager[None]:
    colours: dict[Any, Any] = {
        "figure.facecolor": theme.paper, "axes.facecolor": theme.paper, "savefig.facecolor": theme.paper,
        "text.color": theme.ink, "axes.labelcolor": theme.ink, "axes.edgecolor": theme.quiet,
        "xtick.color": theme.quiet, "ytick.color": theme.quiet, "grid.color": theme.grid,
    }  # fmt: skip
    return mpl.rc_context(STYLE | colours)


def _pixels(canvas: Canvas, dpi: int) -> Image:
    """Drawn once, where saving a canvas draws it twice."""
    canvas.set_dpi(dpi)
    renderer = FigureCanvasAgg(canvas)
    renderer.draw()
    return fromarray(np.asarray(renderer.buffer_rgba())).convert("RGB")


def _png(pixels: Image) -> bytes:
    buffer = io.BytesIO()
    pixels.save(buffer, "png", compress_level=3)  # the default takes three times as long and saves a tenth
    return buffer.getvalue()


def _jpeg(pixels: Image) -> bytes:
    buffer = io.BytesIO()
    pixels.save(buffer, "jpeg", quality=QUALITY)
    return buffer.getvalue()


def draw_curves(curves: Curves, theme: Theme) -> Canvas:
    canvas = Canvas(figsize=(5.2, 3.4), layout="constrained")
    axes = canvas.add_subplot()
    axes.grid(True, linewidth=0.6)
    axes.set_axisbelow(True)
    for line in curves.lines:
        draw_line(axes, line, theme)
    if curves.y_log:
        axes.set_yscale("log")
        low, high = axes.get_ylim()
        set_log_ticks(axes.yaxis, (1.0, 2.0, 5.0) if high > 10 * low else (1.0, 1.5, 2.0, 3.0, 5.0, 7.0))
    first, last = min(line.x[0] for line in curves.lines), max(line.x[-1] for line in curves.lines)
    axes.set_xlim(curves.x_limits or ((first, last) if first < last else (first - 1, last + 1)))
    if curves.y_limits:
        axes.set_ylim(curves.y_limits)
        axes.yaxis.set_major_formatter(PercentFormatter(1.0))
    if curves.threshold is not None:
        axes.axvline(curves.threshold, color=theme.quiet, linewidth=0.8, linestyle=(0, (2, 2)), zorder=1)
    if curves.x_doubling:
        axes.set_xscale("log", base=2)
        axes.set_xticks(sorted({x for line in curves.lines for x in line.x}))
        axes.xaxis.set_major_formatter("{x:g}")
    else:
        axes.xaxis.set_major_locator(MaxNLocator(8, integer=curves.x_limits is None))
    axes.set_xlabel(curves.x_label)
    axes.set_ylabel(curves.y_label)
    axes.tick_params(length=3, which="major")
    axes.tick_params(length=0, which="minor", labelleft=False)
    _legend(canvas, axes, curves, theme)
    return canvas


def _legend(canvas: Canvas, axes: Axes, curves: Curves, theme: Theme) -> None:
    """Colours name the variants; after them, in grey, what solid and dashed mean. Long legends stand below the axes."""
    handles = handles_of(curves.lines, theme)
    longest = max(len(str(handle.get_label())) for handle in handles)
    for words, dashed in curves.key:
        style = (0, (2.2, 1.4)) if dashed else "-"
        handles.append(Line2D([], [], color=theme.quiet, linestyle=style, linewidth=1.2, label=words))
    look = {"handles": handles, **LEGEND}
    if len(handles) <= 6 and longest <= 44:
        axes.legend(**look, loc="best", facecolor=theme.paper, framealpha=0.85)
        return
    below = canvas.legend(**look, loc="outside lower center", facecolor=theme.paper)
    num_lines = sum(1 + text.get_text().count("\n") for text in below.get_texts())
    canvas.set_figheight(canvas.get_figheight() + 0.165 * num_lines)


DRAW: dict[str, Callable[[Any, Theme], Canvas]] = {
    "curves": draw_curves,
    "panels": draw_panels,
    "maps": draw_maps,
    "faces": draw_faces,
    "ranges": draw_ranges,
    "dots": draw_dots,
    "planes": draw_planes,
    "bars": draw_bars,
}
