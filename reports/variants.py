"""The variants of a study, as the ledger's rows of it say: labels, seeds, trials, and how each is measured."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from orchestrator.schema import State
from reports.document import Progress
from reports.progress import TO_RUN, progress_of

Way = tuple[str, str, str]  # how a network was measured: split, perturbation and decoder in words, "" for none


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


def variants_of(rows: Iterable[Mapping[str, Any]], states: Mapping[str, str]) -> tuple[Variant, ...]:
    """In the study's own order. Each has one trial per seed and some evaluations per split; `states` by trial."""
    grouped: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for row in rows:
        grouped.setdefault((row["label"], row["variant"]), []).append(row)
    return tuple(_variant(label, variant, mine, states) for (label, variant), mine in grouped.items())


def _variant(label: str, variant: str, rows: list[Mapping[str, Any]], states: Mapping[str, str]) -> Variant:
    by_seed = sorted({row["seed"]: row["trial"] for row in rows}.items())
    evaluations: dict[Way, dict[str, str]] = {}
    for row in rows:
        if row["evaluation"]:
            way = (row["split"], row["perturbation"] or "", row["decoder"] or "")
            evaluations.setdefault(way, {})[row["evaluation"]] = row["trial"]
    return Variant(
        label=label,
        variant=variant,
        baseline=any(row["baseline"] for row in rows),
        seeds=tuple(seed for seed, _ in by_seed),
        trials=tuple(trial for _, trial in by_seed),
        states=tuple(states.get(trial, TO_RUN) for _, trial in by_seed),
        evaluations=evaluations,
    )
