"""Carry out a plan on Ray Tune. The only home of Ray Tune; nothing that matters lives in its folders.

A trial is a Tune function trial in a reused, warm process. With `workers=0` the loop runs right there; with more, that
process only drives a Ray Train worker group and holds no processor or accelerator that the workers need.
"""

import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import ray
from ray import tune

from orchestrator.guards import OrphanSweeper, keep_starting_processes, survive_out_of_memory, write_no_trials_down
from orchestrator.process import Assignment, run_trial
from orchestrator.progress import Event, View
from orchestrator.recorder import TrialRecorder
from orchestrator.schema import State
from orchestrator.storage import Storage
from search_spaces.variants import Resources

RESTARTS = 2  # of a trial whose process died; it goes on from its last checkpoint
_DRIVER_ONLY = {"memory": 1e6}  # a trial that only drives a worker group must not hold what the workers need


def launch(assignments: Sequence[Assignment], view: View) -> None:
    """Do all units, stages before the trials that start from them. Needs a cluster.

    Raises KeyboardInterrupt where a signal ended it early: Tune itself would return as if all were done.
    """
    _refuse_what_cannot_fit([assignment.resources for assignment in assignments], ray.cluster_resources())
    survive_out_of_memory()
    keep_starting_processes()
    write_no_trials_down()
    pending = list(assignments)
    ended: dict[str, State] = {}
    while pending:
        round_ = _next_round(pending)
        _run_round(round_, view, ended)
        if any(a.unit.id not in ended for a in round_):
            raise KeyboardInterrupt
        chosen = {assignment.unit.id for assignment in round_}
        pending = _still_possible([a for a in pending if a.unit.id not in chosen], ended)


def concurrency(resources: Sequence[Resources], available: Mapping[str, float]) -> int:
    """How many trials the cluster holds at once, by the smallest of them: processors and accelerators both count."""
    return max(1, *(_how_many(each, available) for each in resources))


def _refuse_what_cannot_fit(resources: Sequence[Resources], available: Mapping[str, float]) -> None:
    impossible = [each for each in resources if _how_many(each, available) == 0]
    if impossible:
        raise ValueError(
            f"The cluster has {available.get('CPU', 0):g} CPUs and {available.get('GPU', 0):g} GPUs; "
            f"{impossible[0]} does not fit. Ask for less with --set resources.workers=…, resources.cpus=… or "
            "resources.gpus=…, or add nodes."
        )


def _how_many(resources: Resources, available: Mapping[str, float]) -> int:
    processes = max(1, resources.workers)
    counts = [int(available.get("CPU", 0) // (processes * resources.cpus))]
    if resources.gpus:
        counts.append(int(available.get("GPU", 0) / (processes * resources.gpus)))
    return min(counts)


def _next_round(pending: Sequence[Assignment]) -> list[Assignment]:
    """Units of one placement whose stage before is done: groups and single processes apart,
    so that a group never waits for ever behind single trials that keep taking its processors."""
    waiting = {assignment.unit.id for assignment in pending}
    ready = [assignment for assignment in pending if not waiting.intersection(assignment.unit.starts_from)]
    grouped = ready[0].resources.workers > 0
    return [assignment for assignment in ready if (assignment.resources.workers > 0) == grouped]


def _still_possible(pending: Sequence[Assignment], ended: dict[str, State]) -> list[Assignment]:
    """Without those that start from what failed, nor those that start from them. Stages come first."""
    impossible = {id for id, state in ended.items() if state is not State.FINISHED}
    possible: list[Assignment] = []
    for assignment in pending:
        if impossible.intersection(assignment.unit.starts_from):
            impossible.add(assignment.unit.id)
        else:
            possible.append(assignment)
    return possible


def _run_round(assignments: Sequence[Assignment], view: View, ended: dict[str, State]) -> None:
    resources = [assignment.resources for assignment in assignments]
    at_once = concurrency(resources, ray.cluster_resources())
    grouped = resources[0].workers > 0
    folder = tempfile.mkdtemp(prefix="marksweep-tune-")
    try:
        tune.Tuner(
            tune.with_resources(run_trial, lambda config: _reserved(_assignment(config).resources)),
            param_space={"assignment": tune.grid_search([assignment.packed() for assignment in assignments])},
            tune_config=tune.TuneConfig(
                max_concurrent_trials=at_once,
                reuse_actors=not grouped,
            ),
            run_config=tune.RunConfig(
                name="round",
                storage_path=folder,
                verbose=0,
                failure_config=tune.FailureConfig(max_failures=RESTARTS),
                callbacks=[_Watch(view, ended), OrphanSweeper()],
            ),
        ).fit()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _assignment(config: Mapping[str, Any]) -> Assignment:
    return Assignment.unpacked(config["assignment"])


def _reserved(resources: Resources) -> tune.PlacementGroupFactory:
    if resources.workers:
        return tune.PlacementGroupFactory([_DRIVER_ONLY])
    return tune.PlacementGroupFactory([{"CPU": resources.cpus} | ({"GPU": resources.gpus} if resources.gpus else {})])


class _Watch(tune.Callback):
    """Turns Tune's events into the view's, and records trials whose process died too often to record it itself."""

    def __init__(self, view: View, ended: dict[str, State]) -> None:
        self._view = view
        self._ended = ended

    def __getstate__(self) -> dict[str, Any]:
        return {}  # Tune pickles callbacks for a restore that is never made

    def on_trial_start(self, iteration: int, trials: list, trial: Any, **info: Any) -> None:
        self._view.show(Event(_assignment(trial.config).unit.id, "started"))

    def on_trial_result(self, iteration: int, trials: list, trial: Any, result: dict[str, Any], **info: Any) -> None:
        if "trial" not in result:
            return
        state = State(result["state"])
        if state is not State.RUNNING:
            # Others may start from a network that could not be measured.
            self._ended[result["trial"]] = State.FINISHED if result["trained"] else state
        self._view.show(Event(result["trial"], "epoch" if state is State.RUNNING else state.value, result))

    def on_trial_error(self, iteration: int, trials: list, trial: Any, **info: Any) -> None:
        unit = _assignment(trial.config).unit
        if unit.id in self._ended:
            return
        self._ended[unit.id] = State.FAILED
        failures = Path(trial.error_file).read_text(errors="replace") if trial.error_file else ""
        error = f"ended {RESTARTS + 1} times: {_cause(failures)}"
        TrialRecorder(Storage(unit.storage), unit.facts).died(error, failures)
        self._view.show(Event(unit.id, State.FAILED.value, {"error": error}))


def _cause(failures: str) -> str:
    """One line for the last of the failures that Tune wrote down: what died, or what was raised."""
    last = failures.rpartition("Failure #")[2].splitlines()[1:]
    lines = [line.strip() for line in last if line.strip()] or ["its process died"]
    return lines[-1] if lines[0].startswith(("ray::", "Traceback")) else lines[0]
