"""The ledger as data for tables and figures: what each study asked for, and what was measured."""

import json
import math
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from orchestrator.schema import UNSUCCESSFUL, State
from reports import search_results
from reports.aggregate import Measurement
from reports.document import Progress
from reports.progress import TO_RUN, progress_of
from reports.search_results import SearchResults

TRIAL_COLUMNS = [
    "trial", "seed", "method", "dataset", "data_digest", "state", "error", "traceback", "updated_at", "seconds",
    "host", "hardware", "git_commit", "git_dirty", "versions", "selected_epoch", "parameters", "macs", "peak_memory_mb",
]  # fmt: skip
EVALUATION_COLUMNS = [
    "evaluation", "trial", "dataset", "data_digest", "split", "subset", "perturbation", "decoder", "protocol", "metric",
    "value", "images",
]  # fmt: skip


Way = tuple[str, str, str]  # how a network was measured: split, perturbation and decoder in words, "" for none


class ReadsTables(Protocol):
    """What reports need of `orchestrator.ledger.Ledger`."""

    def read(self, name: str, only: Collection[str] | None = None) -> pa.Table: ...


@dataclass(frozen=True, kw_only=True)
class Variant:
    """One line of a study: the same trial under several seeds."""

    label: str
    variant: str
    baseline: bool
    seeds: tuple[int, ...]
    trials: tuple[str, ...]  # in the order of `seeds`, like `states`
    states: tuple[str, ...]  # a `State`, or TO_RUN
    evaluations: Mapping[Way, Mapping[str, str]]  # evaluation that the study asks for → its trial

    def asked(self, split: str, perturbation: str = "", decoder: str = "") -> Mapping[str, str]:
        """Evaluation → its trial: all that the study asks for on a split, measured in one way."""
        return self.evaluations.get((split, perturbation, decoder), {})

    @property
    def finished(self) -> tuple[str, ...]:
        return tuple(t for t, state in zip(self.trials, self.states, strict=True) if state == State.FINISHED)

    @property
    def progress(self) -> Progress:
        return progress_of(self.states)


class Results:
    """The ledger, read when asked for and as little as it takes: a study's own rows, images only for figures."""

    def __init__(self, ledger: ReadsTables) -> None:
        self.ledger = ledger
        self._by_name: dict[str, StudyResults] = {}

    def studies(self) -> tuple[str, ...]:
        """Names of the studies in the ledger, in the order in which they came."""
        return tuple(self._study_rows)

    def study(self, name: str) -> "StudyResults | None":
        """None if the ledger does not know it: nobody ran it yet."""
        if name not in self._study_rows:
            return None
        if name not in self._by_name:
            self._by_name[name] = StudyResults(self, name, self._study_rows[name])
        return self._by_name[name]

    @cached_property
    def trials(self) -> dict[str, dict[str, Any]]:
        """Trial → the columns that reports use."""
        return {row["trial"]: row for row in self.ledger.read("trials").select(TRIAL_COLUMNS).to_pylist()}

    @cached_property
    def _study_rows(self) -> dict[str, list[dict[str, Any]]]:
        grouped: dict[str, list[dict[str, Any]]] = {}
        for row in self.ledger.read("studies").to_pylist():
            grouped.setdefault(row["study"], []).append(row)
        return grouped


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
        self.variants = _variants([row for row in rows if row.get("point") is None], results.trials)

    @cached_property
    def search(self) -> SearchResults | None:
        """None where the study is none."""
        if not self._points:
            return None
        rows = self._epochs.filter(_one_of("metric", search_results.metrics(self._points)))
        epochs: dict[tuple[str, str], dict[int, float]] = {}
        for row in rows.to_pylist():
            epochs.setdefault((row["trial"], row["metric"]), {})[row["epoch"]] = row["value"]
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

    def series(self, variant: Variant) -> int:
        """The variant's place in the study: figures take its colour from it."""
        return self.variants.index(variant)

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
            for row in self._evaluations.get((evaluation, subset, metric), ())
            if row["trial"] in finished and not math.isnan(row["value"])
        ]
        measurements = [Measurement(seed=seeds[row["trial"]], variant=variant.variant, **row) for row in rows]
        return tuple(sorted(measurements, key=lambda one: one.seed))

    def metrics(self, split: str) -> frozenset[str]:
        """The metrics of which some trial of the study has a value on a split."""
        return frozenset(
            metric
            for (_, subset, metric), rows in self._evaluations.items()
            if subset == "all" and any(row["split"] == split and not math.isnan(row["value"]) for row in rows)
        )

    def ways(self) -> tuple[Way, ...]:
        """Every way of measuring that the study asks for, in its own order."""
        return tuple(dict.fromkeys(way for variant in self.variants for way in variant.evaluations))

    def subsets(self, split: str) -> tuple[str, ...]:
        """The subsets of a split that were measured, by name; the whole split is none."""
        plain = {evaluation for variant in self.variants for evaluation in variant.asked(split)}
        found = {subset for evaluation, subset, _ in self._evaluations if evaluation in plain}
        return tuple(sorted(found - {"all"}))

    def is_measured(self, variant: Variant, split: str, perturbation: str = "", decoder: str = "") -> bool:
        """Whether all that the study asks of a variant in this way is in the ledger, whatever its values."""
        progress = variant.progress
        asked = variant.asked(split, perturbation, decoder)
        return progress.done == progress.total and self._measured.issuperset(asked)

    def history(self, variant: Variant, metrics: Sequence[str]) -> pd.DataFrame:
        """The epochs of a variant's trials, failed ones left out: columns trial, epoch, metric, value."""
        pairs = zip(variant.trials, variant.states, strict=True)
        trials = [trial for trial, state in pairs if state not in UNSUCCESSFUL]
        rows = self._epochs.filter(_one_of("trial", trials) & _one_of("metric", metrics))
        frame = rows.to_pandas().drop_duplicates(["trial", "epoch", "metric"], keep="last")
        return frame.sort_values(["trial", "epoch"])

    def images(
        self,
        variant: Variant,
        split: str,
        columns: Sequence[str],
        trials: Sequence[str] | None = None,
        decoder: str = "",
    ) -> pd.DataFrame:
        """Per-image rows on a split: `trial` and the columns asked for. `trials` default to the finished ones."""
        trials = variant.finished if trials is None else trials
        asked = variant.asked(split, decoder=decoder)
        wanted = [evaluation for evaluation, trial in asked.items() if trial in trials]
        return self._results.ledger.read("images", only=wanted).select(["trial", *columns]).to_pandas()

    def declaration(self, variant: Variant) -> dict[str, Any]:
        """Method, data and recipe of the variant as plain data; empty before a trial has finished."""
        rows = self._results.ledger.read("trials", only=variant.finished[:1])
        return json.loads(rows["config"][0].as_py()) if len(rows) else {}

    def asked(self) -> Iterator[Asked]:
        """Every trial of the study, those of a search after the others. One that two variants share comes twice."""
        yield from self._of_variants()
        for point in self.search.points if self.search else ():
            yield Asked(label=point.label, seed=point.seed, trial=point.trial, state=point.state)

    def _of_variants(self) -> Iterator[Asked]:
        for variant in self.variants:
            for seed, trial, state in zip(variant.seeds, variant.trials, variant.states, strict=True):
                yield Asked(label=variant.label, seed=seed, trial=trial, state=state)

    @cached_property
    def _epochs(self) -> pa.Table:
        trials = [one.trial for one in self._of_variants()] + [row["trial"] for row in self._points]
        return self._results.ledger.read("epochs", only=trials)

    @cached_property
    def _measured(self) -> frozenset[str]:
        return frozenset(evaluation for evaluation, _, _ in self._evaluations)

    @cached_property
    def _evaluations(self) -> dict[tuple[str, str, str], list[dict[str, Any]]]:
        asked = {id for variant in self.variants for ids in variant.evaluations.values() for id in ids}
        grouped: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
        if not asked:
            return grouped
        table = self._results.ledger.read("evaluations", only=asked)
        for row in table.select(EVALUATION_COLUMNS).to_pylist():
            # Older rows have no such columns.
            row |= {name: row[name] or "" for name in ("perturbation", "decoder")}
            grouped.setdefault((row["evaluation"], row["subset"], row["metric"]), []).append(row)
        return grouped


def _one_of(column: str, values: Iterable[str]) -> pc.Expression:
    return pc.field(column).isin(pa.array(list(values), pa.string()))  # typed, so that an empty list filters, too


def run_command(study: str) -> str:
    return f"marksweep run {study}"


def _variants(rows: list[dict[str, Any]], trials: dict[str, dict[str, Any]]) -> tuple[Variant, ...]:
    """The study's variants in its own order. Each has one trial per seed and some evaluations per split."""
    grouped: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in rows:
        grouped.setdefault((row["label"], row["variant"]), []).append(row)
    variants = []
    for (label, variant), mine in grouped.items():
        by_seed = sorted({row["seed"]: row["trial"] for row in mine}.items())
        evaluations: dict[Way, dict[str, str]] = {}
        for row in mine:
            if row["evaluation"]:
                way = (row["split"], row["perturbation"] or "", row["decoder"] or "")
                evaluations.setdefault(way, {})[row["evaluation"]] = row["trial"]
        variants.append(
            Variant(
                label=label,
                variant=variant,
                baseline=any(row["baseline"] for row in mine),
                seeds=tuple(seed for seed, _ in by_seed),
                trials=tuple(trial for _, trial in by_seed),
                states=tuple(trials[trial]["state"] if trial in trials else TO_RUN for _, trial in by_seed),
                evaluations=evaluations,
            )
        )
    return tuple(variants)
