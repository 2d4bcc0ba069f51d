"""Prediction and truth drawn over test faces: the best, the middle and the worst, per variant. Paper 001's Fig. 5.

Source: sharif2025resnet18 Fig. 5.
"""

from itertools import islice

from reports import labels, leading
from reports.drawing import FaceGrid, Figure
from reports.pictures import face, images_of, picks, ranked
from reports.query import Results

STUDIES = ()  # none in particular: built once for each study of the ledger

MAX_VARIANTS = 6


def build(results: Results, study: str) -> Figure | None:
    """None if no finished trial has stored pictures, and for hundreds of variants: drawing is slow."""
    known = results.study(study)
    if known is None or not leading.are_all(known):
        return None
    split = known.main_split
    ranks = ((variant, ranked(images_of(known, variant, split))) for variant in known.leading)
    shown = list(islice(((variant, images) for variant, images in ranks if images), MAX_VARIANTS))
    if not shown:
        return None
    fewest = min(len(images) for _, images in shown)
    rows = tuple(
        (variant.label, tuple(face(images[place]) for _, place in picks(len(images), fewest)))
        for variant, images in shown
    )
    return Figure(
        name=f"{study}_predictions",
        title="Prediction and truth",
        caption=f"{labels.split_name(split)} faces with the lowest, the median and the highest NME "
        f"(inter-ocular) of each variant's first seed, among the {fewest} whose pictures are stored.",
        draw="faces",
        data=FaceGrid(headings=tuple(rank for rank, _ in picks(fewest)), rows=rows),
        trials=tuple(dict.fromkeys(one.trial for _, faces in rows for one in faces)),
    )
