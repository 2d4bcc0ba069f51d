"""The ledger: what was asked, run and measured. This file reads it; `recorder.py` is the only writer of its rows.

Each trial and each evaluation owns a folder with one small Parquet file per table. Finished ones never change, so
`compact` gathers them in one file per table, and ten thousand of them open like one.
"""

from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor

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
_READERS = 16
_OVERLAP_NS = 5 * 60 * 10**9  # what was written while a gathering read the rest is read again


class Ledger:
    """The tables of one storage, read afresh at each call."""

    def __init__(self, storage: Storage | str) -> None:
        self.storage = Storage(storage) if isinstance(storage, str) else storage

    def read(self, name: str, only: Collection[str] | None = None) -> pa.Table:
        """One table with exactly its schema; `only` these trials, or evaluations for "evaluations" and "images"."""
        schema = TABLES[name]
        if name == "studies":
            return self._studies()
        folder, file, column = _FILES[name]
        keys = set(self.storage.names(folder) if only is None else only)
        gathered = self._gathered(name, keys)
        rest = keys - set(gathered[column].unique().to_pylist())
        paths = [f"{self.storage.root}/{folder}/{key}/{file}" for key in sorted(rest)]
        with ThreadPoolExecutor(_READERS) as pool:
            found = pool.map(lambda path: self.storage.read(path, schema), paths)
            return pa.concat_tables([gathered, *(part for part in found if part is not None)])

    def compact(self) -> None:
        """Gather what is finished. Reading gives the same rows before, after, and when this is cut short."""
        trials = self.read("trials")
        # One whose measurement failed is still written to: a later measurement clears its error.
        whole = (pc.field("error") == "") | pc.field("error").is_null()
        done = trials.filter((pc.field("state") == State.FINISHED.value) & whole)
        keep = {"trials": done, "epochs": self.read("epochs", only=done["trial"].to_pylist())}
        keep["evaluations"] = self.read("evaluations")
        for name in _COMPACTED:
            if len(keep[name]):
                self.storage.write(self.storage.compacted(name), keep[name])

    def _gathered(self, name: str, keys: Collection[str]) -> pa.Table:
        """The compacted rows of these keys, without those whose own file was written since."""
        schema, path = TABLES[name], self.storage.compacted(name)
        table = self.storage.read(path, schema) if name in _COMPACTED else None
        if table is None:
            return schema.empty_table()
        folder, file, column = _FILES[name]
        newer = self.storage.written_since(self.storage.written_at_ns(path) - _OVERLAP_NS, folder, file)
        kept = pa.array([key for key in keys if key not in newer], pa.string())
        return table.filter(pc.field(column).isin(kept))

    def _studies(self) -> pa.Table:
        schema = TABLES["studies"]
        names = [name for name in self.storage.names("studies") if name.endswith(".parquet")]
        parts = [self.storage.read(self.storage.study(name.removesuffix(".parquet")), schema) for name in names]
        return pa.concat_tables([schema.empty_table(), *(part for part in parts if part is not None)])
