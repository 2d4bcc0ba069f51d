"""The answer to a trial's question after each epoch: go on, give up, or go on another time.

One small process of a launch holds it, because all trials ask it and the driver is busy. It imports little, keeps
nothing that the ledger does not have, and dies with the launch.
"""

import time
from collections.abc import Mapping, Sequence
from enum import StrEnum

from search_spaces.stopping import Stopping


class Verdict(StrEnum):
    GO_ON = "go on"
    PRUNE = "give up"
    PAUSE = "go on another time"


class Referee:
    """`values` of each trial so far, lower is better; `seconds_left` of the launch, None without a limit."""

    def __init__(
        self, stopping: Stopping | None, values: Mapping[str, Sequence[float]], seconds_left: float | None
    ) -> None:
        self._stopping = stopping
        self._values = dict(values)
        self._deadline = None if seconds_left is None else time.monotonic() + seconds_left
        self._asked: dict[str, float] = {}

    def verdict(self, trial: str, values: Sequence[float] | None, may_be_given_up: bool = True) -> Verdict:
        """Of a trial with these values after each of its epochs; None: of none that is judged. One that may not be
        given up is a rival of the others all the same."""
        now = time.monotonic()
        epoch_seconds = now - self._asked.get(trial, now)
        self._asked[trial] = now
        if values is not None and self._stopping is not None:
            self._values[trial] = values
            others = [some for other, some in self._values.items() if other != trial]
            if may_be_given_up and not self._stopping.goes_on(values, others):
                return Verdict.PRUNE
        if self._deadline is not None and now + epoch_seconds > self._deadline:
            return Verdict.PAUSE
        return Verdict.GO_ON
