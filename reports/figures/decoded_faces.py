"""The same test faces at every size of heatmap, read by three decoders: paper 002's Fig. 7.

Source: bao2023keyposs Fig. 7.
"""

from typing import Any

from reports import keyposs
from reports.document import Face, FaceGrid, Figure
from reports.figures import predictions
from reports.keyposs import Encoding
from reports.query import Results, StudyResults, Variant

STUDIES = ()  # none in particular: built once for each study of the ledger

ENCODING: Encoding = "unbiased"
DECODERS = (keyposs.ONE_HOT, keyposs.TWO_HOT, keyposs.KEYPOSS)

Images = dict[str, dict[str, Any]]  # by name


def build(results: Results, study: str) -> Figure | None:
    """None before a network with heatmaps of two sizes has been measured by all these decoders."""
    known = results.study(study)
    if known is None:
        return None
    shown = {size: read for size in keyposs.sizes_of(known) if (read := _read(known, size))}
    if len(shown) < 2:
        return None
    first = next(iter(shown.values()))[keyposs.KEYPOSS]
    faces = _picked(first, shown)
    if not faces:
        return None
    rows = tuple(
        (
            f"{rank}: {keyposs.TITLES[decoder]}",
            tuple(_face(read[decoder][name], first[name]) for read in shown.values()),
        )
        for rank, name in faces.items()
        for decoder in DECODERS
    )
    return Figure(
        name=f"{study}_decoded_faces",
        title="Prediction and truth by size of heatmap",
        caption=f"Test faces with the lowest, the median and the highest NME (inter-ocular) of KeyPosS on the largest "
        f"heatmaps, and what the first seed's networks of each size ({ENCODING} encoding) say of them by one-hot, "
        "two-hot and KeyPosS 2×2.",
        draw="faces",
        data=FaceGrid(headings=tuple(map(keyposs.label, shown)), rows=rows),
        trials=tuple(dict.fromkeys(face.trial for _, faces in rows for face in faces)),
    )


def _read(study: StudyResults, size: int) -> dict[str, Images]:
    """Decoder → test images of the first finished seed; empty where one of the decoders has none."""
    variant = keyposs.find(study, size, ENCODING)
    if variant is None or not variant.finished:
        return {}
    found = {decoder: _images(study, variant, decoder) for decoder in DECODERS}
    return found if all(found.values()) else {}


def _images(study: StudyResults, variant: Variant, decoder: str) -> Images:
    text = keyposs.asked_decoder(variant, decoder)
    frame = study.images(variant, keyposs.SPLIT, predictions.COLUMNS, variant.finished[:1], text)
    return {str(row["image"]): row for row in frame.dropna(subset=["nme_io"]).to_dict("records")}


def _picked(first: Images, shown: dict[int, dict[str, Images]]) -> dict[str, str]:
    """Rank in words → image, of those that have a picture and are known to every reading."""
    readings = [images for read in shown.values() for images in read.values()]
    known = [
        row for name, row in first.items() if row["thumbnail"] is not None and all(name in one for one in readings)
    ]
    ranked = sorted(known, key=lambda row: (row["nme_io"], row["image"]))
    if not ranked:
        return {}
    places = {"best": 0, "median": (len(ranked) - 1) // 2, "worst": len(ranked) - 1}
    return {rank: ranked[place]["image"] for rank, place in places.items()}


def _face(row: dict[str, Any], pictured: dict[str, Any]) -> Face:
    """Few readings keep a picture of this face; it is the same crop in all."""
    return predictions.face({**row, "thumbnail": pictured["thumbnail"], "crop": pictured["crop"]})
