"""The processes of a disturbed run, found by a mark in their environment; and a cluster of two nodes made of them."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

MARK = "MARKSWEEP_CHAOS"  # in the environment of all that a run starts
NODE = "MARKSWEEP_CHAOS_NODE"  # and of all below a node, which of them
_HEAD, _OTHER = "head", "other"
# How Ray calls processes → what they are.
_KINDS = {
    "ray::ImplicitFunc": "trial",
    "ray::RayTrainWorker": "group worker",
    "ray::TrainController": "group controller",
    "ray::IDLE": "waiting worker",
    "ray::DashboardAgent": "",  # a part of its node
    "ray::RuntimeEnvAgent": "",
    "ray::": "other actor",
}
_KEPT_BY_RAY = "ray::_AutoscalingCoordinatorActor"  # Ray Train leaves it with the cluster, for all that follow


@dataclass(frozen=True)
class Process:
    pid: int
    title: str
    node: str  # of the cluster of two; empty elsewhere

    @property
    def kind(self) -> str:
        """Of what may be killed; empty for the rest."""
        if "/raylet/raylet" in self.title and self.node == _OTHER:
            return "raylet"
        return next((kind for name, kind in _KINDS.items() if self.title.startswith(name)), "")

    @property
    def works(self) -> bool:
        """Whether it is there for a trial, so that nothing of it may stay when all are done."""
        return self.kind not in ("", "raylet", "waiting worker") and not self.title.startswith(_KEPT_BY_RAY)

    def kill(self) -> bool:
        """Whether it was still there."""
        try:
            os.kill(self.pid, signal.SIGKILL)
        except ProcessLookupError:
            return False
        return True


def processes(name: str, value: str) -> list[Process]:
    """Those with this in their environment, but this one."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            environment = (path / "environ").read_bytes().split(b"\0")
            title = (path / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
        except OSError:
            continue  # it has ended, or is another user's
        if f"{name}={value}".encode() in environment and int(path.name) != os.getpid():
            nodes = [each.decode().partition("=")[2] for each in environment if each.startswith(f"{NODE}=".encode())]
            found.append(Process(int(path.name), title, nodes[0] if nodes else ""))
    return found


def none_left(find: Callable[[], list[Process]], seconds: float) -> list[Process]:
    """What is still there after so long."""
    deadline = time.monotonic() + seconds
    while (left := find()) and time.monotonic() < deadline:
        time.sleep(0.5)
    return left


class TwoNodes:
    """A Ray cluster of two nodes with a processor each, on this machine. A context manager."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.mark = uuid4().hex
        self.environment = {
            **os.environ,
            MARK: self.mark,
            "RAY_AUTH_MODE": "disabled",
            "RAY_USAGE_STATS_ENABLED": "0",
            "TMPDIR": str(folder),
        }
        self._port = _free_port()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self._port}"

    def __enter__(self) -> "TwoNodes":
        ports = ("ray-client-server-port", "dashboard-port")
        own = [f"--{name}={_free_port()}" for name in ports]
        self._start(
            _HEAD, "--head", f"--port={self._port}", "--include-dashboard=false", f"--temp-dir={self._folder}", *own
        )
        self.add_node()
        return self

    def add_node(self) -> None:
        self._start(_OTHER, f"--address={self.address}")

    def replace_node(self) -> None:
        """Another one for the node whose raylet was killed, once that has taken its workers along."""

        def on_it() -> list[Process]:
            return [each for each in self.processes() if each.node == _OTHER]

        none_left(lambda: [each for each in on_it() if each.kind], seconds=60)
        for process in on_it():
            process.kill()  # what only watched the node does not notice
        self.add_node()

    def processes(self) -> list[Process]:
        return processes(MARK, self.mark)

    def __exit__(self, *problem: object) -> None:
        while found := self.processes():
            for process in found:
                process.kill()
            time.sleep(0.2)

    def _start(self, node: str, *options: str) -> None:
        command = [
            str(Path(sys.executable).with_name("ray")),
            "start",
            "--node-ip-address=127.0.0.1",
            "--num-cpus=1",
            "--disable-usage-stats",
            "--min-worker-port=0",  # any, since two nodes of a host would take the same
            "--max-worker-port=0",
            f"--dashboard-agent-listen-port={_free_port()}",
            *options,
        ]
        environment = {**self.environment, NODE: node}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
        if done.returncode:
            raise RuntimeError(f"{' '.join(command)}: {done.stdout}{done.stderr}")


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]
