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
from orchestrator.dispatch import Dispatcher, Ended, Limits, Supply
from orchestrator.failures import cause_of
from orchestrator.progress import Event, NodeUse, View
from orchestrator.recorder import TrialRecorder
from orchestrator.referee import Referee
from orchestrator.schema import State
from orchestrator.storage import Storage
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

    def __init__(self, supply: Supply, view: View, limits: Limits, judging: Judging | None) -> None:
        self._dispatcher = Dispatcher(supply, limits, time.monotonic(), nodes_of_cluster())
        self._view = view
        self._looked = time.monotonic()
        self._stuck_since: float | None = None
        self._told = False  # why it ends early
        self._attempts: dict[str, int] = {}  # of trials whose process died, up to then
        self._waiting: dict[str, float] = {}  # since when: handed out, without a process yet
        self._referee = self._referee_name = None
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
        if found is not None:
            self._waiting[found.unit.id] = time.monotonic()
        if found is None or self._referee_name is None:
            return found
        return replace(found, unit=replace(found.unit, referee=self._referee_name))

    def started(self, assignment: Assignment) -> None:
        self._waiting.pop(assignment.unit.id, None)
        self._view.show(Event(assignment.unit.id, "started", {"epoch": assignment.unit.epochs_done}))

    def epoch(self, result: Mapping[str, Any]) -> None:
        self._view.show(Event(result["trial"], "epoch", result))

    def ended(self, result: Mapping[str, Any]) -> None:
        """By its own last word."""
        state = State(result["state"])
        ended = Ended(result["trial"], state, result["error"], result["trained"])
        self._conclude(ended, "paused" if state is State.RUNNING else state.value, result)

    def died(self, unit: Unit, failures: str) -> None:
        """Its process ended without a last word, which is written down for it."""
        error = cause_of(failures)
        recorder = TrialRecorder(Storage(unit.storage), unit.facts)
        state = recorder.died(error, failures, self._attempts.get(unit.id, unit.attempts))
        self._attempts[unit.id] = recorder.attempts
        # Trained, it died while it was measured.
        trained = state is State.FINISHED
        state = State.FAILED if trained else state
        self._conclude(Ended(unit.id, state, error, trained), state.value, {"error": error})

    def close(self) -> None:
        if self._referee is not None:
            ray.kill(self._referee)  # pyright: ignore[reportArgumentType]

    def _conclude(self, ended: Ended, kind: str, metrics: Mapping[str, Any]) -> None:
        again = self._dispatcher.ended(ended, time.monotonic())
        self._view.show(Event(ended.trial, "again" if again else kind, metrics))
        self._tell_end()

    def _tell_end(self) -> None:
        """Once, why nothing more starts; what runs is stopped after its epoch where a budget is spent."""
        if self.why and not self._told:
            self._told = True
            self._view.tell(f"No more trials start: {self.why}.")
            if self._referee is not None and self._dispatcher.is_spent:
                self._referee.pause.remote()

    def _look_at_cluster(self) -> None:
        now = time.monotonic()
        if now - self._looked >= _LOOK_SECONDS:
            self._looked = now
            self._dispatcher.nodes = nodes_of_cluster()
            self._view.nodes(_use_of_nodes())

    def _wait_for_nodes(self) -> None:
        """Where nothing runs though something is left: the cluster has shrunk below what it needs."""
        now = time.monotonic()
        if self._waiting and self._dispatcher.num_running == len(self._waiting):
            # Tune cannot take back what it was given.
            if now - min(self._waiting.values()) > _PATIENCE_SECONDS:
                raise ValueError(
                    "Nothing that was to start has found its place for ten minutes: the cluster has lost nodes, or "
                    "others use them. What was begun is saved; the same command goes on."
                )
            return
        if not self._dispatcher.is_stuck:
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
