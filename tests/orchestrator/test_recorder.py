"""What the only writer of the ledger leaves behind."""

import math
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pytest

from orchestrator.ledger import Ledger
from orchestrator.recorder import TrialRecorder, canonical_json, record_evaluation, record_study
from orchestrator.schema import IMAGES, State

FACTS = {"trial": "a", "variant": "v", "seed": 3, "method": "resnet18", "dataset": "ytf68", "git_commit": "0123"}


def trial_row(storage, trial: str = "a") -> dict:
    (row,) = Ledger(storage).read("trials", only=[trial]).to_pylist()
    return row


def test_a_trial_that_has_begun_is_running_in_its_first_attempt(storage):
    before = datetime.now(UTC)
    TrialRecorder(storage, FACTS).start(parameters=136, unreadable_images=["a.jpg: no such file"])
    row = trial_row(storage)
    assert {name: row[name] for name in FACTS} == FACTS
    assert (row["state"], row["attempts"], row["seconds"], row["epochs_run"]) == ("running", 1, 0.0, 0)
    assert (row["parameters"], row["unreadable_images"]) == (136, ["a.jpg: no such file"])
    # Kept to the millisecond.
    assert (row["started_at"] - before).total_seconds() > -0.001
    assert row["updated_at"] >= row["started_at"]


def test_a_trial_that_has_not_begun_is_not_in_the_ledger(storage):
    TrialRecorder(storage, FACTS)
    assert len(Ledger(storage).read("trials")) == 0


def test_attempts_and_seconds_add_up_over_attempts(storage):
    first = TrialRecorder(storage, FACTS)
    first.start()
    first.progress(1, 10.0)
    first.progress(2, 20.0)
    second = TrialRecorder(storage, FACTS)
    second.start()
    second.progress(3, 5.0)
    second.progress(4, 11.0)
    second.end(State.FINISHED, selected_epoch=4)
    row = trial_row(storage)
    assert (row["attempts"], row["seconds"], row["epochs_run"], row["selected_epoch"]) == (2, 31.0, 4, 4)


def test_a_new_attempt_keeps_when_the_trial_began_and_forgets_its_error(storage):
    first = TrialRecorder(storage, FACTS)
    first.start()
    first.end(State.FAILED, error="RuntimeError: no", traceback="Traceback …")
    failed = trial_row(storage)
    TrialRecorder(storage, {**FACTS, "git_commit": "4567"}).start()
    retried = trial_row(storage)
    assert (failed["state"], failed["error"], failed["traceback"]) == ("failed", "RuntimeError: no", "Traceback …")
    assert (retried["state"], retried["error"], retried["traceback"]) == ("running", "", "")
    assert retried["started_at"] == failed["started_at"]
    assert (failed["git_commit"], retried["git_commit"]) == ("0123", "4567")


def test_an_error_is_recorded_for_a_trial_whose_process_never_began(storage):
    """The driver writes for a process that died too early."""
    TrialRecorder(storage, FACTS).end(State.FAILED, error="OutOfMemory")
    row = trial_row(storage)
    assert (row["state"], row["error"], row["attempts"]) == ("failed", "OutOfMemory", 0)


def test_failures_are_counted_over_attempts_until_the_user_asks_anew(storage):
    counted = []
    for anew in (False, False, True):
        recorder = TrialRecorder(storage, FACTS)
        recorder.start(anew=anew)
        recorder.end(State.FAILED, error="RuntimeError: no")
        counted.append(trial_row(storage)["failures"])
    assert counted == [1, 2, 1]
    assert trial_row(storage)["attempts"] == 3


def test_a_process_that_died_failed_once_and_a_lost_node_is_no_failure_of_the_trial(storage):
    TrialRecorder(storage, FACTS).start()
    TrialRecorder(storage, FACTS).died("The actor died unexpectedly before finishing this task.", "…")
    assert (trial_row(storage)["state"], trial_row(storage)["failures"]) == ("failed", 1)
    TrialRecorder(storage, FACTS).start()
    TrialRecorder(storage, FACTS).died("The actor died because its node has died. Node Id: 01", "…")
    assert (trial_row(storage)["state"], trial_row(storage)["failures"]) == ("failed", 1)


def test_a_death_after_the_end_of_training_leaves_the_network_finished(storage):
    recorder = TrialRecorder(storage, FACTS)
    recorder.start()
    recorder.trained(3, 1.0, selected_epoch=2)
    TrialRecorder(storage, FACTS).died("its process died", "…")
    row = trial_row(storage)
    assert (row["state"], row["error"], row["failures"]) == ("finished", "its process died", 0)


def test_a_trial_that_a_search_gave_up_keeps_its_epochs_and_goes_on_as_another_attempt(storage):
    recorder = TrialRecorder(storage, FACTS)
    recorder.start(parts=2)
    recorder.epochs([{"val_nme_io": 0.5}, {"val_nme_io": 0.6}])
    recorder.progress(2, 10.0)
    recorder.end(State.PRUNED, selected_epoch=1)
    row = trial_row(storage)
    assert (row["state"], row["epochs_run"], row["selected_epoch"], row["error"]) == ("pruned", 2, 1, "")
    assert (row["failures"], row["parts"], len(Ledger(storage).read("epochs"))) == (0, 2, 2)
    again = TrialRecorder(storage, FACTS)
    again.start()
    again.trained(4, 5.0, selected_epoch=4)
    row = trial_row(storage)
    assert (row["state"], row["attempts"], row["seconds"], row["selected_epoch"]) == ("finished", 2, 15.0, 4)


def test_the_first_epoch_of_a_history_is_epoch_1(storage):
    recorder = TrialRecorder(storage, FACTS)
    recorder.epochs([{"train_loss": 0.5, "val_nme_io": 0.25}, {"train_loss": 0.125}])
    assert [tuple(row.values()) for row in Ledger(storage).read("epochs").to_pylist()] == [
        ("a", 1, "train_loss", 0.5),
        ("a", 1, "val_nme_io", 0.25),
        ("a", 2, "train_loss", 0.125),
    ]


def test_a_longer_history_replaces_the_shorter_one(storage):
    recorder = TrialRecorder(storage, FACTS)
    recorder.epochs([{"train_loss": 0.5}])
    recorder.epochs([{"train_loss": 0.5}, {"train_loss": 0.25}])
    assert Ledger(storage).read("epochs")["epoch"].to_pylist() == [1, 2]


def test_a_metric_that_is_not_a_number_stays_one(storage):
    TrialRecorder(storage, FACTS).epochs([{"val_nme_ip": math.nan}])
    (value,) = Ledger(storage).read("epochs")["value"].to_pylist()
    assert math.isnan(value)


def images_of(names: list[str]) -> pa.Table:
    """Two landmarks per image, found 1 and 3 px off."""
    count = len(names)
    columns = {
        "image": names, "group": ["person"] * count, "tags": [[] for _ in names],
        **{
            f"norm_{each}": np.full(count, 10.0)
            for each in ("io", "ip", "box", "diag", "width", "dataset_box", "dataset_diag")
        },
        "nme_io": np.full(count, 0.2), "errors_px": [[1.0, 3.0]] * count, "errors_crop": [[0.01, 0.03]] * count,
        "landmarks": [[0.0, 0.0, 9.0, 0.0]] * count, "prediction": [[1.0, 0.0, 9.0, 3.0]] * count,
        "crop": [[1.0, 0.0, 0.0, 0.0, 1.0, 0.0]] * count,
        **{name: pa.array([None] * count, pa.binary()) for name in ("thumbnail", "restored", "condition")},
    }  # fmt: skip
    return pa.table(columns)


EVALUATED = {"evaluation": "e", "trial": "a", "dataset": "ytf68", "data_digest": "d", "split": "test"}


def test_an_evaluation_is_one_row_for_each_metric_and_one_for_each_image(storage):
    summaries = {"all": {"nme_io": (0.2, 2), "mse": (0.01, 2)}}
    record_evaluation(storage, EVALUATED, summaries, images_of(["1.jpg", "2.jpg"]))
    rows = Ledger(storage).read("evaluations").to_pylist()
    assert [(row["metric"], row["value"], row["images"], row["subset"]) for row in rows] == [
        ("nme_io", 0.2, 2, "all"),
        ("mse", 0.01, 2, "all"),
    ]
    assert all({name: row[name] for name in EVALUATED} == EVALUATED for row in rows)
    images = Ledger(storage).read("images")
    assert images.schema == IMAGES
    assert images.select(["evaluation", "trial", "image", "errors_px"]).to_pylist() == [
        {"evaluation": "e", "trial": "a", "image": "1.jpg", "errors_px": [1.0, 3.0]},
        {"evaluation": "e", "trial": "a", "image": "2.jpg", "errors_px": [1.0, 3.0]},
    ]


def test_every_subset_has_a_row_for_each_of_its_metrics(storage):
    summaries = {"all": {"nme_io": (0.2, 2)}, "common": {"nme_io": (0.1, 1)}, "challenging": {"nme_io": (0.3, 1)}}
    record_evaluation(storage, EVALUATED, summaries, images_of(["1.jpg", "2.jpg"]))
    rows = Ledger(storage).read("evaluations").to_pylist()
    assert [(row["subset"], row["metric"], row["value"], row["images"]) for row in rows] == [
        ("all", "nme_io", 0.2, 2),
        ("common", "nme_io", 0.1, 1),
        ("challenging", "nme_io", 0.3, 1),
    ]


def test_an_infinite_error_stays_infinite(storage):
    record_evaluation(storage, EVALUATED, {"all": {"nme_io": (math.inf, 1)}}, images_of(["1.jpg"]))
    assert Ledger(storage).read("evaluations")["value"].to_pylist() == [math.inf]


def test_an_evaluation_cut_short_was_never_measured(storage, monkeypatch):
    """Its rows per image are written first: where the aggregate metrics are, everything is."""
    write, written = type(storage).write, []

    def die_at_the_second_file(self, path, table):
        written.append(path)
        if len(written) == 2:
            raise KeyboardInterrupt
        write(self, path, table)

    monkeypatch.setattr(type(storage), "write", die_at_the_second_file)
    with pytest.raises(KeyboardInterrupt):
        record_evaluation(storage, EVALUATED, {"all": {"nme_io": (0.2, 1)}}, images_of(["1.jpg"]))
    assert [path.rpartition("/")[2] for path in written] == ["images.parquet", "evaluation.parquet"]
    assert len(Ledger(storage).read("evaluations")) == 0


def test_what_a_study_asks_is_replaced_as_a_whole(storage):
    first = [{"question": "Why?", "trial": trial, "seed": 0, "baseline": False} for trial in ("a", "b", "c")]
    record_study(storage, "demo", first)
    record_study(storage, "other", first[:1])
    record_study(storage, "demo", [{"question": "Why not?", "trial": "d", "seed": 1, "baseline": True}])
    rows = Ledger(storage).read("studies").to_pylist()
    assert [(row["study"], row["trial"], row["question"]) for row in rows] == [
        ("demo", "d", "Why not?"),
        ("other", "a", "Why?"),
    ]


def test_a_storage_elsewhere_is_written_in_the_same_way(elsewhere):
    recorder = TrialRecorder(elsewhere, FACTS)
    recorder.start()
    recorder.epochs([{"train_loss": 0.5}])
    recorder.progress(1, 2.5)
    again = TrialRecorder(elsewhere, FACTS)
    again.start()
    again.end(State.FINISHED)
    record_evaluation(elsewhere, EVALUATED, {"all": {"nme_io": (0.2, 1)}}, images_of(["1.jpg"]))
    ledger = Ledger(elsewhere)
    row = trial_row(elsewhere)
    assert (row["state"], row["attempts"], row["seconds"]) == ("finished", 2, 2.5)
    assert len(ledger.read("epochs")) == len(ledger.read("evaluations")) == len(ledger.read("images")) == 1


def test_the_json_of_a_declaration_does_not_depend_on_the_order_of_its_keys():
    assert canonical_json({"b": [1, 2.5], "a": None}) == '{"a":null,"b":[1,2.5]}'
