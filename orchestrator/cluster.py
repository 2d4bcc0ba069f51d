"""A Ray cluster for one launch, and the settings of Ray that every process of it needs."""

import logging
import os
import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from types import FrameType

import ray

from orchestrator.guards import (
    in_groups_of_their_own,
    listen_on_loopback,
    say_nothing_of_dead_processes,
    shut_down,
    use_waiting_processes,
)

SETTINGS = {
    "RAY_AIR_NEW_OUTPUT": "0",  # with verbose=0: Tune prints nothing, our own view does
    "RAY_USAGE_STATS_ENABLED": "0",
    "TUNE_PRINT_ALL_TRIAL_ERRORS": "0",  # they are in the ledger
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",  # the ledger is the log
    "TUNE_GLOBAL_CHECKPOINT_S": "86400",  # the ledger remembers, not Tune
    "TUNE_DISABLE_STRICT_METRIC_CHECKING": "1",
    "TUNE_MAX_PENDING_TRIALS_PG": "1000",  # all that the dispatcher gives out start at once
    "RAY_TRAIN_HEALTH_CHECK_INTERVAL_S": "0.1",  # reports wait for this poll; its default is 2 s
    "RAY_TRAIN_ENABLE_PREEMPTION_WATCHER": "0",
    "RAY_TRAIN_METRICS_ENABLED": "0",
    "RAY_CHDIR_TO_TRIAL_DIR": "0",
    "TUNE_DISABLE_SIGINT_HANDLER": "1",  # interruption.py does more
}
# Nobody asks a private cluster for its tasks, and its store would keep some 25 KB of each trial.
_OF_PRIVATE_ONES = {"RAY_task_events_report_interval_ms": "0"}


@contextmanager
def cluster(address: str | None, cpus: int | None = None) -> Iterator[None]:
    """A private Ray cluster on this machine, ended afterwards; or a running one, left as it is."""
    for name, value in SETTINGS.items():
        os.environ.setdefault(name, value)
    logging.getLogger("ray.tune").setLevel(logging.CRITICAL)  # our view says which trials failed
    say_nothing_of_dead_processes()
    guards = ExitStack()
    if address:
        # Its processes do not inherit this one's environment.
        settings = {"env_vars": SETTINGS}
        ray.init(address=address, runtime_env=settings, log_to_driver=False, logging_level=logging.ERROR)
    else:
        for name, value in _OF_PRIVATE_ONES.items():
            os.environ.setdefault(name, value)
        guards.enter_context(use_waiting_processes())
        with listen_on_loopback(), in_groups_of_their_own():
            ray.init(
                address="local",
                num_cpus=cpus,
                include_dashboard=False,
                log_to_driver=False,
                logging_level=logging.ERROR,
            )
    # Batch systems end jobs by SIGTERM. What a script starts in the background ignores SIGINT, which is no way round.
    before = signal.signal(signal.SIGTERM, _interrupt)
    try:
        with guards:
            yield
    finally:
        signal.signal(signal.SIGTERM, before)
        if address:
            ray.shutdown()
        else:
            shut_down()


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
