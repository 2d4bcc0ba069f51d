"""How difficult a face is: its rank among the training faces, stored once for every curriculum and split.

What a data set itself says comes first (`Dataset.hardness`: flags, occluded landmarks); among equals, how far the shape
is from the mean shape of the training set.
"""

import numpy as np
from numpy.typing import NDArray

from trainables.metrics import Array
from trainables.schemes import Scheme

_ROUNDS = 5  # of aligning all shapes to their mean; it no longer moves after three


def difficulty(landmarks: Array, hardness: Array, training: NDArray[np.bool_], scheme: Scheme) -> Array:
    """Percentile rank of each face among the training faces, in [0, 1], 1 the hardest; NaN without three landmarks.

    `landmarks` [N, K, 2], NaN where missing; `hardness` [N]; `training` [N] marks the faces that ranks refer to.
    Equal faces have equal ranks.
    """
    residual = shape_residuals(landmarks, training, scheme)
    known = np.isfinite(residual)
    reference = training & known
    rank = np.full(len(residual), np.nan)
    if not reference.any():
        return rank
    # One number that sorts by hardness, then by residual.
    levels = np.searchsorted(np.unique(hardness), hardness).astype(np.float64)
    key = levels + residual / (1.0 + np.nanmax(residual))
    ordered = np.sort(key[reference])
    below = np.searchsorted(ordered, key[known], side="left")
    middle = (below + np.searchsorted(ordered, key[known], side="right") - 1) / 2
    rank[known] = np.clip(middle / max(len(ordered) - 1, 1), 0.0, 1.0)
    return rank


def shape_residuals(landmarks: Array, training: NDArray[np.bool_], scheme: Scheme) -> Array:
    """RMS distance of each shape to the training mean after the best similarity, in inter-ocular distances of the mean.

    Missing landmarks take no part; NaN where fewer than three are present, for two points fit any shape.
    Source: gower1975procrustes (generalised Procrustes analysis).
    """
    points = np.asarray(landmarks, dtype=np.float64)
    shapes = points[..., 0] + 1j * points[..., 1]  # a similarity is a complex factor and a shift
    present: NDArray[np.bool_] = np.asarray(np.isfinite(points).all(axis=-1))
    usable = present.sum(axis=1) >= 3
    result = np.full(len(shapes), np.nan)
    reference = training & usable
    if not reference.any():
        return result
    mean = _mean_shape(shapes[reference], present[reference])
    left, right = scheme.outer_eye_corners
    distance = np.abs(_align(shapes[usable], present[usable], mean) - mean)
    squares = np.where(present[usable], distance, 0.0) ** 2
    result[usable] = np.sqrt(squares.sum(axis=1) / present[usable].sum(axis=1)) / np.abs(mean[left] - mean[right])
    return result


def _mean_shape(shapes: NDArray[np.complex128], present: NDArray[np.bool_]) -> NDArray[np.complex128]:
    mean = shapes[np.argmax(present.sum(axis=1))]
    mean = np.where(np.isfinite(mean), mean, np.nanmean(mean))
    for _ in range(_ROUNDS):
        mean = mean - mean.mean()
        mean = mean / np.sqrt(np.mean(np.abs(mean) ** 2))
        aligned = np.where(present, _align(shapes, present, mean), 0.0)
        counts = present.sum(axis=0)
        mean = np.where(counts > 0, aligned.sum(axis=0) / np.maximum(counts, 1), mean)
    return mean


def _align(
    shapes: NDArray[np.complex128], present: NDArray[np.bool_], mean: NDArray[np.complex128]
) -> NDArray[np.complex128]:
    """Each shape under the similarity that brings its present landmarks nearest to those of the mean."""
    counts = present.sum(axis=1, keepdims=True)
    source = np.where(present, shapes, 0.0)
    target = np.where(present, mean, 0.0)
    source_centre, target_centre = (values.sum(axis=1, keepdims=True) / counts for values in (source, target))
    centred = np.where(present, shapes - source_centre, 0.0)
    power = (np.abs(centred) ** 2).sum(axis=1, keepdims=True)
    product = (np.conj(centred) * np.where(present, mean - target_centre, 0.0)).sum(axis=1, keepdims=True)
    factor = np.divide(product, power, out=np.zeros_like(product), where=power > 0)
    return (shapes - source_centre) * factor + target_centre
