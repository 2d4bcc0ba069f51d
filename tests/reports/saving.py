"""A hand-made ledger as the files of a storage, for tests of whole commands."""

from itertools import groupby
from pathlib import Path

import pyarrow as pa

from orchestrator.schema import TABLES
from orchestrator.storage import Storage

_FILES = {
    "trials": ("trial", "trials/{}/trial.parquet"),
    "epochs": ("trial", "trials/{}/epochs.parquet"),
    "evaluations": ("evaluation", "evaluations/{}/evaluation.parquet"),
    "images": ("evaluation", "evaluations/{}/images.parquet"),
    "studies": ("study", "studies/{}.parquet"),
}


def save(ledger, folder: Path) -> str:
    """Write the rows of a `FakeLedger` as trials and studies would; the storage's location."""
    storage = Storage(str(folder))
    for name, (key, path) in _FILES.items():
        for value, rows in groupby(sorted(ledger.rows[name], key=lambda row: row[key]), key=lambda row: row[key]):
            storage.write(f"{storage.root}/{path.format(value)}", pa.Table.from_pylist([*rows], schema=TABLES[name]))
    return storage.location
