"""The ledger: what was asked, run and measured. This file reads it; `recorder.py` is the only writer of its rows.

Each trial and each evaluation owns a folder with one small Parquet file per table. What has ended seldom changes, so
`compact` gathers it in one file per table, and ten thousand of them open like one.
"""

from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from orchestrator.schema import TABLES, State
from orchestrator.storage import Storage

# table -> (folder of the storage, file in each of its folders, column that names the folder)
_FILES = {
    "trials": ("trials", "trial.parquet", "trial"),
    "epochs": ("trials", "epochs.parquet", "trial"),
    "evaluations": ("evaluations", "evaluation.parquet", "evaluation"),
    "images": ("evaluations", "images.parquet", "evaluation"),
}
# Rows per image are read one evaluation at a time; gathering them would copy gigabytes at every compaction.
_COMPACTED = ("epochs", "trials", "evaluations")
_WHOLE = ("studies", "probes")
_READERS = 16  # of an object store
_READERS_OF_FILES = 4  # more of them wait for each other
_STAMP = "stamp"  # a column of gathered rows: of the small file that they were read from, see Storage.stamps


class Ledger:
    """The tables of one storage, read afresh at each call."""

    def __init__(self, storage: Storage | str) -> None:
        self.storage = Storage(storage) if isinstance(storage, str) else storage

    def read(self, name: str, only: Collection[str] | None = None, columns: Collection[str] | None = None) -> pa.Table:
        """One table with exactly its schema; `only` these trials, or evaluations for "evaluations" and "images", or
        studies for "studies"; with `columns` only these, in the order of the schema."""
        schema = pa.schema([field for field in TABLES[name] if columns is None or field.name in columns])
        if name in _WHOLE:
            return self._whole_files(name, schema, only)
        folder, _, column = _FILES[name]
        keyed = schema if column in schema.names else schema.append(TABLES[name].field(column))
        keys = set(self.storage.names(folder) if only is None else only)
        gathered = self._gathered(name, keyed, keys)
        rest = keys - set(gathered[column].unique().to_pylist())
        paths = self._paths(name, sorted(rest)).items()
        with ThreadPoolExecutor(_READERS_OF_FILES if self.storage.is_local else _READERS) as pool:
            found = pool.map(lambda named: self._own_rows(named[0], named[1], keyed, column), paths)
            table = pa.concat_tables([gathered, *(part for part in found if part is not None)])
        return table.select(schema.names)

    def of_trial(self, name: str, trial: str) -> pa.Table:
        """One trial's rows of "trials" or "epochs", from its own file: it does not grow with the ledger."""
        _, file, _ = _FILES[name]
        found = self.storage.read(f"{self.storage.trial(trial)}/{file}", TABLES[name])
        return TABLES[name].empty_table() if found is None else found

    def evaluated(self, evaluations: Collection[str]) -> set[str]:
        """Which of these evaluations are recorded, each looked up by itself."""
        return set(self._stamps("evaluations", evaluations))

    def compact(self) -> None:
        """Gather what has ended. Reading gives the same rows before, after, and when this is cut short."""
        trials = self.storage.names("trials")
        keys = {"epochs": trials, "trials": trials, "evaluations": self.storage.names("evaluations")}
        # Looked at before the rows are read: of a file that is written meanwhile the stamp is another one, and it is
        # read again.
        stamps = {name: self._stamps(name, keys[name]) for name in _COMPACTED}
        trials = self.read("trials")
        ended = trials.filter(pc.field("state") != State.RUNNING.value)
        keep = {"trials": ended, "epochs": self.read("epochs", only=ended["trial"].to_pylist())}
        keep["evaluations"] = self.read("evaluations")
        for name in _COMPACTED:
            if len(keep[name]):
                _, _, column = _FILES[name]
                owners = keep[name][column].combine_chunks().dictionary_encode()
                stamp = pa.array([stamps[name].get(key) for key in owners.dictionary.to_pylist()], pa.string())
                stamped = keep[name].append_column(_STAMP, stamp.take(owners.indices))
                self.storage.write(self.storage.compacted(name), stamped, index=column)

    def _own_rows(self, key: str, path: str, schema: pa.Schema, column: str) -> pa.Table | None:
        """Of the file that belongs to this key. A whole one can have come into the wrong folder."""
        found = self.storage.read(path, schema)
        if found is not None and found[column].unique().to_pylist() not in ([], [key]):
            raise ValueError(
                f"{path} has rows of another {column}: it was copied there. Delete its folder, and run the study again."
            )
        return found

    def _gathered(self, name: str, schema: pa.Schema, keys: set[str]) -> pa.Table:
        """The compacted rows of these keys, without those whose own file was written since."""
        if name not in _COMPACTED:
            return schema.empty_table()
        _, _, column = _FILES[name]
        now = self._stamps(name, keys)

        def is_wanted(rows: pa.Table) -> pa.BooleanArray:
            owners = rows[column].combine_chunks()
            _, first = np.unique(owners.indices.to_numpy(), return_index=True)
            pairs = rows.select([column, _STAMP]).take(first).to_pydict()
            kept = {
                key
                for key, then in zip(pairs[column], pairs[_STAMP], strict=True)
                if key in keys and now.get(key, then) == then
            }
            return pa.array([key in kept for key in owners.dictionary.to_pylist()], pa.bool_()).take(owners.indices)

        found = self.storage.read_some(self.storage.compacted(name), schema, keys, (column, _STAMP), is_wanted)
        return schema.empty_table() if found is None else found

    def _stamps(self, name: str, keys: Collection[str]) -> dict[str, str]:
        """Of the keys' own files, where there are any."""
        paths = self._paths(name, keys)
        found = self.storage.stamps(list(paths.values()))
        return {key: found[path] for key, path in paths.items() if path in found}

    def _paths(self, name: str, keys: Collection[str]) -> dict[str, str]:
        folder, file, _ = _FILES[name]
        return {key: f"{self.storage.root}/{folder}/{key}/{file}" for key in keys}

    def _whole_files(self, folder: str, schema: pa.Schema, only: Collection[str] | None) -> pa.Table:
        """Of a table that is one folder of files."""
        names = [name for name in self.storage.names(folder) if name.endswith(".parquet")]
        names = [name for name in names if only is None or name.removesuffix(".parquet") in only]
        parts = [self.storage.read(f"{self.storage.root}/{folder}/{name}", schema) for name in names]
        return pa.concat_tables([schema.empty_table(), *(part for part in parts if part is not None)])
