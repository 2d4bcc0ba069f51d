"""Between the dispatcher, which decides, and Tune, which asks and tells: clock, cluster, referee, view, ledger."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import uuid4

import ray
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from orchestrator.assignment import Assignment
from orchestrator.capacity import Node
from orchestrator.dispatch import Claim, Dispatcher, Ended, Limits, Supply
from orchestrator.failures import cause_of
from orchestrator.leases import Leases
from orchestrator.ledger import Ledger
from orchestrator.progress import Event, NodeUse, View
from orchestrator.recorder import TrialRecorder
from orchestrator.referee import Referee
from orchestrator.schema import UNSUCCESSFUL, State
from orchestrator.secrets import without_secrets
from orchestrator.unit import Unit
from search_spaces.stopping import Stopping

_LOOK_SECONDS = 2.0  # between looks at the cluster, which can grow and shrink
_PATIENCE_SECONDS = 600.0  # for nodes to come back when nothing fits any more


@dataclass(frozen=True)
class Judging:
    """How trials of a search are given up: the rule, and what it has seen so far (trial → values, lower is better)."""

    stopping: Stopping
    values: Mapping[str, Sequence[float]]


class Desk:
    """One launch's: made when it begins, closed when it ends."""

    def __init__(self, supply: Supply, view: View, limits: Limits, judging: Judging | None, leases: Leases) -> None:
        self._dispatcher = Dispatcher(supply, limits, time.monotonic(), nodes_of_cluster(), self._claim)
        self._view = view
        self._leases = leases
        self._ledger = Ledger(leases.storage)
        self._stall_seconds = None if limits.stall_minutes is None else 60 * limits.stall_minutes
        self._elsewhere: set[str] = set()  # trials that another command has
        self._looked = time.monotonic()
        self._stuck_since: float | None = None
        self._told = False  # why it ends early
        self._is_stopped = False  # by a signal
        self._attempts: dict[str, int] = {}  # of trials that are tried again, up to then
        self._waiting: dict[str, float] = {}  # since when: handed out, without a process yet
        self._referee, self._referee_name = None, ""
        if judging is not None or limits.hours is not None or limits.gpu_hours is not None:
            self._referee_name = f"referee-{uuid4().hex}"
            self._referee = (
                ray.remote(num_cpus=0)(Referee)
                .options(name=self._referee_name, scheduling_strategy=_beside_the_driver())
                .remote(
                    judging.stopping if judging else None,
                    dict(judging.values) if judging else {},
                    None if limits.hours is None else 3600 * limits.hours,
                )
            )

    @property
    def is_over(self) -> bool:
        return self._dispatcher.is_over

    @property
    def why(self) -> str:
        return self._dispatcher.why

    @property
    def is_spent(self) -> bool:
        """Whether a budget ended it."""
        return self._dispatcher.is_spent

    @property
    def gpu_hours(self) -> float:
        return self._dispatcher.gpu_hours(time.monotonic())

    def next(self) -> Assignment | None:
        self._look_at_cluster()
        found = self._dispatcher.next(time.monotonic())
        self._tell_end()
        if found is None:
            self._wait_for_nodes()
            return None
        self._waiting[found.unit.id] = time.monotonic()
        return replace(found, unit=replace(found.unit, referee=self._referee_name, stall_seconds=self._stall_seconds))

    def stop(self, why: str, until: str) -> None:
        """Start nothing more, and let what runs stop after its epoch. `until`: what becomes of that, in words."""
        self._is_stopped = True
        self._dispatcher.interrupt(why)
        self._tell_end()
        self._view.tell(until)
        self._leases.ask_to_stop()

    def started(self, assignment: Assignment) -> None:
        self._waiting.pop(assignment.unit.id, None)
        self._view.show(Event(assignment.unit.id, "started", {"epoch": assignment.unit.epochs_done}))

    def epoch(self, result: Mapping[str, Any]) -> None:
        self._view.show(Event(result["trial"], "epoch", result))

    def ended(self, result: Mapping[str, Any]) -> None:
        """By its own last word."""
        if result.get("lost"):
            self._lose(result["trial"])
            return
        state = State(result["state"])
        ended = Ended(result["trial"], state, result["error"], result["trained"])
        self._conclude(ended, "paused" if state is State.RUNNING else state.value, result)

    def died(self, unit: Unit, failures: str) -> None:
        """Its process ended without a last word, which is written down for it."""
        if not self._leases.holds(unit.id):
            self._lose(unit.id)
            return
        recorder = TrialRecorder(self._leases.storage, unit.facts)
        died = without_secrets(cause_of(failures))
        state, error = recorder.died(died, failures, self._attempts.get(unit.id, unit.attempts))
        # Trained, it died while it was measured.
        trained = state is State.FINISHED
        state = State.FAILED if trained else state
        self._conclude(Ended(unit.id, state, error, trained), state.value, {"error": error})

    def close(self) -> None:
        if self._referee is not None:
            ray.kill(self._referee)  # pyright: ignore[reportArgumentType]

    def _conclude(self, ended: Ended, kind: str, metrics: Mapping[str, Any]) -> None:
        self._waiting.pop(ended.trial, None)  # its process may have died before it began
        again = self._dispatcher.ended(ended, time.monotonic())
        if again:  # what is more by then, another command has done
            self._attempts[ended.trial] = self._recorded(ended.trial)[0]
        self._leases.release(ended.trial)
        self._view.show(Event(ended.trial, "again" if again else kind, metrics))
        self._tell_end()

    def _claim(self, unit: Unit) -> Claim:
        """Its lease. Then nobody else can change what the ledger says of it: more, it may be, than was planned with."""
        if not self._leases.take(unit.id):
            if unit.id not in self._elsewhere:
                self._elsewhere.add(unit.id)
                self._view.show(Event(unit.id, "elsewhere", {"who": self._leases.who_has(unit.id)}))
            return Claim()
        was_elsewhere = unit.id in self._elsewhere
        self._elsewhere.discard(unit.id)
        state = self._ended_since(unit, was_elsewhere)
        if state is None:
            return Claim(self._leases.token(unit.id))
        self._leases.release(unit.id)
        self._view.show(Event(unit.id, state.value, {}))
        return Claim(ended=state)

    def _ended_since(self, unit: Unit, was_elsewhere: bool) -> State | None:
        """How another command has ended it since it was planned, if one has."""
        attempts, state = self._recorded(unit.id)
        if state is State.FINISHED:  # to measure it is no attempt
            wanted = {each["id"] for each in unit.evaluations}
            return state if len(self._ledger.evaluated(wanted)) == len(wanted) else None
        if attempts <= self._attempts.get(unit.id, unit.attempts) and not was_elsewhere:
            return None
        self._attempts[unit.id] = attempts
        return state if state in UNSUCCESSFUL or (state is State.PRUNED and unit.may_be_given_up) else None

    def _recorded(self, trial: str) -> tuple[int, State]:
        """Attempts and state that the ledger has."""
        rows = self._ledger.of_trial("trials", trial).to_pylist()
        return (rows[0]["attempts"], State(rows[0]["state"])) if rows else (0, State.RUNNING)

    def _lose(self, trial: str) -> None:
        """To another command, which took this one for ended; what it leaves goes on here."""
        self._waiting.pop(trial, None)
        self._dispatcher.lost(trial, time.monotonic())
        self._elsewhere.add(trial)
        self._view.show(Event(trial, "elsewhere", {"who": self._leases.who_has(trial)}))

    def _tell_end(self) -> None:
        """Once, why nothing more starts; what runs is stopped after its epoch where a budget is spent."""
        if self.why and not self._told:
            self._told = True
            self._view.tell(f"No more trials start: {self.why}.")
            if self._dispatcher.is_spent:
                self._leases.ask_to_stop()

    def _look_at_cluster(self) -> None:
        now = time.monotonic()
        if now - self._looked >= _LOOK_SECONDS:
            self._looked = now
            self._dispatcher.nodes = nodes_of_cluster()
            self._view.nodes(_use_of_nodes())

    def _wait_for_nodes(self) -> None:
        """Where nothing runs though something is left: the cluster has shrunk below what it needs."""
        now = time.monotonic()
        # Tune cannot take back what it was given, though no process has begun with it.
        is_given = bool(self._waiting) and self._dispatcher.num_running == len(self._waiting)
        if is_given and self._is_stopped:
            raise KeyboardInterrupt
        if is_given and now - min(self._waiting.values()) > _PATIENCE_SECONDS:
            raise ValueError(
                "Nothing that was to start has found its place for ten minutes: the cluster has lost nodes, or "
                "others use them. What was begun is saved; the same command goes on."
            )
        is_too_small = not self._dispatcher.has_place(self._waiting) if is_given else self._dispatcher.is_stuck
        if not is_too_small:
            self._stuck_since = None
            return
        if self._stuck_since is None:
            self._stuck_since = now
            self._view.tell("The cluster has become too small for what is left; waiting for nodes.")
        if now - self._stuck_since > _PATIENCE_SECONDS:
            self._dispatcher.interrupt("the cluster has been too small for what is left for ten minutes")


def _beside_the_driver() -> NodeAffinitySchedulingStrategy:
    """On another node it could be lost while trials go on."""
    return NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=True)


def nodes_of_cluster() -> list[Node]:
    """What the living nodes offer."""
    alive = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    return [Node(float(each.get("CPU", 0)), float(each.get("GPU", 0))) for each in alive if each.get("CPU")]


def _use_of_nodes() -> list[NodeUse]:
    from ray._private.state import available_resources_per_node

    available = available_resources_per_node()
    found = []
    for node in ray.nodes():
        if node["Alive"] and node["Resources"].get("CPU"):
            total, free = node["Resources"], available.get(node["NodeID"], {})
            cpus, gpus = total["CPU"], total.get("GPU", 0.0)
            found.append(
                NodeUse(
                    node["NodeManagerHostname"], cpus, cpus - free.get("CPU", 0.0), gpus, gpus - free.get("GPU", 0.0)
                )
            )
    return found
