"""A process that has hung is ended, with the reason and the place in the ledger; one that is slow is not."""

import multiprocessing
import threading
import time

import pytest

from orchestrator.failures import Failure, failure_of
from orchestrator.ledger import Ledger
from orchestrator.recorder import TrialRecorder
from orchestrator.stalls import watched
from orchestrator.storage import Storage
from trainables.pulse import beat, waiting

SECONDS = 0.4


def a_recorder(location: str) -> TrialRecorder:
    recorder = TrialRecorder(Storage(location), {"trial": "a", "variant": "v", "seed": 0})
    recorder.start()
    return recorder


def _hang(location: str, is_trained: bool) -> None:
    recorder = a_recorder(location)
    if is_trained:
        recorder.trained(1, 0.0)
    with watched(SECONDS, recorder):
        _wait_for_a_lock_that_nobody_opens()


def _wait_for_a_lock_that_nobody_opens() -> None:
    threading.Event().wait()


@pytest.mark.parametrize(("is_trained", "state"), [(False, "failed"), (True, "finished")])
def test_what_hangs_is_ended_with_the_place_where_it_hung(storage, is_trained, state):
    """A network that was trained stays so: only measuring it is tried again."""
    process = multiprocessing.get_context("fork").Process(target=_hang, args=(storage.location, is_trained))
    process.start()
    process.join(60)
    assert process.exitcode == 70
    (row,) = Ledger(storage).read("trials").to_pylist()
    assert row["state"] == state
    assert row["error"] == f"Stalled: no step for {SECONDS / 60:g} minutes"
    assert "_wait_for_a_lock_that_nobody_opens" in row["traceback"]
    # What the command writes down of the death says less.
    assert TrialRecorder(storage, {"trial": "a"}).died("The actor died", "", 0)[1] == row["error"]
    assert failure_of(row["error"]) is Failure.UNKNOWN  # so it is tried again


def _is_slow(location: str) -> None:
    recorder = a_recorder(location)
    with watched(SECONDS, recorder):
        for _ in range(12):
            time.sleep(SECONDS / 4)
            beat()
        with waiting():
            time.sleep(2 * SECONDS)
    with watched(None, recorder):
        time.sleep(2 * SECONDS)
    time.sleep(2 * SECONDS)  # nothing watches after the block


def test_what_goes_on_however_slowly_is_left_alone(storage):
    process = multiprocessing.get_context("fork").Process(target=_is_slow, args=(storage.location,))
    process.start()
    process.join(60)
    assert process.exitcode == 0
