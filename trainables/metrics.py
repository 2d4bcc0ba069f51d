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
    return (float(values.mean()) if len(values) else float("nan")), len(values)


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
    values = _valued(normalised)
    images = int((~np.isnan(normalised)).any(axis=-1).sum())
    return (float(values.mean()) if len(values) else float("nan")), images


def normalised_errors(errors_px: Array, normaliser_px: Array) -> Array:
    """Every landmark's error ÷ its image's length [N, K]; NaN where the landmark or the length is unknown or zero."""
    length = np.where(np.asarray(normaliser_px) > 0, normaliser_px, np.nan)
    return np.asarray(errors_px, dtype=np.float64) / length[:, None]


def mse(errors_crop: Array) -> float:
    """Mean square of all coordinates in crop-normalised units, from point errors in crop sides.

    A point error holds two coordinates, hence the half. Source: sharif2025resnet18 Table 1 (MSE).
    """
    errors = _valued(errors_crop)
    return float(np.square(errors).mean() / 2) if len(errors) else float("nan")


def accuracy_within(errors_px: Array, threshold_px: float) -> float:
    """Share of landmarks with an error of at most `threshold_px`. Source: sharif2025resnet18 Table 1 (accuracy)."""
    errors = _valued(errors_px)
    return float((errors <= threshold_px).mean()) if len(errors) else float("nan")


def auc(per_image_nme: Array, threshold: float) -> float:
    """Area under the CED up to `threshold`, divided by it: exact, no grid. NaN entries are dropped.

    (1/t)∫₀ᵗ F = mean_i max(0, t − NME_i)/t, because each image adds a step of height 1/N at its NME.
    Source: wu2018wflw (AUC, failure rate at 10 %).
    """
    values = _valued(per_image_nme)
    return float(np.clip(threshold - values, 0, None).mean() / threshold) if len(values) else float("nan")


def failure_rate(per_image_nme: Array, threshold: float) -> float:
    """Share of images whose NME is strictly above `threshold`; of landmarks, where it is given errors of each.

    Source: wu2018wflw.
    """
    values = _valued(per_image_nme)
    return float((values > threshold).mean()) if len(values) else float("nan")


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


PIXELS_OF_ACCURACY = 224  # paper 001 counts its 3 and 5 px in its 224-px crop
ERRONEOUS = 0.05  # of the outer eye corners' distance: a landmark further off is called erroneous
# Normaliser → thresholds in percent of AUC and failure rate: 300W's, WFLW's, COFW's and AFLW's.
THRESHOLDS = {"io": (7, 8, 10), "ip": (8, 10), "box": (7,), "dataset_box": (7,)}


def summary(errors_px: Array, errors_crop: Array, norms: dict[str, Array]) -> dict[str, tuple[float, int]]:
    """Every aggregate metric of a set of images: name → (value, number of images behind it).

    `norms` as `normalisers` gives them; what needs a length that is not among them is left out.
    """
    images = len(errors_px)
    per_image = {name: nme(errors_px, norm) for name, norm in norms.items()}
    result = {f"nme_{name}": mean_of_images(values) for name, values in per_image.items()}
    of_eyes = normalised_errors(errors_px, norms["io"])
    result["nme_io_pooled"] = pooled(of_eyes)
    result["erroneous_landmarks"] = (failure_rate(of_eyes, ERRONEOUS), result["nme_io_pooled"][1])
    if "width" in norms:
        result["nrmse_width"] = mean_of_images(nrmse(errors_px, norms["width"]))
    crop_px = np.asarray(errors_crop) * PIXELS_OF_ACCURACY
    result["nme_crop_diag"] = mean_of_images(nme(np.asarray(errors_crop), np.full(images, np.sqrt(2.0))))
    result["mse"] = (mse(errors_crop), images)
    for pixels in (3, 5):
        result[f"accuracy_{pixels}px"] = (accuracy_within(crop_px, float(pixels)), images)
    for name, values in per_image.items():
        for percent in THRESHOLDS.get(name, ()):
            valid = result[f"nme_{name}"][1]
            result[f"auc_{name}_{percent}"] = (auc(values, percent / 100), valid)
            result[f"fr_{name}_{percent}"] = (failure_rate(values, percent / 100), valid)
    return result
