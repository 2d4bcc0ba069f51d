"""The same test faces at every size of heatmap, read by three decoders: paper 002's Fig. 7.

Source: bao2023keyposs Fig. 7.
"""

from reports import keyposs
from reports.drawing import FaceGrid, Figure
from reports.keyposs import Encoding
from reports.pictures import Images, face, images_of, ranked
from reports.query import Results, StudyResults

STUDIES = ()  # none in particular: built once for each study of the ledger

ENCODING: Encoding = "unbiased"
DECODERS = (keyposs.ONE_HOT, keyposs.TWO_HOT, keyposs.KEYPOSS)


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
            tuple(face(read[decoder][name], first[name]) for read in shown.values()),
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
        trials=tuple(dict.fromkeys(one.trial for _, faces in rows for one in faces)),
    )


def _read(study: StudyResults, size: int) -> dict[str, Images]:
    """Decoder → test images of the first finished seed; empty where one of the decoders has none."""
    variant = study.variant(keyposs.label(size, ENCODING))
    if variant is None:
        return {}
    texts = {decoder: keyposs.asked_decoder(variant, decoder) for decoder in DECODERS}
    found = {decoder: images_of(study, variant, keyposs.SPLIT, text) for decoder, text in texts.items()}
    return found if all(found.values()) else {}


def _picked(first: Images, shown: dict[int, dict[str, Images]]) -> dict[str, str]:
    """Rank in words → image, of those that have a picture and are known to every reading."""
    readings = [images for read in shown.values() for images in read.values()]
    faces = ranked(first, *readings)
    if not faces:
        return {}
    places = {"best": 0, "median": (len(faces) - 1) // 2, "worst": len(faces) - 1}
    return {rank: faces[place]["image"] for rank, place in places.items()}
