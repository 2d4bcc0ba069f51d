"""Faults of the pinned Ray, one guard each (another is in group.py). Delete one when its test passes without it."""

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any

import psutil
import ray
from ray import exceptions, tune
from ray.tune.progress_reporter import TrialProgressCallback


class OrphanSweeper(tune.Callback):
    """Frees placement groups whose creator, a Ray Train controller of this job, has died."""

    def __init__(self, every_seconds: float = 2.0) -> None:
        self._every_seconds = every_seconds
        self._last = 0.0

    def on_step_end(self, iteration: int, trials: list, **info: Any) -> None:
        if time.monotonic() - self._last > self._every_seconds:
            self._last = time.monotonic()
            sweep_orphans()

    def on_experiment_end(self, trials: list, **info: Any) -> None:
        sweep_orphans()


def sweep_orphans() -> int:
    """Remove this job's placement groups whose creator is dead; how many there were."""
    from ray._private.state import state
    from ray.core.generated.gcs_pb2 import PlacementGroupTableData  # pyright: ignore[reportAttributeAccessIssue]
    from ray.util.placement_group import PlacementGroup, remove_placement_group

    job, removed = ray.get_runtime_context().get_job_id(), 0
    for raw in state._connect_and_get_accessor().get_placement_group_table():
        group = PlacementGroupTableData.FromString(raw)
        orphan = not ray.ActorID(group.creator_actor_id).is_nil() and group.creator_actor_dead
        mine = not group.is_detached and group.creator_job_id.hex() == job
        if orphan and mine and group.state != PlacementGroupTableData.REMOVED:
            remove_placement_group(PlacementGroup(ray.PlacementGroupID(group.placement_group_id)))
            removed += 1
    return removed


def survive_out_of_memory() -> None:
    """Let an out-of-memory kill of a trial's process fail that trial; unguarded it ends the whole experiment."""
    from ray.air.execution._internal.actor_manager import RayActorManager

    if getattr(RayActorManager, "_marksweep_guarded", False):
        return
    original = RayActorManager._actor_task_failed

    def guarded(self: Any, tracked_actor_task: Any, exception: Exception) -> Any:
        if isinstance(exception, exceptions.OutOfMemoryError):
            exception = exceptions.RayActorError(error_msg=str(exception)[:500])
        return original(self, tracked_actor_task, exception)

    RayActorManager._actor_task_failed = guarded
    RayActorManager._marksweep_guarded = True  # pyright: ignore[reportAttributeAccessIssue]


def keep_starting_processes() -> None:
    """Let a trial wait for the process that is starting for it, though another one has become free.

    Unguarded, Tune gives it the free one and ends the starting one, again and again: where trials are shorter than a
    start (two seconds, with torch), one process does all of them beside others that never do any.
    """
    from ray.tune.execution.tune_controller import TuneController

    if getattr(TuneController, "_marksweep_guarded", False):
        return
    original = TuneController._maybe_reuse_cached_actor

    def guarded(self: Any, trial: Any) -> bool:
        starting = trial in self._trial_to_actor and trial not in self._resetting_trials
        return False if starting else original(self, trial)

    TuneController._maybe_reuse_cached_actor = guarded
    TuneController._marksweep_guarded = True  # pyright: ignore[reportAttributeAccessIssue]


def write_no_trials_down() -> None:
    """Let Tune write its own state without the trials: the ledger remembers them, and Tune is never restored.

    Unguarded, it writes all that it knows of each trial when a round ends: four milliseconds a trial.
    """
    from ray.tune.execution.tune_controller import TuneController

    TuneController._get_trial_checkpoints = lambda self: {}  # pyright: ignore[reportAttributeAccessIssue]


def forget_ended_trials() -> None:
    """Let Tune forget trials that have ended: the ledger remembers them.

    Unguarded, it keeps all that each trial ever reported: some 100 KB a trial in the driver. Needs
    `write_no_trials_down`, since Tune then looks for trials in what it has written down; and `NoProgress`.
    """
    from ray.tune.execution.tune_controller import TuneController

    if getattr(TuneController, "_marksweep_forgets", False):
        return
    original = TuneController.on_step_end

    def guarded(self: Any) -> None:
        original(self)
        ended = {trial for trial in self._trials if trial.is_finished() and trial not in self._trial_to_actor}
        if ended:
            self._trials[:] = [trial for trial in self._trials if trial not in ended]
            self._pending_trials_list[:] = [trial for trial in self._pending_trials_list if trial not in ended]
            # Of those that were resetting, the process died before they began.
            ended_in = (self._live_trials, self._stopped_trials, self._failed_trials, self._resetting_trials)
            for some in (*ended_in, self._trials_to_cache):
                some -= ended

    TuneController.on_step_end = guarded
    TuneController._marksweep_forgets = True  # pyright: ignore[reportAttributeAccessIssue]


def look_up_trainables_once() -> None:
    """Let Tune keep the trainable that it has registered. Unguarded, it asks the cluster for it three times a trial: a
    third of what a trial costs the driver."""
    from ray.tune.registry import _Registry

    if getattr(_Registry, "_marksweep_guarded", False):
        return
    get, contains, register = _Registry.get, _Registry.contains, _Registry.register
    known: dict[tuple[str, str], Any] = {}

    def guarded_get(self: Any, category: str, key: str) -> Any:
        if (category, key) not in known:
            known[category, key] = get(self, category, key)
        return known[category, key]

    def guarded_contains(self: Any, category: str, key: str) -> bool:
        return (category, key) in known or contains(self, category, key)

    def guarded_register(self: Any, category: str, key: str, value: Any) -> None:
        known.pop((category, key), None)  # every launch registers its own
        register(self, category, key, value)

    _Registry.get, _Registry.contains, _Registry.register = guarded_get, guarded_contains, guarded_register
    _Registry._marksweep_guarded = True  # pyright: ignore[reportAttributeAccessIssue]


class NoProgress(TrialProgressCallback):
    """Stands where Tune puts a progress callback of its own, which prints nothing here but keeps every trial."""

    def __getstate__(self) -> dict[str, Any]:
        return {}  # Tune pickles callbacks for a restore that is never made

    def on_trial_result(self, *args: Any, **info: Any) -> None: ...
    def on_trial_error(self, *args: Any, **info: Any) -> None: ...
    def on_trial_complete(self, *args: Any, **info: Any) -> None: ...


@contextmanager
def use_waiting_processes() -> Iterator[None]:
    """Let Tune's trials run in the processes that Ray holds ready on a private cluster.

    Unguarded, Tune gives them environment variables of their own, above all one for PyTorch Lightning, and Ray starts
    other processes for that. On a private cluster all processes inherit the driver's variables anyway.
    """
    from ray.tune.execution import class_cache

    before = class_cache.DEFAULT_ENV_VARS, class_cache.ENV_VARS_TO_PROPAGATE
    class_cache.DEFAULT_ENV_VARS, class_cache.ENV_VARS_TO_PROPAGATE = {}, set()
    try:
        yield
    finally:
        class_cache.DEFAULT_ENV_VARS, class_cache.ENV_VARS_TO_PROPAGATE = before


@contextmanager
def listen_on_loopback() -> Iterator[None]:
    """Let a cluster that is started within this block listen to this machine alone.

    Unguarded, Ray on Linux listens to every network that the machine is in, as if others might join.
    """
    from ray._private import ray_constants

    before = ray_constants.ENABLE_RAY_CLUSTER
    ray_constants.ENABLE_RAY_CLUSTER = False
    try:
        yield
    finally:
        ray_constants.ENABLE_RAY_CLUSTER = before


@contextmanager
def in_groups_of_their_own() -> Iterator[None]:
    """Let the processes of a cluster that is started within this block be in other groups than the command.

    Unguarded, a SIGTERM to the command's group, as `timeout` and shells send it, ends Ray's store of its state at once,
    and a minute later the command, which could save nothing.
    """
    from ray._private import services

    before = services.ConsolePopen
    services.ConsolePopen = partial(before, process_group=0)  # pyright: ignore[reportAttributeAccessIssue]
    try:
        yield
    finally:
        services.ConsolePopen = before


def shut_down() -> None:
    """End a private cluster, and those of its processes that do not end.

    Unguarded, one of Ray Train's now and then outlives its cluster for ever: in its last step it waits for a lock that
    it holds itself.
    """
    workers = [each for each in psutil.Process().children(recursive=True) if _is_of_ray(each)]
    ray.shutdown()
    _, left = psutil.wait_procs(workers, timeout=5.0)
    for each in left:
        with suppress(psutil.NoSuchProcess):
            each.kill()


def _is_of_ray(process: psutil.Process) -> bool:
    try:
        return "".join(process.cmdline()[:1]).startswith("ray::")
    except psutil.Error:  # it has ended
        return False


def say_nothing_of_dead_processes() -> None:
    """Let our own view say which trials are tried again.

    Unguarded, Ray also writes a paragraph in colours for each process that ends, terminal or not, though it was told
    not to print what its processes say.
    """
    from ray._private import worker

    worker._worker_logs_enabled = False
