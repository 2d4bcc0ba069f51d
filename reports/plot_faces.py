"""Draws faces in rows and columns, with the landmarks that are known of them."""

import textwrap

import cv2
import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure as Canvas
from matplotlib.lines import Line2D

from orchestrator.errors import one_line
from reports.drawing import Face, FaceGrid
from reports.themes import PREDICTION, TRUTH, Theme

ROW_LABEL_WIDTH = 20  # characters a line beside a row of faces, where there is room for so many
LETTER, LINE = 0.08, 0.14  # inches of a letter and of a line


def draw_faces(grid: FaceGrid, theme: Theme) -> Canvas:
    num_rows, num_columns = len(grid.rows), len(grid.headings)
    has_landmarks = any(face.truth for _, faces in grid.rows for face in faces)
    side = min(8.4 / max(num_columns, 4), 10.5 / num_rows)  # many rows are drawn smaller
    headings = [textwrap.fill(one_line(words), max(6, int(side / LETTER))) for words in grid.headings]
    most_lines = max(words.count("\n") for words in headings) + 1
    gap, left, right = 0.24, 0.55, 0.04  # inches
    top, bottom = 0.28 + LINE * (most_lines - 1), 0.50 if has_landmarks else 0.28
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
                axes[row, column].set_title(headings[column], fontsize=9, color=theme.ink, pad=5)
        words = textwrap.fill(one_line(label), min(ROW_LABEL_WIDTH, int((side + gap) / LETTER)))
        axes[row, 0].set_ylabel(words, fontsize=8.5, fontweight="bold", labelpad=7)
    if not has_landmarks:
        return canvas
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
    # Empty where nothing is said of the landmarks.
    truth, prediction = (np.reshape(points, (-1, 2)) for points in (face.truth, face.prediction))
    axes.add_collection(LineCollection(list(np.stack([truth, prediction], axis=1)), colors="#ffffffcc", linewidths=0.7))
    for points, colour in ((truth, TRUTH), (prediction, PREDICTION)):
        axes.scatter(*points.T, s=5.0, color=colour, edgecolors="#000000a0", linewidths=0.25, zorder=3)
    axes.set_xlim(-0.5, width - 0.5)
    axes.set_ylim(height - 0.5, -0.5)
