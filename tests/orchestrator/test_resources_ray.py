"""What trials are given: each process sees the devices that are its own, and memory that is short is asked for less."""

from collections import Counter

import pytest

from tests.orchestrator.test_no_hang_ray import rows

pytestmark = [pytest.mark.ray, pytest.mark.slow]


@pytest.fixture
def devices(ten_studies) -> dict[int, list[tuple[str, str]]]:
    """Width of the network, which tells trials apart → of each of its processes what it saw, and what Ray gave it.

    All of them ran at the same time, on five simulated GPUs.
    """
    found: dict[int, list[tuple[str, str]]] = {}
    for path in sorted((ten_studies / "marks of devices").glob("*.devices")):
        seen, given = path.read_text().split(";")
        found.setdefault(int(path.name.split()[0]), []).append((seen, given))
    return found


def test_halves_of_gpus_are_two_on_a_device_and_each_sees_that_one(devices):
    halves = [devices[width] for width in range(4, 8)]
    assert all(seen == given for [(seen, given)] in halves)
    assert sorted(Counter(seen for [(seen, _)] in halves).values()) == [2, 2]


def test_a_whole_gpu_is_alone(devices):
    [(seen, given)] = devices[8]
    assert seen == given
    assert [width for width, each in devices.items() if any(seen == ids for _, ids in each)] == [8]


def test_two_workers_have_a_gpu_each_that_no_other_trial_has(devices):
    (saw, first), (also_saw, second) = devices[9]
    # Ray shows workers of one node each other's devices, for NCCL; which one is its own is what it was given.
    assert set(saw.split(",")) == set(also_saw.split(",")) == {first, second}
    others = {ids for width, each in devices.items() if width != 9 for _, ids in each}
    assert len({first, second} | others) == 5
    assert not {first, second} & others


def test_a_trial_that_is_short_of_memory_processes_its_batches_in_two_parts(ten_studies):
    greedy = rows(ten_studies, "mistakes")["greedy 0"]
    assert (greedy["state"], greedy["parts"], greedy["failures"], greedy["attempts"]) == ("finished", 2, 1, 2)
