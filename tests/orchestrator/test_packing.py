"""A share of a GPU follows from the memory that a probe took; what was not probed has a whole one."""

from dataclasses import replace

import pytest

from orchestrator.capacity import Node
from orchestrator.packing import Memory, packed, share_of_gpu, unprobed
from orchestrator.plan import Known, plan_study
from search_spaces.study import Study
from search_spaces.variants import Resources, Variant
from trainables.datasets.synthetic import Synthetic
from trainables.methods.mean_shape import MeanShape

NOTHING = Known(states={}, errors={}, evaluated=set())
ONE_GPU, NO_GPU = (Node(8, 1),), (Node(8),)


def plan(*asked: Resources):
    base = Variant(method=MeanShape(), data=Synthetic())
    variants = tuple(
        replace(base, label=str(place), resources=given, method=MeanShape(input_size=64 + place))
        for place, given in enumerate(asked)
    )
    return plan_study("study", Study(question="?", variants=variants), NOTHING, lambda data: "digest")


def given(made, memory, nodes):
    return [work.resources.gpus for work in packed(made, memory, nodes).works]


@pytest.mark.parametrize(
    ("reserved_mb", "share"),
    # of 24,000 MiB: (1.15 · reserved + 600) for each
    [(30_000, 1.0), (20_000, 1.0), (10_000, 1.0), (9_900, 0.5), (6_000, 0.3333), (100, 0.125)],
)
def test_a_share_holds_what_was_reserved_a_context_and_a_margin(reserved_mb, share):
    assert share_of_gpu(Memory(reserved_mb, 24_000)) == share


def test_shares_of_thirds_still_fit_three_to_a_device():
    assert 3 * share_of_gpu(Memory(6_000, 24_000)) <= 1


def test_auto_is_by_the_variants_own_probe_and_whole_without_one():
    made = plan(Resources(gpus="auto"), Resources(gpus="auto"), Resources(gpus=0.25))
    first = made.works[0].variant_id
    assert given(made, {first: Memory(9_900, 24_000)}, ONE_GPU) == [0.5, 1.0, 0.25]


def test_several_workers_have_a_device_each():
    made = plan(Resources(gpus="auto", workers=2))
    assert given(made, {made.works[0].variant_id: Memory(100, 24_000)}, ONE_GPU) == [1.0]


def test_without_a_gpu_auto_is_none_and_a_number_stays():
    assert given(plan(Resources(gpus="auto"), Resources(gpus=1)), {}, NO_GPU) == [0.0, 1]


def test_only_variants_that_ask_and_have_no_probe_are_probed():
    made = plan(Resources(gpus="auto"), Resources(gpus="auto"), Resources(gpus=1))
    first, second, _ = (work.variant_id for work in made.works)
    assert unprobed(made, {first: Memory(1, 2)}) == [second]
