"""Watching by the ledger alone: states, silence, what a search has found, and when there is nothing more to see."""

import io
import json
import re
from datetime import UTC, datetime, timedelta

import pytest
from rich.console import Console

from orchestrator.ledger import Ledger
from orchestrator.recorder import record_study
from orchestrator.schema import State
from orchestrator.storage import Storage
from orchestrator.watching import Watched, watch_studies

pytestmark = pytest.mark.usefixtures("nothing_from_the_environment")

CONFIG = json.dumps({"recipe": {"epochs": 10}})
TWO_EPOCHS = ({"train_loss": 0.5, "val_nme_io": 0.07}, {"train_loss": 0.25, "val_nme_io": 0.08})


def ask(storage: Storage, *trials: str, study: str = "mine", **columns) -> None:
    rows = [
        {"question": "Why?", "command": f"marksweep run {study}", "trial": trial, "seed": 0, "label": f"label {trial}"}
        for trial in trials
    ]
    record_study(storage, study, [row | columns for row in rows])


def ask_search(storage: Storage, *trials: str, budget: int) -> None:
    search = {"objectives": [{"metric": "val_nme_io", "minimize": True}], "domains": {}, "trials": budget}
    rows = [
        {
            "question": "Where?",
            "command": "marksweep run mine",
            "trial": trial,
            "seed": 0,
            "label": f"point {number}" if number else "default",
            "number": number,
            "point": "{}",
            "search": json.dumps(search),
        }
        for number, trial in enumerate(trials)
    ]
    record_study(storage, "mine", rows)


def running(
    record, trial: str, epochs: int, silent_for: timedelta = timedelta(0), seconds_an_epoch: float = 1.0
) -> None:
    recorder = record(trial, State.RUNNING, TWO_EPOCHS)
    updated = datetime.now(UTC) - silent_for
    recorder._write(
        State.RUNNING,
        config=CONFIG,
        epochs_run=epochs,
        seconds=epochs * seconds_an_epoch,
        host="node-1",
        workers=2,
        cpus=3,
        gpus=0.5,
    )
    # What the recorder writes is of now.
    path = f"{recorder._folder}/trial.parquet"
    table = recorder._storage.read(path, Ledger(recorder._storage).read("trials").schema)
    row = table.to_pylist()[0] | {"updated_at": updated}
    recorder._storage.write(path, type(table).from_pylist([row], schema=table.schema))


def lines_of(storage: Storage, study: str | None = None) -> dict:
    board, _ = Watched(Ledger(storage), study).look()
    return board.lines


def test_a_look_shows_every_trial_of_a_study_as_the_ledger_has_it(record, storage):
    running(record, "a", epochs=2)
    record("b", State.FINISHED, TWO_EPOCHS, config=CONFIG, epochs_run=2, selected_epoch=1)
    record("c", State.FAILED, config=CONFIG, error="RuntimeError:\n no")
    ask(storage, "a", "b", "c", "d")
    lines = lines_of(storage)
    assert [line.state for line in lines.values()] == ["running", "finished", "failed", "waiting"]
    a = lines["a"]
    assert (a.name, a.epoch, a.epochs, a.loss, a.value, a.best) == ("label a, seed 0", 2, 10, 0.25, 0.08, 0.07)
    assert (lines["b"].result, lines["c"].error, lines["d"].epochs) == ("best epoch 1", "RuntimeError: no", 10)


@pytest.mark.parametrize(
    "minutes, seconds_an_epoch, words",
    [(1, 1.0, "running"), (12, 1.0, "silent for 12 min 00 s"), (12, 300.0, "running")],
)
def test_a_trial_is_silent_when_it_should_have_moved_on_long_ago(record, storage, minutes, seconds_an_epoch, words):
    running(record, "a", 2, timedelta(minutes=minutes), seconds_an_epoch)
    ask(storage, "a")
    assert lines_of(storage)["a"].words == words


def test_a_trial_whose_first_epoch_takes_long_is_not_silent(record, storage):
    running(record, "a", 0, timedelta(minutes=10))
    ask(storage, "a")
    assert lines_of(storage)["a"].words == "running"


def test_what_starts_from_a_trial_that_failed_is_blocked(record, storage):
    record("stage", State.FAILED, error="RuntimeError: no", config=CONFIG)
    ask(storage, "a", stages=["stage"])
    lines = lines_of(storage)
    assert (lines["a"].state, lines["stage"].name) == ("blocked", "resnet18 (stage), seed 0")


def test_running_trials_say_what_they_hold_of_their_node(record, storage):
    """Two workers each, of 3 CPUs and half a GPU."""
    for trial in "ab":
        running(record, trial, 2)
    ask(storage, "a", "b")
    _, (node,) = Watched(Ledger(storage), None).look()
    assert (node.name, node.cpus_used, node.gpus_used) == ("node-1", 12, 2)


def test_a_search_is_watched_with_its_budget_and_its_best_point(record, storage):
    record("a", State.FINISHED, TWO_EPOCHS, config=CONFIG, epochs_run=2, selected_epoch=2)
    record("b", State.FINISHED, TWO_EPOCHS, config=CONFIG, epochs_run=2, selected_epoch=1)
    record("c", State.PRUNED, TWO_EPOCHS, config=CONFIG, epochs_run=2, selected_epoch=1)
    ask_search(storage, "a", "b", "c", budget=5)
    board, _ = Watched(Ledger(storage), "mine").look()
    assert board.headline().startswith("3 of 5 points, 0 running, 1 stopped early")
    assert board.best_so_far() == "best so far 7.00 % (point 1)"


def test_trials_that_confirm_what_a_search_found_are_no_points(record, storage):
    for trial in "ab":
        record(trial, State.FINISHED, TWO_EPOCHS, config=CONFIG, epochs_run=2, selected_epoch=1)
    ask_search(storage, "a", budget=1)
    searched = Ledger(storage).read("studies").to_pylist()
    record_study(storage, "mine", [*searched, {"question": "Where?", "trial": "b", "seed": 1, "label": "best found"}])
    board, _ = Watched(Ledger(storage), "mine").look()
    assert board.headline() == "2 of 2 trials, 0 running"


def test_a_study_that_needs_it_whole_waits_for_what_a_search_has_stopped(record, storage):
    record("a", State.PRUNED, TWO_EPOCHS, config=CONFIG, epochs_run=2)
    ask(storage, "a")
    line = lines_of(storage)["a"]
    assert (line.state, line.epoch) == ("waiting", 2)


def test_later_looks_see_what_has_moved_on(record, storage):
    running(record, "a", 2)
    ask(storage, "a")
    watched = Watched(Ledger(storage), None)
    assert watched.look()[0].lines["a"].state == "running"
    record("a", State.FINISHED, (*TWO_EPOCHS, {"val_nme_io": 0.06}), config=CONFIG, epochs_run=3)
    line = watched.look()[0].lines["a"]
    assert (line.state, line.epoch, line.value) == ("finished", 3, 0.06)


def test_trials_of_several_studies_are_told_apart(record, storage):
    ask(storage, "a", study="one")
    ask(storage, "a", "b", study="two")
    assert sorted(line.label for line in lines_of(storage).values()) == ["two: label a", "two: label b"]


def watched_text(storage: Storage, study: str | None = None, terminal: bool = False) -> list[str]:
    console = Console(file=io.StringIO(), force_terminal=terminal, width=100, height=30, record=True)
    watch_studies(study, storage, 0.01, console)
    return [line.rstrip() for line in console.export_text().splitlines()]


@pytest.mark.parametrize("terminal", [False, True])
def test_watching_ends_by_itself_when_all_is_done(record, storage, terminal):
    record("a", config=CONFIG, epochs_run=1)
    record("b", State.FAILED, config=CONFIG, error="RuntimeError: no")
    ask(storage, "a", "b")
    assert any("1/2 done, 0 running, 1 failed" in line for line in watched_text(storage, terminal=terminal))


def test_a_log_gets_a_block_for_each_change(record, storage, monkeypatch):
    running(record, "a", 2)
    ask(storage, "a")
    looks = []

    def next_look(seconds: float) -> None:
        """Nothing happens after the first look, and the trial ends after the second."""
        looks.append(seconds)
        if len(looks) == 2:
            record("a", State.FINISHED, TWO_EPOCHS, config=CONFIG, epochs_run=10)

    monkeypatch.setattr("orchestrator.watching.time.sleep", next_look)
    first, running_line, second, finished_line = watched_text(storage)
    assert "0/1 done, 1 running" in first
    assert running_line == "  label a, seed 0: running, epoch 2/10, val NME 8.00 %"
    assert "1/1 done, 0 running" in second
    assert finished_line == "  label a, seed 0: finished, epoch 10/10, val NME 8.00 %"


def test_the_command_watches_and_ends_with_the_studies_counts(marksweep, record, storage):
    record("a", config=CONFIG, epochs_run=1)
    ask(storage, "a")
    said = marksweep("status", "mine", "--watch", "--every", "1")
    assert (said.code, said.last) == (0, "Next: marksweep report mine")
    assert "1/1 done" in said.out


def test_a_study_that_was_never_run_cannot_be_watched(marksweep, record, storage):
    ask(storage, "a")
    said = marksweep("status", "other", "--watch")
    assert (said.code, "no study 'other'" in said.err) == (2, True)


def test_the_status_of_a_search_counts_what_it_stopped_and_names_the_best(marksweep, record, storage):
    for trial, state, selected in (("a", "finished", 2), ("b", "finished", 1), ("c", "pruned", 1), ("d", "failed", 1)):
        error = "RuntimeError: no" if state == "failed" else ""
        record(trial, State(state), TWO_EPOCHS, epochs_run=2, selected_epoch=selected, seconds=60.0, error=error)
    ask_search(storage, *"abcd", budget=6)
    header, row = marksweep("status").out.splitlines()[:2]
    names = ["study", "done", "unfinished", "stopped early", "failed", "to run", "trained for", "best so far"]
    assert re.split("  +", header.strip()) == names
    assert row.split() == ["mine", "2", "0", "1", "1", "2", "4", "min", "00", "s", "7.00", "%", "(point", "1)"]
    assert marksweep("status").last == "Next: marksweep run mine"


def test_points_that_failed_are_no_reason_to_run_a_search_again(marksweep, record, storage):
    record("a", State.FINISHED, TWO_EPOCHS, epochs_run=2, selected_epoch=1)
    record("b", State.DIVERGED, error="Diverged: the loss …")
    ask_search(storage, "a", "b", budget=2)
    assert marksweep("status", "mine").last == "Next: marksweep report mine"


def test_the_status_goes_on_with_a_study_that_needs_what_a_search_stopped(marksweep, record, storage):
    record("a", State.PRUNED, TWO_EPOCHS, epochs_run=2)
    ask(storage, "a")
    said = marksweep("status")
    assert said.out.splitlines()[1].split()[:5] == ["mine", "0", "1", "0", "0"]
    assert said.last == "Next: marksweep run mine"
