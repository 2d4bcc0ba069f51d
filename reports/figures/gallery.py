"""The same test faces seen by every variant: the best, the middle and the worst of the baseline. Paper 000's Fig. 5.

Source: kozlowska2026hrmlff Fig. 5.
"""

from itertools import islice
from typing import Any

from reports import hrmlff, labels, leading
from reports.drawing import FaceGrid, Figure
from reports.pictures import face, images_of, picks, ranked
from reports.query import Results

STUDIES = ()  # none in particular: built once for each study of the ledger

MOST_SHOWN = 6  # drawing is slow


def build(results: Results, study: str) -> Figure | None:
    """None before the study's baseline and another variant saw the same faces, and for hundreds of variants."""
    known = results.study(study)
    if known is None or known.baseline is None or not leading.are_all(known):
        return None
    split = known.main_split
    # Of paper 000's studies the networks, as in the paper, without the changes of one setting.
    shown = sorted(hrmlff.leading_networks_of(known), key=lambda variant: not variant.baseline)
    seen = ((variant.label, images_of(known, variant, split)) for variant in shown)
    seen = dict(islice(((label, images) for label, images in seen if images), MOST_SHOWN))
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
        title="The same faces by every variant",
        caption=f"{labels.split_name(split)} faces with the lowest, the median and the highest NME "
        f"(inter-ocular) of {first}, and what the first seed of every variant says of them.",
        draw="faces",
        data=FaceGrid(headings=tuple(seen), rows=rows),
        trials=tuple(dict.fromkeys(one.trial for _, shown in rows for one in shown)),
    )


def _words(rank: str, row: dict[str, Any]) -> str:
    tags = [] if row["tags"] is None else list(row["tags"])
    return f"{rank}: {', '.join(tags)}" if tags else rank
