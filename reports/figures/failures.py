"""The test faces on which each network fails worst: paper 000's Fig. 7.

Source: kozlowska2026hrmlff Fig. 7.
"""

from reports import hrmlff, labels
from reports.drawing import FaceGrid, Figure
from reports.pictures import face, images_of, ranked
from reports.query import Results

STUDIES = ()  # none in particular: built once for each study of the ledger

NUM_FACES = 4  # of which the ledger keeps pictures
MAX_NETWORKS = 6


def build(results: Results, study: str) -> Figure | None:
    """None before a network has pictures of more faces; drawing is slow, so only studies of HR-MLFF have one."""
    known = results.study(study)
    if known is None or known.variant(hrmlff.BASELINE) is None:
        return None
    split = known.main_split
    seen = [(variant.label, ranked(images_of(known, variant, split))) for variant in hrmlff.networks_of(known)]
    rows = tuple(
        (label, tuple(face(row) for row in reversed(faces[-NUM_FACES:])))
        for label, faces in seen
        if len(faces) > NUM_FACES
    )[:MAX_NETWORKS]
    if not rows:
        return None
    return Figure(
        name=f"{study}_failures",
        title="Failures",
        caption=f"The {NUM_FACES} {labels.split_name(split).lower()} faces with the highest NME (inter-ocular) "
        "of each network's first seed, the worst first.",
        draw="faces",
        data=FaceGrid(headings=("worst", "second", "third", "fourth"), rows=rows),
        trials=tuple(dict.fromkeys(one.trial for _, faces in rows for one in faces)),
    )
