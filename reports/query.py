"""The ledger as data for tables and figures: what each study asked for, and what was measured."""

import json
import math
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from statistics import mean
from typing import Any, Protocol

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from orchestrator.schema import UNSUCCESSFUL
from reports import evaluation_rows, search_results
from reports.aggregate import Measurement
from reports.document import Progress
from reports.evaluation_rows import EvaluationRows
from reports.image_values import ImageValues
from reports.progress import progress_of
from reports.search_results import SearchResults
from reports.series import numbered
from reports.variants import Variant, Way, variants_of

TRIAL_COLUMNS = [
    "trial", "seed", "method", "dataset", "data_digest", "state", "error", "traceback", "updated_at", "seconds",
    "host", "hardware", "git_commit", "git_dirty", "versions", "selected_epoch", "parameters", "macs", "peak_memory_mb",
    "training_images",
]  # fmt: skip
MOST_SHOWN = 21  # variants that a figure can tell apart, by seven colours and three strokes
LEADING = 7  # of more than so many: a colour for each
JUDGED_BY = "nme_io"


class ReadsTables(Protocol):
    """What reports need of `orchestrator.ledger.Ledger`."""

    def read(
        self, name: str, only: Collection[str] | None = None, columns: Collection[str] | None = None
    ) -> pa.Table: ...


class Results:
    """The ledger, read when asked for and as little as it takes: a study's own rows, images only for figures."""

    def __init__(self, ledger: ReadsTables) -> None:
        self.ledger = ledger
        self.trials: dict[str, dict[str, Any]] = {}  # trial → `TRIAL_COLUMNS`, of the studies that were asked for
        self._by_name: dict[str, StudyResults] = {}

    def studies(self) -> tuple[str, ...]:
        """Names of the studies in the ledger, in the order in which they came."""
        return self._names

    def study(self, name: str) -> "StudyResults | None":
        """None if the ledger does not know it: nobody ran it yet."""
        if name not in self._names:
            return None
        if name not in self._by_name:
            rows = self.ledger.read("studies", only=[name]).to_pylist()
            trials = self.ledger.read("trials", only={row["trial"] for row in rows}, columns=TRIAL_COLUMNS)
            self.trials |= {row["trial"]: row for row in trials.to_pylist()}
            self._by_name[name] = StudyResults(self, name, rows)
        return self._by_name[name]

    @cached_property
    def image_values(self) -> ImageValues:
        """What numbers are means over, each image's own value."""
        return ImageValues(self.ledger)

    @cached_property
    def series(self) -> dict[tuple[str, str], int]:
        """(study, label) → the number of a variant's colour."""
        labels: dict[str, list[str]] = {}
        rows = self.ledger.read("studies", columns=["study", "label", "point"])
        rows = rows.filter(rows["point"].is_null())
        for study, label in zip(*(rows[name].to_pylist() for name in ("study", "label")), strict=True):
            labels.setdefault(study, []).append(label)
        return numbered(labels)

    @cached_property
    def _names(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(self.ledger.read("studies", columns=["study"])["study"].to_pylist()))


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A trial that a study asks for. `state` is a `State`, or TO_RUN."""

    label: str
    seed: int
    trial: str
    state: str


class StudyResults:
    """One study: its variants with their states, and the values behind its cells.

    A search's trials are no variants: they are in `search`, and the variants are what it confirms.
    """

    def __init__(self, results: Results, name: str, rows: list[dict[str, Any]]) -> None:
        self._results = results
        self.name = name
        self.question: str = rows[0]["question"] or ""
        self.command: str = rows[0]["command"] or run_command(name)
        self._points = [row for row in rows if row.get("point") is not None]  # older rows have no such column
        states = {row["trial"]: results.trials[row["trial"]]["state"] for row in rows if row["trial"] in results.trials}
        self.variants = variants_of([row for row in rows if row.get("point") is None], states)

    @cached_property
    def search(self) -> SearchResults | None:
        """None where the study is none."""
        if not self._points:
            return None
        rows = self._epochs([row["trial"] for row in self._points], search_results.metrics(self._points))
        epochs: dict[tuple[str, str], dict[int, float]] = {}
        columns = (rows[name].to_pylist() for name in ("trial", "metric", "epoch", "value"))
        for trial, metric, epoch, value in zip(*columns, strict=True):
            epochs.setdefault((trial, metric), {})[epoch] = value
        return search_results.read(self._points, self._results.trials, epochs)

    @property
    def baseline(self) -> Variant | None:
        return next((variant for variant in self.variants if variant.baseline), None)

    def variant(self, label: str) -> Variant | None:
        """The variant that the study calls so; None if it asks for no such."""
        return next((variant for variant in self.variants if variant.label == label), None)

    @property
    def progress(self) -> Progress:
        states = {one.trial: one.state for one in self._of_variants()}  # a trial that two variants share counts once
        return progress_of(states.values(), self.search.states if self.search else ())

    @cached_property
    def leading(self) -> tuple[Variant, ...]:
        """The variants that figures show, in the study's order: all of them, or of more than a figure can tell apart
        the baseline and the best by NME io."""
        if len(self.variants) <= MOST_SHOWN:
            return self.variants

        def place(variant: Variant) -> float:
            values = [one.value for one in self.values(variant, self.main_split, JUDGED_BY)]
            return -math.inf if variant.baseline else mean(values) if values else math.inf

        chosen = sorted(self.variants, key=place)[:LEADING]
        return tuple(variant for variant in self.variants if variant in chosen)

    def series(self, variant: Variant) -> int:
        """What figures take the variant's colour from; where a figure does not show all, its place among those."""
        if len(self.variants) > MOST_SHOWN:
            return self.leading.index(variant)
        return self._results.series[self.name, variant.label]

    def splits(self) -> tuple[str, ...]:
        """The splits that the study evaluates, the test set first."""
        asked = {split for variant in self.variants for split, *way in variant.evaluations if not any(way)}
        return tuple(sorted(asked, key=lambda split: ({"test": 0, "val": 1, "train": 2}.get(split, 3), split)))

    @property
    def main_split(self) -> str:
        """The split that figures of the study show: the test set where it evaluates one."""
        return next(iter(self.splits()), "test")

    def values(
        self,
        variant: Variant,
        split: str,
        metric: str,
        subset: str = "all",
        perturbation: str = "",
        decoder: str = "",
    ) -> tuple[Measurement, ...]:
        """One measurement per finished trial that has this metric, by seed. NaN (no eyes to divide by) is none."""
        seeds = dict(zip(variant.trials, variant.seeds, strict=True))
        finished = set(variant.finished)
        rows = [
            row
            for evaluation in variant.asked(split, perturbation, decoder)
            for row in self._evaluations.of(evaluation, subset, metric)
            if row["trial"] in finished
        ]
        measurements = [Measurement(seed=seeds[row["trial"]], variant=variant.variant, **row) for row in rows]
        return tuple(sorted(measurements, key=lambda one: one.seed))

    def metrics(self, split: str) -> frozenset[str]:
        """The metrics of which some trial of the study has a value on a split."""
        return self._evaluations.metrics(split)

    def ways(self) -> tuple[Way, ...]:
        """Every way of measuring that the study asks for, in its own order."""
        return tuple(dict.fromkeys(way for variant in self.variants for way in variant.evaluations))

    def subsets(self, split: str) -> tuple[str, ...]:
        """The subsets of a split that were measured, by name; the whole split is none."""
        plain = frozenset(evaluation for variant in self.variants for evaluation in variant.asked(split))
        return tuple(sorted(self._evaluations.subsets(plain) - {"all"}))

    def is_measured(self, variant: Variant, split: str, perturbation: str = "", decoder: str = "") -> bool:
        """Whether all that the study asks of a variant in this way is in the ledger, whatever its values."""
        progress = variant.progress
        asked = variant.asked(split, perturbation, decoder)
        return progress.done == progress.total and self._evaluations.evaluations.issuperset(asked)

    def history(self, variant: Variant, metrics: Sequence[str]) -> pd.DataFrame:
        """The epochs of a variant's trials, failed ones left out: columns trial, epoch, metric, value."""
        pairs = zip(variant.trials, variant.states, strict=True)
        trials = [trial for trial, state in pairs if state not in UNSUCCESSFUL]
        if variant in self.leading:
            rows = self._leading_epochs.filter(_one_of("trial", trials) & _one_of("metric", metrics))
        else:
            rows = self._epochs(trials, metrics)
        frame = rows.to_pandas().drop_duplicates(["trial", "epoch", "metric"], keep="last")
        return frame.sort_values(["trial", "epoch"])

    def images(
        self,
        variant: Variant,
        split: str,
        columns: Sequence[str],
        trials: Collection[str] | None = None,
        decoder: str = "",
    ) -> pa.Table:
        """Per-image rows on a split: `trial` and the columns asked for. `trials` default to the finished ones."""
        trials = variant.finished if trials is None else trials
        asked = variant.asked(split, decoder=decoder)
        wanted = [evaluation for evaluation, trial in asked.items() if trial in trials]
        return self._results.ledger.read("images", only=wanted, columns=("trial", *columns))

    def declaration(self, variant: Variant) -> dict[str, Any]:
        """Method, data and recipe of the variant as plain data; empty before a trial has finished."""
        return self._declared.get(next(iter(variant.finished), ""), {})

    def declarations(self, trials: Collection[str]) -> dict[str, dict[str, Any]]:
        """The same of single trials, of those that the ledger knows: trial → plain data."""
        rows = self._results.ledger.read("trials", only=trials, columns=("trial", "config"))
        return {row["trial"]: json.loads(row["config"] or "{}") for row in rows.to_pylist()}

    def asked(self) -> Iterator[Asked]:
        """Every trial of the study, those of a search after the others. One that two variants share comes twice."""
        yield from self._of_variants()
        for point in self.search.points if self.search else ():
            yield Asked(label=point.label, seed=point.seed, trial=point.trial, state=point.state)

    def _of_variants(self) -> Iterator[Asked]:
        for variant in self.variants:
            for seed, trial, state in zip(variant.seeds, variant.trials, variant.states, strict=True):
                yield Asked(label=variant.label, seed=seed, trial=trial, state=state)

    def _epochs(self, trials: Collection[str], metrics: Sequence[str]) -> pa.Table:
        return self._results.ledger.read("epochs", only=trials).filter(_one_of("metric", metrics))

    @cached_property
    def _leading_epochs(self) -> pa.Table:
        """Read at once: figures ask for one variant after the other."""
        return self._results.ledger.read("epochs", only={one for variant in self.leading for one in variant.trials})

    @cached_property
    def _declared(self) -> dict[str, dict[str, Any]]:
        return self.declarations([trial for variant in self.variants for trial in variant.finished[:1]])

    @cached_property
    def _evaluations(self) -> EvaluationRows:
        asked = {id for variant in self.variants for ids in variant.evaluations.values() for id in ids}
        return EvaluationRows(self._results.ledger.read("evaluations", only=asked, columns=evaluation_rows.COLUMNS))


def _one_of(column: str, values: Iterable[str]) -> pc.Expression:
    return pc.field(column).isin(pa.array(list(values), pa.string()))  # typed, so that an empty list filters, too


def run_command(study: str) -> str:
    return f"marksweep run {study}"
