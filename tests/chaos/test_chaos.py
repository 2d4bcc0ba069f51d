"""Short versions of `make chaos`."""

import pytest

from tests.chaos.comparing import Contents, differences
from tests.chaos.every_write import survey
from tests.chaos.random_kills import kill_at_random
from tests.chaos.striking import Kind
from tests.chaos.studies import TWO_TRIALS, Disturbed


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "variants"),
    [
        (Kind.FOLDER, ("plain",)),
        pytest.param(Kind.FOLDER, TWO_TRIALS, marks=pytest.mark.long),
        pytest.param(Kind.OBJECTS, TWO_TRIALS, marks=pytest.mark.long),
    ],
)
def test_a_command_that_is_killed_at_any_write_ends_as_one_that_was_not(tmp_path, kind, variants):
    found = survey(Disturbed(tmp_path, variants, seeds=(0,)).write(), kind)
    assert list(found.told.lines()) == []
    assert found.trials == len(variants)
    # Of every write of a trial at least two moments: more would be struck if more were written.
    assert sum(found.kills.values()) >= 2 * found.writes >= 40 * len(variants)


@pytest.mark.ray
@pytest.mark.slow
def test_commands_whose_processes_are_killed_at_random_end_as_those_that_were_not():
    found = kill_at_random(4, seed=2, variants=("plain", "second"), epochs=12, seeds=(0,), places=("private",))
    assert list(found.told.lines()) == []
    assert found.processes == []
    assert sum(found.kills.values()) == 4
    assert found.trials == 3 * found.rounds


def test_all_that_can_differ_is_told():
    one, other = {"state": "finished", "nme": "0.5"}, {"state": "finished", "nme": "0.25"}
    expected = Contents({("trials", "a"): [one], ("trials", "b"): [one]}, frozenset({"x", "y"}))
    found = Contents({("trials", "a"): [one, one], ("trials", "c"): [one]}, frozenset({"x", "y.partial"}))
    told = differences(found, expected)
    assert told.lost == ["trials b", "file y"]
    assert told.doubled == ["trials a", "trials c"]
    assert told.differing == []
    assert told.left_over == ["y.partial"]
    told = differences(Contents({("trials", "a"): [other]}), Contents({("trials", "a"): [one]}))
    assert told.differing == ["trials a: nme 0.25 instead of 0.5"]
