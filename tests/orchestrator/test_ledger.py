"""Reading: the same rows whether they lie in many small files, in gathered ones, or in both."""

from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from orchestrator.ledger import Ledger
from orchestrator.recorder import TrialRecorder, record_evaluation, record_study
from orchestrator.schema import IMAGES, TABLES, State
from orchestrator.storage import Storage

GATHERED = ("epochs", "trials", "evaluations")


def measure(storage: Storage, trial: str, nme: float, split: str = "test") -> None:
    facts = {"evaluation": f"{trial} {split}", "trial": trial, "dataset": "ytf68", "split": split}
    images = IMAGES.empty_table().drop_columns(["evaluation", "trial"])
    record_evaluation(storage, facts, {"all": {"nme_io": (nme, 10)}}, images)


@pytest.fixture
def filled(storage, record) -> Storage:
    """Two finished trials, one running, one failed; the finished ones were measured."""
    for trial, nme in (("a", 0.07), ("b", 0.08)):
        record(trial, history=({"train_loss": 0.5}, {"train_loss": 0.25}))
        measure(storage, trial, nme)
    record("c", State.RUNNING)
    record("d", State.FAILED, error="RuntimeError: no", traceback="Traceback …")
    return storage


def rows(storage: Storage, name: str) -> list[dict[str, Any]]:
    """The rows of a table, in an order that does not depend on where they lie."""
    return sorted(Ledger(storage).read(name).to_pylist(), key=str)


def everything(storage: Storage) -> dict[str, list[dict[str, Any]]]:
    return {name: rows(storage, name) for name in TABLES}


def states(storage: Storage) -> dict[str, str]:
    return {row["trial"]: row["state"] for row in rows(storage, "trials")}


@pytest.mark.parametrize("name", TABLES)
def test_an_empty_ledger_has_every_table_with_its_columns(storage, name):
    assert Ledger(storage).read(name) == TABLES[name].empty_table()


@pytest.mark.parametrize("name", TABLES)
def test_a_table_has_exactly_its_schema_before_and_after_gathering(filled, name):
    before = Ledger(filled).read(name).schema
    Ledger(filled).compact()
    assert before == Ledger(filled).read(name).schema == TABLES[name]


def test_reading_changes_nothing(storage, tmp_path):
    Ledger(storage).read("trials")
    assert not (tmp_path / "runs").exists()


def test_a_ledger_opens_from_a_location_too(filled):
    assert len(Ledger(filled.location).read("trials")) == 4


def test_each_trial_is_one_row_of_its_state(filled):
    assert states(filled) == {"a": "finished", "b": "finished", "c": "running", "d": "failed"}


def test_gathering_leaves_every_table_as_it_was(filled):
    before = everything(filled)
    Ledger(filled).compact()
    assert filled.names("compacted") == ["epochs.parquet", "evaluations.parquet", "trials.parquet"]
    assert everything(filled) == before


def test_gathering_twice_changes_nothing_more(filled):
    before = everything(filled)
    Ledger(filled).compact()
    Ledger(filled).compact()
    assert everything(filled) == before


def test_gathering_an_empty_ledger_writes_nothing(storage):
    Ledger(storage).compact()
    assert storage.names("compacted") == []


@pytest.mark.parametrize("written", [(), *((name,) for name in GATHERED), GATHERED[:2], GATHERED[1:], GATHERED[::2]])
def test_gathering_cut_short_between_tables_leaves_every_table_as_it_was(filled, tmp_path, written):
    before = everything(filled)
    Ledger(filled).compact()
    for name in set(GATHERED) - set(written):
        (tmp_path / "runs" / "compacted" / f"{name}.parquet").unlink()
    assert everything(filled) == before
    Ledger(filled).compact()
    assert everything(filled) == before


@pytest.mark.parametrize("after", range(len(GATHERED)))
def test_gathering_again_cut_short_leaves_every_table_as_it_was(filled, record, monkeypatch, after):
    Ledger(filled).compact()
    record("c", history=({"train_loss": 0.5}, {"train_loss": 0.125}))
    measure(filled, "c", 0.09)
    before = everything(filled)
    write, written = Storage.write, []

    def die(self, path, table, **how):
        if len(written) == after:
            raise KeyboardInterrupt
        written.append(path)
        write(self, path, table, **how)

    monkeypatch.setattr(Storage, "write", die)
    with pytest.raises(KeyboardInterrupt):
        Ledger(filled).compact()
    assert everything(filled) == before


def test_what_comes_after_gathering_is_read_beside_it(filled, record):
    Ledger(filled).compact()
    record("e")
    measure(filled, "e", 0.06)
    measure(filled, "a", 0.05, split="val")
    assert states(filled)["e"] == "finished"
    assert [row["evaluation"] for row in rows(filled, "evaluations")] == ["a test", "a val", "b test", "e test"]


@pytest.mark.parametrize("state", [State.FAILED, State.DIVERGED, State.RUNNING])
def test_a_retried_trials_newer_state_is_read_after_gathering(storage, record, state):
    record("a", state)
    Ledger(storage).compact()
    record("a", State.FINISHED, history=({"train_loss": 0.5}, {"train_loss": 0.25}))
    assert states(storage) == {"a": "finished"}
    assert Ledger(storage).read("epochs")["epoch"].to_pylist() == [1, 2]
    Ledger(storage).compact()
    assert states(storage) == {"a": "finished"}


def test_gathered_rows_need_no_small_files(filled, tmp_path):
    """So ten thousand trials open like one."""
    Ledger(filled).compact()
    before = {name: rows(filled, name) for name in GATHERED}
    for small in [*(tmp_path / "runs" / "trials" / "a").iterdir(), *(tmp_path / "runs" / "evaluations").rglob("ev*")]:
        small.unlink()
    assert {name: rows(filled, name) for name in GATHERED} == before


def test_what_was_gathered_is_not_read_again_however_lately_it_was_written(filled, monkeypatch):
    Ledger(filled).compact()
    opened, paths = Storage._opened, []
    monkeypatch.setattr(
        Storage, "_opened", lambda self, path, **how: (paths.append(path), opened(self, path, **how))[1]
    )
    for name in GATHERED:
        Ledger(filled).read(name)
    running = {f"{filled.trial('c')}/{file}.parquet" for file in ("trial", "epochs")}
    assert set(paths) == {filled.compacted(name) for name in GATHERED} | running


def test_what_is_written_while_it_is_gathered_is_read_afterwards(filled, record, monkeypatch):
    stamps = Storage.stamps

    def then_write(self, paths):
        found = stamps(self, paths)
        record("d", State.FINISHED)
        measure(filled, "a", 0.05)
        return found

    with monkeypatch.context() as patched:
        patched.setattr(Storage, "stamps", then_write)
        Ledger(filled).compact()
    record("d", State.DIVERGED)
    measure(filled, "a", 0.04)
    assert states(filled)["d"] == "diverged"
    assert [row["value"] for row in rows(filled, "evaluations")] == [0.04, 0.08]


@pytest.mark.parametrize("state", [State.FAILED, State.PRUNED])
def test_whatever_has_ended_is_gathered(storage, record, state):
    record("a", state)
    Ledger(storage).compact()
    assert storage.read(storage.compacted("trials"), TABLES["trials"])["trial"].to_pylist() == ["a"]


@pytest.mark.parametrize("gathered", [False, True])
def test_only_some_columns_are_read_where_only_some_are_asked_for(filled, gathered):
    if gathered:
        Ledger(filled).compact()
    whole = Ledger(filled).read("trials").select(["seed", "state"])
    some = Ledger(filled).read("trials", columns=["state", "seed"])
    assert some.schema == whole.schema
    assert sorted(some.to_pylist(), key=str) == sorted(whole.to_pylist(), key=str)
    assert Ledger(filled).read("studies", columns=["study"]).schema.names == ["study"]


@pytest.mark.parametrize("gathered", [False, True])
def test_only_some_trials_are_read_where_only_some_are_asked_for(filled, gathered):
    if gathered:
        Ledger(filled).compact()
    ledger = Ledger(filled)
    assert sorted(ledger.read("trials", only=["a", "c", "unknown"])["trial"].to_pylist()) == ["a", "c"]
    assert ledger.read("epochs", only={"b"})["trial"].to_pylist() == ["b", "b"]
    assert ledger.read("evaluations", only=["b test"])["value"].to_pylist() == [0.08]
    assert len(ledger.read("trials", only=[])) == 0


def test_a_half_written_file_is_never_read(filled, tmp_path):
    before = everything(filled)
    for path in list((tmp_path / "runs").rglob("*.parquet")):
        path.with_name(f"{path.name}.partial").write_bytes(b"PAR1 half")
    half = tmp_path / "runs" / "trials" / "e"
    half.mkdir()
    (half / "trial.parquet.partial").write_bytes(b"PAR1 half")
    assert everything(filled) == before


def test_rows_of_an_older_schema_are_read_beside_newer_ones(filled):
    """`macs` and `hardware` came later than this file."""
    path = f"{filled.trial('a')}/trial.parquet"
    old = filled.read(path, TABLES["trials"]).drop_columns(["macs", "hardware"])
    filled.write(path, old)
    found = {row["trial"]: row for row in rows(filled, "trials")}
    assert (found["a"]["macs"], found["a"]["hardware"], found["a"]["state"]) == (None, None, "finished")
    Ledger(filled).compact()
    assert {row["trial"]: row for row in rows(filled, "trials")} == found


def test_gathered_rows_of_an_older_schema_are_read_beside_newer_ones(filled, record):
    Ledger(filled).compact()
    path = filled.compacted("trials")
    filled.write(path, filled.read(path, TABLES["trials"]).drop_columns(["macs"]))
    record("e", macs=7)
    assert {row["trial"]: row["macs"] for row in rows(filled, "trials")} == dict.fromkeys("abcd") | {"e": 7}


def test_a_trial_of_an_older_schema_can_be_tried_again(storage):
    old = {"trial": "a", "state": "failed", "attempts": 2, "seconds": 3.5, "epochs_run": 1}
    storage.write(f"{storage.trial('a')}/trial.parquet", pa.Table.from_pylist([old]))
    TrialRecorder(storage, {"trial": "a", "seed": 0}).start()
    (row,) = rows(storage, "trials")
    assert (row["state"], row["attempts"], row["seconds"]) == ("running", 3, 3.5)


def test_a_ledger_elsewhere_is_gathered_in_the_same_way(elsewhere, record):
    record("a", at=elsewhere)
    record("b", State.FAILED, at=elsewhere)
    measure(elsewhere, "a", 0.07)
    before = everything(elsewhere)
    Ledger(elsewhere).compact()
    assert everything(elsewhere) == before
    assert elsewhere.names("compacted") == ["epochs.parquet", "evaluations.parquet", "trials.parquet"]


def test_a_ledger_is_read_at_its_uri(tmp_path, record):
    storage = Storage((tmp_path / "runs").as_uri())
    record("a", at=storage)
    Ledger(storage).compact()
    assert states(Storage(str(tmp_path / "runs"))) == {"a": "finished"}


def test_only_some_studies_are_read_where_only_some_are_asked_for(filled):
    for study in ("one", "two"):
        record_study(filled, study, [{"label": "plain", "trial": "a"}])
    assert Ledger(filled).read("studies", only=["two", "unknown"])["study"].to_pylist() == ["two"]


def test_of_a_long_gathered_file_only_the_parts_with_a_wanted_trial_are_read(storage, record, monkeypatch):
    """Two rows a part, and each trial has two epochs: as many parts as trials."""
    monkeypatch.setattr("orchestrator.parquet._ROWS_IN_A_GROUP", 2)
    for trial in "abcd":
        record(trial, history=({"train_loss": 0.5}, {"train_loss": 0.25}))
    Ledger(storage).compact()
    read, parts = pq.ParquetFile.read_row_group, set()
    monkeypatch.setattr(
        pq.ParquetFile,
        "read_row_group",
        lambda self, part, *how, **more: (parts.add(part), read(self, part, *how, **more))[1],
    )
    assert Ledger(storage).read("epochs", only=["b", "d"])["trial"].to_pylist() == ["b", "b", "d", "d"]
    assert parts == {1, 3}


def test_a_gathered_file_that_does_not_say_what_its_parts_hold_is_read_all_the_same(filled):
    before = everything(filled)
    Ledger(filled).compact()
    for name in GATHERED:
        path = filled.compacted(name)
        schema = TABLES[name].append(pa.field("stamp", pa.string()))
        filled.write(path, filled.read(path, schema))
    assert everything(filled) == before
