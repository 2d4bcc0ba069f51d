"""A small method that goes wrong, waits or tells, for studies of tests that run through Ray."""

import os
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

import ray
import torch
from torch import Tensor, distributed

from trainables.config import config
from trainables.method import Batch
from trainables.methods.resnet18 import ResNet18, ResNet18Landmarks
from trainables.recipe import PositiveInt
from trainables.schemes import Scheme


@config
class Odd(ResNet18):
    """ResNet18 before each of whose steps something happens, see `HOW`.

    `folder`: where processes leave each other marks. `together`: how many wait for one another.
    """

    kind: ClassVar[str] = "odd_of_tests"
    input_size: PositiveInt = 32
    width: PositiveInt = 4
    how: str
    folder: str = ""
    together: PositiveInt = 1

    def build(self, scheme: Scheme) -> "OddModel":
        return OddModel(scheme.num_landmarks, self)


class OddModel(ResNet18Landmarks):
    def __init__(self, num_landmarks: int, method: Odd) -> None:
        super().__init__(num_landmarks, method.input_size, method.width)
        self.method = method
        self.steps = 0  # of this process

    def losses(self, output: Tensor, batch: Batch) -> dict[str, Tensor]:
        terms = super().losses(output, batch)
        if self.training:
            self.steps += 1
            HOW[self.method.how](self.method, self.steps, batch)
        return {name: term * float("nan") for name, term in terms.items()} if self.method.how == "nan" else terms


def _raise(method: Odd, step: int, batch: Batch) -> None:
    raise RuntimeError("this method has a bug")


def _die(method: Odd, step: int, batch: Batch) -> None:
    os._exit(1)


def _die_once(method: Odd, step: int, batch: Batch) -> None:
    if step == 3 and _first(method, "died"):
        os._exit(1)


def _die_afterwards(method: Odd, step: int, batch: Batch) -> None:
    """Once its trial has ended, while its process waits for the next one."""
    if step == 1 and _first(method, "dies afterwards"):
        threading.Thread(target=_die_when_ended, args=(Path(method.folder),), daemon=True).start()


def _die_when_ended(folder: Path) -> None:
    while not (folder / "ended").exists():
        time.sleep(0.02)
    (folder / "dead").touch()
    os._exit(1)


def _want_memory(method: Odd, step: int, batch: Batch) -> None:
    if len(batch.images) > 4:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")


def _wait_while_held(method: Odd, step: int, batch: Batch) -> None:
    while step > 1 and Path(method.folder, "hold").exists():
        Path(method.folder, "held").touch()
        time.sleep(0.02)


def _wait_once(method: Odd, step: int, batch: Batch) -> None:
    """Once, in its third step: a process that leads its trial tells where it is, and waits until it may go on."""
    leads = not distributed.is_initialized() or distributed.get_rank() == 0
    if step == 3 and leads and _first(method, "waits"):
        Path(method.folder, "waits on").write_text(socket.gethostname())
        while not Path(method.folder, "may go on").exists():
            time.sleep(0.02)
        Path(method.folder, "goes on").touch()


def _be_slow_while_asked(method: Odd, step: int, batch: Batch) -> None:
    if Path(method.folder, "slow").exists():
        time.sleep(2)


def _tell_devices(method: Odd, step: int, batch: Batch) -> None:
    """Write down what this process may use, and wait until all others that run at the same time have done so."""
    if step > 1:
        return
    seen, given = os.environ.get("CUDA_VISIBLE_DEVICES", ""), ",".join(map(str, ray.get_gpu_ids()))
    own = f"{method.width} {ray.get_runtime_context().get_worker_id()}.devices"
    Path(method.folder, own).write_text(f"{seen};{given}")
    deadline = time.monotonic() + 120
    while len(list(Path(method.folder).glob("*.devices"))) < method.together:
        assert time.monotonic() < deadline, "the others did not come"
        time.sleep(0.02)


def _first(method: Odd, mark: str) -> bool:
    """Whether no process has left this mark."""
    try:
        Path(method.folder, mark).touch(exist_ok=False)
    except FileExistsError:
        return False
    return True


HOW: dict[str, Callable[[Odd, int, Batch], None]] = {
    "nan": lambda method, step, batch: None,
    "bug": _raise,
    "dead": _die,
    "dying": _die_once,
    "dying afterwards": _die_afterwards,
    "greedy": _want_memory,
    "held": _wait_while_held,
    "slow": _be_slow_while_asked,
    "telling": _tell_devices,
    "waiting": _wait_once,
}
