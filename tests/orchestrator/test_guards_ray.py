"""Each fault of the pinned Ray that a guard mends. A test that passes without its guard says: delete the guard."""

import time

import pytest
import ray
from ray.air.execution import FixedResourceManager, ResourceRequest
from ray.air.execution._internal.actor_manager import RayActorManager
from ray.air.execution._internal.tracked_actor_task import TrackedActorTask
from ray.exceptions import OutOfMemoryError, RayActorError
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


def wait_for(condition, attempts: int = 100) -> None:
    for _ in range(attempts):
        if condition():
            return
        time.sleep(0.1)
    raise AssertionError("it did not happen")
