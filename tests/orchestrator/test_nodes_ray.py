"""Several Ray nodes, each a host of its own: what runs where, and what becomes of trials whose node dies, is cut off
or comes later."""

import hashlib
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from orchestrator.ledger import Ledger
from tests.orchestrator.hosts import Cluster, Host, until, why_not
from tests.orchestrator.launching import Small, study
from tests.orchestrator.test_launch_ray import assert_same

pytestmark = [
    pytest.mark.ray,
    pytest.mark.slow,
    pytest.mark.skipif(bool(why_not()), reason=why_not()),
]

EPOCHS = 4  # of two steps each; "waiting" waits in the second


@pytest.fixture(scope="module")
def cluster(request) -> Iterator[Cluster]:
    # The paths of pytest's own folders are too long for Ray's sockets.
    with tempfile.TemporaryDirectory(prefix="hosts-") as folder:
        with timed(request, "the cluster starts"):
            made = Cluster(Path(folder))
        try:
            yield made
        finally:
            made.end()


@pytest.fixture(scope="module")
def first_study(request, cluster, tmp_path_factory) -> Small:
    """Of two nodes one dies in mid-trial, and a third one is added; all that follows needs two at once."""
    cluster.with_nodes(2)
    # These two wait for each other, so that none is done before the other's process is there.
    pair = [f"variant('pair {width}', 'telling', width={width}, together=2)" for width in (5, 6)]
    variants = ("variant('one', 'waiting')", *pair, "variant('two', workers=2)")
    asked = small(tmp_path_factory.mktemp("first"), "first", *variants)
    with timed(request, "a study whose nodes come and go"), Command(asked, cluster) as command:
        (raylet,) = cluster.named(command.until_left(asked.marks / "waits on")).processes("raylet/raylet")
        raylet.kill()
        cluster.add()
        command.succeeds()
    return asked


@pytest.fixture(autouse=True)
def told_time(request) -> Iterator[None]:
    with timed(request, request.node.name):
        yield


@contextmanager
def timed(request, what: str) -> Iterator[None]:
    """How long it took is printed, whether it passes or not."""
    began = time.monotonic()
    yield
    with request.config.pluginmanager.get_plugin("capturemanager").global_and_fixture_disabled():
        print(f"\n{time.monotonic() - began:5.1f} s  {what}", flush=True)


class Command:
    """`marksweep run` of a small study on the head; it ends with the block."""

    def __init__(self, small: Small, cluster: Cluster) -> None:
        words = ["run", str(small.path), "--storage", str(small.runs), "--address", cluster.address]
        self._said = small.folder / f"{small.name}.log"
        with self._said.open("w") as log:
            self._process = subprocess.Popen(
                cluster.head.command(sys.executable, "-m", "reports", *words),
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, "RAY_AUTH_MODE": "disabled"},
            )

    def __enter__(self) -> "Command":
        return self

    def __exit__(self, *problem: object) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        if problem[0] is not None:
            print(self.said)

    @property
    def said(self) -> str:
        return self._said.read_text()

    def until_left(self, mark: Path) -> str:
        """What a process of a trial has left there."""
        until(lambda: self._process.poll() is not None or (mark.exists() and bool(mark.read_text())), what=mark.name)
        assert mark.exists(), self.said
        return mark.read_text()

    def succeeds(self) -> None:
        assert self._process.wait(timeout=150) == 0, self.said


def small(folder: Path, name: str, *variants: str) -> Small:
    return Small(name, folder, study(*variants), EPOCHS)


def rows(asked: Small) -> dict[str, dict]:
    """Label → the trial."""
    ledger = Ledger(str(asked.runs))
    labels = {row["trial"]: row["label"] for row in ledger.read("studies").to_pylist()}
    return {labels[row["trial"]]: row for row in ledger.read("trials").to_pylist()}


def numbers(runs: Path, trial: str) -> dict[tuple, float]:
    """All that was measured of a trial, whichever variant of one network it is."""
    ledger = Ledger(str(runs))
    epochs = ledger.read("epochs", only=[trial]).to_pylist()
    measured = [row for row in ledger.read("evaluations").to_pylist() if row["trial"] == trial]
    return {
        (row["epoch"], row["metric"]): row["value"]
        for row in epochs
        if row["metric"] not in ("seconds", "images_per_second")
    } | {(row["split"], row["subset"], row["metric"]): row["value"] for row in measured}


def assert_resumed_elsewhere(row: dict, lost: str) -> None:
    """From its checkpoint, not from the start."""
    assert (row["state"], row["epochs_run"]) == ("finished", EPOCHS)
    assert row["began_after"] == [0, 1]
    assert row["nodes"][0] == lost and row["nodes"][1] != lost, row["nodes"]
    # That a node was lost says nothing of the trial.
    assert (row["attempts"], row["failures"]) == (2, 0)


def assert_as_without_ray(asked: Small, label: str) -> None:
    trial = rows(asked)[label]["trial"]
    assert_same(numbers(asked.runs, trial), numbers(asked.without_ray(label), trial))


def contents(folder: Path) -> dict[str, str]:
    """Path → digest of every file."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def at_rest(host: Host, seconds: float = 3) -> bool:
    """Whether the trials' processes of a host have nothing more to do, or are gone."""

    def worked() -> float:
        return sum(sum(each.cpu_times()[:2]) for each in host.processes("ray::ImplicitFunc"))

    before = worked()
    time.sleep(seconds)
    return worked() - before < 0.1 * seconds


def test_a_trial_whose_node_dies_goes_on_elsewhere(first_study):
    lost = (first_study.marks / "waits on").read_text()
    assert_resumed_elsewhere(rows(first_study)["one"], lost)
    assert_as_without_ray(first_study, "one")


def test_a_node_that_is_added_is_used(first_study):
    lost = (first_study.marks / "waits on").read_text()
    pair = [rows(first_study)[f"pair {width}"] for width in (5, 6)]
    assert {row["nodes"][-1] for row in pair} == {"node-1", "node-2", "node-3"} - {lost}


def test_two_workers_train_on_two_nodes(first_study):
    row = rows(first_study)["two"]
    # A node has one processor: so each worker had a node of its own.
    assert (row["state"], row["workers"], row["attempts"]) == ("finished", 2, 1)


def test_a_trial_on_a_node_that_is_cut_off_goes_on_elsewhere_and_what_lives_on_there_writes_nothing(cluster, tmp_path):
    cluster.with_nodes(2)
    asked = small(tmp_path, "cut_off_node", "variant('one', 'waiting')")
    with Command(asked, cluster) as command:
        lost = command.until_left(asked.marks / "waits on")
        host = cluster.named(lost)
        host.cut_off()
        command.succeeds()
    assert_resumed_elsewhere(rows(asked)["one"], lost)
    assert_as_without_ray(asked, "one")
    before = contents(asked.runs)
    assert host.processes("ray::ImplicitFunc"), "nothing lives on there: this tests nothing"
    (asked.marks / "may go on").touch()
    until((asked.marks / "goes on").exists, what="going on")
    until(lambda: at_rest(host), what="the rest")
    assert contents(asked.runs) == before


@pytest.mark.long
def test_a_group_that_loses_a_node_waits_for_another_one_and_goes_on(cluster, first_study, tmp_path):
    cluster.with_nodes(2)
    asked = small(tmp_path, "cut_off_group", "variant('two', 'waiting', workers=2)")
    with Command(asked, cluster) as command:
        lost = command.until_left(asked.marks / "waits on")
        cluster.named(lost).cut_off()
        cluster.add()
        command.succeeds()
    found = rows(asked)["two"]
    assert_resumed_elsewhere(found, lost)
    # A group has other numbers than one process: each worker normalizes its share of a batch.
    as_before = numbers(first_study.runs, rows(first_study)["two"]["trial"])
    assert_same(numbers(asked.runs, found["trial"]), as_before)
