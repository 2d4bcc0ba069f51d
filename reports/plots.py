"""Figures as PNG and PDF through matplotlib: readable in print, safe for colour-blind readers, light or dark."""

import base64
import io
import textwrap
from collections.abc import Callable
from typing import Any

import cv2
import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure as Canvas
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, MaxNLocator, PercentFormatter

from orchestrator.errors import one_line
from reports.document import Curves, Face, FaceGrid, Figure
from reports.plot_dots import draw_dots
from reports.plot_lines import LEGEND, draw_line, handles_of
from reports.plot_maps import draw_maps
from reports.plot_panels import draw_panels
from reports.plot_ranges import draw_ranges
from reports.themes import LIGHT, PREDICTION, TRUTH, Theme

ROW_LABEL_WIDTH = 20  # characters a line beside a row of faces

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


def png(figure: Figure, theme: Theme = LIGHT, dpi: int = 200) -> bytes:
    return _saved(figure, theme, format="png", dpi=dpi, metadata={"Software": None})


def data_uri(figure: Figure, theme: Theme) -> str:
    """For the page: lines as PNG, photographs as JPEG, a tenth of the size."""
    how = ("jpeg", {"pil_kwargs": {"quality": 88}}) if figure.draw == "faces" else ("png", {})
    picture = _saved(figure, theme, format=how[0], dpi=170, **how[1])
    return f"data:image/{how[0]};base64,{base64.b64encode(picture).decode('ascii')}"


def pdf(figure: Figure, theme: Theme = LIGHT) -> bytes:
    return _saved(figure, theme, format="pdf", dpi=200, metadata={"CreationDate": None, "Title": figure.name})


def _saved(figure: Figure, theme: Theme, **how: Any) -> bytes:
    colours: dict[Any, Any] = {
        "figure.facecolor": theme.paper, "axes.facecolor": theme.paper, "savefig.facecolor": theme.paper,
        "text.color": theme.ink, "axes.labelcolor": theme.ink, "axes.edgecolor": theme.quiet,
        "xtick.color": theme.quiet, "ytick.color": theme.quiet, "grid.color": theme.grid,
    }  # fmt: skip
    buffer = io.BytesIO()
    with mpl.rc_context(STYLE | colours):
        DRAW[figure.draw](figure.data, theme).savefig(buffer, **how)
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
        subs = (1.0, 2.0, 5.0) if high > 10 * low else (1.0, 1.5, 2.0, 3.0, 5.0, 7.0)
        axes.yaxis.set_major_locator(LogLocator(subs=subs))
        axes.yaxis.set_major_formatter("{x:g}")
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
    canvas.set_figheight(canvas.get_figheight() + 0.165 * len(below.get_texts()))


def draw_faces(grid: FaceGrid, theme: Theme) -> Canvas:
    num_rows, num_columns = len(grid.rows), len(grid.headings)
    gap, left, top, bottom, right = 0.24, 0.55, 0.28, 0.50, 0.04  # inches
    side = min(8.4 / max(num_columns, 4), 10.5 / num_rows)  # many rows are drawn smaller
    width = left + side * num_columns + 0.06 * (num_columns - 1) + right
    height = top + side * num_rows + gap * (num_rows - 1) + bottom
    canvas = Canvas(figsize=(width, height))
    axes = canvas.subplots(
        num_rows, num_columns, squeeze=False, gridspec_kw={
            "wspace": 0.06 / side, "hspace": gap / side, "left": left / width, "right": 1 - right / width,
            "top": 1 - top / height, "bottom": bottom / height,
        },
    )  # fmt: skip
    for row, (label, faces) in enumerate(grid.rows):
        for column, face in enumerate(faces):
            _draw_face(axes[row, column], face, theme)
            if row == 0:
                axes[row, column].set_title(grid.headings[column], fontsize=9, color=theme.ink, pad=5)
        words = textwrap.fill(one_line(label), ROW_LABEL_WIDTH)
        axes[row, 0].set_ylabel(words, fontsize=8.5, fontweight="bold", labelpad=7)
    handles = [
        Line2D([], [], color=colour, marker="o", linestyle="", markersize=4.5, label=words)
        for words, colour in (("truth", TRUTH), ("prediction", PREDICTION))
    ]
    canvas.legend(handles=handles, loc="lower center", ncols=2, frameon=False, borderpad=0.2, fontsize=8.5)
    return canvas


def _draw_face(axes: Axes, face: Face, theme: Theme) -> None:
    picture = cv2.imdecode(np.frombuffer(face.picture, np.uint8), cv2.IMREAD_COLOR)
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.set_xlabel(face.caption, fontsize=8, color=theme.quiet, labelpad=3)
    if picture is None:
        axes.text(0.5, 0.5, "unreadable picture", ha="center", va="center", transform=axes.transAxes, fontsize=8)
        return
    height, width = picture.shape[:2]
    axes.imshow(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), interpolation="lanczos")
    truth, prediction = np.asarray(face.truth), np.asarray(face.prediction)
    axes.add_collection(LineCollection(list(np.stack([truth, prediction], axis=1)), colors="#ffffffcc", linewidths=0.7))
    for points, colour in ((truth, TRUTH), (prediction, PREDICTION)):
        axes.scatter(*points.T, s=5.0, color=colour, edgecolors="#000000a0", linewidths=0.25, zorder=3)
    axes.set_xlim(-0.5, width - 0.5)
    axes.set_ylim(height - 0.5, -0.5)


DRAW: dict[str, Callable[[Any, Theme], Canvas]] = {
    "curves": draw_curves,
    "panels": draw_panels,
    "maps": draw_maps,
    "faces": draw_faces,
    "ranges": draw_ranges,
    "dots": draw_dots,
}
