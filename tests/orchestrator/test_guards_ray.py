"""Each fault of the pinned Ray that a guard mends. A test that passes without its guard says: delete the guard."""

import gc
import json
import os
import time

import psutil
import pytest
import ray
from ray import tune
from ray.air.execution import FixedResourceManager, ResourceRequest
from ray.air.execution._internal.actor_manager import RayActorManager
from ray.air.execution._internal.tracked_actor_task import TrackedActorTask
from ray.exceptions import OutOfMemoryError, RayActorError
from ray.tune.execution.tune_controller import TuneController
from ray.tune.experiment import Trial
from ray.util.placement_group import placement_group

from orchestrator.cluster import SETTINGS, cluster
from orchestrator.group import passing_on
from orchestrator.guards import (
    NoProgress,
    forget_ended_trials,
    keep_starting_processes,
    survive_out_of_memory,
    sweep_orphans,
    use_waiting_processes,
    write_no_trials_down,
)

pytestmark = [pytest.mark.ray]


@ray.remote(num_cpus=0)
class Controller:
    """Reserves a processor as a Ray Train controller does, and can be killed."""

    def reserve(self) -> bool:
        self.group = placement_group([{"CPU": 1}])
        return ray.get(self.group.ready(), timeout=60) is not None


@pytest.fixture(scope="module")
def one_cluster():
    ray.init(address="local", num_cpus=2, include_dashboard=False, log_to_driver=False)
    yield
    ray.shutdown()


@pytest.fixture
def two_processors(one_cluster):
    """Both are free, before and after."""
    yield
    gc.collect()  # actors that nobody knows any more end

    def both_are_free() -> bool:
        sweep_orphans()
        return ray.available_resources().get("CPU") == 2

    wait_for(both_are_free)


def test_a_dead_controllers_reservation_is_freed(two_processors):
    controller = Controller.remote()
    assert ray.get(controller.reserve.remote(), timeout=60)
    ray.kill(controller)
    wait_for(lambda: sweep_orphans() == 1)
    wait_for(lambda: ray.available_resources().get("CPU") == 2)


def test_a_living_controllers_reservation_is_kept(two_processors):
    controller = Controller.remote()
    assert ray.get(controller.reserve.remote(), timeout=60)
    assert sweep_orphans() == 0
    assert ray.available_resources().get("CPU") == 1


def test_an_out_of_memory_kill_is_one_trials_failure(two_processors):
    manager, started, told = RayActorManager(resource_manager=FixedResourceManager({"CPU": 1})), [], []
    actor = manager.add_actor(
        cls=Controller.__ray_metadata__.modified_class,
        kwargs={},
        resource_request=ResourceRequest([{"CPU": 1}]),
        on_start=started.append,
        on_error=lambda tracked, error: told.append(type(error)),
    )
    wait_for(lambda: manager.next(timeout=0.1) and bool(started))
    survive_out_of_memory()
    # Unguarded, this raises RuntimeError and so ends the whole experiment.
    manager._actor_task_failed(
        tracked_actor_task=TrackedActorTask(tracked_actor=actor), exception=OutOfMemoryError("killed")
    )
    assert told == [RayActorError]


def test_a_trial_waits_for_the_process_that_starts_for_it(two_processors, tmp_path):
    keep_starting_processes()
    # Unguarded, the process that is up first does all of these short trials.
    assert len({result["process"] for result in short_trials(tmp_path)}) == 2


def test_trials_run_in_the_processes_that_ray_holds_ready(two_processors, tmp_path):
    with use_waiting_processes():
        # Unguarded, Tune sets it, and no waiting process has it.
        assert {result["of_lightning"] for result in short_trials(tmp_path)} == {None}


def test_tune_writes_no_trials_down(two_processors, tmp_path):
    write_no_trials_down()
    assert short_trials(tmp_path)
    written = [json.loads(path.read_text()) for path in tmp_path.rglob("experiment_state-*.json")]
    assert [state["trial_data"] for state in written] == [[]]


class Kept(tune.Callback):
    """How many trials Tune still has at the end, and how many anything has."""

    def __init__(self) -> None:
        self.by_tune, self.by_anything = [], []

    def __getstate__(self) -> dict:
        return {}

    def on_experiment_end(self, trials, **info) -> None:
        self.by_tune.append(len(trials))
        del trials, info
        gc.collect()
        self.by_anything.append(sum(isinstance(each, Trial) for each in gc.get_objects()))


@pytest.fixture
def forgetting(monkeypatch):
    """Undone afterwards: other tests read the results of Tune's trials."""
    for name, value in SETTINGS.items():
        monkeypatch.setenv(name, value)
    for name in ("on_step_end", "_get_trial_checkpoints"):
        monkeypatch.setattr(TuneController, name, getattr(TuneController, name))
    monkeypatch.setattr(TuneController, "_marksweep_forgets", False, raising=False)
    write_no_trials_down()
    forget_ended_trials()


def test_tune_forgets_trials_that_have_ended(two_processors, forgetting, tmp_path):
    kept = Kept()
    short_trials(tmp_path, kept, NoProgress())
    # Unguarded, all 12; without NoProgress, Tune's own display of progress has them.
    assert (kept.by_tune, kept.by_anything) == ([0], [0])


class Slow(tune.Callback):
    """A driver that has much else to do."""

    def __init__(self, seen) -> None:
        self.seen = seen

    def __getstate__(self) -> dict:
        return {}

    def on_trial_result(self, iteration, trials, trial, result, **info) -> None:
        time.sleep(0.5)
        self.seen.append(result["epoch"])


def test_no_report_of_a_worker_group_is_lost_on_a_slow_driver(two_processors, tmp_path):
    def trial(config):
        with passing_on() as callback:
            for epoch in range(5):
                callback.after_report(None, [{"epoch": epoch}, {"epoch": "another worker's"}], None)

    seen = []
    configuration = tune.RunConfig(storage_path=str(tmp_path), verbose=0, callbacks=[Slow(seen)])
    tune.Tuner(tune.with_resources(trial, {"CPU": 1}), run_config=configuration).fit()
    # With Ray's TuneReportCallback in its place, this loses the last one or waits for ever.
    assert seen == [0, 1, 2, 3, 4]


def short_trials(folder, *callbacks: tune.Callback) -> list[dict]:
    def trial(config):
        tune.report({"process": os.getpid(), "of_lightning": os.environ.get("PL_DISABLE_FORK")})

    tuner = tune.Tuner(
        tune.with_resources(trial, {"CPU": 1}),
        param_space={"number": tune.grid_search(list(range(12)))},
        tune_config=tune.TuneConfig(reuse_actors=True, max_concurrent_trials=2),
        run_config=tune.RunConfig(storage_path=str(folder), verbose=0, callbacks=list(callbacks)),
    )
    return [result.metrics for result in tuner.fit()]


def wait_for(condition, attempts: int = 100) -> None:
    for _ in range(attempts):
        if condition():
            return
        time.sleep(0.1)
    raise AssertionError("it did not happen")


@ray.remote
class Stopped:
    def pid(self) -> int:
        return os.getpid()


def test_a_process_that_does_not_end_is_ended_with_its_cluster():
    ray.shutdown()  # one process has one cluster at a time
    with cluster(None, cpus=1):
        stopped = psutil.Process(ray.get(Stopped.remote().pid.remote()))
        stopped.suspend()
    # Unguarded, it stays for ever, as one that waits for itself does.
    assert not stopped.is_running() or stopped.status() == psutil.STATUS_ZOMBIE


def test_a_private_cluster_hears_this_machine_alone_and_no_signal_to_the_commands_group():
    ray.shutdown()  # one process has one cluster at a time
    # Unguarded, every network that the machine is in, and every such signal.
    with cluster(None, cpus=1):
        processes = psutil.Process().children(recursive=True)
        heard = {
            connection.laddr.ip
            for process in processes
            for connection in process.net_connections("tcp")
            if connection.status == psutil.CONN_LISTEN
        }
        assert os.getpgrp() not in {os.getpgid(process.pid) for process in processes}
    assert heard
    assert heard <= {"127.0.0.1", "::1", "::ffff:127.0.0.1"}
