"""Ends a process that has hung: with the reason and the stack of each of its threads in the ledger."""

import logging
import os
import sys
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager

from orchestrator.failures import STALLED
from orchestrator.recorder import TrialRecorder
from trainables.pulse import beats

log = logging.getLogger(__name__)

_LOOKS = 20  # within the limit
_EXIT_CODE = 70
_LAST_WORDS_SECONDS = 120.0  # what hangs may be the storage


@contextmanager
def watched(seconds: float | None, recorder: TrialRecorder, attempts_before: int = 0) -> Iterator[None]:
    """Within this block the process ends where it does no step for so long. None: however long it takes.

    An exception could not reach what waits for a lock, a device or another process.
    """
    if seconds is None:
        yield
        return
    over, deciding = threading.Event(), threading.Lock()
    facts = (seconds, recorder, attempts_before, over, deciding)
    threading.Thread(target=_watch, args=facts, name="stalls", daemon=True).start()
    try:
        yield
    finally:
        with deciding:
            over.set()


def _watch(limit: float, recorder: TrialRecorder, before: int, over: threading.Event, deciding: threading.Lock) -> None:
    # Counted in looks, not by a clock: a process that was stopped for an hour has not hung.
    seen, looks = beats(), 0
    while not over.wait(limit / _LOOKS):
        now = beats()
        looks = looks + 1 if now == seen else 0
        seen = now
        if looks >= _LOOKS:
            with deciding:
                if over.is_set():
                    return
                try:
                    said = f"{STALLED}: no step for {limit / 60:g} minutes"
                    last_words = threading.Thread(target=_record, args=(recorder, said, stacks(), before), daemon=True)
                    last_words.start()
                    last_words.join(_LAST_WORDS_SECONDS)
                finally:
                    os._exit(_EXIT_CODE)


def _record(recorder: TrialRecorder, said: str, where: str, before: int) -> None:
    try:
        # A network that was trained stays so; only measuring it has hung.
        recorder.died(said, where, before)
    except Exception as error:
        log.warning("that it stalled could not be recorded: %s", error)


def stacks() -> str:
    """Where each thread of this process is."""
    names = {thread.ident: thread.name for thread in threading.enumerate()}
    parts = []
    for number, frame in sys._current_frames().items():
        if number != threading.get_ident():
            parts += [f"Thread {names.get(number, number)}:", *traceback.format_stack(frame)]
    return "\n".join(part.rstrip() for part in parts)
