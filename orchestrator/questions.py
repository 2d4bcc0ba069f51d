"""What the ledger says of studies: what was asked, and how far it is. Read without torch, and fast for ten thousand
trials."""

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from orchestrator.board import Goal
from orchestrator.ledger import Ledger
from orchestrator.schema import UNSUCCESSFUL, State


@dataclass
class Question:
    """A study's question, from its rows of the ledger's table "studies"."""

    study: str
    command: str = ""
    names: dict[str, tuple[str, int]] = field(default_factory=dict)  # its own trials → label and seed
    stages: dict[str, tuple[str, ...]] = field(default_factory=dict)  # its own trials → all that they start from
    points: list[str] = field(default_factory=list)  # trials of its search, as they were asked for
    goal: Goal | None = None  # what the search looks for first
    budget: int = 0  # points that the search may try

    @cached_property
    def trials(self) -> dict[str, None]:
        """All that it needs, stages before what starts from them."""
        every: dict[str, None] = {}
        for trial in self.names:
            every |= dict.fromkeys((*self.stages.get(trial, ()), trial))
        return every

    @property
    def unasked(self) -> int:
        """Points that its search may try yet."""
        return max(0, self.budget - len(self.points))

    @property
    def expected(self) -> int:
        """How many trials it will have in all."""
        return len(self.trials) + self.unasked

    def blocked(self, rows: Mapping[str, Mapping[str, Any]]) -> set[str]:
        """Its trials that cannot run, because one that they start from failed."""
        return {
            trial
            for trial, stages in self.stages.items()
            if trial not in rows and any(stage in rows and has_failed(rows[stage]) for stage in stages)
        }


def questions(ledger: Ledger, study: str | None) -> list[Question]:
    """The questions of all studies, or of this one with whatever settings. Raises ValueError where it was not asked."""
    columns = ["study", "command", "trial", "label", "seed", "stages", "number", "point", "search"]
    found: dict[str, Question] = {}
    stem = None if study is None else name_of(study)
    points: dict[str, list[tuple[int, str]]] = {}
    for row in ledger.read("studies").select(columns).to_pylist():
        name = row["study"]
        if stem is not None and name != stem and not name.startswith(f"{stem}+"):
            continue
        one = found.setdefault(name, Question(name))
        one.command = one.command or row["command"] or ""
        one.names[row["trial"]] = row["label"] or "", row["seed"] or 0
        if row["stages"]:
            one.stages[row["trial"]] = tuple(row["stages"])
        if row["point"] is not None:
            points.setdefault(name, []).append((row["number"], row["trial"]))
            if one.goal is None:
                search = json.loads(row["search"])
                one.goal, one.budget = Goal(**search["objectives"][0]), search["trials"]
    for name, numbered in points.items():
        found[name].points = [trial for _, trial in sorted(numbered)]
    if stem is not None and not found:
        raise ValueError(
            f"The ledger in {ledger.storage.location} has no study {stem!r}. Start it with: marksweep run {stem}"
        )
    return list(found.values())


def name_of(study: str) -> str:
    """The ledger's name of a study that was given by name or as a file."""
    return Path(study).stem if study.endswith(".py") else study


def trial_rows(
    ledger: Ledger, columns: Iterable[str], trials: Collection[str] | None = None
) -> dict[str, dict[str, Any]]:
    """Rows of the table "trials" by trial, of these or of all that have begun."""
    begun = None if trials is None else set(ledger.storage.names("trials")).intersection(trials)
    rows = ledger.read("trials", only=begun).select(["trial", *columns]).to_pylist()
    return {row["trial"]: row for row in rows}


def has_failed(row: Mapping[str, Any]) -> bool:
    return State(row["state"]) in UNSUCCESSFUL


def goal_values(ledger: Ledger, goal: Goal, rows: Mapping[str, Mapping[str, Any]]) -> dict[str, float]:
    """What a search looks for, of the finished ones of these trials: a column of "trials", or a metric of the epoch
    that was selected."""
    finished = {trial: row for trial, row in rows.items() if row["state"] == State.FINISHED.value}
    if goal.metric in next(iter(finished.values()), {}):
        return {trial: row[goal.metric] for trial, row in finished.items() if row[goal.metric] is not None}
    selected = {trial: row["selected_epoch"] for trial, row in finished.items() if row["selected_epoch"]}
    if not selected:
        return {}
    epochs = ledger.read("epochs", only=selected)
    epochs = epochs.filter(pc.field("metric") == goal.metric)
    keys = pa.table({"trial": list(selected), "epoch": pa.array(selected.values(), pa.int64())})
    joined = epochs.join(keys, ["trial", "epoch"], join_type="inner")
    return dict(zip(joined["trial"].to_pylist(), joined["value"].to_pylist(), strict=True))


def best_of(goal: Goal, values: Mapping[str, float]) -> tuple[str, float] | None:
    """The trial that a search likes best so far, and its value."""
    choose = min if goal.minimize else max
    return choose(values.items(), key=lambda item: item[1], default=None)
