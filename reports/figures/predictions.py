"""Prediction and truth drawn over test faces: the best, the middle and the worst, per variant. Paper 001's Fig. 5.

Source: sharif2025resnet18 Fig. 5.
"""

from typing import Any

from reports import labels
from reports.document import FaceGrid, Figure
from reports.pictures import face, images_of, ranked
from reports.query import Results

STUDIES = ()  # none in particular: built once for each study of the ledger

MAX_VARIANTS = 6
ENOUGH_FOR_PAIRS = 12  # pictures; from here on two of each kind are shown


def build(results: Results, study: str) -> Figure | None:
    """None if no finished trial has stored pictures."""
    known = results.study(study)
    if known is None:
        return None
    split = next(iter(known.splits()), "test")
    shown = [(variant, ranked(images_of(known, variant, split))) for variant in known.variants]
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
        trials=tuple(dict.fromkeys(one.trial for _, faces in rows for one in faces)),
    )


def _picks(each: int) -> list[tuple[str, Any]]:
    """(heading, how many images → which one): `each` of the best, the median and the worst."""
    best = [("best", lambda _, k=k: k) for k in range(each)]
    median = [("median", lambda count, k=k: (count - each) // 2 + k) for k in range(each)]
    worst = [("worst", lambda count, k=k: count - each + k) for k in range(each)]
    return best + median + worst
