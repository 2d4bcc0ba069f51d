"""Whole files or none, on any filesystem that pyarrow knows."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyarrow import fs

from orchestrator.storage import Storage

SCHEMA = pa.schema([("trial", pa.string()), ("epoch", pa.int64())])
ROWS = pa.table({"trial": ["a", "b"], "epoch": [1, 2]}, schema=SCHEMA)


def test_what_was_written_is_read_back(storage):
    storage.write(storage.study("demo"), ROWS)
    assert storage.read(storage.study("demo"), SCHEMA) == ROWS


def test_a_file_that_does_not_exist_has_no_rows(storage):
    assert storage.read(storage.study("demo"), SCHEMA) is None


def test_writing_again_replaces_the_whole_file_and_leaves_nothing_beside_it(storage, tmp_path):
    storage.write(storage.study("demo"), ROWS)
    storage.write(storage.study("demo"), ROWS.slice(0, 1))
    assert storage.read(storage.study("demo"), SCHEMA).to_pylist() == [{"trial": "a", "epoch": 1}]
    assert [path.name for path in (tmp_path / "runs" / "studies").iterdir()] == ["demo.parquet"]


def test_a_write_cut_short_leaves_the_old_rows(storage, monkeypatch):
    storage.write(storage.study("demo"), ROWS)

    def die_before_the_end(filesystem, path, content):
        with filesystem.open_output_stream(path) as stream:
            stream.write(content[: len(content) // 2])
        raise KeyboardInterrupt

    monkeypatch.setattr("trainables.whole_files._write", die_before_the_end)
    with pytest.raises(KeyboardInterrupt):
        storage.write(storage.study("demo"), ROWS.slice(0, 1))
    assert storage.read(storage.study("demo"), SCHEMA) == ROWS
    assert storage.names("studies") == ["demo.parquet"]


def test_columns_that_an_older_file_lacks_are_null(storage):
    storage.write(storage.study("demo"), ROWS.select(["trial"]))
    assert storage.read(storage.study("demo"), SCHEMA).to_pylist() == [
        {"trial": "a", "epoch": None},
        {"trial": "b", "epoch": None},
    ]


def test_columns_come_in_the_order_and_types_of_the_schema(storage):
    other = pa.table({"unknown": [True, True], "epoch": pa.array([1, 2], pa.int8()), "trial": ["a", "b"]})
    storage.write(storage.study("demo"), other)
    assert storage.read(storage.study("demo"), SCHEMA) == ROWS


def test_names_are_sorted_and_of_whole_things_only(storage, tmp_path):
    for name in ("b", "a", "c.partial"):
        (tmp_path / "runs" / "trials" / name).mkdir(parents=True)
    assert storage.names("trials") == ["a", "b"]
    assert storage.names("evaluations") == []


@pytest.mark.parametrize("listed", [False, True])
def test_a_stamp_changes_when_a_file_is_written_and_at_no_other_time(storage, elsewhere, monkeypatch, listed):
    """One by one, and from a list of all, as an object store is asked for many."""
    monkeypatch.setattr("orchestrator.storage._FEW_FILES", 0 if listed else 64)
    for place in (storage, elsewhere):
        one, other, absent = (f"{place.trial(name)}/trial.parquet" for name in ("a", "b", "c"))
        for path in (one, other):
            place.write(path, ROWS)
        before = place.stamps([one, other, absent])
        assert set(before) == {one, other}
        assert place.stamps([one]) == {one: before[one]}
        place.write(one, ROWS.slice(0, 1))
        after = place.stamps([one, other])
        assert after[one] != before[one]
        assert after[other] == before[other]
        assert place.stamps([]) == {}


def test_a_folder_and_its_uri_are_the_same_place(tmp_path):
    by_uri, by_path = Storage((tmp_path / "runs").as_uri()), Storage(str(tmp_path / "runs"))
    by_uri.write(by_uri.study("demo"), ROWS)
    assert by_path.read(by_path.study("demo"), SCHEMA) == ROWS
    assert by_uri.root == by_path.root
    assert by_uri.is_local


def test_a_relative_folder_is_below_the_working_directory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert Storage("runs").root == str(tmp_path / "runs")


def test_a_filesystem_in_memory_does_as_well(elsewhere):
    elsewhere.write(elsewhere.study("demo"), ROWS)
    assert not elsewhere.is_local
    assert elsewhere.read(elsewhere.study("demo"), SCHEMA) == ROWS
    assert elsewhere.names("studies") == ["demo.parquet"]
    found = elsewhere.filesystem.get_file_info(fs.FileSelector(elsewhere.root, recursive=True))
    assert not [info.path for info in found if info.path.endswith(".partial")]


def test_a_filesystem_that_is_unknown_is_the_users_mistake():
    with pytest.raises(ValueError, match="nosuch"):
        _ = Storage("nosuch://bucket/runs").root


def test_of_a_large_file_only_the_columns_asked_for_are_read(storage, monkeypatch):
    path = f"{storage.root}/large.parquet"
    storage.write(path, pa.table({"number": [1, 2], "text": ["one", "two"]}))
    monkeypatch.setattr("orchestrator.storage._FEW_BYTES", 0)
    read, columns = pq.ParquetFile.read, []
    monkeypatch.setattr(
        pq.ParquetFile, "read", lambda self, wanted, **how: (columns.extend(wanted), read(self, wanted, **how))[1]
    )
    assert storage.read(path, pa.schema([("text", pa.string())])).to_pydict() == {"text": ["one", "two"]}
    assert columns == ["text"]
