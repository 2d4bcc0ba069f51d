"""Ends a process that has hung: with the reason and the stack of each of its threads in the ledger."""

import logging
import os
import sys
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager

from orchestrator.recorder import TrialRecorder
from trainables.pulse import beats

log = logging.getLogger(__name__)

_LOOKS = 20  # within the limit
_EXIT_CODE = 70
_LAST_WORDS_SECONDS = 60.0  # what hangs may be the storage


@contextmanager
def watched(seconds: float | None, recorder: TrialRecorder) -> Iterator[None]:
    """Within this block the process ends where it does no step for so long. None: however long it takes.

    An exception could not reach what waits for a lock, a device or another process.
    """
    if seconds is None:
        yield
        return
    over, deciding = threading.Event(), threading.Lock()
    watching = threading.Thread(target=_watch, args=(seconds, recorder, over, deciding), name="stalls", daemon=True)
    watching.start()
    try:
        yield
    finally:
        with deciding:
            over.set()


def _watch(limit: float, recorder: TrialRecorder, over: threading.Event, deciding: threading.Lock) -> None:
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
                where = stacks()
                last_words = threading.Thread(target=_record, args=(limit, recorder, where), daemon=True)
                last_words.start()
                last_words.join(_LAST_WORDS_SECONDS)
                os._exit(_EXIT_CODE)


def _record(limit: float, recorder: TrialRecorder, where: str) -> None:
    try:
        # A network that was trained stays so; only measuring it has hung.
        recorder.died(f"Stalled: no step for {limit / 60:g} minutes", where)
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
