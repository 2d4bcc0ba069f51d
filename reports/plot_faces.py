"""Draws faces in rows and columns, with the landmarks that are known of them."""

import textwrap

import cv2
import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure as Canvas
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle

from orchestrator.errors import one_line
from reports.drawing import Face, FaceGrid
from reports.themes import PREDICTION, TRUTH, Theme

ROW_LABEL_WIDTH = 20  # characters a line beside a row of faces, where there is room for so many
LETTER, LINE = 0.08, 0.14  # inches of a letter and of a line
BETWEEN, BELOW = 0.06, 0.24  # inches between faces of a row, and below them, where captions stand
LEFT, RIGHT = 0.55, 0.04  # inches beside the faces


def draw_faces(grid: FaceGrid, theme: Theme) -> Canvas:
    """All faces on one pair of axes, in inches from the upper left: dozens of axes take longer than their faces."""
    num_rows, num_columns = len(grid.rows), len(grid.headings)
    has_landmarks = any(face.truth for _, faces in grid.rows for face in faces)
    side = min(8.4 / max(num_columns, 4), 10.5 / num_rows)  # many rows are drawn smaller
    headings = [textwrap.fill(one_line(words), max(6, int(side / LETTER))) for words in grid.headings]
    most_lines = max(words.count("\n") for words in headings) + 1
    top, bottom = 0.28 + LINE * (most_lines - 1), 0.50 if has_landmarks else 0.28
    width = LEFT + side * num_columns + BETWEEN * (num_columns - 1) + RIGHT
    height = top + side * num_rows + BELOW * (num_rows - 1) + bottom
    canvas = Canvas(figsize=(width, height))
    axes = canvas.add_axes((0.0, 0.0, 1.0, 1.0), xlim=(0.0, width), ylim=(height, 0.0))
    axes.set_axis_off()
    axes.set_autoscale_on(False)
    for row, (label, faces) in enumerate(grid.rows):
        y = top + row * (side + BELOW)
        words = textwrap.fill(one_line(label), min(ROW_LABEL_WIDTH, int((side + BELOW) / LETTER)))
        axes.text(
            LEFT - 0.1, y + side / 2, words, rotation=90, ha="right", va="center", multialignment="center",
            fontsize=8.5, fontweight="bold", color=theme.ink,
        )  # fmt: skip
        for column, face in enumerate(faces):
            x = LEFT + column * (side + BETWEEN)
            _draw_face(axes, face, theme, (x, y), side)
            if row == 0:
                axes.text(x + side / 2, y - 0.07, headings[column], ha="center", va="bottom", fontsize=9)
    if not has_landmarks:
        return canvas
    handles = [
        Line2D([], [], color=colour, marker="o", linestyle="", markersize=4.5, label=words)
        for words, colour in (("truth", TRUTH), ("prediction", PREDICTION))
    ]
    canvas.legend(handles=handles, loc="lower center", ncols=2, frameon=False, borderpad=0.2, fontsize=8.5)
    return canvas


def _draw_face(axes: Axes, face: Face, theme: Theme, corner: tuple[float, float], side: float) -> None:
    """In a square of this side below and right of a corner."""
    middle = corner[0] + side / 2
    axes.text(middle, corner[1] + side + 0.04, face.caption, ha="center", va="top", fontsize=8, color=theme.quiet)
    picture = cv2.imdecode(np.frombuffer(face.picture, np.uint8), cv2.IMREAD_COLOR)
    if picture is None:
        axes.text(middle, corner[1] + side / 2, "unreadable picture", ha="center", va="center", fontsize=8)
        return
    shape = np.array(picture.shape[1::-1])  # width and height in px
    scale = side / shape.max()
    start = np.array(corner) + (side - shape * scale) / 2
    (left, top), (right, bottom) = start, start + shape * scale
    axes.imshow(
        cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), extent=(left, right, bottom, top), aspect="auto",
        interpolation="bicubic",
    )  # fmt: skip
    # Empty where nothing is said of the landmarks. The centre of the first pixel is at (0, 0).
    truth, prediction = (start + (np.reshape(each, (-1, 2)) + 0.5) * scale for each in (face.truth, face.prediction))
    frame = Rectangle((left, top), right - left, bottom - top, transform=axes.transData)
    lines = LineCollection(list(np.stack([truth, prediction], axis=1)), colors="#ffffffcc", linewidths=0.7)
    axes.add_collection(lines, autolim=False)
    lines.set_clip_path(frame)
    for points, colour in ((truth, TRUTH), (prediction, PREDICTION)):
        axes.scatter(*points.T, s=5.0, color=colour, edgecolors="#000000a0", linewidths=0.25, zorder=3, clip_path=frame)
