"""Errors of single photographs: by seed, as a mean over seeds, and of two networks or decoders side by side."""

from collections.abc import Collection

import numpy as np
import pandas as pd

from reports.query import StudyResults, Variant
from reports.significance import PairedByPerson, paired_by_person
from trainables import metrics


def errors_by_seed(study: StudyResults, variant: Variant, split: str) -> dict[str, np.ndarray]:
    """Trial → NME io of every image that has one; empty before the first trial has finished."""
    if not variant.finished:
        return {}
    frame = study.images(variant, split, ["nme_io"]).dropna()
    return {str(trial): group["nme_io"].to_numpy() for trial, group in frame.groupby("trial")}


def error_by_image(
    study: StudyResults,
    variant: Variant,
    split: str,
    trials: Collection[str],
    metric: str = "nme_io",
    decoder: str = "",
) -> pd.DataFrame:
    """Each image's person and its error as a mean over these trials: columns group and error, by image.

    `metric`: "nme_dataset_box" is divided by the data set's box, every other name stands for `nme_io`.
    """
    trials = tuple(trials)
    if metric == "nme_dataset_box":
        columns = ["image", "group", "errors_px", "norm_dataset_box"]
        frame = study.images(variant, split, columns, trials, decoder)
        errors = np.stack(frame["errors_px"].tolist()) if len(frame) else np.empty((0, 1))
        frame["error"] = metrics.nme(errors, frame["norm_dataset_box"].to_numpy(dtype=np.float64))
    else:
        columns = ["image", "group", "nme_io"]
        frame = study.images(variant, split, columns, trials, decoder).rename(columns={"nme_io": "error"})
    return frame.groupby("image").agg(group=("group", "first"), error=("error", _mean))


def paired_by_image(one: pd.DataFrame, other: pd.DataFrame) -> PairedByPerson | None:
    """One minus the other on the images that both have, each as `error_by_image` gives it; see `paired_by_person`."""
    paired = one.join(other, lsuffix="_one", rsuffix="_other", how="inner")
    differences = (paired["error_one"] - paired["error_other"]).to_numpy()
    return paired_by_person(differences, paired["group_other"].tolist())


def _mean(errors: pd.Series) -> float:
    return float(errors.mean(skipna=False))  # an image is compared by all seeds or by none
