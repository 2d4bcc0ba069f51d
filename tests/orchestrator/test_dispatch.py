"""What starts next and what is tried again, by a clock of our own."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.assignment import Assignment
from orchestrator.capacity import Node
from orchestrator.dispatch import (
    Claim,
    Claiming,
    Dispatcher,
    Ended,
    Fits,
    Limits,
    Planned,
    refuse_what_cannot_fit,
    unshared,
)
from orchestrator.schema import State
from orchestrator.unit import Unit
from search_spaces.variants import Resources

FOUR = [Node(cpus=4)]
LARGE = Resources(cpus=4)
PROCESS_DIED = "The actor died unexpectedly before finishing this task."
NODE_DIED = "The actor died because its node has died. Node Id: 01"
MEMORY = "OutOfMemoryError: CUDA out of memory."
MISTAKE = "KeyError: 'eyes'"


def assignment(id: str, *stages: str, resources: Resources = Resources(), **unit: Any) -> Assignment:  # noqa: B008
    plain = {"recipe": {"batch_size": 8}, "shares": 1}
    made = Unit(plain, {"trial": id}, (), storage="runs", data_root="data", cache="cache", starts_from=stages, **unit)
    return Assignment(made, resources)


@dataclass
class Desk:
    """A launch without Ray: `start` what can, `end` it after some seconds."""

    dispatcher: Dispatcher
    now: float = 0.0

    def start(self) -> list[str]:
        """All that can start now."""
        found = []
        while (given := self.dispatcher.next(self.now)) is not None:
            found.append(given.unit.id)
        return found

    def unit(self) -> Unit:
        given = self.dispatcher.next(self.now)
        assert given is not None
        return given.unit

    def end(self, trial: str, state: State = State.FINISHED, error: str = "", after: float = 0.0) -> bool:
        self.now += after
        return self.dispatcher.ended(Ended(trial, state, error), self.now)


def desk(*assignments: Assignment, nodes: Sequence[Node] = FOUR, claim: Claiming = unshared, **limits: Any) -> Desk:
    return Desk(Dispatcher(Planned(assignments), Limits(**limits), 0.0, nodes, claim))


def test_as_many_start_as_fit_in_the_plans_order_and_the_next_when_one_ends():
    found = desk(*(assignment(id) for id in "abcdef"))
    assert found.start() == ["a", "b", "c", "d"]
    found.end("c")
    assert found.start() == ["e"]
    for id in "abde":
        found.end(id)
    assert found.start() == ["f"]
    assert not found.dispatcher.is_over
    found.end("f")
    assert found.dispatcher.is_over
    assert found.dispatcher.why == ""


def test_a_stage_ends_before_what_starts_from_it_begins_and_others_need_not_wait():
    found = desk(assignment("stage"), assignment("next", "stage"), assignment("last", "next", "stage"), assignment("x"))
    assert found.start() == ["stage", "x"]
    found.end("x")
    assert found.start() == []
    found.end("stage")
    assert found.start() == ["next"]
    found.end("next")
    assert found.start() == ["last"]


def test_stages_that_were_trained_before_are_not_waited_for():
    assert desk(assignment("next", "trained before")).start() == ["next"]


@pytest.mark.parametrize("state", [State.FAILED, State.DIVERGED, State.RUNNING])
def test_what_starts_from_a_stage_that_is_not_there_does_not_start(state):
    found = desk(assignment("stage"), assignment("next", "stage"), assignment("last", "next"), assignment("x"))
    assert found.start() == ["stage", "x"]
    found.end("stage", state, MISTAKE)
    found.end("x")
    assert found.start() == []
    assert found.dispatcher.is_over


def test_nothing_overtakes_a_large_trial():
    found = desk(assignment("a"), assignment("large", resources=LARGE), assignment("b"))
    assert found.start() == ["a"]
    found.end("a")
    assert found.start() == ["large"]
    found.end("large")
    assert found.start() == ["b"]


def test_nothing_overtakes_one_that_is_tried_again():
    found = desk(assignment("large", resources=LARGE), *(assignment(id) for id in "abcdef"))
    assert found.start() == ["large"]
    found.end("large")
    assert found.start() == ["a", "b", "c", "d"]
    found.end("a", State.FAILED, PROCESS_DIED)
    assert found.start() == ["a"]
    found = desk(assignment("large", resources=LARGE), assignment("a"))
    found.start()
    found.end("large", State.FAILED, PROCESS_DIED)
    assert found.start() == ["large"]


@pytest.mark.parametrize(
    "error, attempts", [(PROCESS_DIED, 3), (MISTAKE, 1), ("DataError: files have changed", 1), (NODE_DIED, 51)]
)
def test_each_class_of_failure_is_tried_again_as_often_as_it_may(error, attempts):
    found = desk(assignment("a"))
    for attempt in range(1, attempts + 1):
        assert found.start() == ["a"]
        assert found.end("a", State.FAILED, error) is (attempt < attempts)
    assert found.start() == []
    assert found.dispatcher.is_over


def test_a_lost_node_is_free():
    """A process may die twice, however many nodes were lost before, between and after."""
    found = desk(assignment("a"))
    for error in (NODE_DIED, PROCESS_DIED, NODE_DIED, NODE_DIED, PROCESS_DIED, NODE_DIED):
        assert found.start() == ["a"]
        assert found.end("a", State.FAILED, error)
    assert found.start() == ["a"]
    assert not found.end("a", State.FAILED, PROCESS_DIED)


def test_failures_of_earlier_launches_count_until_the_user_asks_anew():
    found = desk(assignment("a", failures=2))
    found.start()
    assert not found.end("a", State.FAILED, PROCESS_DIED)
    found = desk(assignment("a", failures=0, anew=True))
    assert found.unit().anew
    assert found.end("a", State.FAILED, PROCESS_DIED)
    assert not found.unit().anew  # or the second attempt would forget the first


def test_what_is_short_of_memory_is_tried_in_twice_as_many_parts_up_to_every_face_alone():
    found = desk(assignment("a"))
    seen = []
    while True:
        seen.append(found.unit().parts)
        if not found.end("a", State.FAILED, MEMORY):
            break
    assert seen == [1, 2, 4, 8]  # the batch is of eight


def test_parts_are_kept_where_something_else_fails_afterwards():
    found = desk(assignment("a"))
    found.start()
    found.end("a", State.FAILED, MEMORY)
    found.start()
    found.end("a", State.FAILED, PROCESS_DIED)
    assert found.unit().parts == 2


def test_a_diverged_trial_is_not_tried_again():
    found = desk(assignment("a"))
    found.start()
    assert not found.end("a", State.DIVERGED, "Diverged: the loss of step 3 is no number")
    assert found.dispatcher.is_over


def test_no_more_start_after_so_many_failures_of_one_cause():
    """Numbers in an error do not make it another one; what runs goes on."""
    found = desk(*(assignment(id) for id in "abcdefgh"), same_failures=3)
    found.start()
    found.end("a", State.FAILED, "ValueError: 68 landmarks are not 98 in face 17")
    found.end("b", State.FAILED, MISTAKE)
    found.end("c", State.FAILED, "ValueError: 68 landmarks are not 98 in face 40")
    assert found.start() == ["e", "f", "g"]
    found.end("e", State.FAILED, "ValueError: 29 landmarks are not 98 in face 3")
    assert found.start() == []
    assert not found.dispatcher.is_over
    for id in "dfg":
        found.end(id)
    assert found.dispatcher.is_over
    assert found.dispatcher.why.startswith("3 trials failed of one cause: ValueError: 29 landmarks")


def test_trials_that_are_tried_again_are_no_failures_yet():
    found = desk(*(assignment(id) for id in "abcd"), same_failures=1)
    found.start()
    for id in "abc":
        assert found.end(id, State.FAILED, PROCESS_DIED)
    assert found.start() == ["a", "b", "c"]


def test_failing_fast_stops_at_the_first_and_keeping_going_at_none():
    found = desk(*(assignment(id) for id in "abcdef"), same_failures=1)
    found.start()
    found.end("a", State.FAILED, MISTAKE)
    assert found.start() == []
    assert found.dispatcher.why == f"a trial failed: {MISTAKE}"
    found = desk(*(assignment(str(number)) for number in range(40)), same_failures=None)
    while started := found.start():
        for id in started:
            found.end(id, State.FAILED, MISTAKE)
    assert (found.dispatcher.is_over, found.dispatcher.why) == (True, "")


def test_after_the_hours_nothing_starts_and_what_runs_is_awaited():
    found = desk(*(assignment(id) for id in "abcdef"), hours=2)
    found.start()
    found.end("a", after=7199)
    assert found.start() == ["e"]
    found.end("b", after=1)
    assert found.start() == []
    assert found.dispatcher.why == "the time of --hours is over"
    for id in "cde":
        assert not found.dispatcher.is_over
        found.end(id)
    assert found.dispatcher.is_over


def test_gpu_hours_are_those_of_all_devices_of_all_trials_the_running_ones_too():
    nodes = [Node(cpus=16, gpus=4)]
    pair, half = Resources(workers=2, gpus=1), Resources(gpus=0.5)
    found = desk(
        assignment("pair", resources=pair),
        assignment("half", resources=half),
        assignment("cpu"),
        nodes=nodes,
        gpu_hours=5,
    )
    found.start()
    found.now = 3600
    assert found.dispatcher.gpu_hours(found.now) == 2.5
    found.end("pair")
    assert found.dispatcher.gpu_hours(2 * 3600) == 3.0
    assert found.end("half", after=3600) is False
    assert found.dispatcher.gpu_hours(9 * 3600) == 3.0


def test_spent_gpu_hours_end_a_launch():
    one = Resources(gpus=1)
    found = desk(*(assignment(id, resources=one) for id in "abc"), nodes=[Node(cpus=8, gpus=1)], gpu_hours=1.5)
    assert found.start() == ["a"]
    found.end("a", after=3600)
    assert found.start() == ["b"]
    found.end("b", after=1800)
    assert found.start() == []
    assert found.dispatcher.why == "the hours of --gpu-hours are spent"
    assert found.dispatcher.is_over


def test_an_attempt_that_is_tried_again_has_spent_its_gpu_too():
    found = desk(assignment("a", resources=Resources(gpus=1)), nodes=[Node(cpus=1, gpus=1)])
    found.start()
    found.end("a", State.FAILED, PROCESS_DIED, after=1800)
    found.start()
    found.end("a", after=1800)
    assert found.dispatcher.gpu_hours(found.now) == 1.0


def test_a_trial_that_was_paused_for_want_of_time_ends_the_launch_with_a_reason():
    """Another would not come to the end of an epoch either."""
    found = desk(*(assignment(id) for id in "abcdef"), hours=1)
    found.start()
    found.end("a", State.RUNNING, after=3500)
    assert found.start() == []
    assert found.dispatcher.why == "the time of --hours is over"
    for id in "bcd":
        found.end(id, State.RUNNING)
    assert found.dispatcher.is_over


def test_the_first_reason_stands():
    found = desk(assignment("a"))
    found.dispatcher.interrupt("one")
    found.dispatcher.interrupt("two")
    assert found.dispatcher.why == "one"
    assert found.start() == []
    assert found.dispatcher.is_over


def test_a_cluster_that_became_too_small_is_noticed_and_one_that_grew_is_used():
    found = desk(assignment("a", resources=LARGE), assignment("b", resources=LARGE))
    found.start()
    found.dispatcher.nodes = [Node(cpus=2)]
    assert not found.dispatcher.is_stuck  # it waits for what runs
    found.end("a")
    assert found.start() == []
    assert found.dispatcher.is_stuck
    assert not found.dispatcher.is_over
    found.dispatcher.nodes = [Node(cpus=2), Node(cpus=4)]
    assert found.start() == ["b"]
    assert not found.dispatcher.is_stuck


def test_one_that_is_tried_again_can_be_stuck_too():
    found = desk(assignment("a", resources=LARGE))
    found.start()
    found.dispatcher.nodes = []
    assert found.end("a", State.FAILED, NODE_DIED)
    assert found.start() == []
    assert found.dispatcher.is_stuck
    found.dispatcher.nodes = FOUR
    assert found.start() == ["a"]


def test_what_could_never_fit_is_refused_with_what_there_is():
    refuse_what_cannot_fit([Resources(), LARGE], FOUR)
    with pytest.raises(ValueError, match=r"has 4 CPUs and 0 GPUs on 1 node; .*gpus=1.* does not fit"):
        refuse_what_cannot_fit([Resources(), Resources(gpus=1)], FOUR)
    with pytest.raises(ValueError, match=r"2 nodes; .*does not fit"):
        refuse_what_cannot_fit([Resources(cpus=3)], [Node(2), Node(2)])


def test_what_is_pending_says_what_it_needs_each_once():
    planned = Planned([assignment("a"), assignment("b"), assignment("c", resources=LARGE)])
    assert planned.needs == [Resources(), LARGE]


@dataclass
class Endless:
    """A supply that gives nothing now, and is not empty."""

    told: list[tuple[str, State]] = field(default_factory=list)
    is_empty: bool = False
    needs: Sequence[Resources] = ()

    def next(self, fits: Fits, claim: Claiming = unshared) -> Assignment | None:
        return None

    def ended(self, trial: str, state: State) -> None:
        self.told.append((trial, state))


def test_a_launch_is_not_over_while_its_supply_may_still_give_something():
    dispatcher = Dispatcher(Endless(), Limits(), 0.0, FOUR)
    assert dispatcher.next(0.0) is None
    assert not dispatcher.is_over


outcomes = st.sampled_from([State.FINISHED, State.FINISHED, State.FAILED, State.DIVERGED, State.PRUNED])
errors = st.sampled_from([PROCESS_DIED, NODE_DIED, MEMORY, MISTAKE])
sizes = st.sampled_from([Resources(), Resources(cpus=2), LARGE, Resources(workers=3)])


@given(st.lists(st.tuples(sizes, st.booleans()), min_size=1, max_size=8), st.data())
def test_every_launch_ends_and_never_holds_more_than_the_cluster(trials, data):
    made, last = [], ""
    for number, (resources, chained) in enumerate(trials):
        made.append(assignment(str(number), *([last] if chained and last else []), resources=resources))
        last = str(number)
    found = desk(*made, same_failures=None)
    by_id, running, started = {each.unit.id: each for each in made}, [], 0
    while not found.dispatcher.is_over:
        running += found.start()
        assert running, "a launch that is not over has something running"
        taken = [by_id[id].resources for id in running]
        assert sum(max(1, each.workers) * each.cpus for each in taken) <= 4
        id = running.pop(data.draw(st.integers(0, len(running) - 1)))
        state = data.draw(outcomes)
        found.end(id, state, data.draw(errors) if state is State.FAILED else "")
        started += 1
        assert started < 10_000


class Others:
    """Another launch on the same storage: it has some trials, and has brought others to an end."""

    def __init__(self, *has: str, **ended: State) -> None:
        self.has, self.ended, self.given = set(has), ended, 0

    def __call__(self, unit: Unit) -> Claim:
        if unit.id in self.has:
            return Claim()
        if unit.id in self.ended:
            return Claim(ended=self.ended[unit.id])
        self.given += 1
        return Claim(f"token {self.given}")


def test_what_another_launch_has_is_passed_over_and_waited_for():
    others = Others("a", "c")
    found = desk(*(assignment(id) for id in "abcd"), claim=others)
    assert found.start() == ["b", "d"]
    found.end("b")
    found.end("d")
    assert not found.dispatcher.is_over
    others.has.remove("a")
    assert found.unit().lease == "token 3"
    found.end("a")
    others.has, others.ended = set(), {"c": State.FINISHED}
    assert found.start() == []
    assert found.dispatcher.is_over


def test_what_starts_from_a_stage_of_another_launch_waits_for_it_and_is_blocked_where_it_failed():
    others = Others("stage")
    found = desk(assignment("stage"), assignment("next", "stage"), claim=others)
    assert found.start() == []
    others.has, others.ended = set(), {"stage": State.FINISHED}
    assert found.start() == ["next"]

    found = desk(assignment("stage"), assignment("next", "stage"), claim=Others(stage=State.FAILED))
    blocked: list[str] = []
    assert isinstance(found.dispatcher.supply, Planned)
    found.dispatcher.supply.announce_blocked = blocked.append
    assert found.start() == []
    assert blocked == ["next"]
    assert found.dispatcher.is_over


def test_what_was_lost_to_another_launch_goes_on_here_when_that_one_leaves_it():
    others = Others()
    found = desk(assignment("a"), assignment("b"), claim=others)
    assert found.start() == ["a", "b"]
    others.has = {"a"}
    found.dispatcher.lost("a", 1.0)
    assert found.start() == []
    found.end("b")
    assert not found.dispatcher.is_over
    others.has = set()
    assert found.unit().lease == "token 3"


def test_what_is_tried_again_is_claimed_again_and_others_pass_it_while_another_launch_has_it():
    others = Others()
    found = desk(assignment("a"), assignment("b", resources=LARGE), claim=others)
    assert found.start() == ["a"]
    others.has = {"a"}
    assert found.end("a", State.FAILED, PROCESS_DIED)
    assert found.start() == ["b"]
    found.end("b")
    others.has = set()
    assert found.unit().lease == "token 3"
