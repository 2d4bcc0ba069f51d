"""Landmark metrics: one definition each, used by training, evaluation and reports. NumPy only.

Errors and normalisers are in image px unless a name says otherwise; rates and NME are fractions.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from trainables.schemes import Scheme

Array = NDArray[np.floating]


def point_errors(prediction: Array, truth: Array) -> Array:
    """Euclidean distance of every landmark: two [..., K, 2] arrays → [..., K].

    Source: sagonas2013ibug300w: ‖p̂_k − p_k‖₂ of each point, before it is divided.
    """
    return np.linalg.norm(np.asarray(prediction, dtype=np.float64) - truth, axis=-1)


def normalisers(landmarks: Array, scheme: Scheme, boxes: Array | None = None) -> dict[str, Array]:
    """The lengths that an NME is divided by, from the true landmarks [N, K, 2] in px → each [N], NaN where unknown.

    `io`: outer eye corners; `ip`: pupils (mean of the eye's landmarks where the scheme marks no pupil);
    `box`: √(w·h) of the tight box; `diag`: √(w²+h²) of it; `width`: w of it. Where the data set gives boxes [N, 4]
    (x, y, width, height): `dataset_box` and `dataset_diag` likewise of those.

    Source: sagonas2013ibug300w (io), burgosartizzu2013cofw (ip), zhu2016aflw (box; dataset_box is its face box),
    ma2020dic (width).
    """
    landmarks = np.asarray(landmarks, dtype=np.float64)
    left, right = scheme.outer_eye_corners
    left_pupil, right_pupil = (landmarks[:, list(pupil)].mean(axis=1) for pupil in scheme.pupils)
    # The infinite difference of a face without landmarks is no length.
    absent = np.isnan(landmarks)
    spans = np.where(absent, -np.inf, landmarks).max(axis=1) - np.where(absent, np.inf, landmarks).min(axis=1)
    width, height = np.moveaxis(np.where(np.isfinite(spans), spans, np.nan), -1, 0)
    found = {
        "io": np.linalg.norm(landmarks[:, left] - landmarks[:, right], axis=-1),
        "ip": np.linalg.norm(left_pupil - right_pupil, axis=-1),
        "box": np.sqrt(width * height),
        "diag": np.hypot(width, height),
        "width": width,
    }
    if boxes is not None and np.isfinite(boxes).any():
        found["dataset_box"] = np.sqrt(boxes[:, 2] * boxes[:, 3])
        found["dataset_diag"] = np.hypot(boxes[:, 2], boxes[:, 3])
    return found


def nme(errors_px: Array, normaliser_px: Array) -> Array:
    """Normalised mean error per image: [N, K] errors and [N] lengths → [N] fractions.

    Missing landmarks are NaN and do not count; a prediction that is no number is an infinite error and does. An image
    whose normaliser is zero or NaN gives NaN, and so does one without any landmark: `mean_of_images` drops them.
    """
    valid = ~np.isnan(errors_px)
    total = np.where(valid, errors_px, 0.0).sum(axis=-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = total / valid.sum(axis=-1) / normaliser_px
    return np.where(np.asarray(normaliser_px) > 0, ratio, np.nan)


def mean_of_images(per_image: Array) -> tuple[float, int]:
    """Mean over the images that have a value, and how many have one."""
    values = _valued(per_image)
    return _mean(values), len(values)


def mean_of_subsets(values: Array | Sequence[float], images: Array | Sequence[int]) -> float:
    """The mean over all images from those of disjoint subsets, each weighing its number of images.

    Source: sagonas2013ibug300w: its full set of 689 is 554 common and 135 challenging faces.
    """
    return float(np.average(np.asarray(values, dtype=np.float64), weights=np.asarray(images)))


def nrmse(errors_px: Array, normaliser_px: Array) -> Array:
    """Root mean square of the point errors ÷ a length, per image: [N, K] and [N] → [N] fractions. NaN as in `nme`.

    √(mean_k ‖p̂_k − p_k‖²)/w with w the width of the landmarks; always at least the NME by the same length.
    Source: ma2020dic (public code): its landmark error.
    """
    valid = ~np.isnan(errors_px)
    total = np.where(valid, np.square(errors_px), 0.0).sum(axis=-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.sqrt(total / valid.sum(axis=-1)) / normaliser_px
    return np.where(np.asarray(normaliser_px) > 0, ratio, np.nan)


def pooled(normalised: Array) -> tuple[float, int]:
    """Mean over all landmarks of all images at once, and how many images have one: [N, K] errors ÷ their lengths.

    An image counts by its number of landmarks; `mean_of_images` counts every image alike.
    Source: jin2020wholebody (public code of MMPose): its NME of faces.
    """
    images = int((~np.isnan(normalised)).any(axis=-1).sum())
    return _mean(_valued(normalised)), images


def normalised_errors(errors_px: Array, normaliser_px: Array) -> Array:
    """Every landmark's error ÷ its image's length [N, K]; NaN where the landmark or the length is unknown or zero."""
    length = np.where(np.asarray(normaliser_px) > 0, normaliser_px, np.nan)
    return np.asarray(errors_px, dtype=np.float64) / length[:, None]


def mse(errors_crop: Array) -> float:
    """Mean square of all coordinates in crop-normalised units, from point errors in crop sides.

    A point error holds two coordinates, hence the half. Source: sharif2025resnet18 Table 1 (MSE).
    """
    return _mean(np.square(_valued(errors_crop))) / 2


def accuracy_within(errors_px: Array, threshold_px: float) -> float:
    """Share of landmarks with an error of at most `threshold_px`. Source: sharif2025resnet18 Table 1 (accuracy)."""
    return _share(_valued(errors_px) <= threshold_px)


def auc(per_image_nme: Array, threshold: float) -> float:
    """Area under the CED up to `threshold`, divided by it: exact, no grid. NaN entries are dropped.

    (1/t)∫₀ᵗ F = mean_i max(0, t − NME_i)/t, because each image adds a step of height 1/N at its NME.
    Source: wu2018wflw (AUC, failure rate at 10 %).
    """
    return _mean(np.maximum(threshold - _valued(per_image_nme), 0.0)) / threshold


def failure_rate(per_image_nme: Array, threshold: float) -> float:
    """Share of images whose NME is strictly above `threshold`; of landmarks, where it is given errors of each.

    Source: wu2018wflw.
    """
    return _share(_valued(per_image_nme) > threshold)


def ced(per_image_nme: Array, levels: Sequence[float] | Array) -> Array:
    """Cumulative error distribution F(x): the share of images with NME ≤ x, at each of `levels`.

    Source: sagonas2013ibug300w.
    """
    values = np.sort(_valued(per_image_nme))
    return np.searchsorted(values, np.asarray(levels), side="right") / max(len(values), 1)


def _valued(values: Array) -> Array:
    """All but NaN, flat. Infinite stays: it is the error of a broken prediction."""
    values = np.asarray(values, dtype=np.float64)
    return values[~np.isnan(values)]


def _mean(values: Array) -> float:
    # `values.mean()` gives the same, but takes more than twice as long for few numbers.
    return float(values.sum() / len(values)) if len(values) else float("nan")


def _share(holds: NDArray[np.bool_]) -> float:
    return float(np.count_nonzero(holds) / len(holds)) if len(holds) else float("nan")


PIXELS_OF_ACCURACY = 224  # paper 001 counts its 3 and 5 px in its 224-px crop
ERRONEOUS = 0.05  # of the outer eye corners' distance: a landmark further off is called erroneous
# Normaliser → thresholds in percent of AUC and failure rate: 300W's, WFLW's, COFW's and AFLW's.
THRESHOLDS = {"io": (7, 8, 10), "ip": (8, 10), "box": (7,), "dataset_box": (7,)}
_ERRORS_IO, _ERRORS_CROP = "errors_io", "errors_crop"  # of every landmark, see `by_image`


def summary(errors_px: Array, errors_crop: Array, norms: dict[str, Array]) -> dict[str, tuple[float, int]]:
    """Every aggregate metric of a set of images: name → (value, number of images behind it).

    `norms` as `normalisers` gives them; what needs a length that is not among them is left out.
    """
    return aggregate(by_image(errors_px, errors_crop, norms))


def by_image(errors_px: Array, errors_crop: Array, norms: dict[str, Array]) -> dict[str, Array]:
    """What `aggregate` is made of, computed once for all images: a subset of them is the same rows of each array.

    Errors of every landmark [N, K], in inter-ocular distances and in crop sides; all else is one number an image [N].
    """
    found = {f"nme_{name}": nme(errors_px, norm) for name, norm in norms.items()}
    found[_ERRORS_IO] = normalised_errors(errors_px, norms["io"])
    if "width" in norms:
        found["nrmse_width"] = nrmse(errors_px, norms["width"])
    found["nme_crop_diag"] = nme(np.asarray(errors_crop), np.full(len(errors_crop), np.sqrt(2.0)))
    found[_ERRORS_CROP] = np.asarray(errors_crop)
    return found


def aggregate(rows: dict[str, Array]) -> dict[str, tuple[float, int]]:
    """The metrics of `summary` from these rows of `by_image`."""
    images = len(rows[_ERRORS_CROP])
    result: dict[str, tuple[float, int]] = {}
    for name, values in rows.items():
        if name == _ERRORS_IO:
            result["nme_io_pooled"] = pooled(values)
            result["erroneous_landmarks"] = (failure_rate(values, ERRONEOUS), result["nme_io_pooled"][1])
        elif name == _ERRORS_CROP:
            result["mse"] = (mse(values), images)
            for pixels in (3, 5):
                share = accuracy_within(values * PIXELS_OF_ACCURACY, float(pixels))
                result[f"accuracy_{pixels}px"] = (share, images)
        else:
            result[name] = mean_of_images(values)
    for norm, percents in THRESHOLDS.items():
        for percent in percents if f"nme_{norm}" in rows else ():
            values, (_, valid) = rows[f"nme_{norm}"], result[f"nme_{norm}"]
            result[f"auc_{norm}_{percent}"] = (auc(values, percent / 100), valid)
            result[f"fr_{norm}_{percent}"] = (failure_rate(values, percent / 100), valid)
    return result
