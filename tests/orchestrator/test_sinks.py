"""Sinks: by name, beside the run, never in its way; and what each of them keeps."""

import math
import struct
import sys
import threading
from pathlib import Path

import pytest
from tensorboardX.proto.event_pb2 import Event as TensorBoardEvent

from orchestrator.board import Event, TrialLine
from orchestrator.sinks.registry import SINKS, sink_named
from orchestrator.sinks.sink import Sink, Sinks, flattened, numbers

PARAMETERS = {"method": {"kind": "resnet18", "input_size": 64}, "recipe": {"epochs": 3, "curriculum": None}, "tags": []}
FLAT = {
    "method.kind": "resnet18",
    "method.input_size": 64,
    "recipe.epochs": 3,
    "recipe.curriculum": "null",
    "tags": "[]",
}
FINAL = {"epoch": 3, "train_loss": 0.25, "test_nme_io": 0.0625, "why": "all 3 epochs"}


def line(seed: int = 0) -> TrialLine:
    return TrialLine("label", seed, epochs=3, parameters=PARAMETERS)


def tell_a_trial(sink: Sink) -> None:
    """Two epochs, a pause, and the last one in another launch."""
    for event in (
        Event("t0", "started", {"epoch": 0}),
        Event("t0", "epoch", {"epoch": 1, "train_loss": 1.0, "trial": "t0", "state": "running"}),
        Event("t0", "epoch", {"epoch": 2, "train_loss": 0.5}),
        Event("t0", "paused", {"epoch": 2}),
        Event("t0", "started", {"epoch": 2}),
        Event("t0", "finished", FINAL),
    ):
        sink.show("t0", line(), event)
    sink.close()


class Recording:
    """A sink in memory."""

    def __init__(self, error: str = "") -> None:
        self.kinds: list[str] = []
        self.threads: set[int] = set()
        self.closed = False
        self._error = error

    def show(self, trial: str, line: TrialLine, event: Event) -> None:
        self.kinds.append(event.kind)
        self.threads.add(threading.get_ident())
        if self._error:
            raise OSError(self._error)

    def close(self) -> None:
        self.closed = True


def test_a_sink_is_told_every_event_in_a_thread_of_its_own_and_then_closed():
    sink = Recording()
    sinks = Sinks([sink], tell=print)
    for kind in ("started", "epoch", "finished"):
        sinks.show("t0", line(), Event("t0", kind))
    sinks.close()
    assert (sink.kinds, sink.closed) == (["started", "epoch", "finished"], True)
    assert threading.get_ident() not in sink.threads


def test_errors_of_a_sink_are_told_once_and_disturb_nobody():
    told: list[str] = []
    broken, whole = Recording("no server"), Recording()
    sinks = Sinks([broken, whole], told.append)
    for _ in range(3):
        sinks.show("t0", line(), Event("t0", "epoch", {"epoch": 1}))
    sinks.close()
    assert told == ["Recording: OSError: no server. The run goes on, and the ledger has everything."]
    assert len(whole.kinds) == 3


def test_settings_are_named_by_their_paths():
    assert flattened(PARAMETERS) == FLAT


def test_only_finite_numbers_are_drawn():
    metrics = {"epoch": 3, "train_loss": 0.5, "nan": math.nan, "why": "all", "flag": True, "images": 7}
    assert numbers(metrics) == {"train_loss": 0.5, "images": 7.0}


def test_an_unknown_sink_is_answered_with_those_that_there_are(tmp_path):
    with pytest.raises(ValueError, match=r"No sink 'tensorbord'\. Did you mean 'tensorboard'\?"):
        sink_named("tensorbord", tmp_path)


@pytest.mark.parametrize("name", ["mlflow", "wandb"])
def test_a_sink_whose_package_is_absent_says_how_to_install_it(name, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.delitem(sys.modules, f"orchestrator.sinks.{name}", raising=False)
    with pytest.raises(ValueError, match=f"pip install {name}"):
        sink_named(name, tmp_path)


def scalars(folder: Path) -> list[tuple[int, str, float]]:
    """Step, name and value of all curves in a folder's event files, read by the format's definition: a length of 8
    bytes, its checksum of 4, the event, its checksum of 4."""
    found = []
    for path in sorted(folder.rglob("events.*"), key=lambda path: path.stat().st_mtime_ns):
        data, place = path.read_bytes(), 0
        while place < len(data):
            (length,) = struct.unpack_from("<Q", data, place)
            event = TensorBoardEvent.FromString(data[place + 12 : place + 12 + length])
            found += [
                (event.step, each.tag, each.simple_value)
                for each in event.summary.value
                if not each.tag.startswith("_hparams_")
            ]
            place += 16 + length
    return found


def test_tensorboard_keeps_curves_by_epoch_in_a_folder_for_each_trial(tmp_path):
    tell_a_trial(sink_named("tensorboard", tmp_path, "my study"))
    (folder,) = (tmp_path / "my study").iterdir()
    assert folder.name == "label, seed 0 t0"
    assert scalars(folder) == [
        (1, "train_loss", 1.0),
        (2, "train_loss", 0.5),
        (3, "train_loss", 0.25),
        (3, "test_nme_io", 0.0625),
    ]


def test_tensorboard_keeps_settings_beside_the_final_figures(tmp_path):
    tell_a_trial(sink_named("tensorboard", tmp_path))
    written = b"".join(path.read_bytes() for path in tmp_path.rglob("events.*"))
    assert all(name.encode() in written for name in FLAT)


def test_mlflow_keeps_one_run_for_a_trial_that_was_continued(tmp_path, monkeypatch):
    mlflow = pytest.importorskip("mlflow", reason="mlflow is not installed: pip install mlflow")
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    tell_a_trial(sink_named("mlflow", tmp_path, "my study"))
    client = mlflow.MlflowClient(f"sqlite:///{tmp_path}/mlflow.db")
    (run,) = client.search_runs([client.get_experiment_by_name("my study").experiment_id])
    assert (run.info.run_name, run.info.status, run.data.tags["state"]) == ("label, seed 0", "FINISHED", "finished")
    assert run.data.params == {name: str(value) for name, value in FLAT.items()}
    history = client.get_metric_history(run.info.run_id, "train_loss")
    assert [(each.step, each.value) for each in history] == [(1, 1.0), (2, 0.5), (3, 0.25)]


def test_wandb_keeps_a_run_under_the_trials_identity_without_a_server(tmp_path, monkeypatch):
    pytest.importorskip("wandb", reason="wandb is not installed: pip install wandb")
    monkeypatch.setenv("WANDB_MODE", "offline")
    tell_a_trial(sink_named("wandb", tmp_path, "my study"))
    files = list(tmp_path.rglob("run-t0.wandb"))
    written = b"".join(path.read_bytes() for path in files)
    assert len(files) == 2  # one for each launch: they are one run once they are synchronised
    assert all(text in written for text in (b"my study", b"label, seed 0", b"train_loss", b"recipe.epochs"))


def test_every_sink_has_a_file_of_its_name():
    folder = Path(sink_named.__code__.co_filename).parent
    assert all((folder / f"{name}.py").is_file() for name in SINKS)
