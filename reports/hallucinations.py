"""Restored faces beside each other: the same test faces by every variant that restores them, and as they are."""

import math
from typing import Any

from reports import labels
from reports.drawing import Face, FaceGrid
from reports.pictures import Images, common, file_name, made_of
from reports.query import StudyResults

AS_THEY_ARE = "as they are"


def restores_faces(study: StudyResults) -> bool:
    """Whether something is measured that restores faces; reading the rows of single images is slow."""
    return "psnr" in study.metrics(study.main_split)


def restored_faces(study: StudyResults) -> FaceGrid | None:
    """One row for each face, one column for each variant's first seed, the last one the true crop.

    Below a picture stands the NME (inter-ocular) of the landmarks found with it. None where no variant has a face that
    all others have, too.
    """
    if not restores_faces(study):
        return None
    found = {one.label: made_of(study, one, study.main_split) for one in study.variants}
    made = {label: images for label, images in found.items() if images}
    faces = common(made.values()) if made else []
    if not faces:
        return None
    rows = tuple(
        (file_name(name), (*(_restored(images[name]) for images in made.values()), _true(made, name))) for name in faces
    )
    return FaceGrid(headings=(*made, AS_THEY_ARE), rows=rows)


def _restored(row: dict[str, Any]) -> Face:
    error = math.nan if row["nme_io"] is None else float(row["nme_io"])
    caption = "" if math.isnan(error) else f"{labels.number(error, labels.column('nme_io', 'test'))} %"
    return Face(picture=row["restored"], caption=caption, image=row["image"], trial=row["trial"])


def _true(made: dict[str, Images], name: str) -> Face:
    row = next(iter(made.values()))[name]
    return Face(picture=row["thumbnail"], image=name, trial=row["trial"])
