"""What a metric is for each single image: what means over a split are made of, and what paired tests compare."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from trainables import metrics

COLUMNS = (
    "evaluation", "image", "group", "tags", "nme_io", "errors_px", "errors_crop",
    "norm_io", "norm_ip", "norm_box", "norm_diag", "norm_width", "norm_dataset_box", "norm_dataset_diag",
)  # fmt: skip
ALL = "all"  # the subset that is the whole split
SAME = 1e-6  # relative: sums of the same numbers in another order

Array = NDArray[np.floating]

_BY_THRESHOLD = re.compile(r"(auc|fr|success)_(\w+)_(\d+)")


@dataclass(frozen=True, kw_only=True)
class Measured:
    """The images of one evaluation: names, the persons whom they show, tags, and what is known of each image."""

    images: NDArray[np.str_]
    persons: NDArray[np.str_]
    tags: pa.ListArray  # of each image
    numbers: dict[str, Array]  # NME by each normaliser and the like, [images]; NaN where an image has none

    def values(self, metric: str, subset: str = ALL) -> Array | None:
        """The metric of every image [images], NaN outside the subset; None for what is no mean over images."""
        found = self._of_all(metric)
        if found is None or subset == ALL:
            return found
        return np.where(self._inside(subset), found, np.nan)

    def _inside(self, subset: str) -> NDArray[np.bool_]:
        inside = np.zeros(len(self.images), bool)
        tagged = self.tags.flatten().to_numpy(zero_copy_only=False) == subset
        inside[self.tags.value_parent_indices().to_numpy()[tagged]] = True
        return inside

    def _of_all(self, metric: str) -> Array | None:
        if metric in self.numbers:
            return self.numbers[metric]
        if not (match := _BY_THRESHOLD.fullmatch(metric)) or f"nme_{match[2]}" not in self.numbers:
            return None
        nme, threshold = self.numbers[f"nme_{match[2]}"], int(match[3]) / 100
        if match[1] == "auc":
            return np.where(np.isnan(nme), np.nan, np.maximum(threshold - nme, 0.0) / threshold)
        return np.where(np.isnan(nme), np.nan, (nme > threshold) == (match[1] == "fr"))


class ImageValues:
    """Reads each evaluation's images once."""

    def __init__(self, ledger: Any) -> None:
        self._ledger = ledger
        self._read: dict[str, Measured | None] = {}

    def load(self, evaluations: Iterable[str]) -> None:
        """Read at once what will be asked for."""
        wanted = [one for one in dict.fromkeys(evaluations) if one not in self._read]
        if not wanted:
            return
        table = self._ledger.read("images", only=wanted, columns=COLUMNS)
        owners = table["evaluation"].combine_chunks().dictionary_encode()
        numbers = owners.indices.to_numpy(zero_copy_only=False)
        rows = {name: np.flatnonzero(numbers == place) for place, name in enumerate(owners.dictionary.to_pylist())}
        for name in wanted:
            self._read[name] = _measured(_rows(table, rows[name])) if name in rows else None

    def of(self, evaluation: str, metric: str, subset: str, recorded: float) -> tuple[Measured, Array] | None:
        """An evaluation's images and the metric of each.

        None where the ledger has none of its images, where the metric is no mean over images, or where that mean is
        not the recorded one: then it was made in another way, and what the images say is not about it.
        """
        self.load([evaluation])
        measured = self._read[evaluation]
        values = None if measured is None else measured.values(metric, subset)
        if measured is None or values is None or np.isnan(values).all():
            return None
        mean = float(np.nanmean(values))
        return (measured, values) if np.isclose(mean, recorded, rtol=SAME, atol=SAME * SAME) else None


def _measured(table: pa.Table) -> Measured:
    errors_px, errors_crop = (_matrix(table[name]) for name in ("errors_px", "errors_crop"))
    lengths = {name.removeprefix("norm_"): _numbers(table[name]) for name in COLUMNS if name.startswith("norm_")}
    numbers: dict[str, Array] = {}
    if errors_px is not None:
        means_px = metrics.nme(errors_px, np.ones(len(errors_px)))  # once: the landmarks are most of the work
        with np.errstate(divide="ignore", invalid="ignore"):
            numbers |= {f"nme_{name}": np.where(of > 0, means_px / of, np.nan) for name, of in lengths.items()}
        numbers["nrmse_width"] = metrics.nrmse(errors_px, lengths["width"])
    numbers["nme_io"] = _numbers(table["nme_io"])  # as it was recorded
    if errors_crop is not None:
        numbers["nme_crop_diag"] = metrics.nme(errors_crop, np.full(len(errors_crop), np.sqrt(2.0)))
    return Measured(
        images=np.asarray(table["image"].to_pylist(), dtype=str),
        persons=np.asarray(table["group"].to_pylist(), dtype=str),
        tags=table["tags"].combine_chunks(),
        numbers={name: values for name, values in numbers.items() if not np.isnan(values).all()},
    )


def _rows(table: pa.Table, places: NDArray[np.integer]) -> pa.Table:
    """Rows of one evaluation lie together in a ledger, and need no copy then."""
    together = places[-1] - places[0] + 1 == len(places)
    return table.slice(places[0], len(places)) if together else table.take(places)


def _numbers(column: pa.ChunkedArray) -> Array:
    return column.combine_chunks().cast(pa.float64()).to_numpy(zero_copy_only=False).astype(np.float64)


def _matrix(column: pa.ChunkedArray) -> Array | None:
    """Lists of one length as [images, landmarks]; None where some image has no list."""
    if column.null_count or not len(column):
        return None
    lists = column.combine_chunks()
    return lists.flatten().to_numpy(zero_copy_only=False).astype(np.float64).reshape(len(lists), -1)
