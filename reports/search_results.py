"""A search in the ledger: the points that it has tried, in order, and what each reached on validation faces."""

import json
import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from orchestrator.schema import UNSUCCESSFUL, State
from reports.document import Progress
from reports.progress import TO_RUN, progress_of

Kind = Literal["uniform", "log", "integer", "choice"]
Epochs = Mapping[tuple[str, str], Mapping[int, float]]  # trial and metric → the value after each epoch


@dataclass(frozen=True, kw_only=True)
class Objective:
    """`metric`: "val_…" of the selected epoch, or what the ledger says of a trial, such as "macs"."""

    metric: str
    minimize: bool = True

    @property
    def sign(self) -> int:
        """What makes values of which lower ones are better."""
        return 1 if self.minimize else -1


@dataclass(frozen=True, kw_only=True)
class Domain:
    """The values that a setting may take: from `low` to `high`, or one of `options` by name."""

    path: str
    kind: Kind
    low: float = 0.0
    high: float = 0.0
    options: tuple[str, ...] = ()
    given: tuple[str, str] | None = None  # (path, name) of a choice without which the setting does not exist

    def exists(self, chosen: Mapping[str, Any]) -> bool:
        """Whether the setting is open where this is chosen."""
        return self.given is None or chosen.get(self.given[0]) == self.given[1]

    def holds(self, one: Any) -> bool:
        return one in self.options if self.kind == "choice" else self.low <= one <= self.high


@dataclass(frozen=True, kw_only=True)
class Point:
    """A trial of a search. `chosen`: path → number or name, of the settings that exist there.

    `values`: one for each objective; None where it has none. A trial that was stopped early has the best value that it
    had until then, which is what it was stopped by.
    `history`: the first objective after each epoch that had a number; empty where it is no validation metric.
    """

    number: int  # in the order of asking; 0 is the base
    label: str
    trial: str
    variant: str
    seed: int
    state: str  # a `State`, or TO_RUN
    chosen: Mapping[str, float | str]
    values: tuple[float | None, ...]
    history: Mapping[int, float]

    @property
    def is_measured(self) -> bool:
        """Whether it may be compared with others: trained to its end, with a number for each objective."""
        return self.state == State.FINISHED and None not in self.values

    @property
    def is_stopped(self) -> bool:
        return self.state == State.PRUNED

    @property
    def is_failed(self) -> bool:
        return self.state in UNSUCCESSFUL

    def value(self, place: int) -> float:
        """Of an objective, by its place among them. Only for points that have it."""
        value = self.values[place]
        assert value is not None
        return value


@dataclass(frozen=True, kw_only=True)
class SearchResults:
    """Objectives and domains as declared, `budget` in trials, and the points so far by number."""

    objectives: tuple[Objective, ...]
    domains: tuple[Domain, ...]
    budget: int
    confirmed: bool = True  # whether what it finds is to be trained anew with other seeds
    points: tuple[Point, ...]

    @property
    def measured(self) -> tuple[Point, ...]:
        return tuple(point for point in self.points if point.is_measured)

    @property
    def default(self) -> Point | None:
        """The base's own point; None before it is asked for."""
        return next((point for point in self.points if point.number == 0), None)

    @property
    def best(self) -> Point | None:
        """The measured point with the best value of the first objective, the first of equal ones."""
        first = self.objectives[0]
        return min(self.measured, key=lambda point: first.sign * point.value(0), default=None)

    def is_best(self, point: Point) -> bool:
        """Whether it is as good as the best by the first objective."""
        return self.best is not None and point.is_measured and point.value(0) == self.best.value(0)

    def best_so_far(self, place: int) -> tuple[tuple[int, float], ...]:
        """Number and value of each measured point that was better than all before it, by one objective."""
        sign, found = self.objectives[place].sign, []
        for point in self.measured:
            if not found or sign * point.value(place) < sign * found[-1][1]:
                found.append((point.number, point.value(place)))
        return tuple(found)

    @property
    def front(self) -> tuple[Point, ...]:
        """The measured points than which no other is better by one objective and no worse by the others."""
        signed = [
            (point, [each.sign * point.value(place) for place, each in enumerate(self.objectives)])
            for point in self.measured
        ]
        return tuple(point for point, mine in signed if not any(_dominates(theirs, mine) for _, theirs in signed))

    @property
    def states(self) -> tuple[str, ...]:
        """Of all trials that budget and space allow, those that nobody asked for yet included."""
        unasked = min(self.budget, _num_points(self.domains)) - len(self.points)
        return tuple(point.state for point in self.points) + (TO_RUN,) * unasked

    @property
    def progress(self) -> Progress:
        return progress_of((), self.states)


def read(rows: Sequence[Mapping[str, Any]], trials: Mapping[str, Mapping[str, Any]], epochs: Epochs) -> SearchResults:
    """From a search's rows of the table "studies", one or more; `trials` has the columns of "trials" by trial.

    Points that the space no longer has are left out, as the search itself does.
    """
    declared = json.loads(rows[0]["search"])
    objectives = tuple(Objective(**each) for each in declared["objectives"])
    domains = tuple(_domain(path, each) for path, each in declared["domains"].items())
    points = [
        _point(row, trials.get(row["trial"], {}), objectives, epochs)
        for row in sorted(rows, key=lambda row: row["number"])
    ]
    return SearchResults(
        objectives=objectives,
        domains=domains,
        budget=declared["trials"],
        confirmed=declared.get("confirm", True),
        points=tuple(point for point in points if _holds(domains, point.chosen)),
    )


def metrics(rows: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """What `read` needs of the table "epochs"."""
    return tuple(each["metric"] for each in json.loads(rows[0]["search"])["objectives"])


def _domain(path: str, described: Mapping[str, Any]) -> Domain:
    given = described.get("given")
    return Domain(
        path=path,
        kind=described["kind"],
        low=described.get("low", 0.0),
        high=described.get("high", 0.0),
        options=tuple(described.get("options", ())),
        given=tuple(given) if given else None,
    )


def _holds(domains: Sequence[Domain], chosen: Mapping[str, Any]) -> bool:
    """Whether it chooses from its domain for every setting that exists, and for no other."""
    open_ = {domain.path: domain for domain in domains if domain.exists(chosen)}
    return open_.keys() == chosen.keys() and all(open_[path].holds(one) for path, one in chosen.items())


def _num_points(domains: Sequence[Domain]) -> int:
    """Of a space of choices alone; more than any budget for others."""
    points: list[dict[str, str]] = [{}]
    for domain in domains:
        if domain.kind != "choice":
            return sys.maxsize
        without = [point for point in points if not domain.exists(point)]
        points = [{**point, domain.path: name} for point in points if domain.exists(point) for name in domain.options]
        points += without
    return len(points)


def _point(row: Mapping[str, Any], trial: Mapping[str, Any], objectives: Sequence[Objective], epochs: Epochs) -> Point:
    history = {epoch: _finite(value) for epoch, value in epochs.get((row["trial"], objectives[0].metric), {}).items()}
    return Point(
        number=row["number"],
        label=row["label"],
        trial=row["trial"],
        variant=row["variant"],
        seed=row["seed"],
        state=trial.get("state", TO_RUN),
        chosen=json.loads(row["point"]),
        values=tuple(_value(row["trial"], trial, each, epochs) for each in objectives),
        history={epoch: value for epoch, value in history.items() if value is not None},
    )


def _value(name: str, trial: Mapping[str, Any], objective: Objective, epochs: Epochs) -> float | None:
    if not objective.metric.startswith("val_"):
        return _finite(trial.get(objective.metric))
    by_epoch = epochs.get((name, objective.metric), {})
    if trial.get("selected_epoch") in by_epoch:
        return _finite(by_epoch[trial["selected_epoch"]])
    known = [value for value in map(_finite, by_epoch.values()) if value is not None]
    if trial.get("state") != State.PRUNED or not known:
        return None
    return min(known, key=lambda value: objective.sign * value)


def _finite(value: float | None) -> float | None:
    return float(value) if value is not None and math.isfinite(value) else None


def _dominates(one: Sequence[float], other: Sequence[float]) -> bool:
    pairs = list(zip(one, other, strict=True))
    return all(mine <= theirs for mine, theirs in pairs) and any(mine < theirs for mine, theirs in pairs)
