"""A search as the supply of a launch, on a real ledger: what it asks, in which order, and what it knows again later."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from orchestrator.assignment import Assignment
from orchestrator.ledger import Ledger
from orchestrator.plan import Status
from orchestrator.recorder import TrialRecorder
from orchestrator.schema import State
from orchestrator.searched import Asked, Standing, standing_of
from orchestrator.searching import Searching
from orchestrator.session import Opened, Place, make_plan, remember_question
from orchestrator.storage import Storage
from orchestrator.unit import Unit
from orchestrator.units import units_of
from search_spaces.domains import Integer, Space
from search_spaces.samplers import Nsga2, Random
from search_spaces.search import DEFAULT, Objective, Search
from search_spaces.stopping import Asha
from search_spaces.study import STUDIES, Study
from search_spaces.variants import Resources, Variant
from tests.search_spaces.small_searches import (
    BASE,
    BATCH,
    CHOICES,
    DEFAULT_POINT,
    LR,
    MIXED,
    RATE,
    search,
)
from trainables.config import with_changes

METRIC = "val_nme_io"


def fits(resources: Resources) -> bool:
    return True


@pytest.fixture
def place(storage, tmp_path) -> Place:
    return Place(storage, tmp_path / "data", tmp_path / "cache")


def opened(asked: Search, name: str = "mine") -> Opened:
    base = replace(asked.base, label=asked.base.label or DEFAULT)
    study = Study(question=asked.question, variants=(base,), seeds=(asked.seed,), evaluations=asked.evaluations)
    path = STUDIES / f"{name}.py"
    return Opened(name, study, path, f"marksweep run {name}", lambda data: data.digest(Path("data")), search=asked)


def plain(*variants: Variant, name: str = "other", **settings: Any) -> Opened:
    study = Study(question="Which?", variants=variants, evaluations=(), **settings)
    return replace(opened(search(), name), study=study, search=None)


def put_down(unit: Unit, state: State, *values: float, metric: str = METRIC, **columns: Any) -> None:
    """Into the ledger, as the trial's process leaves it: these validation values after its epochs."""
    recorder = TrialRecorder(Storage(unit.storage), unit.facts)
    recorder.start(anew=unit.anew, parts=unit.parts)
    if values:
        recorder.epochs([{"train_loss": 1.0, metric: value} for value in values])
        recorder.progress(len(values), 1.0)
    if state is State.FINISHED:
        recorder.trained(len(values), 1.0, selected_epoch=values.index(min(values)) + 1, **columns)
    elif state is not State.RUNNING:
        recorder.end(state, **columns)


@dataclass
class Launch:
    """One after the other, without Ray: what was given out, and the point of each."""

    supply: Searching
    given: list[Assignment] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.supply.announce = self.asked.append

    def start(self) -> Assignment | None:
        found = self.supply.next(fits)
        if found is not None:
            self.given.append(found)
        return found

    def end(self, assignment: Assignment, state: State, *values: float, **columns: Any) -> None:
        put_down(assignment.unit, state, *values, **columns)
        self.supply.ended(assignment.unit.id, state)

    def through(self, value_of: Callable[[int], float] = lambda number: 1.0 / (number + 1)) -> "Launch":
        """To its end; all are trained whole."""
        while (assignment := self.start()) is not None:
            self.end(assignment, State.FINISHED, value_of(self.asked[-1].number))
        assert self.supply.is_empty
        return self

    @property
    def points(self) -> list[dict[str, Any]]:
        return [dict(each.tried.point) for each in self.asked]


def launch(asked: Search, place: Place, retry_failed: bool = False) -> Launch:
    return Launch(Searching(opened(asked), place, retry_failed))


def standing(asked: Search, place: Place, retry_failed: bool = False) -> Standing:
    return standing_of(opened(asked), place, retry_failed)


def train(of: Opened, place: Place, value: float = 0.5, state: State = State.FINISHED) -> list[str]:
    """Everything that a plain study has left; the trials' ids."""
    units = [unit for _, unit in units_of(of, make_plan(of, place), place)]
    for unit in units:
        put_down(unit, state, value)
    return [unit.id for unit in units]


def rows(place: Place) -> list[dict[str, Any]]:
    found = [row for row in Ledger(place.storage).read("studies").to_pylist() if row["point"] is not None]
    return sorted(found, key=lambda row: row["number"])


def same(points: Sequence[Any], others: Sequence[Any]) -> bool:
    return sorted(map(repr, points)) == sorted(map(repr, others))


def test_the_base_is_tried_first_then_the_users_points_then_the_samplers(place):
    known = [{**DEFAULT_POINT, LR: rate} for rate in (1e-2, 1e-4)]
    done = launch(search(trials=5, first=tuple(known)), place).through()
    assert done.points[:3] == [DEFAULT_POINT, *known]
    assert len({repr(point) for point in done.points}) == 5
    assert [each.number for each in done.asked] == [0, 1, 2, 3, 4]
    assert [each.label for each in done.asked] == [DEFAULT, "point 1", "point 2", "point 3", "point 4"]


def test_a_point_is_in_the_ledger_before_its_trial_starts(place):
    running = launch(search(trials=3), place)
    for number in range(3):
        assignment = running.start()
        assert assignment is not None
        assert rows(place)[number]["trial"] == assignment.unit.id
        assert json.loads(rows(place)[number]["point"]) == running.points[number]


def test_what_a_search_asks_is_one_row_a_point(place):
    asked = search(trials=2)
    done = launch(asked, place).through()
    first, second = rows(place)
    for row, assignment, label in ((first, done.given[0], DEFAULT), (second, done.given[1], "point 1")):
        assert row["trial"] == assignment.unit.id
        assert row["variant"] == assignment.unit.facts["variant"]
        assert (row["study"], row["question"], row["seed"]) == ("mine", "Which?", 0)
        assert (row["label"], row["baseline"], row["stages"]) == (label, False, [])
        assert {row[column] for column in ("evaluation", "split", "perturbation", "decoder")} == {None}
        assert json.loads(row["search"]) == json.loads(json.dumps(asked.described()))
    assert [first["number"], second["number"]] == [0, 1]


def test_an_assignment_is_the_bases_trial_with_the_points_settings_and_no_evaluations(place):
    running = launch(search(RATE, first=({LR: 1e-2},), base=replace(BASE, resources=Resources(cpus=2))), place)
    running.start()
    second = running.start()
    assert second is not None
    assert second.unit.trial["recipe"]["optimizer"]["lr"] == 1e-2
    assert second.unit.trial["recipe"]["epochs"] == BASE.recipe.epochs
    assert (second.unit.evaluations, second.resources) == ((), Resources(cpus=2))


def test_a_rule_may_give_up_every_point_but_the_base_by_the_first_objective(place):
    running = launch(search(objectives=(Objective(metric="val_auc_io_8", minimize=False),)), place)
    base, other = running.start(), running.start()
    assert base is not None and other is not None
    assert (base.unit.may_be_given_up, other.unit.may_be_given_up) == (False, True)
    # The base is a rival of the others all the same.
    assert {(each.unit.judged_by, each.unit.minimized) for each in (base, other)} == {("val_auc_io_8", False)}
    whole = launch(search(stopping=None, seed=7), place)
    assert [each.unit.judged_by for each in (whole.start(), whole.start()) if each] == ["", ""]


def test_at_most_so_many_run_at_once_and_only_where_there_is_room(place):
    running = launch(search(trials=9, at_once=2), place)
    first, second = running.start(), running.start()
    assert first is not None and second is not None
    assert running.start() is None
    assert not running.supply.is_empty
    running.end(first, State.FINISHED, 0.5)
    assert running.supply.next(lambda resources: False) is None
    assert running.start() is not None
    assert running.start() is None


def test_the_budget_counts_points_whatever_became_of_them(place):
    running = launch(search(trials=4), place)
    states = (State.FINISHED, State.PRUNED, State.DIVERGED, State.FAILED)
    for state in states:
        assignment = running.start()
        assert assignment is not None
        running.end(assignment, state, 0.5)
    assert running.start() is None
    assert running.supply.is_empty
    found = standing(search(trials=4), place)
    assert [found.count(state) for state in states] == [1, 1, 1, 1]
    assert found.left == 0


def test_a_larger_budget_goes_on_where_the_search_was(place):
    before = launch(search(trials=3), place).through()
    assert standing(search(trials=5), place).left == 2
    after = launch(search(trials=5), place).through()
    assert [each.number for each in after.asked] == [3, 4]
    assert len({repr(point) for point in before.points + after.points}) == 5
    assert [json.loads(row["point"]) for row in rows(place)] == before.points + after.points


def test_when_all_is_done_nothing_starts(place):
    launch(search(trials=3), place).through()
    again = launch(search(trials=3), place)
    assert again.supply.is_empty
    assert again.start() is None
    assert standing(search(trials=3), place).left == 0


@pytest.mark.parametrize("cut", range(1, 9))
def test_a_search_that_was_cut_anywhere_tries_every_point_once_and_loses_none(place, cut):
    """Two run when it is cut: both are resumed first, in their order."""
    asked = search(CHOICES, trials=50)
    first = launch(asked, place)
    for _ in range(cut):
        assignment = first.start()
        assert assignment is not None
        first.end(assignment, State.FINISHED, 0.5)
    left = [assignment.unit.id for assignment in (first.start(), first.start()) if assignment is not None]
    for assignment in first.given[cut:]:
        put_down(assignment.unit, State.RUNNING, 0.6)
    assert standing(asked, place).left == 9 - cut
    second = launch(asked, place).through()
    assert [assignment.unit.id for assignment in second.given[: len(left)]] == left
    assert all(assignment.unit.epochs_done == 1 for assignment in second.given[: len(left)])
    assert same(first.points[:cut] + second.points, CHOICES.points() or ())
    assert [row["number"] for row in rows(place)] == list(range(9))
    assert standing(asked, place).left == 0


def test_a_point_whose_trial_never_began_is_started_again(place):
    first = launch(search(trials=2), place)
    given = first.start()
    again = launch(search(trials=2), place)
    assert given is not None and again.start() is not None
    assert again.given[0].unit.id == given.unit.id
    assert again.points == [DEFAULT_POINT]


def test_a_paused_trial_is_resumed_by_the_next_launch_not_by_this_one(place):
    running = launch(search(trials=2), place)
    paused, other = running.start(), running.start()
    assert paused is not None and other is not None
    running.end(paused, State.RUNNING, 0.5)
    running.end(other, State.FINISHED, 0.5)
    assert running.start() is None
    assert standing(search(trials=2), place).left == 1
    resumed = launch(search(trials=2), place).start()
    assert resumed is not None
    assert (resumed.unit.id, resumed.unit.epochs_done) == (paused.unit.id, 1)


def test_what_was_given_up_or_diverged_is_not_tried_again(place):
    running = launch(search(trials=3), place)
    for state, values in ((State.FINISHED, (0.5, 0.4)), (State.PRUNED, (0.9,)), (State.DIVERGED, ())):
        assignment = running.start()
        assert assignment is not None
        running.end(assignment, state, *values)
    found = standing(search(trials=3), place)
    assert found.left == 0
    assert [each.tried.state for each in found.asked] == [State.FINISHED, State.PRUNED, State.DIVERGED]
    assert [each.tried.history for each in found.asked] == [(0.5, 0.4), (0.9,), ()]
    assert [each.tried.values for each in found.asked[:2]] == [(0.4,), ()]


def test_a_failed_point_is_tried_again_when_the_user_asks_and_is_learned_then(place):
    asked = search(RATE, trials=1)
    running = launch(asked, place)
    failed = running.start()
    assert failed is not None
    running.end(failed, State.FAILED, error="KeyError: 'eyes'")
    assert standing(asked, place).left == 0
    assert launch(asked, place).start() is None
    assert standing(asked, place, retry_failed=True).left == 1
    again = launch(asked, place, retry_failed=True)
    retried = again.start()
    assert retried is not None
    assert (retried.unit.id, retried.unit.anew) == (failed.unit.id, True)
    again.end(retried, State.FINISHED, 0.25)
    (told,) = again.supply._proposals._study.get_trials()
    assert (told.state.name, told.value) == ("COMPLETE", 0.25)


def test_trials_of_other_studies_are_known_and_not_tried_again(place):
    """The base and one point are done by an ordinary study: both count, neither is trained again."""
    at = {LR: 1e-2}
    train(plain(BASE, with_changes(BASE, at | {"label": "faster"})), place, value=0.3)
    asked = search(RATE, trials=3, first=(at,))
    found = standing(asked, place)
    assert sorted(each.point[LR] for each in found.others) == [1e-3, 1e-2]
    assert {each.values for each in found.others} == {(0.3,)}
    done = launch(asked, place).through()
    assert [each.number for each in done.asked] == [2]
    assert done.points[0][LR] not in (1e-3, 1e-2)
    after = standing(asked, place)
    assert [each.tried.state for each in after.asked] == [State.FINISHED] * 3
    assert (after.others, after.left) == ((), 0)


def test_trials_with_another_seed_tell_of_their_points_but_those_that_confirm_are_unseen(place):
    at = [{LR: rate} for rate in (1e-2, 1e-4)]
    train(plain(with_changes(BASE, at[0]), seeds=(7,)), place)
    train(plain(with_changes(BASE, at[1]), seeds=(2,)), place)
    found = standing(search(RATE, confirm=(1, 2, 3)), place)
    assert [each.point for each in found.others] == [at[0]]
    found = standing(search(RATE, confirm=(1, 3)), place)
    assert same([each.point for each in found.others], at)


@pytest.mark.parametrize(
    "other",
    [
        with_changes(BASE, {"recipe.epochs": 5}),
        with_changes(BASE, {"method.width": 16}),
        with_changes(BASE, {"data.seed": 3}),
        with_changes(BASE, {LR: 0.5}),
    ],
    ids=["recipe", "method", "data", "out of bounds"],
)
def test_trials_that_are_no_point_of_the_space_tell_nothing(place, other):
    train(plain(other), place)
    assert standing(search(RATE), place).others == ()


def test_trials_of_others_that_have_not_ended_or_failed_tell_nothing(place):
    for rate, state in ((1e-2, State.RUNNING), (1e-4, State.FAILED)):
        train(plain(with_changes(BASE, {LR: rate})), place, state=state)
    assert standing(search(RATE), place).others == ()


def test_the_rest_of_a_finite_space_is_tried_where_others_have_tried_some(place):
    every = CHOICES.points() or []
    train(plain(*(with_changes(CHOICES.at(BASE, point), {"label": repr(point)}) for point in every[:5])), place)
    asked = search(CHOICES, trials=50)
    assert standing(asked, place).left == 4
    assert same(launch(asked, place).through().points, every[5:])
    assert standing(asked, place).left == 0


def test_another_searchs_points_are_known_to_this_one(place):
    launch(search(RATE, trials=4), place).through()
    wider = opened(search(MIXED, trials=4), name="wider")
    assert len(standing_of(wider, place).others) == 4


def test_histories_of_all_are_what_rules_compare_lower_is_better(place):
    asked = search(RATE, trials=2)
    running = launch(asked, place)
    first, second = running.start(), running.start()
    assert first is not None and second is not None
    put_down(first.unit, State.FINISHED, 0.5, 0.4)
    put_down(second.unit, State.PRUNED, 0.7)
    assert standing(asked, place).histories == {first.unit.id: [0.5, 0.4], second.unit.id: [0.7]}
    upside = search(RATE, trials=2, objectives=(Objective(minimize=False),))
    assert standing(upside, place).histories == {first.unit.id: [-0.5, -0.4], second.unit.id: [-0.7]}


def test_the_best_is_of_all_that_were_trained_whole_others_too(place):
    asked = search(RATE, trials=3)
    assert standing(asked, place).best(asked) is None
    running = launch(asked, place)
    for state, value in ((State.FINISHED, 0.5), (State.FINISHED, 0.4), (State.PRUNED, 0.1)):
        assignment = running.start()
        assert assignment is not None
        running.end(assignment, state, value)
    best = standing(asked, place).best(asked)
    assert best is not None and (best.point, best.values) == (running.points[1], (0.4,))
    train(plain(with_changes(BASE, {LR: 0.05})), place, value=0.2)
    best = standing(asked, place).best(asked)
    assert best is not None and best.point == {LR: 0.05}


def test_the_base_is_trained_whole_though_another_search_gave_it_up(place):
    other = with_changes(BASE, {LR: 1e-2, "label": "faster"})
    train(plain(BASE, other), place, state=State.PRUNED)
    running = launch(search(RATE, trials=2, first=({LR: 1e-2},)), place)
    assert running.start() is not None
    assert running.points == [{LR: 1e-3}]
    assert running.start() is None  # the other point stays given up, and counts


def test_several_objectives_are_read_where_each_is_recorded(place):
    both = (Objective(), Objective(metric="peak_memory_mb"))
    asked = search(RATE, trials=2, objectives=both, stopping=None, sampler=Nsga2(population=2))
    running = launch(asked, place)
    first, second = running.start(), running.start()
    assert first is not None and second is not None
    running.end(first, State.FINISHED, 0.5, 0.3, 0.4, peak_memory_mb=120.0)
    running.end(second, State.FINISHED, 0.5, peak_memory_mb=None)
    whole, part = standing(asked, place).asked
    assert whole.tried.values == (0.3, 120.0)  # of the epoch that was selected
    assert part.tried.values == (0.5,)
    best = standing(asked, place).best(asked)
    assert best is not None and best.point == whole.tried.point


def test_points_that_are_no_valid_settings_are_left_out(place):
    """Two workers cannot share a batch of three: six of nine points are left."""
    asked = search(CHOICES, trials=50, base=replace(BASE, resources=Resources(workers=2)))
    assert standing(asked, place).left == 6
    done = launch(asked, place).through()
    assert len(done.points) == 6
    assert {point[BATCH] for point in done.points} == {"2", "4"}
    assert standing(asked, place).left == 0


def test_a_space_with_hardly_a_valid_point_is_to_blame(place):
    """Of a million points one can be trained, the base's: faces without landmarks need a pool of such faces."""
    odd = Space(domains={"recipe.unlabelled": Integer(low=0, high=10**6, why="all but 0 need a pool")})
    running = launch(search(odd, trials=3, sampler=Random()), place)
    assert running.start() is not None
    with pytest.raises(ValueError, match=r"The space has hardly a point that can be trained: .*unlabelled"):
        running.start()


def test_points_that_a_narrower_space_no_longer_has_are_left_out_but_never_trained_again(place):
    wide = launch(search(CHOICES, trials=50), place).through()
    narrow = Space(domains={BATCH: CHOICES.domains[BATCH]})
    asked = search(narrow, trials=50)
    found = standing(asked, place)
    assert len(wide.points) == 9
    assert same([each.point for each in found.others], [{BATCH: each} for each in ("2", "3", "4")])
    assert found.left == 0
    done = launch(asked, place).through()
    assert done.given == []


def test_a_stage_of_the_base_is_what_every_point_starts_from(place):
    stage = with_changes(BASE, {"recipe.epochs": 1, "label": "stage"})
    asked = search(RATE, trials=2, base=replace(BASE, starts_from=(stage,)))
    (id,) = train(plain(stage), place)
    done = launch(asked, place).through()
    assert [assignment.unit.starts_from for assignment in done.given] == [(id,), (id,)]
    assert [row["stages"] for row in rows(place)] == [[id], [id]]


def test_the_confirmation_is_kept_beside_the_points_whichever_is_written_last(place):
    asked = search(RATE, trials=2)
    launch(asked, place).through()
    best = standing(asked, place).best(asked)
    study = asked.confirmation(best.point) if best else None
    assert study is not None
    confirming = replace(opened(asked), study=study)
    remember_question(confirming, make_plan(confirming, place), place)
    launch(search(RATE, trials=3), place).through()
    found = Ledger(place.storage).read("studies").to_pylist()
    assert sum(row["point"] is not None for row in found) == 3
    confirmed = [row for row in found if row["point"] is None]
    assert {row["seed"] for row in confirmed} == set(asked.confirm)
    assert {row["split"] for row in confirmed} == {"test"}


def test_a_given_up_trial_goes_on_where_a_study_needs_it_whole(place):
    running = launch(search(RATE, trials=1, stopping=Asha()), place)
    base = running.start()
    assert base is not None
    running.end(base, State.PRUNED, 0.5)
    (work,) = make_plan(plain(BASE), place).works
    assert (work.id, work.status, work.begun.epochs) == (base.unit.id, Status.RESUME, 1)
