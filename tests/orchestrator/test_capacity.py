"""What a cluster holds at once, counted by hand."""

import pytest

from orchestrator.capacity import Node, at_once, fits_beside, fits_empty
from search_spaces.variants import Resources

LAPTOP = [Node(cpus=4)]
ONE_GPU = [Node(cpus=8, gpus=1)]
TWO_NODES = [Node(cpus=8, gpus=2), Node(cpus=8, gpus=2)]


def how_many(resources: Resources, nodes: list[Node]) -> int:
    """Of such trials, given out one after the other."""
    running: list[Resources] = []
    while fits_beside(resources, running, nodes):
        running.append(resources)
    return len(running)


@pytest.mark.parametrize(
    "resources, nodes, count",
    [
        (Resources(), LAPTOP, 4),
        (Resources(cpus=3), LAPTOP, 1),
        (Resources(workers=2), LAPTOP, 2),
        (Resources(workers=1, cpus=2), LAPTOP, 2),
        (Resources(gpus=1), ONE_GPU, 1),
        (Resources(gpus=0.5), ONE_GPU, 2),
        (Resources(gpus=0.4), ONE_GPU, 2),  # the fifth that is left is of no use to a third one
        (Resources(gpus=0.3), ONE_GPU, 3),
        (Resources(gpus=0.1), ONE_GPU, 8),  # its processors
        (Resources(gpus=1), TWO_NODES, 4),
        (Resources(gpus=0.4), TWO_NODES, 8),
        (Resources(workers=2, gpus=1), TWO_NODES, 2),
        (Resources(workers=4, gpus=1), TWO_NODES, 1),  # a group may lie on several nodes
        (Resources(workers=2, gpus=0.4), TWO_NODES, 4),
        (Resources(gpus=2), TWO_NODES, 2),
        (Resources(cpus=5, gpus=1), TWO_NODES, 3),  # by processors all over the cluster; the third may have to wait
    ],
)
def test_as_many_are_given_out_as_the_cluster_holds(resources, nodes, count):
    assert how_many(resources, nodes) == count


@pytest.mark.parametrize(
    "resources, nodes, fits",
    [
        (Resources(cpus=4), LAPTOP, True),
        (Resources(cpus=5), LAPTOP, False),
        (Resources(gpus=0.1), LAPTOP, False),
        (Resources(cpus=9), TWO_NODES, False),  # 16 in all, but a process is on one node
        (Resources(gpus=3), TWO_NODES, False),
        (Resources(workers=4, gpus=1), TWO_NODES, True),
        (Resources(workers=5, gpus=1), TWO_NODES, False),
        (Resources(workers=2, cpus=8), TWO_NODES, True),
        (Resources(workers=3, cpus=8), TWO_NODES, False),
        (Resources(workers=8, gpus=0.5), TWO_NODES, True),
        (Resources(workers=9, gpus=0.4), TWO_NODES, False),
        (Resources(), [], False),
    ],
)
def test_what_an_empty_cluster_could_never_hold_is_known(resources, nodes, fits):
    assert fits_empty(resources, nodes) is fits


def test_trials_of_different_sizes_share_a_cluster():
    running = [Resources(gpus=0.5), Resources(gpus=0.5), Resources(workers=2, gpus=1)]
    assert fits_beside(Resources(gpus=1), running, TWO_NODES)
    assert not fits_beside(Resources(gpus=1), [*running, Resources(gpus=1)], TWO_NODES)
    assert fits_beside(Resources(cpus=11), [*running, Resources(gpus=1)], TWO_NODES)
    assert not fits_beside(Resources(cpus=12), [*running, Resources(gpus=1)], TWO_NODES)


def test_nothing_more_fits_beside_what_runs_on_a_cluster_that_has_shrunk():
    running = [Resources(gpus=1)] * 4
    assert not fits_beside(Resources(), running, TWO_NODES[:1])
    assert fits_beside(Resources(), running[:1], TWO_NODES[:1])
    assert fits_beside(Resources(gpus=1), running, [*TWO_NODES, Node(cpus=1, gpus=1)])


def test_the_smallest_trials_say_how_many_run_at_once_and_one_always_does():
    assert at_once([Resources(workers=2, gpus=1), Resources(gpus=0.4)], TWO_NODES) == 8
    assert at_once([Resources(workers=4, gpus=1)], TWO_NODES) == 1
    assert at_once([Resources(cpus=99)], TWO_NODES) == 1
