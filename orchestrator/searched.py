"""What the ledger says of a search: which points were asked, what became of them, what others tried of its space."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa

from orchestrator.identity import trial_id
from orchestrator.ledger import Ledger
from orchestrator.plan import ACTIVE, Known, Status, Work, plan_study
from orchestrator.schema import State
from orchestrator.search import Tried, best_of
from orchestrator.session import Opened, Place, known, remembered, stages_of
from search_spaces.domains import Point
from search_spaces.search import COSTS, DEFAULT, Search
from search_spaces.study import Study
from trainables import registry
from trainables.config import collect_mistakes
from trainables.trial import Trial

_TELLING = (State.FINISHED, State.PRUNED, State.DIVERGED)  # of a trial that says something of its point


@dataclass(frozen=True)
class Asked:
    """A point of the search, with its trial."""

    number: int
    work: Work
    stages: tuple[str, ...]  # all trials that it starts from, however far before
    tried: Tried
    is_base: bool

    @property
    def label(self) -> str:
        return DEFAULT if self.is_base else f"point {self.number}"


@dataclass(frozen=True)
class Standing:
    """How far a search is: its own points in their order, and what others tried of the same space."""

    asked: tuple[Asked, ...]
    others: tuple[Tried, ...]
    histories: Mapping[str, Sequence[float]]  # trial → first objective after each epoch, lower is better
    left: int  # at most so many trials follow

    def count(self, *states: State) -> int:
        return sum(each.tried.state in states for each in self.asked)

    def best(self, search: Search) -> Tried | None:
        """Of all that were trained to their end, others' trials too."""
        return best_of(search, [*(each.tried for each in self.asked), *self.others])

    def name_of(self, tried: Tried) -> str:
        return next((each.label for each in self.asked if each.tried is tried), "another study")


def standing_of(opened: Opened, place: Place, retry_failed: bool = False) -> Standing:
    """Points that the space no longer has are left out, and those that its base can no longer be trained at."""
    search, ledger = search_of(opened), Ledger(place.storage)
    rows = sorted((row for row in remembered(opened, place) if row["point"] is not None), key=lambda row: row["number"])
    before = known(ledger)
    found = [
        (point, work_of(opened, point, before, retry_failed), row["trial"])
        for row in rows
        if _is_possible(search, point := json.loads(row["point"]))
    ]
    # Where the base was changed since, what was asked before is another search's.
    points = [point for point, (work, _), trial in found if work.id == trial]
    works = [each for _, each, trial in found if each[0].id == trial]
    own = {work.id for work, _ in works}
    trials = {row["trial"]: row for row in ledger.read("trials").to_pylist()}
    matching = {id: point for id, point in _matching(opened, trials.values()) if id not in own}
    histories = _histories(ledger, [id for id in (*own, *matching) if id in trials])

    def tried(id: str, point: Point) -> Tried:
        return _tried(search, point, trials.get(id), histories.get(id, ()))

    return Standing(
        asked=tuple(
            Asked(number, work, stages, tried(work.id, point), point == search.start[0])
            for number, (point, (work, stages)) in enumerate(zip(points, works, strict=True))
        ),
        others=tuple(tried(id, point) for id, point in matching.items()),
        histories={
            id: [search.objectives[0].sign * value for value in _values_of(search.objectives[0].metric, history)]
            for id, history in histories.items()
        },
        left=_left(opened, [work for work, _ in works], [*points, *matching.values()]),
    )


def _left(opened: Opened, works: Sequence[Work], tried: Sequence[Point]) -> int:
    search = search_of(opened)
    open_ = sum(work.status in ACTIVE for work in works)
    every = search.space.points()
    if every is not None:
        # Some points are one trial: settings that change no result, or two names of one value.
        asked = {work.id for work in works}
        possible = (point for point in every if _is_possible(search, point))
        trials = {trial_id(search.variant(point).trial(search.seed), opened.digest_of): point for point in possible}
        every = [point for id, point in trials.items() if id not in asked]
    untried = search.trials if every is None else sum(point not in tried for point in every)
    return open_ + min(untried, max(0, search.trials - len(works)))


def _is_possible(search: Search, point: Point) -> bool:
    if not search.space.holds(point):
        return False
    with collect_mistakes() as mistakes:
        search.variant(point)
    return not mistakes


def search_of(opened: Opened) -> Search:
    assert opened.search is not None
    return opened.search


def work_of(opened: Opened, point: Point, before: Known, retry_failed: bool) -> tuple[Work, tuple[str, ...]]:
    """The trial of a point, and ids of all its stages. Raises ConfigError where its settings do not go together."""
    search = search_of(opened)
    variant = search.variant(point)
    study = Study(question=search.question, variants=(variant,), seeds=(search.seed,), evaluations=())
    works = {work.id: work for work in plan_study(opened.name, study, before, opened.digest_of, retry_failed).works}
    work = works[trial_id(variant.trial(search.seed), opened.digest_of)]
    if before.states.get(work.id) is State.PRUNED and point != search.start[0]:
        # It was given up in this or in another search; only what needs it whole goes on with it, as the base does.
        work = replace(work, status=Status.DONE)
    return work, tuple(sorted(stages_of(work, works)))


def _matching(opened: Opened, rows: Collection[Mapping[str, Any]]) -> list[tuple[str, Point]]:
    """Trials of the ledger that differ from the base in the space alone, with their points, whoever asked for them.
    Those with a seed by which the best is confirmed stay unseen."""
    search, found = search_of(opened), []
    base = search.base.trial(search.seed)
    same = {"method": base.method.kind, "data_digest": opened.digest_of(base.data)}
    for row in rows:
        if State(row["state"]) not in _TELLING or any(row[column] != value for column, value in same.items()):
            continue
        if row["seed"] in search.confirm:
            continue
        try:
            trial: Trial = registry.rebuild(json.loads(row["config"]))
            point = search.space.point_in(base, trial)
            # An older VERSION of the method or the data is another trial.
            if point is not None and trial_id(trial, opened.digest_of) == row["trial"]:
                found.append((row["trial"], point))
        except ValueError:  # a kind or a setting that is no longer there
            continue
    return found


def look_at(search: Search, ledger: Ledger, trial: str, point: Point) -> Tried:
    """What became of one trial of the search."""
    rows, epochs = (ledger.of_trial(name, trial) for name in ("trials", "epochs"))
    return _tried(search, point, next(iter(rows.to_pylist()), None), _histories_in(epochs).get(trial, ()))


def _histories(ledger: Ledger, trials: Collection[str]) -> dict[str, list[dict[str, float]]]:
    return _histories_in(ledger.read("epochs", only=trials))


def _histories_in(table: pa.Table) -> dict[str, list[dict[str, float]]]:
    """Trial → every validation metric after each epoch, of rows of the table "epochs"."""
    found: dict[str, list[dict[str, float]]] = {}
    for row in table.sort_by("epoch").to_pylist():
        if not row["metric"].startswith("val_"):
            continue
        epochs = found.setdefault(row["trial"], [])
        if len(epochs) < row["epoch"]:
            epochs.append({})
        epochs[-1][row["metric"]] = row["value"]
    return found


def _tried(
    search: Search, point: Point, row: Mapping[str, Any] | None, history: Sequence[Mapping[str, float]]
) -> Tried:
    """What became of a trial, by its row and its epochs."""
    if row is None or State(row["state"]) is State.RUNNING:
        return Tried(point, None)
    selected = history[row["selected_epoch"] - 1] if row["selected_epoch"] and history else {}
    values = [row[each.metric] if each.metric in COSTS else selected.get(each.metric) for each in search.objectives]
    return Tried(
        point=point,
        state=State(row["state"]),
        values=tuple(float(value) for value in values if value is not None),
        history=tuple(_values_of(search.objectives[0].metric, history)),
    )


def _values_of(metric: str, history: Sequence[Mapping[str, float]]) -> list[float]:
    return [metrics[metric] for metrics in history if metric in metrics]
