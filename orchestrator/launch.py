"""Carry out trials on Ray Tune. The only home of Ray Tune; nothing that matters lives in its folders.

A trial is a Tune function trial in a reused, warm process. With `workers=0` the loop runs right there; with more, that
process only drives a Ray Train worker group and holds no processor or accelerator that the workers need. What starts
when is decided in `dispatch.py`; Tune asks for it as it asks any searcher.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ray import tune
from ray.tune.error import TuneError
from ray.tune.search import Searcher

from orchestrator.assignment import Assignment
from orchestrator.desk import Desk, Judging, nodes_of_cluster
from orchestrator.dispatch import Limits, Supply, refuse_what_cannot_fit
from orchestrator.guards import (
    NoProgress,
    OrphanSweeper,
    forget_ended_trials,
    keep_starting_processes,
    look_up_trainables_once,
    survive_out_of_memory,
    write_no_trials_down,
)
from orchestrator.interruption import Interruption, interruption
from orchestrator.leases import Leases
from orchestrator.progress import View
from orchestrator.scratch import scratch_folder
from search_spaces.variants import Resources

_DRIVER_ONLY = {"memory": 1e6}  # a trial that only drives a worker group must not hold what the workers need


@dataclass(frozen=True)
class Launched:
    """What came of a launch: why it ended before its supply did, in words, empty where it did not; whether that was a
    budget, or a signal; what it used."""

    why: str
    is_spent: bool
    is_interrupted: bool
    gpu_hours: float


def launch(
    supply: Supply,
    view: View,
    leases: Leases,
    limits: Limits = Limits(),  # noqa: B008
    judging: Judging | None = None,
) -> Launched:
    """Do all that the supply gives, as far as other commands do not. Needs a cluster.

    Raises KeyboardInterrupt where a second signal, or the end of its grace, cut it off, and OSError where the storage
    takes nothing more.
    """
    # Imported by the process that a trial runs in; here it would wait for torch twice.
    from orchestrator.process import run_trial

    refuse_what_cannot_fit(supply.needs, nodes_of_cluster())
    survive_out_of_memory()
    keep_starting_processes()
    write_no_trials_down()
    forget_ended_trials()
    look_up_trainables_once()
    desk = Desk(supply, view, limits, judging, leases)
    try:
        with interruption(limits.grace) as noted, scratch_folder() as folder:
            if not desk.is_over:
                tune.Tuner(
                    tune.with_resources(run_trial, lambda config: _reserved(_assignment(config).resources)),
                    tune_config=tune.TuneConfig(search_alg=_Handing(desk), num_samples=-1, reuse_actors=True),
                    run_config=tune.RunConfig(
                        name="trials",
                        storage_path=folder,
                        verbose=0,
                        failure_config=tune.FailureConfig(max_failures=0),  # the desk counts failures
                        callbacks=[_Watch(desk, noted), OrphanSweeper(), NoProgress()],
                    ),
                ).fit()
        if not desk.is_over:
            raise KeyboardInterrupt
    except TuneError as error:
        raise _of_ours(error) from None
    finally:
        desk.close()
    return Launched(desk.why, desk.is_spent, bool(noted.why), desk.gpu_hours)


def _of_ours(error: TuneError) -> BaseException:
    """What our own code has raised, of which Tune makes an error of its own with a traceback as its words."""
    found: BaseException | None = error
    while isinstance(found, TuneError):
        found = found.__context__
    return found or error


def _assignment(config: Mapping[str, Any]) -> Assignment:
    return Assignment.unpacked(config["assignment"])


def _reserved(resources: Resources) -> tune.PlacementGroupFactory:
    if resources.workers:
        return tune.PlacementGroupFactory([_DRIVER_ONLY])
    return tune.PlacementGroupFactory([{"CPU": resources.cpus} | ({"GPU": resources.share} if resources.share else {})])


class _Handing(Searcher):
    """Tune asks it for the next trial, as it asks any searcher."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk

    def __getstate__(self) -> dict[str, Any]:
        return {}  # Tune pickles it for a restore that is never made

    def set_search_properties(self, metric: str | None, mode: str | None, config: dict[str, Any], **spec: Any) -> bool:
        return True

    def suggest(self, trial_id: str) -> Any:
        found = self._desk.next()
        if found is not None:
            return {"assignment": found.packed()}
        return Searcher.FINISHED if self._desk.is_over else None

    def on_trial_complete(self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False) -> None:
        pass  # the watch has told

    def save(self, checkpoint_path: str) -> None:
        pass

    def restore(self, checkpoint_path: str) -> None:
        pass

    def save_to_dir(self, checkpoint_dir: str, session_str: str = "default") -> None:
        pass


class _Watch(tune.Callback):
    """Tells the desk what Tune sees of each trial, and what signals ask for."""

    def __init__(self, desk: Desk, noted: Interruption) -> None:
        self._desk = desk
        self._noted = noted
        self._told = False

    def on_step_begin(self, iteration: int, trials: list, **info: Any) -> None:
        if iteration == 1:
            self._noted.listen()  # Tune has begun to listen to one of them
        if self._noted.why and not self._told:
            self._told = True
            self._desk.stop(self._noted.why, self._noted.until)

    def __getstate__(self) -> dict[str, Any]:
        return {}  # Tune pickles it for a restore that is never made

    def on_trial_start(self, iteration: int, trials: list, trial: Any, **info: Any) -> None:
        self._desk.started(_assignment(trial.config))

    def on_trial_result(self, iteration: int, trials: list, trial: Any, result: dict[str, Any], **info: Any) -> None:
        if "trial" in result and not result.get("ended"):
            self._desk.epoch(result)

    def on_trial_complete(self, iteration: int, trials: list, trial: Any, **info: Any) -> None:
        # Not before: only now can its process take the next trial.
        self._desk.ended(trial.last_result)

    def on_trial_error(self, iteration: int, trials: list, trial: Any, **info: Any) -> None:
        if trial.last_result.get("ended"):
            self._desk.ended(trial.last_result)
            return
        failures = Path(trial.error_file).read_text(errors="replace") if trial.error_file else ""
        self._desk.died(_assignment(trial.config).unit, failures)
