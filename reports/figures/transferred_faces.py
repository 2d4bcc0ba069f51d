"""Faces moved from one view to another: what the transfer starts from, what it aims at, what it makes: Fig. 7.

Source: wan2026sht Fig. 7.
"""

from reports import aggregate, labels, paper_studies, sht
from reports.drawing import Face, FaceGrid, Figure
from reports.hallucinations import restores_faces
from reports.pictures import Images, common, file_name, made_of
from reports.query import Results, StudyResults, Variant

STUDIES = ()  # none in particular: built once for each study of the ledger

HEADINGS = ("condition", "target")


def build(results: Results, study: str) -> Figure | None:
    """None where the ledger keeps no transferred faces."""
    known = results.study(study)
    if known is None or not restores_faces(known):
        return None
    made = [(one, images) for one in known.variants if (images := _transferred(known, one))]
    names = common([images for _, images in made]) if made else []
    if not names:
        return None
    rows = tuple((file_name(name), _row(name, [images for _, images in made])) for name in names)
    return Figure(
        name=f"{study}_transferred_faces",
        title="Transferred faces",
        caption="The face of the condition moved to the landmarks of the target by the first seed of each variant, "
        "which saw both as few pixels, as it sees every face. "
        + " ".join(filter(None, (_quality(known, one) for one, _ in made))),
        draw="faces",
        data=FaceGrid(headings=(*HEADINGS, *(one.label for one, _ in made)), rows=rows),
        trials=tuple(dict.fromkeys(face.trial for _, faces in rows for face in faces)),
    )


def _transferred(study: StudyResults, variant: Variant) -> Images:
    made = made_of(study, variant, paper_studies.SPLIT, sht.TRANSFER)
    return {name: row for name, row in made.items() if row["condition"] is not None}


def _row(name: str, made: list[Images]) -> tuple[Face, ...]:
    first = made[0][name]
    views = (Face(picture=first[each], image=name, trial=first["trial"]) for each in ("condition", "thumbnail"))
    return (*views, *(Face(picture=one[name]["restored"], image=name, trial=one[name]["trial"]) for one in made))


def _quality(study: StudyResults, variant: Variant) -> str:
    """What all test faces say, over all seeds."""
    values = study.values(variant, paper_studies.SPLIT, "psnr", decoder=sht.TRANSFER)
    if not values:
        return ""
    summary = aggregate.mean_over_seeds(values)
    value = labels.number(summary.mean, labels.column("psnr", paper_studies.SPLIT))
    return f"{variant.label}: PSNR {value} dB (n={summary.n})."
