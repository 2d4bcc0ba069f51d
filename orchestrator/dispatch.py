"""What starts next, what is tried again, and when a launch ends. Pure but for the clock that it is given: no Ray."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from orchestrator.assignment import Assignment
from orchestrator.capacity import Node, fits_beside, fits_empty
from orchestrator.errors import fingerprint, one_line
from orchestrator.failures import counts, parts_again
from orchestrator.schema import State
from orchestrator.unit import Unit
from search_spaces.variants import Resources

Fits = Callable[[Resources], bool]


@dataclass(frozen=True)
class Claim:
    """What comes of asking for a trial. `token`: it is this launch's. `ended`: another one has brought it to this end
    since it was planned. Neither: another one runs it just now."""

    token: str | None = None
    ended: State | None = None


Claiming = Callable[[Unit], Claim]


def unshared(unit: Unit) -> Claim:
    """Where there is no other launch."""
    return Claim("")


class Supply(Protocol):
    """Where a launch takes its trials from: a plan, or a search."""

    def next(self, fits: Fits, claim: Claiming = unshared) -> Assignment | None:
        """One that can start now, for which there is room, and that is this launch's; it is not given again. None where
        there is none yet."""
        ...

    def ended(self, trial: str, state: State) -> None:
        """What became of one: RUNNING where it was stopped and goes on another time."""
        ...

    @property
    def is_empty(self) -> bool:
        """Whether nothing can follow any more while nothing runs."""
        ...

    @property
    def needs(self) -> Sequence[Resources]:
        """All that its trials ask for."""
        ...


@dataclass(frozen=True)
class Limits:
    """When a launch ends before its supply does. None: never.

    `hours` of wall time, `gpu_hours` over all devices; `same_failures`: after so many trials failed of the same cause
    no other one starts. A trial that does no step for `stall_minutes` has hung. `grace`: seconds that are left to
    trials after the notice that this machine is taken away.
    """

    hours: float | None = None
    gpu_hours: float | None = None
    same_failures: int | None = 10
    stall_minutes: float | None = 15.0
    grace: float = 25.0


@dataclass
class Ended:
    """How one attempt ended."""

    trial: str
    state: State
    error: str = ""
    trained: bool = False  # a network is there, though it could not be measured


@dataclass
class _Running:
    assignment: Assignment
    since: float


@dataclass
class Dispatcher:
    """Gives out what fits, and takes back what failed by no fault of its own. Times are seconds of one clock."""

    supply: Supply
    limits: Limits
    began: float
    nodes: Sequence[Node]
    claim: Claiming = unshared
    why: str = ""  # the launch ends early, in words
    is_spent: bool = False  # because of a budget
    _running: dict[str, _Running] = field(default_factory=dict)
    _again: list[Assignment] = field(default_factory=list)
    _failures: Counter[str] = field(default_factory=Counter)  # of a trial, in the ledger's way of counting
    _losses: Counter[str] = field(default_factory=Counter)  # of the nodes that it ran on
    _causes: Counter[str] = field(default_factory=Counter)
    _gpu_seconds: float = 0.0

    def next(self, now: float) -> Assignment | None:
        """What starts now; None where nothing can."""
        self._look_at_budgets(now)
        if self.why:
            return None
        found = self._next_again()
        # Nothing overtakes what is tried again; only what another launch has is not waited for.
        if found is None and all(self._fits(each.resources) for each in self._again):
            found = self.supply.next(self._fits, self.claim)
        if found is not None:
            self._running[found.unit.id] = _Running(found, now)
            self._failures.setdefault(found.unit.id, found.unit.failures)
        return found

    @property
    def num_running(self) -> int:
        return len(self._running)

    @property
    def is_over(self) -> bool:
        """Whether nothing runs and nothing more will start."""
        return not self._running and (bool(self.why) or (not self._again and self.supply.is_empty))

    @property
    def is_stuck(self) -> bool:
        """Whether nothing runs, though something should: the cluster has become too small for it."""
        left = [*(each.resources for each in self._again), *self.supply.needs]
        return not self._running and not self.is_over and not all(fits_empty(each, self.nodes) for each in left)

    def has_place(self, trials: Iterable[str]) -> bool:
        """Whether the nodes are large enough for any of these, which have been handed out."""
        return any(fits_empty(self._running[trial].assignment.resources, self.nodes) for trial in trials)

    def ended(self, ended: Ended, now: float) -> bool:
        """Note how a trial ended; whether it is tried again."""
        assignment = self._stopped(ended.trial, now)
        if ended.state is State.FAILED:
            (self._failures if counts(ended.error) else self._losses)[ended.trial] += 1
            again = self._assigned_again(assignment, ended.error)
            if again is not None:
                self._again.append(again)
                return True
            self._count(ended.error)
        if ended.state is State.RUNNING:
            # It would not have come to the end of its next epoch, and neither would another.
            self.interrupt("the time of --hours is over", is_spent=True)
        # Others may start from a network that could not be measured.
        self.supply.ended(ended.trial, State.FINISHED if ended.trained else ended.state)
        return False

    def lost(self, trial: str, now: float) -> None:
        """Another launch has it now. Should that one leave it, it goes on here."""
        self._again.append(self._stopped(trial, now))

    def gpu_hours(self, now: float) -> float:
        """Over all devices, up to now."""
        running = sum((now - each.since) * _gpus(each.assignment) for each in self._running.values())
        return (self._gpu_seconds + running) / 3600

    def interrupt(self, why: str, is_spent: bool = False) -> None:
        """Start nothing more."""
        if not self.why:
            self.why, self.is_spent = why, is_spent

    def _stopped(self, trial: str, now: float) -> Assignment:
        running = self._running.pop(trial)
        self._gpu_seconds += (now - running.since) * _gpus(running.assignment)
        return running.assignment

    def _assigned_again(self, assignment: Assignment, error: str) -> Assignment | None:
        unit = assignment.unit
        times = (self._failures if counts(error) else self._losses)[unit.id]
        parts = parts_again(error, times, unit.parts, unit.largest_parts)
        return None if parts is None else replace(assignment, unit=replace(unit, parts=parts, anew=False))

    def _count(self, error: str) -> None:
        cause = fingerprint(error)
        self._causes[cause] += 1
        if self.limits.same_failures is not None and self._causes[cause] >= self.limits.same_failures:
            times = f"{self._causes[cause]} trials failed of one cause" if self._causes[cause] > 1 else "a trial failed"
            self.interrupt(f"{times}: {one_line(error)}")

    def _next_again(self) -> Assignment | None:
        for each in list(self._again):
            if not self._fits(each.resources):
                return None
            claim = self.claim(each.unit)
            if claim.token is not None or claim.ended is not None:
                self._again.remove(each)
            if claim.token is not None:
                return each.leased(claim.token)
            if claim.ended is not None:
                self.supply.ended(each.unit.id, claim.ended)
        return None

    def _fits(self, resources: Resources) -> bool:
        running = [each.assignment.resources for each in self._running.values()]
        # Also of what is left when nodes have gone: what is handed out then would wait for ever.
        return fits_empty(resources, self.nodes) and fits_beside(resources, running, self.nodes)

    def _look_at_budgets(self, now: float) -> None:
        if self.limits.hours is not None and now - self.began >= 3600 * self.limits.hours:
            self.interrupt("the time of --hours is over", is_spent=True)
        if self.limits.gpu_hours is not None and self.gpu_hours(now) >= self.limits.gpu_hours:
            self.interrupt("the hours of --gpu-hours are spent", is_spent=True)


class Planned:
    """A plan's trials, in its order, each when all the stages that it starts from are trained. `announce_blocked` is
    told of each that never can be, because a stage failed."""

    def __init__(self, assignments: Sequence[Assignment]) -> None:
        self.announce_blocked: Callable[[str], None] = lambda trial: None
        self._pending = {assignment.unit.id: assignment for assignment in assignments}
        self._unfinished = {assignment.unit.id for assignment in assignments}

    def next(self, fits: Fits, claim: Claiming = unshared) -> Assignment | None:
        while True:
            for each in self._pending.values():
                if self._unfinished.intersection(each.unit.starts_from):
                    continue
                if not fits(each.resources):
                    # None behind it is given before it: a large one would wait for ever behind small ones.
                    return None
                found = claim(each.unit)
                if found.token is not None or found.ended is not None:
                    break
            else:
                return None
            del self._pending[each.unit.id]
            if found.token is not None:
                return each.leased(found.token)
            assert found.ended is not None
            self.ended(each.unit.id, found.ended)

    def ended(self, trial: str, state: State) -> None:
        if state is State.FINISHED:
            self._unfinished.discard(trial)
        if state in (State.FINISHED, State.RUNNING):  # what is only paused blocks nothing
            return
        lost = {trial}
        for each in list(self._pending.values()):  # stages come before what starts from them
            if lost.intersection(each.unit.starts_from):
                lost.add(each.unit.id)
                del self._pending[each.unit.id]
                self.announce_blocked(each.unit.id)

    @property
    def is_empty(self) -> bool:
        return not self._pending

    @property
    def needs(self) -> Sequence[Resources]:
        return list(dict.fromkeys(each.resources for each in self._pending.values()))


def refuse_what_cannot_fit(resources: Sequence[Resources], nodes: Sequence[Node]) -> None:
    """Raises ValueError where some of it would wait for ever."""
    impossible = [each for each in resources if not fits_empty(each, nodes)]
    if impossible:
        raise ValueError(
            f"The cluster has {sum(node.cpus for node in nodes):g} CPUs and {sum(node.gpus for node in nodes):g} GPUs "
            f"on {len(nodes)} {'node' if len(nodes) == 1 else 'nodes'}; {impossible[0]} does not fit. Ask for less "
            "with --set resources.workers=…, resources.cpus=… or resources.gpus=…, or add nodes."
        )


def _gpus(assignment: Assignment) -> float:
    return max(1, assignment.resources.workers) * assignment.resources.share
