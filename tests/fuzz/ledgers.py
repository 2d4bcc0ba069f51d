"""Ledgers: every row of all six tables is what was recorded, or the damaged file is named."""

import os
from pathlib import Path
from random import Random

import pyarrow as pa

from orchestrator.ledger import Ledger
from orchestrator.recorder import TrialRecorder, record_evaluation, record_probe, record_study
from orchestrator.schema import IMAGES, TABLES, State
from orchestrator.storage import Storage
from tests.fuzz.running import Input, Kind, Outcome, Wrong
from tests.fuzz.spoiling import BINARY, spoiled


class Ledgers:
    """Two finished trials, gathered, and one that runs; each table has rows."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._storage = Storage(str(folder))
        for number in range(3):
            _record(self._storage, number)
        Ledger(self._storage).compact()
        self._files = {path: (path.read_bytes(), path.stat()) for path in sorted(folder.rglob("*.parquet"))}
        self._tables = {name: Ledger(self._storage).read(name) for name in TABLES}
        assert all(len(table) for table in self._tables.values())
        self._spoiled: Path | None = None

    def spoil(self, random: Random) -> Input:
        if self._spoiled:
            content, written = self._files[self._spoiled]
            self._spoiled.write_bytes(content)
            # Gathered rows are known by the time of the file that they come from.
            os.utime(self._spoiled, ns=(written.st_atime_ns, written.st_mtime_ns))
        path = self._spoiled = random.choice(list(self._files))
        other, _ = self._files[random.choice([other for other in self._files if other.name == path.name])]
        before, written = self._files[path]
        content, how = spoiled(before, other, random, BINARY)
        path.write_bytes(content)
        if random.random() < 0.5:  # as a disk damages it; otherwise as it was written
            os.utime(path, ns=(written.st_atime_ns, written.st_mtime_ns))
        return Input((path.name,), self._read, f"{path.relative_to(self._folder)} {how}")

    def _read(self) -> Outcome:
        for name, table in self._tables.items():
            found = Ledger(self._storage).read(name)
            key = [(column, "ascending") for column in table.schema.names if not pa.types.is_nested(table[column].type)]
            if not _equal(_sound(name, found).sort_by(key), table.sort_by(key)):
                raise Wrong(f"other rows of {name} came back")
        return Outcome.UNCHANGED


def _sound(name: str, table: pa.Table) -> pa.Table:
    try:
        table.validate(full=True)
    except pa.ArrowInvalid as error:
        raise Wrong(f"rows of {name} came back that cannot be: {error}") from None
    return table


def _equal(one: pa.Table, other: pa.Table) -> bool:
    # As text, because NaN is NaN.
    return one.schema.equals(other.schema) and (one.equals(other) or repr(one.to_pydict()) == repr(other.to_pydict()))


def _record(storage: Storage, number: int) -> None:
    trial, evaluation = f"{number}" * 16, f"{number + 5}" * 16
    facts = {"trial": trial, "variant": "v" * 16, "seed": number, "method": "resnet18", "dataset": "ytf68"}
    recorder = TrialRecorder(storage, {**facts, "config": '{"kind":"Trial"}', "host": "node"})
    recorder.start(unreadable_images=["a.jpg"])
    recorder.epochs([{"train_loss": 0.5 / epoch, "val_nme_io": 0.1 / epoch} for epoch in range(1, 4)])
    if number < 2:
        recorder.end(State.FINISHED, parameters=1000 + number, seconds=1.5)
        images = pa.table({name: _column(name, field.type) for name, field in zip(IMAGES.names, IMAGES, strict=True)})
        shared = {"evaluation": evaluation, "trial": trial, "dataset": "ytf68", "split": "test", "config": "{}"}
        images = images.drop_columns(["evaluation", "trial"])
        record_evaluation(storage, shared, {"all": {"nme_io": (0.05 + number, 2), "auc": (0.4, 2)}}, images)
        rows = [{"question": "Which?", "label": f"{seed}", "trial": trial, "seed": seed} for seed in range(2)]
        record_study(storage, f"study{number}", rows)
        record_probe(storage, {"variant": trial, "device": "core", "epoch_seconds": 1.5, "parts": 1})


def _column(name: str, kind: pa.DataType) -> pa.Array:
    if pa.types.is_list(kind):
        return pa.array([["a"], ["b", "c"]] if kind.value_type == pa.string() else [[0.5, 1.5], [2.5, 3.5]], kind)
    if pa.types.is_binary(kind):
        return pa.array([b"\x89PNG", None], kind)
    return pa.array(["a.jpg", "b.jpg"] if kind == pa.string() else [0.25, 0.75], kind)


def open_kind(folder: Path) -> Kind:
    return Ledgers(folder)
