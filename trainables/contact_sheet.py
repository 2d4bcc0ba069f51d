"""A contact sheet: faces of a data set with landmarks, box and crop, in the order of their difficulty."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle

from trainables.config import nearest
from trainables.dataset import OCCLUDED, DataError, Dataset, Face, UnreadableImage
from trainables.listing import list_faces
from trainables.metrics import Array
from trainables.pictures import read_whole
from trainables.transforms.crop import cut, inverse, transform

_VIEW = 288  # px of one picture
_CELL = (2.2, 2.5)  # inches
_HEAD = 0.75  # inches
_AROUND = 1.25  # of crop and box is shown
_LETTERS = 34  # of a line below a picture
_VISIBLE, _OCCLUDED, _BOX, _CROP, _INK, _PALE = "#35e0a1", "#ff5a5f", "#ffd23f", "#ffffff", "#222222", "#8a8a8a"


@dataclass(frozen=True)
class Shown:
    """One face of the sheet; `difficulty` in [0, 1], NaN where unlabelled."""

    face: Face
    difficulty: float


def draw_contact_sheet(
    dataset: Dataset,
    data_root: Path,
    path: Path,
    split: str | None = None,
    tag: str | None = None,
    count: int = 24,
    seed: int = 0,
) -> int:
    """Draw up to `count` faces of a split and tag, chosen by the seed, and give their number. PNG at `path`.

    Raises `DataError` where the data set is missing, or no face is of this split and tag.
    """
    shown = choose(dataset, data_root, split, tag, count, seed)
    columns = min(len(shown), max(4, round((1.5 * len(shown)) ** 0.5)))
    rows = -(-len(shown) // columns)
    width, height = max(columns * _CELL[0], 4 * _CELL[0]), rows * _CELL[1] + _HEAD
    figure = Figure(figsize=(width, height), dpi=120, facecolor="white")
    _draw_head(figure, dataset, split, tag, [each.face for each in shown], height)
    for index, each in enumerate(shown):
        row, column = divmod(index, columns)
        side = _CELL[0] * 0.92
        left = column * _CELL[0] + (_CELL[0] - side) / 2
        bottom = height - _HEAD - row * _CELL[1] - side
        axes = figure.add_axes((left / width, bottom / height, side / width, side / height))
        _draw_face(axes, dataset, data_root, each)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, format="png")
    return len(shown)


def choose(dataset: Dataset, data_root: Path, split: str | None, tag: str | None, count: int, seed: int) -> list[Shown]:
    """Faces of a split and tag, the easiest first. Raises `DataError` where there is none."""
    listing = list_faces(dataset, data_root)
    splits = {face.split for face in listing.faces}
    if split is not None and split not in splits:
        raise DataError(f"Data set {dataset.kind!r} has no split {split!r}. {nearest(split, splits)}")
    all_shown = [Shown(face, rank) for face, rank in zip(listing.faces, listing.difficulty.tolist(), strict=True)]
    of_split = [each for each in all_shown if split in (None, each.face.split)]
    tags = {name for each in of_split for name in each.face.tags}
    if tag is not None and tag not in tags:
        where = f"split {split!r}" if split else "any split"
        raise DataError(f"Data set {dataset.kind!r} has no face with the tag {tag!r} in {where}. {nearest(tag, tags)}")
    candidates = [each for each in of_split if tag is None or tag in each.face.tags]
    picked = np.random.default_rng(seed).choice(len(candidates), min(count, len(candidates)), replace=False)
    # Sorting by (is NaN, value) puts the unlabelled ones last.
    return sorted((candidates[i] for i in picked), key=lambda each: (np.isnan(each.difficulty), each.difficulty))


def _draw_head(
    figure: Figure, dataset: Dataset, split: str | None, tag: str | None, faces: list[Face], height: float
) -> None:
    of = " · ".join(filter(None, (split, tag))) or "all splits"
    told = f"{of}: {len(faces)} faces, the easiest first, {dataset.scheme.num_landmarks} landmarks"
    figure.text(0.012, 1 - 0.16 / height, dataset.kind, fontsize=15, weight="bold", color=_INK, va="top")
    figure.text(0.012, 1 - 0.45 / height, told, fontsize=9, color=_PALE, va="top", parse_math=False)
    dot = {"marker": "o", "linestyle": "", "markersize": 6}
    handles = [Line2D([], [], color=_VISIBLE, label="landmark", **dot)]
    if any(face.state is not None and (face.state == OCCLUDED).any() for face in faces):
        handles.append(Line2D([], [], color=_OCCLUDED, label="occluded", **dot))
    if any(face.box is not None for face in faces):
        handles.append(Line2D([], [], color=_BOX, label="data set's box", linewidth=2))
    handles.append(Line2D([], [], color="#666666", label="crop", linewidth=2, linestyle="--"))
    handles.append(Line2D([], [], color=_difficulty_colour(0.8), label="difficulty", linewidth=4))
    corner = (0.995, 1 - 0.08 / height)
    figure.legend(
        handles=handles, loc="upper right", bbox_to_anchor=corner, ncols=len(handles), frameon=False, fontsize=8
    )


def _draw_face(axes: Axes, dataset: Dataset, data_root: Path, shown: Shown) -> None:
    face = shown.face
    corners = _crop_corners(dataset, face)
    view = _view(corners, face)
    try:
        axes.imshow(cut(read_whole(dataset, data_root, face), view, _VIEW), interpolation="lanczos")
    except UnreadableImage as error:
        axes.imshow(np.full((_VIEW, _VIEW, 3), 235, dtype=np.uint8))
        axes.text(_VIEW / 2, _VIEW / 2, str(error), ha="center", va="center", fontsize=6, color=_OCCLUDED, wrap=True)
    outline = transform(corners[[0, 1, 2, 3, 0]], view)
    axes.plot(*outline.T, color=_CROP, linewidth=1.1, linestyle=(0, (4, 3)), alpha=0.9)
    if face.box is not None:
        left, top, width, height = face.box
        box = np.array([[left, top], [left + width, top], [left + width, top + height], [left, top + height]])
        axes.plot(*transform(box[[0, 1, 2, 3, 0]], view).T, color=_BOX, linewidth=1.1)
    points = transform(face.landmarks, view)
    hidden = np.zeros(len(points), dtype=bool) if face.state is None else face.state == OCCLUDED
    for chosen, colour in ((~hidden, _VISIBLE), (hidden, _OCCLUDED)):
        axes.scatter(*points[chosen].T, s=5, color=colour, edgecolors="black", linewidths=0.25, zorder=3)
    axes.set_xlim(-0.5, _VIEW - 0.5)
    axes.set_ylim(_VIEW - 0.5, -0.5)
    axes.axis("off")
    _draw_caption(axes, shown)


def _draw_caption(axes: Axes, shown: Shown) -> None:
    rank = shown.difficulty
    axes.add_patch(_bar(1.0, "#e6e6e6", axes))
    if np.isfinite(rank):
        axes.add_patch(_bar(rank, _difficulty_colour(rank), axes))
    told = "unlabelled" if np.isnan(rank) else f"{rank:.2f}"
    lines = [_shortened(shown.face.name), _ended(" · ".join((shown.face.split, *shown.face.tags)), _LETTERS - 6)]
    for line, y, colour in ((lines[0], -0.055, _INK), (lines[1], -0.125, _PALE)):
        axes.text(0, y, line, transform=axes.transAxes, fontsize=6.6, color=colour, va="top", parse_math=False)
    axes.text(1, -0.125, told, transform=axes.transAxes, fontsize=6.6, color=_PALE, va="top", ha="right")


def _bar(share: float, colour: Any, axes: Axes) -> Rectangle:
    return Rectangle((0, -0.035), share, 0.018, transform=axes.transAxes, color=colour, linewidth=0, clip_on=False)


def _difficulty_colour(rank: float) -> tuple[float, float, float, float]:
    red, green, blue, alpha = colormaps["RdYlGn_r"](0.1 + 0.8 * rank)
    return float(red), float(green), float(blue), float(alpha)


def _crop_corners(dataset: Dataset, face: Face) -> Array:
    """The outline of the literature's crop in image px [4, 2]."""
    box = None if face.box is None else np.array(face.box, dtype=np.float64)
    unit = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])
    return transform(unit * _VIEW, inverse(dataset.CROP.matrix(face.landmarks, box, _VIEW)))


def _view(corners: Array, face: Face) -> Array:
    """The map from image px to the picture on the sheet: upright, around crop and box."""
    points = corners
    if face.box is not None:
        left, top, width, height = face.box
        points = np.vstack([points, [[left, top], [left + width, top + height]]])
    low, high = points.min(axis=0), points.max(axis=0)
    scale = _VIEW / (_AROUND * max(*(high - low), 1.0))
    shift = _VIEW / 2 - scale * (low + high) / 2
    return np.array([[scale, 0.0, shift[0]], [0.0, scale, shift[1]]])


def _shortened(name: str) -> str:
    """The end of a name tells more than its folders."""
    return name if len(name) <= _LETTERS else "…" + name[1 - _LETTERS :]


def _ended(text: str, letters: int) -> str:
    return text if len(text) <= letters else text[: letters - 1] + "…"
