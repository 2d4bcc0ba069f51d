"""What is handed to a trial's process: a unit of work, and what it is given."""

import json
from dataclasses import dataclass, replace

from orchestrator.unit import Unit
from search_spaces.variants import Resources


@dataclass(frozen=True)
class Assignment:
    """A unit, and what it is given."""

    unit: Unit
    resources: Resources

    def leased(self, token: str) -> "Assignment":
        return replace(self, unit=replace(self.unit, lease=token))

    def packed(self) -> str:
        """As one text: Tune copies, flattens and stores a nested config many times for each trial."""
        given = self.resources  # a unit is plain already: `asdict` would copy all of it
        return json.dumps({"unit": vars(self.unit), "workers": given.workers, "cpus": given.cpus, "gpus": given.share})

    @staticmethod
    def unpacked(text: str) -> "Assignment":
        plain = json.loads(text)
        return Assignment(Unit(**plain.pop("unit")), Resources(**plain))
