"""Where on the face errors are: the mean error of each landmark on the mean face, by network. Paper 000's Fig. 6(b).

Source: kozlowska2026hrmlff Fig. 6(b).
"""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from reports import hrmlff, labels, leading
from reports.drawing import Figure, LandmarkMap, LandmarkMaps
from reports.pictures import to_thumbnails
from reports.query import Results, StudyResults, Variant

STUDIES = ()  # none in particular: built once for each study of the ledger

MAX_NETWORKS = 8  # drawing is slow
COLUMNS = ["errors_px", "norm_io", "landmarks", "crop"]


def build(results: Results, study: str) -> Figure | None:
    """None before a trial has its test images, and for hundreds of variants."""
    known = results.study(study)
    if known is None or not leading.are_all(known):
        return None
    split = known.main_split
    networks = [variant for variant in hrmlff.leading_networks_of(known) if variant.finished]
    shown = [(variant, _map(known, variant, split)) for variant in networks[:MAX_NETWORKS]]
    maps = [(variant, found) for variant, found in shown if found is not None]
    if not maps:
        return None
    return Figure(
        name=f"{study}_error_map",
        title="Error by landmark",
        caption=f"Mean error of each landmark over the {labels.split_name(split).lower()} images and seeds, in "
        "percent of the distance of the outer eye corners, drawn on the mean face of these images in their crops.",
        draw="maps",
        data=LandmarkMaps(value_label="mean error (% io)", maps=tuple(found for _, found in maps)),
        trials=tuple(trial for variant, _ in maps for trial in variant.finished),
    )


def _map(study: StudyResults, variant: Variant, split: str) -> LandmarkMap | None:
    """None where no image has landmarks and eyes. What has no error counts in neither mean."""
    rows = study.images(variant, split, COLUMNS).drop_null()
    rows = rows.filter(pc.field("norm_io") > 0)
    if not len(rows):
        return None
    errors = _matrix(rows["errors_px"]) / rows["norm_io"].to_numpy()[:, None]
    faces = to_thumbnails(_matrix(rows["landmarks"]), _matrix(rows["crop"]))
    points, means = _mean(faces), _mean(errors)
    return LandmarkMap(
        label=variant.label,
        points=tuple((float(x), float(y)) for x, y in points),
        values=tuple(float(value) * 100 for value in means),
    )


def _matrix(lists: pa.ChunkedArray) -> np.ndarray:
    """Lists of one length as rows."""
    return lists.combine_chunks().flatten().to_numpy(zero_copy_only=False).reshape(len(lists), -1)


def _mean(values: np.ndarray) -> np.ndarray:
    """Over the first axis, of what is finite; NaN where nothing is."""
    known = np.isfinite(values)
    total = np.where(known, values, 0.0).sum(axis=0)
    return np.divide(total, known.sum(axis=0), out=np.full_like(total, np.nan), where=known.any(axis=0))
