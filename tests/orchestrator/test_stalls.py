"""A process that has hung is ended, with the reason and the place in the ledger; one that is slow is not."""

import multiprocessing
import threading
import time

from orchestrator.failures import Failure, failure_of
from orchestrator.ledger import Ledger
from orchestrator.recorder import TrialRecorder
from orchestrator.stalls import watched
from orchestrator.storage import Storage
from trainables.pulse import beat

SECONDS = 0.4


def _hang(location: str) -> None:
    recorder = TrialRecorder(Storage(location), {"trial": "a", "variant": "v", "seed": 0})
    recorder.start()
    with watched(SECONDS, recorder):
        _wait_for_a_lock_that_nobody_opens()


def _wait_for_a_lock_that_nobody_opens() -> None:
    threading.Event().wait()


def test_what_hangs_is_ended_with_the_place_where_it_hung(storage):
    process = multiprocessing.get_context("fork").Process(target=_hang, args=(storage.location,))
    process.start()
    process.join(60)
    assert process.exitcode == 70
    (row,) = Ledger(storage).read("trials").to_pylist()
    assert row["state"] == "failed"
    assert row["error"] == f"Stalled: no step for {SECONDS / 60:g} minutes"
    assert "_wait_for_a_lock_that_nobody_opens" in row["traceback"]
    assert failure_of(row["error"]) is Failure.UNKNOWN  # so it is tried again


def _is_slow(location: str) -> None:
    with watched(SECONDS, None):
        for _ in range(12):
            time.sleep(SECONDS / 4)
            beat()
    with watched(None, None):
        time.sleep(2 * SECONDS)
    time.sleep(2 * SECONDS)  # nothing watches after the block


def test_what_goes_on_however_slowly_is_left_alone(storage):
    process = multiprocessing.get_context("fork").Process(target=_is_slow, args=(storage.location,))
    process.start()
    process.join(60)
    assert process.exitcode == 0
