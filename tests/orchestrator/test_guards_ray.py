"""Each fault of the pinned Ray that a guard mends. A test that passes without its guard says: delete the guard."""

import pytest
import ray
from ray.util.placement_group import placement_group

from orchestrator.guards import survive_out_of_memory, sweep_orphans

pytestmark = [pytest.mark.ray]


@ray.remote(num_cpus=0)
class Controller:
    """Reserves a processor as a Ray Train controller does, and can be killed."""

    def reserve(self) -> bool:
        self.group = placement_group([{"CPU": 1}])
        return ray.get(self.group.ready(), timeout=60) is not None


@pytest.fixture
def two_processors():
    ray.init(address="local", num_cpus=2, include_dashboard=False, log_to_driver=False)
    yield
    ray.shutdown()


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


def test_an_out_of_memory_kill_is_one_trials_failure():
    from ray.air.execution._internal.actor_manager import RayActorManager
    from ray.exceptions import OutOfMemoryError

    survive_out_of_memory()
    manager = RayActorManager()
    # Unguarded, this raises RuntimeError and so ends the whole experiment.
    manager._actor_task_failed(tracked_actor_task=Task(), exception=OutOfMemoryError("killed"))


class Task:
    """As much of Ray's tracked task as its failure handler reads."""

    _tracked_actor = object()
    on_error = None


def wait_for(condition, attempts: int = 100) -> None:
    import time

    for _ in range(attempts):
        if condition():
            return
        time.sleep(0.1)
    raise AssertionError("it did not happen")
