"""The same faces restored by every variant, and as they are: paper 003's Fig. 6.

Source: wan2026sht Fig. 6.
"""

from reports import labels
from reports.drawing import Figure
from reports.hallucinations import restored_faces
from reports.query import Results

STUDIES = ()  # none in particular: built once for each study of the ledger


def build(results: Results, study: str) -> Figure | None:
    """None where the ledger keeps no restored faces."""
    known = results.study(study)
    grid = None if known is None else restored_faces(known)
    if known is None or grid is None:
        return None
    return Figure(
        name=f"{study}_hallucination",
        title="Restored faces",
        caption=f"{labels.split_name(known.main_split)} faces restored by the first seed of each variant, and the "
        "faces as they are. Below a picture: NME (inter-ocular) of the landmarks that the variant finds.",
        draw="faces",
        data=grid,
        trials=tuple(dict.fromkeys(face.trial for _, faces in grid.rows for face in faces)),
    )
