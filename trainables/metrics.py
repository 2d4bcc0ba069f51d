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


def normalisers(landmarks: Array, scheme: Scheme) -> dict[str, Array]:
    """The lengths that an NME is divided by, from the true landmarks [N, K, 2] in px → each [N].

    `io`: outer eye corners; `ip`: pupils (mean of the eye's landmarks where the scheme marks no pupil);
    `box`: √(w·h) of the tight box; `diag`: √(w²+h²) of it.

    Source: sagonas2013ibug300w (io), burgosartizzu2013cofw (ip), zhu2016aflw (box).
    """
    landmarks = np.asarray(landmarks, dtype=np.float64)
    left, right = scheme.outer_eye_corners
    left_pupil, right_pupil = (landmarks[:, list(pupil)].mean(axis=1) for pupil in scheme.pupils)
    width, height = np.moveaxis(np.nanmax(landmarks, axis=1) - np.nanmin(landmarks, axis=1), -1, 0)
    return {
        "io": np.linalg.norm(landmarks[:, left] - landmarks[:, right], axis=-1),
        "ip": np.linalg.norm(left_pupil - right_pupil, axis=-1),
        "box": np.sqrt(width * height),
        "diag": np.hypot(width, height),
    }


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
    """Share of images whose NME is strictly above `threshold`. Source: wu2018wflw."""
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


def summary(errors_px: Array, errors_crop: Array, norms: dict[str, Array]) -> dict[str, tuple[float, int]]:
    """Every aggregate metric of a split: name → (value, number of images behind it)."""
    images = len(errors_px)
    per_image = {name: nme(errors_px, norm) for name, norm in norms.items()}
    result = {f"nme_{name}": mean_of_images(values) for name, values in per_image.items()}
    crop_px = np.asarray(errors_crop) * PIXELS_OF_ACCURACY
    result["nme_crop_diag"] = mean_of_images(nme(np.asarray(errors_crop), np.full(images, np.sqrt(2.0))))
    result["mse"] = (mse(errors_crop), images)
    for pixels in (3, 5):
        result[f"accuracy_{pixels}px"] = (accuracy_within(crop_px, float(pixels)), images)
    valid = result["nme_io"][1]
    for percent in (7, 8, 10):
        result[f"auc_io_{percent}"] = (auc(per_image["io"], percent / 100), valid)
    for percent in (8, 10):
        result[f"fr_io_{percent}"] = (failure_rate(per_image["io"], percent / 100), valid)
    return result
