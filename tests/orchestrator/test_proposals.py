"""Points that every sampler proposes: none twice, all of a finite space, and what Optuna is told of each."""

import math
import random
from collections.abc import Iterable

import optuna
import pytest
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import FrozenTrial, TrialState

from orchestrator.schema import State
from orchestrator.search import Proposals, Tried, best_of
from search_spaces.domains import Integer, Point, Space
from search_spaces.samplers import CmaEs, GaussianProcess, Nsga2, Nsga3, Random, Tpe
from search_spaces.search import Objective, Search
from tests.search_spaces.small_searches import BASE, BATCH, CHOICES, CURRICULUM, LR, MIXED, RATE, START, search
from trainables.config import with_changes

ONE = (Tpe(startup=4), GaussianProcess(startup=4), CmaEs(), Random(), Nsga2(population=4), Nsga3(population=4))
SEVERAL = (Tpe(startup=4), GaussianProcess(startup=4), Random(), Nsga2(population=4), Nsga3(population=4))
TWO = (Objective(), Objective(metric="val_auc_io_8", minimize=False))

pytestmark = pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")


def by_name(samplers: Iterable) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("sampler", samplers, ids=lambda each: type(each).__name__)


def nme(point: Point) -> float:
    """Best at a learning rate of 1e-3, a batch of four, and no curriculum."""
    return abs(math.log10(point[LR]) + 3) / 10 + 0.05 * (point[BATCH] != "4") + 0.02 * (point[CURRICULUM] == "on")


def finished(point: Point, asked: Search) -> Tried:
    return Tried(point, State.FINISHED, (nme(point), 1 - nme(point))[: len(asked.objectives)])


def tried(asked: Search, known: list[Tried], count: int) -> list[Tried]:
    """What is known after so many more points, one after the other."""
    proposals = Proposals(asked, known)
    found = list(known)
    for _ in range(count):
        point = proposals.propose()
        assert point is not None
        found.append(finished(point, asked))
        proposals.learn(found[-1])
    return found


def inner(proposals: Proposals) -> list[FrozenTrial]:
    """What Optuna knows."""
    return proposals._study.get_trials()


def points_of(some: list[Tried]) -> set[str]:
    return {repr(sorted(each.point.items())) for each in some}


@by_name(ONE)
def test_every_proposal_is_a_new_point_of_the_space(sampler):
    found = tried(search(sampler=sampler, stopping=None), [], 14)
    assert all(MIXED.holds(each.point) for each in found)
    assert len(points_of(found)) == 14


@by_name(SEVERAL)
def test_every_sampler_of_several_objectives_proposes_new_points(sampler):
    found = tried(search(sampler=sampler, stopping=None, objectives=TWO), [], 10)
    assert len(points_of(found)) == 10


@by_name(ONE)
def test_a_finite_space_is_tried_whole_and_then_there_is_none_left(sampler):
    asked = search(CHOICES, sampler=sampler, stopping=None)
    proposals = Proposals(asked, [])
    found = []
    while (point := proposals.propose()) is not None:
        found.append(Tried(point, State.FINISHED, (float(len(found)),)))
        proposals.learn(found[-1])
    assert len(found) == len(points_of(found)) == 9
    assert proposals.propose() is None
    assert Proposals(asked, found).propose() is None


def test_whole_numbers_are_tried_to_the_last_too():
    space = Space(domains={"recipe.epochs": Integer(low=1, high=30, why="few")})
    proposals = Proposals(search(space, sampler=Tpe(startup=2)), [])
    found = []
    while (point := proposals.propose()) is not None:
        found.append(point["recipe.epochs"])
        proposals.learn(Tried(point, State.FINISHED, (abs(found[-1] - 3.0),)))  # TPE would look around 3 alone
    assert sorted(found) == list(range(1, 31))


@by_name(ONE)
def test_points_at_once_differ_though_none_has_ended(sampler):
    proposals = Proposals(search(sampler=sampler, stopping=None), [])
    points = [proposals.propose() for _ in range(8)]
    assert len(points_of([Tried(point, None) for point in points])) == 8


@by_name(ONE)
def test_a_search_that_was_interrupted_repeats_no_point_and_forgets_none(sampler):
    asked = search(sampler=sampler, stopping=None)
    before = tried(asked, [], 12)
    after = tried(asked, before, 6)
    assert after[:12] == before
    assert len(points_of(after)) == 18
    told = inner(Proposals(asked, after))
    assert [trial.state for trial in told] == [TrialState.COMPLETE] * 18
    assert [trial.values for trial in told] == [list(each.values) for each in after]
    assert [trial.params for trial in told] == [dict(each.point) for each in after]


def test_points_that_are_still_being_trained_are_not_proposed_after_a_restart_and_are_learned_later():
    asked = search(CHOICES)
    every = CHOICES.points()
    proposals = Proposals(asked, [Tried(point, None) for point in every[:-1]])
    assert proposals.propose() == every[-1]
    assert proposals.propose() is None
    proposals.learn(Tried(every[3], State.FINISHED, (0.25,)))
    assert (inner(proposals)[3].state, inner(proposals)[3].value) == (TrialState.COMPLETE, 0.25)


def test_the_same_search_asks_the_same_points_and_another_seed_others():
    first, again, other = (tried(search(seed=seed, confirm=(9,)), [], 12) for seed in (0, 0, 1))
    assert first == again
    assert not points_of(first) & points_of(other)


def told_of(become: Tried, **settings) -> FrozenTrial:
    """By `learn`, and by `known` after a restart: the same."""
    asked = search(RATE, **settings)
    proposals = Proposals(asked, [])
    proposals.add(Tried(become.point, None))
    proposals.learn(become)
    (learned,), (known,) = inner(proposals), inner(Proposals(asked, [become]))
    assert (learned.state, learned.params) == (known.state, known.params)
    assert learned.intermediate_values == known.intermediate_values
    return known


AT = {LR: 1e-3}


def test_a_trial_that_was_given_up_is_told_as_pruned_with_every_epoch_that_it_had():
    trial = told_of(Tried(AT, State.PRUNED, (0.3,), (0.5, 0.4, 0.3)))
    assert (trial.state, trial.values) == (TrialState.PRUNED, None)
    assert trial.intermediate_values == {1: 0.5, 2: 0.4, 3: 0.3}


def test_a_trial_that_diverged_is_told_as_given_up_at_once_whatever_it_had_before():
    trial = told_of(Tried(AT, State.DIVERGED, (), (0.1, 0.05)))
    assert (trial.state, trial.intermediate_values) == (TrialState.PRUNED, {})


def test_samplers_avoid_where_trials_diverge():
    """A third of the rates, the largest, diverge: a random sampler would take a third of its points there."""
    asked = search(RATE, sampler=Tpe(startup=10))
    proposals, large = Proposals(asked, []), []
    for _ in range(40):
        point = proposals.propose()
        assert point is not None
        rate = point[LR]
        large.append(rate > 10 ** (-1 - 4 / 3))
        diverged = Tried(point, State.DIVERGED)
        proposals.learn(diverged if large[-1] else Tried(point, State.FINISHED, (abs(math.log10(rate) + 4),)))
    assert sum(large[20:]) <= 4


@pytest.mark.parametrize(
    "become",
    [
        Tried(AT, State.FAILED),
        Tried(AT, State.FINISHED),  # without the metric
        Tried(AT, State.FINISHED, (math.nan,)),
        Tried(AT, State.FINISHED, (math.inf,)),
    ],
)
def test_what_says_nothing_of_its_point_is_told_as_a_failure(become):
    assert told_of(become).state is TrialState.FAIL


@pytest.mark.parametrize("state", [State.PRUNED, State.DIVERGED])
def test_of_several_objectives_none_is_known_of_what_was_not_trained_whole(state):
    trial = told_of(Tried(AT, state, (), (0.5,)), objectives=TWO, stopping=None)
    assert (trial.state, trial.intermediate_values) == (TrialState.FAIL, {})


def test_several_objectives_have_a_direction_each():
    asked = search(RATE, objectives=TWO, stopping=None)
    proposals = Proposals(
        asked, [Tried({LR: rate}, State.FINISHED, (1.0, auc)) for rate, auc in ((1e-3, 0.5), (1e-2, 0.6))]
    )
    assert [direction.name for direction in proposals._study.directions] == ["MINIMIZE", "MAXIMIZE"]
    (best,) = proposals._study.best_trials
    assert best.params == {LR: 1e-2}


def test_a_point_that_another_search_gave_up_and_that_was_trained_whole_here_is_told_whole(recwarn):
    given_up = Tried(AT, State.PRUNED, (), (0.5,))
    proposals = Proposals(search(RATE), [given_up])
    proposals.learn(given_up)
    proposals.learn(Tried(AT, State.FINISHED, (0.25,)))
    assert [(trial.state, trial.value) for trial in inner(proposals)][1:] == [(TrialState.COMPLETE, 0.25)]
    assert not [each for each in recwarn if "already reported" in str(each.message)]


def test_a_state_that_is_not_over_changes_nothing():
    proposals = Proposals(search(RATE), [Tried(AT, None)])
    proposals.learn(Tried(AT, State.RUNNING))
    assert inner(proposals)[0].state is TrialState.RUNNING


def test_the_best_is_of_those_trained_to_their_end_by_the_first_objective():
    at = [{LR: 10.0**-place} for place in range(1, 6)]
    some = [
        Tried(at[0], State.FINISHED, (0.5, 0.9)),
        Tried(at[1], State.FINISHED, (0.4, 0.1)),
        Tried(at[2], State.PRUNED, (0.1, 0.9), (0.1,)),
        Tried(at[3], State.FINISHED, (math.nan, 0.9)),
        Tried(at[4], None, (0.0, 0.0)),
    ]
    asked = search(RATE, objectives=TWO, stopping=None)
    assert best_of(asked, some) == some[1]
    reversed_ = search(RATE, objectives=TWO[::-1], stopping=None)
    best = best_of(reversed_, [Tried(each.point, each.state, each.values[::-1]) for each in some])
    assert best is not None
    assert best.point == at[0]
    assert best_of(asked, some[2:]) is None


def test_tpe_finds_the_optimum_of_a_conditional_space():
    found = tried(search(sampler=Tpe()), [], 60)
    assert min(nme(each.point) for each in found) < 0.02
    assert any(START in each.point for each in found)


@by_name((Tpe(), CmaEs()))
def test_a_continued_search_learns_from_what_was_before(sampler):
    """Forty points around the optimum are known: what follows is nearer to it than points drawn evenly, on average."""
    numbers, decay = random.Random(0), "recipe.optimizer.weight_decay"
    rates = [10 ** (-3 + numbers.gauss(0, 0.5)) for _ in range(40)]
    known = [Tried({LR: rate, decay: rate}, State.FINISHED, (abs(math.log10(rate) + 3),)) for rate in rates]
    both = Space(domains={LR: RATE.domains[LR], decay: RATE.domains[LR]})
    proposals = Proposals(search(both, sampler=sampler, base=with_changes(BASE, {decay: 1e-4})), known)
    points = [proposals.propose() for _ in range(8)]
    distances = [abs(math.log10(point[LR]) + 3) for point in points if point is not None]
    assert sum(distances) / 8 < 0.75  # 1.0 where they are drawn evenly


def test_all_is_exported_to_a_storage_that_optuna_reads(tmp_path):
    asked = search(sampler=Nsga2(population=4), stopping=None)
    some = [*tried(asked, [], 6), Tried({LR: 1e-2, BATCH: "2", CURRICULUM: "off"}, State.FAILED)]
    proposals = Proposals(asked, some)
    proposals.propose()  # what is still being trained is left out
    places = {
        str(tmp_path / "journal.log"): JournalStorage(JournalFileBackend(str(tmp_path / "journal.log"))),
        f"sqlite:///{tmp_path}/optuna.db": f"sqlite:///{tmp_path}/optuna.db",
    }
    for place, storage in places.items():
        name = proposals.export(place, "mine")
        read = optuna.load_study(study_name=name, storage=storage)
        assert [trial.params for trial in read.trials] == [dict(each.point) for each in some]
        assert read.best_value == min(each.values[0] for each in some[:-1])
        assert read.trials[-1].state is TrialState.FAIL


def test_what_was_given_up_is_exported_with_its_epochs(tmp_path):
    given_up = Tried(AT, State.PRUNED, (), (0.5, 0.4))
    proposals = Proposals(search(RATE), [Tried({LR: 1e-2}, State.FINISHED, (0.2,)), given_up])
    place = f"sqlite:///{tmp_path}/optuna.db"
    read = optuna.load_study(study_name=proposals.export(place, "mine"), storage=place)
    assert read.trials[1].intermediate_values == {1: 0.5, 2: 0.4}
    with pytest.raises(ValueError, match="has a study 'mine' already"):
        proposals.export(place, "mine")
