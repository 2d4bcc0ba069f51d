"""The ledger's rows of some evaluations, found by evaluation, subset and metric.

They stay columns until a value is asked for: a study of a thousand trials has a hundred thousand of them, and its
tables show few.
"""

import math
from collections.abc import Iterator
from functools import cached_property
from typing import Any

import pyarrow as pa

OF_ALL_ROWS = ("evaluation", "trial", "dataset", "data_digest", "split", "perturbation", "decoder", "protocol")
OF_EACH = ("subset", "metric", "value", "images")
COLUMNS = (*OF_ALL_ROWS, *OF_EACH)
ADDED_LATER = ("perturbation", "decoder")  # older rows have no such columns


class EvaluationRows:
    def __init__(self, table: pa.Table) -> None:
        self._columns = {name: table[name].combine_chunks() for name in COLUMNS}
        self._values = self._columns["value"].to_pylist()
        self._places: dict[tuple[str, str, str], list[int]] = {}
        self._facts: dict[str, dict[str, Any]] = {}  # of an evaluation, the same in all its rows
        keys = (_shared(self._columns[name]) for name in ("evaluation", "subset", "metric"))
        for place, key in enumerate(zip(*keys, strict=True)):
            self._places.setdefault(key, []).append(place)
        self.evaluations = frozenset(evaluation for evaluation, _, _ in self._places)

    def of(self, evaluation: str, subset: str, metric: str) -> Iterator[dict[str, Any]]:
        """Those that have a value: NaN (no eyes to divide by) is none."""
        for place in self._places.get((evaluation, subset, metric), ()):
            value = self._values[place]
            if not math.isnan(value):
                images = self._columns["images"][place].as_py()
                own = {"subset": subset, "metric": metric, "value": value, "images": images}
                yield self._facts_of(evaluation, place) | own

    def _facts_of(self, evaluation: str, place: int) -> dict[str, Any]:
        if evaluation not in self._facts:
            facts = {name: self._columns[name][place].as_py() for name in OF_ALL_ROWS}
            self._facts[evaluation] = facts | {name: facts[name] or "" for name in ADDED_LATER}
        return self._facts[evaluation]

    def metrics(self, split: str) -> frozenset[str]:
        """Of which some evaluation has a value of a whole split."""
        return self._metrics.get(split, frozenset())

    def subsets(self, evaluations: frozenset[str]) -> frozenset[str]:
        """Those that these were measured on, with "all"."""
        return frozenset(subset for evaluation, subset, _ in self._places if evaluation in evaluations)

    @cached_property
    def _metrics(self) -> dict[str, frozenset[str]]:
        splits = _shared(self._columns["split"])
        found: dict[str, set[str]] = {}
        for (_, subset, metric), places in self._places.items():
            if subset == "all":
                for split in (splits[place] for place in places if not math.isnan(self._values[place])):
                    found.setdefault(split, set()).add(metric)
        return {split: frozenset(metrics) for split, metrics in found.items()}


def _shared(column: pa.Array) -> list[str]:
    """The values, equal ones as one object."""
    encoded = column.dictionary_encode()
    names = encoded.dictionary.to_pylist()
    return [names[index] for index in encoded.indices.to_pylist()]
