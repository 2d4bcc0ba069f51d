"""Commands that are cut short, by a kill or by a budget of hours, go on and end as if they had not been."""

import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from orchestrator.ledger import Ledger
from orchestrator.recorder import state_of
from orchestrator.referee import Referee
from orchestrator.schema import State
from orchestrator.searching import Searching
from orchestrator.storage import Storage
from orchestrator.unit import Session, execute
from tests.chaos.processes import MARK, processes
from tests.orchestrator.launching import Small, search, study
from tests.orchestrator.test_launch_ray import (
    assert_same,
    marksweep,
    metrics,
    states_so_far,
    wait_until,
)

pytestmark = [pytest.mark.ray, pytest.mark.slow, pytest.mark.long]

POINTS = 9


def test_a_killed_search_ends_as_one_that_was_not(tmp_path):
    base = "variant('base', 'held')"
    small = Small("search", tmp_path, search(base, trials=POINTS, stopping="Asha()", at_once=1, confirm=()), epochs=4)
    hold = small.marks / "hold"
    command = [sys.executable, "-m", "reports", "run", str(small.path), "--storage", str(small.runs)]
    marked = {**os.environ, MARK: str(tmp_path)}
    driver = subprocess.Popen(command, stdout=subprocess.DEVNULL, start_new_session=True, env=marked)
    wait_until(lambda: len(ended(small.runs)) >= 3, driver)
    hold.touch()
    wait_until(lambda: (small.marks / "held").exists(), driver)
    driver.send_signal(signal.SIGKILL)
    driver.wait()
    cut_off = states_so_far(small.runs)
    wait_until(lambda: not any(each.works for each in processes(MARK, str(tmp_path))))
    hold.unlink()
    done = marksweep("run", str(small.path), storage=small.runs)
    assert done.returncode == 0, done.stdout + done.stderr

    found = points(small.runs)
    assert sorted(found) == list(range(POINTS))
    assert {row["state"] for row in found.values()} == {"finished", "pruned"}
    # The one that was cut off went on, and no other was touched twice.
    assert sorted(cut_off.values()).count("running") == 1
    assert {trial for trial, state in cut_off.items() if state == "running"} == {
        row["trial"] for row in found.values() if row["attempts"] == 2
    }
    assert {row["attempts"] for row in found.values()} == {1, 2}

    alone = tmp_path / "without_ray"
    one_by_one(small, alone)
    told = ("trial", "point", "state", "epochs_run", "selected_epoch")
    assert {number: [row[key] for key in told] for number, row in found.items()} == {
        number: [row[key] for key in told] for number, row in points(alone).items()
    }
    assert_same(metrics(small.runs), metrics(alone))


def test_a_command_with_a_budget_of_hours_saves_and_the_same_command_ends_with_the_same_numbers(tmp_path):
    small = Small("hours", tmp_path, study("variant('slow', 'slow')", seeds=(0, 1)), epochs=50)
    slow = small.marks / "slow"
    slow.touch()
    for seconds in (15, 30, 60):  # a busy machine may need more until it begins
        done = marksweep("run", str(small.path), "--hours", str(seconds / 3600), storage=small.runs)
        assert done.returncode == 3, done.stdout + done.stderr
        assert "time of --hours is over" in done.stdout
        if states_so_far(small.runs):
            break
    saved = Ledger(str(small.runs)).read("trials").to_pylist()
    assert {row["state"] for row in saved} == {"running"}
    assert all(0 < row["epochs_run"] < 50 for row in saved)
    slow.unlink()
    whole = marksweep("run", str(small.path), storage=small.runs)
    assert whole.returncode == 0, whole.stdout + whole.stderr
    assert {row["failures"] for row in Ledger(str(small.runs)).read("trials").to_pylist()} == {0}
    alone = small.without_ray("slow")
    assert_same(metrics(small.runs), metrics(alone))


def ended(runs: Path) -> list[str]:
    return [trial for trial, state in states_so_far(runs).items() if state != State.RUNNING.value]


def points(runs: Path) -> dict[int, dict]:
    """Number of a point → its settings, and what the ledger says of its trial."""
    ledger = Ledger(str(runs))
    trials = {row["trial"]: row for row in ledger.read("trials").to_pylist()}
    asked = [row for row in ledger.read("studies").to_pylist() if row["point"] is not None]
    assert len(asked) == len(trials)
    return {row["number"]: trials[row["trial"]] | {"point": json.loads(row["point"])} for row in asked}


def one_by_one(small: Small, runs: Path) -> None:
    """A search in this process, undisturbed: each point after the one before."""
    opened, storage = small.open(), Storage(str(runs))
    assert opened.search is not None
    searching = Searching(opened, replace(small.place, storage=storage))
    referee = Referee(opened.search.stopping, searching.standing.histories, seconds_left=None)
    while (given := searching.next(lambda resources: True)) is not None:
        execute(given.unit, Session(verdict=partial(referee.verdict, given.unit.id)))
        searching.ended(given.unit.id, state_of(storage, given.unit.id) or State.RUNNING)
