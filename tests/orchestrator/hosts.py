"""Hosts on one machine, for tests of several Ray nodes.

Each host has its own name, network address, processes and temporary folder (Linux namespaces), and a cable to one
switch. So a host can be cut off while its processes live on, as no process that is merely killed can.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parents[2]
PORT = 6379
_SUBNET = "10.213.0"
_NAMESPACES = ("--net", "--uts", "--mount", "--pid")
# A host must not live longer than the tests that made it.
_ENDS_WITH_US = ("setpriv", "--pdeathsig", "KILL")
_RAY = {
    "RAY_AUTH_MODE": "disabled",  # a token would be written into the home folder
    "RAY_USAGE_STATS_ENABLED": "0",
    "PYTHONPATH": str(ROOT),  # the studies' methods are below tests/
    # By default a node that does not answer is given up after half a minute.
    "RAY_health_check_period_ms": "500",
    "RAY_health_check_timeout_ms": "2000",
    "RAY_health_check_failure_threshold": "4",
    # By default a node that is cut off ends itself after a minute; what lives on there is to be seen for longer.
    "RAY_gcs_rpc_server_reconnect_timeout_s": "600",
}


def why_not() -> str:
    """Why this machine allows no such hosts; empty where it does."""
    if sys.platform != "linux" or os.geteuid() != 0:
        return "hosts of their own need Linux and root"
    tried = subprocess.run(
        ["unshare", *_NAMESPACES, "--fork", "ip", "link", "add", "name", "one", "type", "veth", "peer", "name", "two"],
        capture_output=True,
        text=True,
    )
    return f"this machine allows no hosts of their own: {tried.stderr.strip()}" if tried.returncode else ""


@dataclass
class Host:
    """`process`: the first of its processes, as this machine counts them."""

    name: str
    address: str
    process: int
    switch: int
    is_cut_off: bool = False
    _keeper: subprocess.Popen | None = field(default=None, repr=False)

    def command(self, *words: str) -> list[str]:
        """What runs these words on the host."""
        return [*_entering(self.process, *_NAMESPACES), "env", "-C", str(ROOT), *words]

    def cut_off(self) -> None:
        """Pull its cable: its processes live on, and reach nobody."""
        _do(*_entering(self.switch, "--net"), "ip", "link", "set", self.name, "down")
        self.is_cut_off = True

    def processes(self, words: str = "") -> list[psutil.Process]:
        """Its living processes whose command line has these words."""
        own = _namespace(self.process, "pid")
        found = []
        for each in psutil.process_iter(["cmdline"]):
            try:
                if _namespace(each.pid, "pid") == own and words in " ".join(each.info["cmdline"] or ()):
                    found.append(each)
            except OSError:  # it has ended
                continue
        return [each for each in found if each.is_running() and each.status() != psutil.STATUS_ZOMBIE]

    def end(self) -> None:
        """All of it, at once."""
        if self._keeper is not None:
            self._keeper.kill()
            self._keeper.wait()


class Cluster:
    """A Ray head without processors for trials, and nodes that come and go.

    `folder` has a short path, because paths of sockets must be, and all hosts see it.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._switch = subprocess.Popen([*_ENDS_WITH_US, "unshare", "--net", "sleep", "infinity"])
        until(lambda: _is_apart(self._switch.pid, "net"))
        for words in ("add name switch type bridge", "set switch up"):
            _do(*_entering(self._switch.pid, "--net"), "ip", "link", *words.split())
        self._names = folder / "hosts"
        self._names.write_text("127.0.0.1 localhost\n")
        self._count = 0
        self.nodes: list[Host] = []
        self.head = self._host("head")
        _do(
            *self.head.command(*_ray("start"), "--head", f"--node-ip-address={self.head.address}", f"--port={PORT}"),
            *self._settings(cpus=0, name=self.head.name),
            "--include-dashboard=false",
            env=_RAY,
        )

    @property
    def address(self) -> str:
        return f"{self.head.address}:{PORT}"

    def add(self, count: int = 1, cpus: int = 1) -> list[Host]:
        """New nodes with so many processors each."""
        added = [self._host(f"node-{self._count}") for _ in range(count)]
        starting = [
            subprocess.Popen(
                [
                    *host.command(*_ray("start"), f"--address={self.address}", f"--node-ip-address={host.address}"),
                    *self._settings(cpus, host.name),
                ],
                env=os.environ | _RAY,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
            for host in added
        ]
        for process in starting:
            said, _ = process.communicate(timeout=120)
            assert process.returncode == 0, said
        self.nodes += added
        return added

    def with_nodes(self, count: int) -> list[Host]:
        """Exactly so many nodes, those that are there already among them."""
        lost = [node for node in self.nodes if node.is_cut_off or not node.processes("raylet/raylet")]
        for node in [*lost, *[node for node in self.nodes if node not in lost][count:]]:
            node.end()
            self.nodes.remove(node)
        self.add(count - len(self.nodes))
        return self.nodes

    def named(self, name: str) -> Host:
        return next(node for node in self.nodes if node.name == name)

    def end(self) -> None:
        for host in (*self.nodes, self.head):
            host.end()
        self._switch.kill()
        self._switch.wait()

    def _host(self, name: str) -> Host:
        self._count += 1
        address = f"{_SUBNET}.{self._count}"
        keeper = subprocess.Popen(
            [*_ENDS_WITH_US, "unshare", *_NAMESPACES, "--fork", "--kill-child", "--mount-proc", "sleep", "infinity"]
        )
        until(lambda: bool(_children(keeper.pid)) and _is_apart(_children(keeper.pid)[0], "pid"))
        host = Host(name, address, _children(keeper.pid)[0], self._switch.pid, _keeper=keeper)
        with self._names.open("a") as file:
            file.write(f"{address} {name}\n")
        own = self._folder / name
        own.mkdir()
        switch = _entering(self._switch.pid, "--net")
        cable = f"{name} type veth peer name eth0 netns {host.process}"
        _do(*switch, "ip", "link", "add", *cable.split())
        _do(*switch, "ip", "link", "set", name, "master", "switch", "up")
        for words in (
            f"hostname {name}",
            f"ip address add {address}/24 dev eth0",
            "ip link set eth0 up",
            "ip link set lo up",
            f"mount --bind {self._names} /etc/hosts",
            f"mount --bind {own} {self._temporary}",
        ):
            _do(*host.command(*words.split()))
        return host

    @property
    def _temporary(self) -> Path:
        """The same path on all hosts, another folder on each."""
        path = self._folder / "ray"
        path.mkdir(exist_ok=True)
        return path

    def _settings(self, cpus: int, name: str) -> list[str]:
        shared = [f"--num-cpus={cpus}", "--object-store-memory=80000000", "--disable-usage-stats"]
        return [*shared, f"--node-name={name}", f"--temp-dir={self._temporary}"]


def until(condition: Callable[[], bool], seconds: float = 120, what: str = "it") -> None:
    """Wait for it; AssertionError where it does not come true."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"{what} did not happen"
        time.sleep(0.05)


def _ray(verb: str) -> list[str]:
    return [sys.executable, "-m", "ray.scripts.scripts", verb]


def _entering(process: int, *namespaces: str) -> list[str]:
    return ["nsenter", "--target", str(process), *namespaces]


def _children(process: int) -> list[int]:
    return [child.pid for child in psutil.Process(process).children()]


def _namespace(process: int, kind: str) -> str:
    return str(Path(f"/proc/{process}/ns/{kind}").readlink())


def _is_apart(process: int, kind: str) -> bool:
    """Whether it has left our namespace."""
    return _namespace(process, kind) != _namespace(os.getpid(), kind)


def _do(*words: str, env: dict[str, str] | None = None) -> None:
    done = subprocess.run(words, capture_output=True, text=True, timeout=120, env=os.environ | (env or {}))
    assert done.returncode == 0, f"{' '.join(words)}: {done.stdout}{done.stderr}"
