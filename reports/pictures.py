"""Test faces whose pictures the ledger keeps, with what networks say of them."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from reports import labels
from reports.drawing import Face
from reports.query import StudyResults, Variant

COLUMNS = ["image", "nme_io", "landmarks", "prediction", "crop", "thumbnail", "tags"]
MADE = ["image", "nme_io", "thumbnail", "restored", "condition"]

MOST_FACES = 8  # one below the other
ENOUGH_FOR_PAIRS = 12  # pictures; from here on two of each kind are shown

_IS_NUMBER = pc.field("nme_io").is_valid() & ~pc.field("nme_io").is_nan()

Images = dict[str, dict[str, Any]]  # rows of the ledger by the image's name


def images_of(study: StudyResults, variant: Variant, split: str, decoder: str = "") -> Images:
    """All images of the variant's first finished seed that have an error."""
    if not variant.finished:
        return {}
    return _by_name(study.images(variant, split, COLUMNS, variant.finished[:1], decoder).filter(_IS_NUMBER))


def made_of(study: StudyResults, variant: Variant, split: str, decoder: str = "") -> Images:
    """The images of the variant's first finished seed of which the ledger keeps what the network made, in its order."""
    if not variant.finished:
        return {}
    rows = study.images(variant, split, MADE, variant.finished[:1], decoder)
    return _by_name(rows.filter(pc.field("restored").is_valid() & pc.field("thumbnail").is_valid()))


def common(made: Iterable[Images]) -> list[str]:
    """The first few images that all of these know, in their order."""
    first, *others = made
    return [name for name in first if all(name in other for other in others)][:MOST_FACES]


def file_name(image: str) -> str:
    """The image's name without its folders, for where there is little room."""
    return image.rpartition("/")[2]


def ranked(images: Images, *others: Images) -> list[dict[str, Any]]:
    """Those that have a picture and that all others know too, the best first."""
    known = [row for name, row in images.items() if all(name in other for other in others)]
    pictured = [row for row in known if row["thumbnail"] is not None]
    return sorted(pictured, key=lambda row: (row["nme_io"], row["image"]))


def picks(count: int, fewest: int | None = None) -> list[tuple[str, int]]:
    """(rank in words, place) of one or two of the best, of the median and of the worst of `count` ranked faces.

    `fewest`: the smallest count among those shown beside each other, which decides for all whether it is one or two.
    """
    each = 2 if (count if fewest is None else fewest) >= ENOUGH_FOR_PAIRS else 1
    starts = {"best": 0, "median": (count - each) // 2, "worst": count - each}
    return [(rank, start + k) for rank, start in starts.items() for k in range(each)]


def face(row: dict[str, Any], pictured: dict[str, Any] | None = None) -> Face:
    """A row of `COLUMNS` and its trial as a picture with its two sets of points.

    `pictured`: the row that has the picture of this face, where the row itself keeps none; it is the same face in all.
    """
    shown = row if pictured is None else pictured
    return Face(
        picture=shown["thumbnail"],
        truth=in_thumbnail(row["landmarks"], shown["crop"]),
        prediction=in_thumbnail(row["prediction"], shown["crop"]),
        caption=f"{labels.number(row['nme_io'], labels.column('nme_io', 'test'))} %",
        image=row["image"],
        trial=row["trial"],
    )


def in_thumbnail(points: np.ndarray, crop: np.ndarray) -> tuple[tuple[float, float], ...]:
    """Flat image coordinates through the 2×3 crop matrix, to pixels of the thumbnail."""
    return tuple((float(x), float(y)) for x, y in to_thumbnails(points, crop))


def to_thumbnails(points: np.ndarray, crops: np.ndarray) -> np.ndarray:
    """The same of any number of faces [..., 2K] with their crops [..., 6] → [..., K, 2]."""
    crops = np.asarray(crops, dtype=np.float64)
    matrices = crops.reshape(*crops.shape[:-1], 2, 3)
    points = np.asarray(points, dtype=np.float64)
    image_px = points.reshape(*points.shape[:-1], -1, 2)
    with np.errstate(invalid="ignore"):  # a prediction that is no number is not drawn
        return np.einsum("...kj,...ij->...ki", image_px, matrices[..., :2]) + matrices[..., None, :, 2]


def _by_name(rows: pa.Table) -> Images:
    columns = (rows[name].to_numpy(zero_copy_only=False) for name in rows.column_names)
    found = (dict(zip(rows.column_names, values, strict=True)) for values in zip(*columns, strict=True))
    return {row["image"]: row for row in found}
