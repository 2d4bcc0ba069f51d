"""The Tune trainable: what runs in a trial's process. It imports little, because every new process waits for it."""

import json
from dataclasses import asdict, dataclass
from typing import Any

from orchestrator.imports import uncollected

with uncollected():
    import torch
    from ray import tune

    from orchestrator.unit import Session, Unit, execute
    from search_spaces.variants import Resources
    from trainables.training import Placement


@dataclass(frozen=True)
class Assignment:
    """A unit, and what it is given."""

    unit: Unit
    resources: Resources

    def packed(self) -> str:
        """As one text: Tune copies, flattens and stores a nested config many times for each trial."""
        given = self.resources
        return json.dumps({"unit": asdict(self.unit), "workers": given.workers, "cpus": given.cpus, "gpus": given.gpus})

    @staticmethod
    def unpacked(text: str) -> "Assignment":
        plain = json.loads(text)
        return Assignment(Unit(**plain.pop("unit")), Resources(**plain))


def run_trial(config: dict[str, Any]) -> None:
    """Do the assignment here, or drive a worker group that does."""
    assignment = Assignment.unpacked(config["assignment"])
    if assignment.resources.workers:
        # Ray Train takes a while to import, and most trials do without it.
        from orchestrator.group import drive_group

        drive_group(assignment.unit, assignment.resources)
        return
    device = torch.device("cuda:0" if assignment.resources.gpus and torch.cuda.is_available() else "cpu")
    execute(assignment.unit, Session(Placement(device=device), tune.report))
