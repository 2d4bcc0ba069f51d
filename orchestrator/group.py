"""A trial in a Ray Train worker group: several processes that share each global batch."""

import atexit
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from threading import Thread
from typing import Any

import torch.distributed
from ray import train, tune
from ray.train import TrainingFailedError
from ray.train.torch import TorchConfig, TorchTrainer
from ray.util.queue import Queue

from orchestrator.ledger import Ledger
from orchestrator.process import session_of
from orchestrator.schema import UNSUCCESSFUL, State
from orchestrator.scratch import scratch_folder
from orchestrator.unit import Unit, execute
from search_spaces.variants import Resources
from trainables.worker import group_placement

_START_ATTEMPTS = 20  # a minute each, before a group that finds no place fails with a reason


def drive_group(unit: Unit, resources: Resources) -> None:
    """Train in a worker group. What its lead worker recorded as failed or diverged is the outcome, not a death."""
    before = _rows(unit)
    try:
        _run_group(unit, resources)
    except TrainingFailedError:
        row = _rows(unit)
        # A worker that died left its trial running in the ledger, or as an attempt before this one had left it.
        begun = bool(row) and row[0]["attempts"] != (before[0]["attempts"] if before else 0)
        if not begun or State(row[0]["state"]) not in UNSUCCESSFUL:
            raise
        outcome = {"state": row[0]["state"], "trained": False, "error": row[0]["error"]}
        tune.report({"trial": unit.id, "ended": True} | outcome)


def _rows(unit: Unit) -> list[dict[str, Any]]:
    return Ledger(unit.storage).read("trials", only=[unit.id]).to_pylist()


def _run_group(unit: Unit, resources: Resources) -> None:
    gpus = {"GPU": resources.share} if resources.share else {}
    with scratch_folder() as folder, passing_on() as callback:
        LeanTorchTrainer(
            _group_worker,
            train_loop_config=asdict(unit),
            torch_config=TorchConfig(backend=_backend(resources)),
            scaling_config=train.ScalingConfig(
                num_workers=resources.workers,
                use_gpu=bool(resources.share),
                resources_per_worker={"CPU": resources.cpus} | gpus,
            ),
            run_config=train.RunConfig(
                name=unit.id,
                storage_path=folder,
                callbacks=[callback],
                # Restarts are counted in one place, by the dispatcher.
                failure_config=train.FailureConfig(max_failures=0, controller_failure_limit=_START_ATTEMPTS),
            ),
        ).fit()


def _backend(resources: Resources) -> str:
    # NCCL refuses two workers on one device, where shares of it may put them.
    return "nccl" if resources.share >= 1 and torch.distributed.is_nccl_available() else "gloo"


def _group_worker(config: dict[str, Any]) -> None:
    unit = Unit(**config)
    execute(unit, session_of(unit, group_placement(), train.report))


class ReportCallback(train.UserCallback):
    """Runs in the group's controller and sends on what the lead worker reports."""

    def __init__(self, reports: Queue) -> None:
        self._reports = reports
        self._ends_at_once = False

    def after_report(self, run_context: Any, metrics: list[dict[str, Any]], checkpoint: Any) -> None:
        self._reports.put(metrics[0])
        if not self._ends_at_once:
            self._ends_at_once = True
            # Otherwise one in twenty waits for ever, as it ends, for a lock of Ray's that it holds itself.
            atexit.register(os._exit, 0)


@contextmanager
def passing_on() -> Iterator[ReportCallback]:
    """A callback whose reports reach Tune, all of them before the block ends.

    Ray's own `TuneReportCallback` hands the last one to a thread that may have ended the trial before it looks.
    """
    reports = Queue(actor_options={"num_cpus": 0})

    def pass_on() -> None:
        for report in iter(reports.get, None):
            tune.report(report)

    thread = Thread(target=pass_on, daemon=True)
    thread.start()
    try:
        yield ReportCallback(reports)
    finally:
        reports.put(None)
        thread.join()


class LeanTorchTrainer(TorchTrainer):
    """A trainer without the placement-group cleaner, which asks a dashboard that need not exist.

    On a host with two clusters the cleaner can even remove the groups of the other one (Ray issue 54305).
    `OrphanSweeper` does its work from the driver.
    """

    def _create_default_callbacks(self) -> list[Any]:
        unwanted = {"PlacementGroupCleanerCallback", "DatasetsCallback"}
        return [made for made in super()._create_default_callbacks() if type(made).__name__ not in unwanted]
