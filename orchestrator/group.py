"""A trial in a Ray Train worker group: several processes that share each global batch."""

import tempfile
from typing import Any

from ray import train, tune
from ray.train import TrainingFailedError
from ray.train.torch import TorchConfig, TorchTrainer
from ray.tune.integration.ray_train import TuneReportCallback

from orchestrator.ledger import Ledger
from orchestrator.schema import UNSUCCESSFUL, State
from orchestrator.unit import Session, Unit, execute
from search_spaces.variants import Resources
from trainables.worker import group_placement

_START_ATTEMPTS = 20  # a minute each, before a group that finds no place fails with a reason


def drive_group(config: dict[str, Any], resources: Resources) -> None:
    """Train in a worker group. What its lead worker recorded as failed or diverged is the outcome, not a death."""
    unit = Unit(**config["unit"])
    try:
        _run_group(config, resources)
    except TrainingFailedError:
        # A worker that died left its trial running in the ledger; Tune starts the group again.
        row = Ledger(unit.storage).read("trials", only=[unit.id]).to_pylist()
        if not row or State(row[0]["state"]) not in UNSUCCESSFUL:
            raise
        tune.report({"trial": unit.id, "state": row[0]["state"], "trained": False, "error": row[0]["error"]})


def _run_group(config: dict[str, Any], resources: Resources) -> None:
    gpus = {"GPU": resources.gpus} if resources.gpus else {}
    with tempfile.TemporaryDirectory(prefix="marksweep-train-") as folder:
        LeanTorchTrainer(
            _group_worker,
            train_loop_config=config,
            torch_config=TorchConfig(backend="nccl" if resources.gpus else "gloo"),
            scaling_config=train.ScalingConfig(
                num_workers=resources.workers,
                use_gpu=bool(resources.gpus),
                resources_per_worker={"CPU": resources.cpus} | gpus,
            ),
            run_config=train.RunConfig(
                name=config["unit"]["facts"]["trial"],
                storage_path=folder,
                callbacks=[TuneReportCallback()],
                # Restarts are counted in one place, in Tune.
                failure_config=train.FailureConfig(max_failures=0, controller_failure_limit=_START_ATTEMPTS),
            ),
        ).fit()


def _group_worker(config: dict[str, Any]) -> None:
    execute(Unit(**config["unit"]), Session(group_placement(), train.report))


class LeanTorchTrainer(TorchTrainer):
    """A trainer without the placement-group cleaner, which asks a dashboard that need not exist.

    On a host with two clusters the cleaner can even remove the groups of the other one (Ray issue 54305).
    `OrphanSweeper` does its work from the driver.
    """

    def _create_default_callbacks(self) -> list[Any]:
        unwanted = {"PlacementGroupCleanerCallback", "DatasetsCallback"}
        return [made for made in super()._create_default_callbacks() if type(made).__name__ not in unwanted]
