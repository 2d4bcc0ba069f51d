"""Errors of single photographs: by seed, as a mean over seeds, and of two networks or decoders side by side."""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from reports.query import StudyResults, Variant
from reports.significance import PairedByPerson, paired_by_person
from trainables import metrics


@dataclass(frozen=True, kw_only=True)
class ErrorByImage:
    """Names of images, each once, the persons whom they show, and an error of each."""

    images: NDArray[np.str_]
    persons: NDArray[np.str_]
    errors: NDArray[np.float64]


def errors_by_seed(study: StudyResults, variant: Variant, split: str) -> dict[str, NDArray[np.float64]]:
    """Trial → NME io of every image that has one; empty before the first trial has finished."""
    if not variant.finished:
        return {}
    rows = study.images(variant, split, ["nme_io"]).combine_chunks()
    trials, errors = _texts(rows["trial"]), _numbers(rows["nme_io"])
    known = ~np.isnan(errors)
    return {str(trial): errors[known & (trials == trial)] for trial in np.unique(trials[known])}


def error_by_image(
    study: StudyResults,
    variant: Variant,
    split: str,
    trials: Collection[str],
    metric: str = "nme_io",
    decoder: str = "",
) -> ErrorByImage:
    """Each image's error as a mean over these trials; NaN where one of them has none: an image is compared by all seeds
    or by none.

    `metric`: "nme_dataset_box" is divided by the data set's box, every other name stands for `nme_io`.
    """
    columns = ["image", "group", *(("errors_px", "norm_dataset_box") if metric == "nme_dataset_box" else ("nme_io",))]
    rows = study.images(variant, split, columns, trials, decoder).combine_chunks()
    if metric == "nme_dataset_box":
        each = rows["errors_px"].combine_chunks().flatten().to_numpy(zero_copy_only=False)
        errors = metrics.nme(each.reshape(len(rows), -1) if len(rows) else each[:, None], _numbers(rows[columns[-1]]))
    else:
        errors = _numbers(rows["nme_io"])
    images, first, place = np.unique(_texts(rows["image"]), return_index=True, return_inverse=True)
    means = np.bincount(place, weights=errors, minlength=len(images)) / np.bincount(place, minlength=len(images))
    return ErrorByImage(images=images, persons=_texts(rows["group"])[first], errors=means)


def paired_by_image(one: ErrorByImage, other: ErrorByImage) -> PairedByPerson | None:
    """One minus the other on the images that both have; see `paired_by_person`."""
    _, mine, theirs = np.intersect1d(one.images, other.images, assume_unique=True, return_indices=True)
    return paired_by_person(one.errors[mine] - other.errors[theirs], other.persons[theirs].tolist())


def _texts(column: pa.ChunkedArray) -> NDArray[np.str_]:
    return np.asarray(column.to_pylist(), dtype=str)


def _numbers(column: pa.ChunkedArray) -> NDArray[np.float64]:
    return column.to_numpy(zero_copy_only=False).astype(np.float64)
