"""The same test faces seen by every network: the best, the middle and the worst of the first one. Paper 000's Fig. 5.

Source: kozlowska2026hrmlff Fig. 5.
"""

from typing import Any

from reports import hrmlff, labels
from reports.drawing import FaceGrid, Figure
from reports.pictures import face, images_of, picks, ranked
from reports.query import Results

STUDIES = ()  # none in particular: built once for each study of the ledger

MAX_NETWORKS = 6


def build(results: Results, study: str) -> Figure | None:
    """None before HR-MLFF and another network saw the same faces; drawing is slow, so other studies have none."""
    known = results.study(study)
    if known is None or known.variant(hrmlff.BASELINE) is None:
        return None
    split = known.main_split
    seen = {variant.label: images_of(known, variant, split) for variant in hrmlff.networks_of(known)}
    seen = dict([(label, images) for label, images in seen.items() if images][:MAX_NETWORKS])
    first = next(iter(seen), "")
    faces = ranked(seen[first], *seen.values()) if len(seen) > 1 else []
    if not faces:
        return None
    picked = [(rank, faces[place]) for rank, place in picks(len(faces))]
    rows = tuple(
        (_words(rank, row), tuple(face(images[row["image"]], row) for images in seen.values())) for rank, row in picked
    )
    return Figure(
        name=f"{study}_gallery",
        title="The same faces by every network",
        caption=f"{labels.split_name(split)} faces with the lowest, the median and the highest NME "
        f"(inter-ocular) of {first}, and what the first seed of every network says of them.",
        draw="faces",
        data=FaceGrid(headings=tuple(seen), rows=rows),
        trials=tuple(dict.fromkeys(one.trial for _, shown in rows for one in shown)),
    )


def _words(rank: str, row: dict[str, Any]) -> str:
    tags = [] if row["tags"] is None else list(row["tags"])
    return f"{rank}: {', '.join(tags)}" if tags else rank
