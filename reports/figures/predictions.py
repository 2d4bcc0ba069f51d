"""Prediction and truth drawn over test faces: the best, the middle and the worst, per variant. Paper 001's Fig. 5.

Source: sharif2025resnet18 Fig. 5.
"""

from typing import Any

import numpy as np

from reports import labels
from reports.document import Face, FaceGrid, Figure
from reports.query import Results, StudyResults, Variant

STUDIES = ()  # none in particular: built once for each study of the ledger

COLUMNS = ["image", "nme_io", "landmarks", "prediction", "crop", "thumbnail"]
MAX_VARIANTS = 6
ENOUGH_FOR_PAIRS = 12  # pictures; from here on two of each kind are shown


def build(results: Results, study: str) -> Figure | None:
    """None if no finished trial has stored pictures."""
    known = results.study(study)
    if known is None:
        return None
    split = next(iter(known.splits()), "test")
    shown = [(variant, _ranked_images(known, variant, split)) for variant in known.variants]
    shown = [(variant, images) for variant, images in shown if images][:MAX_VARIANTS]
    if not shown:
        return None
    fewest = min(len(images) for _, images in shown)
    picks = _picks(2 if fewest >= ENOUGH_FOR_PAIRS else 1)
    rows = []
    for variant, images in shown:
        faces = [face(images[place(len(images))]) for _, place in picks]
        rows.append((variant.label, tuple(faces)))
    return Figure(
        name=f"{study}_predictions",
        title="Prediction and truth",
        caption=f"{labels.SPLITS.get(split, split)} faces with the lowest, the median and the highest NME "
        f"(inter-ocular) of each variant's first seed, among the {fewest} whose pictures are stored.",
        draw="faces",
        data=FaceGrid(headings=tuple(name for name, _ in picks), rows=tuple(rows)),
        trials=tuple(dict.fromkeys(face.trial for _, faces in rows for face in faces)),
    )


def _ranked_images(study: StudyResults, variant: Variant, split: str) -> list[dict[str, Any]]:
    """Images of the variant's first finished seed that have a picture, the best first."""
    if not variant.finished:
        return []
    frame = study.images(variant, split, COLUMNS, trials=variant.finished[:1]).dropna(subset=["thumbnail", "nme_io"])
    return frame.sort_values(["nme_io", "image"]).to_dict("records")


def _picks(each: int) -> list[tuple[str, Any]]:
    """(heading, how many images → which one): `each` of the best, the median and the worst."""
    best = [("best", lambda _, k=k: k) for k in range(each)]
    median = [("median", lambda count, k=k: (count - each) // 2 + k) for k in range(each)]
    worst = [("worst", lambda count, k=k: count - each + k) for k in range(each)]
    return best + median + worst


def face(row: dict[str, Any]) -> Face:
    """A row of the ledger's images as a picture with its two sets of points. The row holds `COLUMNS` and its trial."""
    nme_io = labels.column("nme_io", "test")
    return Face(
        picture=row["thumbnail"],
        truth=_in_thumbnail(row["landmarks"], row["crop"]),
        prediction=_in_thumbnail(row["prediction"], row["crop"]),
        caption=f"{labels.number(row['nme_io'], nme_io)} %",
        image=row["image"],
        trial=row["trial"],
    )


def _in_thumbnail(points: np.ndarray, crop: np.ndarray) -> tuple[tuple[float, float], ...]:
    """Flat image coordinates through the 2×3 crop matrix, to pixels of the thumbnail."""
    matrix = np.asarray(crop, dtype=np.float64).reshape(2, 3)
    image_px = np.asarray(points, dtype=np.float64).reshape(-1, 2)
    with np.errstate(invalid="ignore"):  # a prediction that is no number is not drawn
        points_px = image_px @ matrix[:, :2].T + matrix[:, 2]
    return tuple((float(x), float(y)) for x, y in points_px)
