"""The Tune trainable: what runs in a trial's process. It imports little, because every new process waits for it."""

from typing import Any

import torch
from ray import tune

from orchestrator.unit import Session, Unit, execute
from search_spaces.variants import Resources
from trainables.training import Placement


def run_trial(config: dict[str, Any]) -> None:
    """Do the assignment here, or drive a worker group that does."""
    plain = config["assignment"]
    resources = Resources(**plain["resources"])
    if resources.workers:
        # Ray Train takes a while to import, and most trials do without it.
        from orchestrator.group import drive_group

        drive_group(plain, resources)
        return
    device = torch.device("cuda:0" if resources.gpus and torch.cuda.is_available() else "cpu")
    execute(Unit(**plain["unit"]), Session(Placement(device=device), tune.report))
