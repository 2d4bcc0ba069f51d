"""What a plan is expected to take, by hand: from the same variant, from other trials by operations, from nothing."""

from dataclasses import replace

import pytest

from orchestrator.capacity import Node
from orchestrator.estimate import ASSUMED, PACE_COLUMNS, Basis, Expected, expect, paces
from orchestrator.plan import Work, plan_study
from orchestrator.schema import State
from search_spaces.study import Study
from search_spaces.variants import Resources, Variant
from tests.orchestrator.test_plan import NOTHING, digest_of
from trainables.datasets.synthetic import Synthetic
from trainables.methods.resnet18 import ResNet18
from trainables.recipe import Recipe

VARIANT = Variant(method=ResNet18(), data=Synthetic(), recipe=Recipe(epochs=10))
ROW = dict.fromkeys(PACE_COLUMNS) | {
    "trial": "past", "variant": "another", "method": "resnet18", "epochs_run": 4, "seconds": 200.0,
    "training_macs": 1000, "training_images": 50, "workers": 1, "cpus": 1, "gpus": 0.0,
}  # fmt: skip


def works(variant: Variant = VARIANT, seeds: tuple[int, ...] = (0,), states: dict[str, State] | None = None):
    known = replace(NOTHING, states=states or {})
    return plan_study("study", Study(question="?", variants=(variant,), seeds=seeds), known, digest_of).works


def expected(found: tuple[Work, ...], *rows: dict, operations: float | None = 25_000.0):
    return expect(found, paces(rows), lambda work: operations)


def test_the_same_variants_seconds_an_epoch_count_for_its_other_seeds():
    (first, second, third) = works(seeds=(0, 1, 2))
    row = ROW | {"variant": first.variant_id, "trial": first.id}
    done = replace(first, status="done")
    said = expected((done, second, third), row, operations=None)
    assert said.hours == {"core": pytest.approx(2 * 10 * 50 / 3600)}
    assert said.bases == {Basis.SAME: 2}


def test_other_trials_count_by_operations_those_of_the_method_first():
    # 50 s for 1000 × 50 operations, so 25 s for half of them.
    assert expected(works(), ROW).hours == {"core": pytest.approx(10 * 25 / 3600)}
    slower = ROW | {"method": "hrnet", "seconds": 2000.0}
    both = expected(works(), ROW, slower)
    assert both.hours == {"core": pytest.approx(10 * 25 / 3600)}
    assert both.bases == {Basis.SAME_METHOD: 1}
    alone = expected(works(), slower)
    assert alone.hours == {"core": pytest.approx(10 * 250 / 3600)}
    assert alone.bases == {Basis.OTHERS: 1}


def test_devices_are_counted_and_kept_apart():
    on_gpus = replace(VARIANT, resources=Resources(workers=2, cpus=4, gpus=0.5))
    said = expected(works(on_gpus), ROW)  # a core says nothing of a GPU
    assert said.bases == {Basis.ASSUMED: 1}
    assert said.hours == {"GPU": pytest.approx(10 * 25_000 / ASSUMED["GPU"] / 3600)}
    measured = ROW | {"workers": 2, "cpus": 4, "gpus": 0.5}  # 50 s on twice half a GPU
    assert expected(works(on_gpus), ROW, measured).hours == {"GPU": pytest.approx(10 * 25 / 3600)}
    on_cores = ROW | {"workers": 2, "cpus": 4}
    assert expected(works(), on_cores).hours == {"core": pytest.approx(10 * 8 * 25 / 3600)}


def test_a_trial_that_goes_on_counts_by_the_epochs_that_are_left():
    (work,) = works(states={works()[0].id: State.RUNNING})
    said = expected((work,), ROW | {"trial": work.id, "variant": work.variant_id})
    assert said.hours == {"core": pytest.approx(6 * 50 / 3600)}


def test_rows_of_older_ledgers_and_trials_that_never_trained_say_nothing():
    older = ROW | dict.fromkeys(("training_images", "cpus", "gpus"))
    assert paces([older, ROW | {"epochs_run": 0}, ROW | {"seconds": None}]) == []
    assert expected(works(), older).bases == {Basis.ASSUMED: 1}


def test_what_cannot_be_counted_is_not_guessed():
    said = expected(works(), operations=None)
    assert (said.hours, said.bases) == ({}, {})


def test_a_probe_counts_before_other_variants_and_after_past_trials():
    (work,) = works(replace(VARIANT, resources=Resources(workers=2, cpus=3)))
    probed = {("core", work.variant_id): 7.0}  # seconds of an epoch, on six cores
    said = expect((work,), paces([ROW]), lambda work: 25_000.0, probed)
    assert said.bases == {Basis.PROBE: 1}
    assert said.hours == {"core": pytest.approx(10 * 7 * 6 / 3600)}
    assert said.trials == ((work.resources, pytest.approx(70.0)),)
    same = ROW | {"variant": work.variant_id}
    assert expect((work,), paces([same]), lambda work: None, probed).bases == {Basis.SAME: 1}


@pytest.mark.parametrize(
    ("nodes", "seconds"),
    # 30, 20, 20 and 10 s on a core each, then 40 s on two: whatever comes next starts when there is room for it.
    [((Node(1),), None), ((Node(2),), 80.0), ((Node(1), Node(1)), 80.0), ((Node(6),), 40.0)],
)
def test_the_end_is_that_of_trials_which_start_in_order_as_soon_as_they_fit(nodes, seconds):
    one, two = Resources(), Resources(workers=2)
    said = Expected({}, {}, ((one, 30.0), (one, 20.0), (one, 20.0), (one, 10.0), (two, 40.0)))
    assert said.seconds_on(nodes) == seconds
