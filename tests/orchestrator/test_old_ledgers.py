"""Ledgers that earlier versions have written are read as they were meant. Each folder is one, by its day."""

import shutil
from pathlib import Path

import pytest

from orchestrator.ledger import Ledger
from orchestrator.recorder import TrialRecorder
from orchestrator.schema import TABLES, State
from orchestrator.storage import Storage
from trainables.checkpoints import read_weights

FOLDERS = sorted(Path(__file__).with_name("old_ledgers").iterdir())
TRIAL, EVALUATION = "0123456789abcdef", "fedcba9876543210"


@pytest.fixture(params=FOLDERS, ids=lambda folder: folder.name)
def old(request, tmp_path) -> Storage:
    return Storage(str(shutil.copytree(request.param, tmp_path / "runs")))


@pytest.mark.parametrize("gathered", [True, False])
def test_an_old_ledger_says_what_it_said(old, gathered):
    if not gathered:
        shutil.rmtree(Path(old.root, "compacted"))
    ledger = Ledger(old)
    assert all(ledger.read(name).schema == schema for name, schema in TABLES.items())
    trials = {row["trial"]: row for row in ledger.read("trials").to_pylist()}
    assert {trial: row["state"] for trial, row in trials.items()} == {TRIAL: "finished", "f" * 16: "running"}
    assert (trials[TRIAL]["seed"], trials[TRIAL]["parameters"], trials[TRIAL]["attempts"]) == (3, 1000, 1)
    assert trials[TRIAL]["began_after"] is None
    values = {(row["epoch"], row["metric"]): row["value"] for row in ledger.read("epochs").to_pylist()}
    assert values[2, "val_nme_io"] == 0.125
    assert len(values) == 4
    (measured,) = ledger.read("evaluations").to_pylist()
    assert (measured["evaluation"], measured["metric"], measured["value"]) == (EVALUATION, "nme_io", 0.05)
    assert ledger.read("images")["image"].to_pylist() == ["a.jpg", "b.jpg"]
    assert ledger.read("studies")["question"].to_pylist() == ["Is it read?"]
    assert read_weights(old.trial_folder(TRIAL))["layer"].tolist() == [1.5, 2.5]


def test_a_trial_of_an_old_ledger_goes_on(old):
    recorder = TrialRecorder(old, {"trial": "f" * 16, "variant": "w" * 16, "seed": 0})
    recorder.start(after=2, host="node")
    recorder.end(State.FINISHED)
    (row,) = Ledger(old).of_trial("trials", "f" * 16).to_pylist()
    assert (row["attempts"], row["began_after"], row["nodes"]) == (2, [None, 2], [None, "node"])
