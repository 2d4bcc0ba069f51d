"""How far the trials of a launch are: lines, moved on by events. Draws nothing.

What an event costs does not grow with the number of trials: thousands of them are counted as they change.
"""

import time
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from orchestrator.figures import duration, figure, judged, verdict

ENDED = ("finished", "failed", "diverged", "pruned")
FAILED = ("failed", "diverged")
# "blocked": a trial that it starts from failed. "silent": it should have moved on long ago. "elsewhere": another
# command runs it just now.
STATES = ("running", "again", "silent", "elsewhere", "waiting", "paused", "blocked", *ENDED)
# Of states that are not their own word.
WORDS = {"pruned": "stopped early", "again": "tried again", "elsewhere": "run elsewhere"}
_SHARES = 10_000  # parts of a trial's epochs that are told apart


@dataclass(frozen=True)
class Event:
    """Something happened to a trial.

    `kind` is one of

    * `started`: a process works on it; {"epoch": 3} where it goes on after that epoch;
    * `epoch`: one more is done; its metrics;
    * `again`: it failed or its process died, and it is tried again; {"error": why};
    * `elsewhere`: another command runs it; {"who": in words};
    * `paused`: a budget or a signal stopped it, and it goes on in a later launch;
    * `blocked`: a trial that it starts from failed;
    * the state that it ended in: `finished`, `pruned` (stopped early by a search), `failed` or `diverged`.
    """

    trial: str
    kind: str
    metrics: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Goal:
    """What a search looks for first. Metrics of a trial that ended hold its value as `selected_<metric>`.

    `best`: the best before this launch, and whose it is.
    """

    metric: str
    minimize: bool = True
    best: tuple[float, str] | None = None


@dataclass(frozen=True)
class NodeUse:
    """What a node has, and how much of it trials hold. A total of 0 with something used: the total is not known."""

    name: str
    cpus: float
    cpus_used: float
    gpus: float = 0
    gpus_used: float = 0


@dataclass(slots=True)
class TrialLine:
    """What is shown of one trial."""

    label: str
    seed: int
    epochs: int
    state: str = "waiting"
    epoch: int = 0
    loss: float | None = None
    metric: str = ""  # that validation judges by: val_nme_io, or val_picture_l1 where only pictures are made
    value: float | None = None  # of the last validation
    best: float | None = None  # of the validations that were seen
    result: str = ""  # once it has ended well: why it ended, what was selected and measured
    error: str = ""
    note: str = ""  # what else there is to say of its state
    parameters: Mapping[str, Any] = field(default_factory=dict)  # its declaration, as sinks record it
    moved: int = 0  # how many changes of state, of all trials, came before its last one
    started: float | None = None
    first_epoch: int = 0  # of this attempt
    seconds: float = 0.0  # of this attempt, up to its last epoch
    epochs_here: int = 0  # in this attempt

    @property
    def name(self) -> str:
        return f"{self.label}, seed {self.seed}"

    @property
    def pace(self) -> float | None:
        """Seconds an epoch."""
        return self.seconds / self.epochs_here if self.epochs_here else None

    @property
    def words(self) -> str:
        """Its state, for people."""
        return self.note or WORDS.get(self.state, self.state)


class Board:
    """The state of all trials of a launch. `expected`: how many there will be, where they come one by one; `called`:
    what they are where there is a goal."""

    def __init__(
        self,
        lines: Mapping[str, TrialLine],
        at_once: int,
        expected: int | None = None,
        goal: Goal | None = None,
        called: str = "points",
    ) -> None:
        self.lines: dict[str, TrialLine] = {}
        self.at_once = max(1, at_once)
        self.goal = goal
        self.best = goal.best if goal else None  # of the finished trials, by the goal, and whose it is
        self._expected = expected or 0
        self._called = called
        self._groups: dict[str, dict[str, TrialLine]] = {state: {} for state in STATES}
        self._left = _Left()
        self._moves = 0
        for trial, line in lines.items():
            self.add(trial, line)

    def add(self, trial: str, line: TrialLine) -> None:
        """One that is there already stays as it is."""
        if trial in self.lines:
            return
        self.lines[trial] = line
        self._groups[line.state][trial] = line
        self._left.count(line, 1)

    def apply(self, event: Event) -> TrialLine:
        line = self.lines[event.trial]
        before = line.state
        self._left.count(line, -1)
        _move(line, event)
        self._left.count(line, 1)
        if line.state != before:
            self._moves += 1
            line.moved = self._moves
            del self._groups[before][event.trial]
            self._groups[line.state][event.trial] = line
        if event.kind == "finished" and self.goal is not None:
            self.consider(line, event.metrics.get(f"selected_{self.goal.metric}"))
        return line

    def consider(self, line: TrialLine, value: float | None) -> None:
        """The goal's value of a finished trial: it may be the best so far."""
        if value is None or self.goal is None:
            return
        if self.best is None or (value < self.best[0] if self.goal.minimize else value > self.best[0]):
            self.best = (value, line.label)

    @property
    def total(self) -> int:
        return max(self._expected, len(self.lines))

    def group(self, *states: str) -> list[TrialLine]:
        """Lines in these states; in each state those first that have been in it longest."""
        return [line for state in states for line in self._groups[state].values()]

    def count(self, *states: str) -> int:
        return sum(len(self._groups[state]) for state in states)

    def seconds_left(self) -> float | None:
        """By the pace of this launch; None before the first epoch, 0 when nothing is left."""
        return self._left.seconds(
            running=self._groups["running"].values(),
            unseen=self.total - len(self.lines),
            waiting=self.count("waiting", "again"),
            at_once=self.at_once,
        )

    def headline(self) -> str:
        """How many trials, or points of a search, are how far, and for how long it goes on."""
        if self.goal is not None:
            parts = [f"{self.count(*ENDED)} of {self.total} {self._called}"]
        else:
            parts = [f"{self.count('finished')}/{self.total} done"]
        parts.append(f"{self.count('running')} running")
        counted = {"stopped early": ("pruned",), "failed": FAILED}
        counted |= {state: (state,) for state in ("silent", "paused", "blocked")}
        counted["run elsewhere"] = ("elsewhere",)
        parts += [f"{number} {words}" for words, states in counted.items() if (number := self.count(*states))]
        left = self.seconds_left()
        if left:
            parts.append(f"about {duration(left)} left")
        return ", ".join(parts)

    def best_so_far(self) -> str:
        """ "best so far 6.12 % (point 17)"; empty before there is one."""
        if self.best is None or self.goal is None:
            return ""
        value, label = self.best
        return f"best so far {figure(self.goal.metric, value)} ({label})"


def _move(line: TrialLine, event: Event) -> None:
    """What an event changes in a trial's line."""
    metrics = event.metrics
    line.state = "running" if event.kind in ("started", "epoch") else event.kind
    line.error = metrics.get("error") or ""
    line.epoch = int(metrics.get("epoch", line.epoch))
    if event.kind == "started":
        line.started, line.seconds, line.epochs_here = time.monotonic(), 0.0, 0
        line.first_epoch = line.epoch + 1 if "epoch" in metrics else 0
        return
    line.loss = metrics.get("train_loss", line.loss)
    if found := judged("val", metrics):
        line.metric, line.value = found
        line.best = line.value if line.best is None else min(line.best, line.value)
    line.result = _result(event.kind, metrics)
    line.first_epoch = line.first_epoch or line.epoch
    if line.started is not None and line.epoch >= line.first_epoch > 0 and event.kind in ("epoch", "finished"):
        line.seconds = time.monotonic() - line.started
        line.epochs_here = line.epoch - line.first_epoch + 1


def _result(kind: str, metrics: Mapping[str, Any]) -> str:
    """What became of a trial. One that was only measured has nothing to tell of its training."""
    if kind not in ("finished", "pruned"):
        return ""
    parts = [metrics.get("why") or ""]
    if "selected_epoch" in metrics and (selected := judged("selected_val", metrics)):
        said = verdict(*selected).removeprefix("selected ")
        parts.append(f"best epoch {metrics['selected_epoch']} with {said}")
    if test := judged("test", metrics):
        parts.append(verdict(*test))
    return ", ".join(part for part in parts if part)


class _Left:
    """What says how long it goes on, kept up to date as lines change.

    Trials that have yet to start run for as large a part of their epochs as those that have ended: a search stops
    many early. One that runs has outlived some of these, and is measured by those that went farther.
    """

    def __init__(self) -> None:
        self._seconds = 0.0
        self._epochs = 0
        self._waiting_epochs = 0
        self._all_epochs = 0
        self._lines = 0
        self._ended: Counter[int] = Counter()  # parts of their epochs that ended trials did → how many

    def count(self, line: TrialLine, times: int) -> None:
        """Add a line (`times` 1), or take it away as it was (−1)."""
        self._seconds += times * line.seconds
        self._epochs += times * line.epochs_here
        self._all_epochs += times * line.epochs
        self._lines += times
        if line.state in ("waiting", "again"):
            self._waiting_epochs += times * max(0, line.epochs - line.epoch)
        if line.state in ENDED and line.epoch:
            self._ended[_part(line)] += times

    def seconds(self, running: Collection[TrialLine], unseen: int, waiting: int, at_once: int) -> float | None:
        if self._epochs <= 0:
            return None
        pace = self._seconds / self._epochs
        singles = [(line.pace or pace) * self._epochs_of(line) for line in running]
        ended = sum(self._ended.values())
        usual = sum(part * times for part, times in self._ended.items()) / ended / _SHARES if ended else 1.0
        epochs = self._waiting_epochs + (unseen * self._all_epochs / self._lines if unseen else 0)
        open_ = len(running) + waiting + unseen
        shared = (sum(singles) + epochs * usual * pace) / max(1, min(max(at_once, len(running)), open_))
        return max([shared, *singles])

    def _epochs_of(self, line: TrialLine) -> float:
        """That a running trial is expected to do yet."""
        own = _part(line)
        farther = {part: times for part, times in self._ended.items() if part > own and times > 0}
        if not farther:
            return max(0, line.epochs - line.epoch)
        mean = sum(part * times for part, times in farther.items()) / sum(farther.values())
        return (mean - own) / _SHARES * line.epochs


def _part(line: TrialLine) -> int:
    return round(_SHARES * min(1.0, line.epoch / max(1, line.epochs)))
