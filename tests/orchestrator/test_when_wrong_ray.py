"""Entries of the README's page "When something goes wrong" that need trials, each brought about by real commands."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from ray.cluster_utils import Cluster

from tests.orchestrator.hosts import until
from tests.orchestrator.launching import Small, study
from tests.orchestrator.readme_page import assert_page_shows
from tests.orchestrator.test_launch_ray import assert_same, metrics

pytestmark = [pytest.mark.ray, pytest.mark.slow]

OF_ENDS = ("run elsewhere", "No more trials start: Ctrl-C", "the command was killed")
OF_CAUSES = ("No more trials start: 10 trials failed",)
OF_STORAGES = ("Stopped:",)
OF_CLUSTERS = ("The cluster has become too small", "Ray gave a GPU")
ENTRIES = (*OF_ENDS, *OF_CAUSES, *OF_STORAGES, *OF_CLUSTERS)


class Command:
    """`marksweep run` of a small study in a process of its own; it ends with the block, at the latest."""

    def __init__(self, asked: Small, *words: str, number: int = 1) -> None:
        self._log = asked.folder / f"{asked.name} {number}.log"
        with self._log.open("w") as log:
            self.process = psutil.Popen(
                [sys.executable, "-m", "reports", "run", str(asked.path), "--storage", str(asked.runs), *words],
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
            )

    def __enter__(self) -> "Command":
        return self

    def __exit__(self, *problem: object) -> None:
        if problem[0] is not None:
            print(self.said)
        if self.process.poll() is None:
            self.kill()

    def kill(self) -> None:
        """The command alone, as the system would; back when its trials have ended, too."""
        family = self.process.children(recursive=True)
        trials = [each for each in family if "ray::ImplicitFunc" in " ".join(each.cmdline())]
        self.process.kill()
        self.process.wait()
        psutil.wait_procs(trials, timeout=60)
        for each in family:  # Ray's own ones would take a minute
            with suppress(psutil.NoSuchProcess):
                each.kill()

    @property
    def said(self) -> str:
        return self._log.read_text()

    def says(self, words: str) -> None:
        """Wait until it does."""
        until(lambda: words in self.said or self.process.poll() is not None, what=words)
        assert words in self.said, self.said

    def ends(self, code: int) -> str:
        assert self.process.wait(timeout=150) == code, self.said
        return self.said


def test_many_that_fail_of_one_cause(tmp_path):
    asked = Small("one_cause", tmp_path, study("variant('bug', 'bug')", seeds=tuple(range(14))))
    with Command(asked) as command:
        assert_page_shows(*OF_CAUSES, command.ends(1))


def test_commands_that_are_killed_and_interrupted_and_share_a_storage(tmp_path):
    asked = Small("shared", tmp_path, study("variant('held', 'held')"))
    hold, held = asked.marks / "hold", asked.marks / "held"
    hold.touch()
    with Command(asked, number=1) as first, Command(asked, number=2) as second:
        until(held.exists, what="a trial")
        by = (first, second) if "started" in first.said else (second, first)
        by[1].says("run elsewhere")
        assert_page_shows("run elsewhere", by[1].said)
        by[0].kill()
        held.unlink()
        until(held.exists, what="taking over")
        by[1].process.send_signal(signal.SIGINT)
        by[1].says("No more trials start")
        hold.unlink()
        said = by[1].ends(130)
    assert_page_shows("No more trials start: Ctrl-C", said)
    assert said.rstrip().splitlines()[-1] == f"Next: marksweep run {asked.path} --storage {asked.runs}"
    with Command(asked, number=3) as third:
        assert "shared: 1 done, 0 to run" in third.ends(0)
    asked.without_ray("held")
    assert_same(metrics(asked.runs), metrics(asked.runs.with_name("shared without Ray")))


@pytest.fixture
def little_room(tmp_path) -> Iterator[Path]:
    """Enough for a trial that has begun, and not for its checkpoint."""
    folder = tmp_path / "runs"
    folder.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=300k", "tmpfs", folder], capture_output=True).returncode:
        pytest.skip("needs a right that this user has not: to mount a small filesystem")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


def test_a_storage_that_is_full(little_room, tmp_path):
    impatient = "\nfrom trainables import whole_files\nwhole_files.DELAYS = (0.0,)\n"
    asked = Small("full", tmp_path, study("variant('good')") + impatient)
    with Command(asked) as command:
        said = command.ends(1)
    assert_page_shows(*OF_STORAGES, said)
    assert "Traceback" not in said
    assert said.splitlines()[-1] == f"Next: marksweep run {asked.path} --storage {asked.runs}, once that is mended"


@pytest.fixture
def nodes() -> Iterator[Cluster]:
    """A head without processors, to which nodes are added."""
    made = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
    try:
        yield made
    finally:
        made.shutdown()


def test_a_cluster_that_becomes_too_small_and_a_gpu_that_torch_does_not_see(nodes, tmp_path):
    asked = Small("small", tmp_path, study("variant('held', 'held')", "variant('gpu', gpus=1)"))
    (asked.marks / "hold").touch()
    without = nodes.add_node(num_cpus=1)
    with_gpu = nodes.add_node(num_cpus=2, num_gpus=1)
    with Command(asked, "--address", nodes.address) as command:
        command.says("Ray gave a GPU")
        until((asked.marks / "held").exists, what="a trial")
        for node in (without, with_gpu):
            nodes.remove_node(node)
        command.says("too small")
        (asked.marks / "hold").unlink()
        command.process.send_signal(signal.SIGINT)
        said = command.ends(130)
    for beginning in OF_CLUSTERS:
        assert_page_shows(beginning, said)
