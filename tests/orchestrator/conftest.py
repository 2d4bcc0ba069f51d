"""What the tests of the orchestrator share: a storage, the rows of a trial, and the command line."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
import torch
from pyarrow import fs
from typer.testing import CliRunner

from orchestrator.recorder import TrialRecorder
from orchestrator.schema import State
from orchestrator.storage import Storage
from reports.__main__ import app
from tests.trainables.layouts_csv68 import write_csv68
from trainables.datasets.synthetic import Synthetic


@pytest.fixture(autouse=True, scope="session")
def one_thread():
    """Networks of these tests are too small to share: more threads only wait for each other."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def storage(tmp_path) -> Storage:
    return Storage(str(tmp_path / "runs"))


Record = Callable[..., TrialRecorder]


@pytest.fixture
def record(storage) -> Record:
    """`record(trial, state, history, **columns)`: a trial in the ledger as its process would have left it."""

    def write(
        trial: str,
        state: State = State.FINISHED,
        history: tuple[dict[str, float], ...] = ({"train_loss": 0.5},),
        at: Storage = storage,
        **columns: Any,
    ) -> TrialRecorder:
        facts = {"trial": trial, "variant": f"variant of {trial}", "seed": 0, "method": "resnet18", "dataset": "ytf68"}
        recorder = TrialRecorder(at, facts)
        recorder.start(unreadable_images=[])
        recorder.epochs(history)
        if state is not State.RUNNING:
            recorder.end(state, **columns)
        return recorder

    return write


class InMemory(Storage):
    """A storage on a filesystem that is not this machine's, without a network."""

    @cached_property
    def _resolved(self) -> tuple[fs.FileSystem, str]:
        return fs._MockFileSystem(), "bucket/runs"


@pytest.fixture
def elsewhere() -> Storage:
    return InMemory("memory://bucket/runs")


@dataclass
class Said:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def last(self) -> str:
        return self.out.rstrip().splitlines()[-1]


@pytest.fixture
def nothing_from_the_environment(monkeypatch):
    for name in ("MARKSWEEP_STORAGE", "MARKSWEEP_DATA", "MARKSWEEP_CACHE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def marksweep(tmp_path, monkeypatch, nothing_from_the_environment) -> Callable[..., Said]:
    """Runs a command in an empty folder, whatever the environment says."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str | Path) -> Said:
        done = CliRunner().invoke(app, [str(each) for each in arguments])
        assert "Traceback" not in done.output, done.output
        return Said(done.exit_code, done.stdout, done.stderr)

    return run


@pytest.fixture
def own_faces(tmp_path) -> Path:
    """A `csv68` below `data`: 12 pictures as JPEG."""
    return write_csv68(tmp_path / "data", Synthetic(train=3, val=1, test=2, size=64).faces(tmp_path))


@pytest.fixture(scope="session")
def ten_studies(tmp_path_factory) -> Path:
    """The folder of the studies of `ten_studies.py`, which have ended. One that hangs is ended, and fails."""
    folder = tmp_path_factory.mktemp("ten")
    command = [sys.executable, "-m", "tests.orchestrator.ten_studies", str(folder)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    ) as process:
        try:
            said, _ = process.communicate(timeout=900)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            raise
    assert process.returncode == 0, said
    return folder
