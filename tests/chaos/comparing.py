"""What a storage holds, and how it differs from what an undisturbed run left."""

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pyarrow import fs

from orchestrator.ledger import Ledger
from trainables.checkpoints import read_weights

# What names a row. More rows of one name are one row that is there twice.
_KEYS = {
    "trials": ("trial",),
    "epochs": ("trial", "epoch", "metric"),
    "evaluations": ("evaluation", "subset", "metric"),
    "images": ("evaluation", "image"),
    "studies": ("study", "trial", "evaluation"),
}
# Columns that tell of the run, not of what came of it.
_OF_THE_RUN = {
    "trials": {
        "attempts",
        "began_after",
        "failures",
        "git_commit",
        "git_dirty",
        "hardware",
        "host",
        "nodes",
        "peak_memory_mb",
        "seconds",
        "started_at",
        "updated_at",
        "versions",
    },
    "evaluations": {"evaluated_at"},
    "studies": {"command"},
}
_SPEEDS = ("seconds", "images_per_second")  # metrics of an epoch that tell of the run

Key = tuple[Any, ...]


@dataclass
class Contents:
    """Rows of all tables, and networks, by what names them: columns as text in which equal bits are equal. All paths.

    `told`: per trial, what only tells of the run, for those who look for the cause of a difference.
    """

    rows: dict[Key, list[dict[str, str]]] = field(default_factory=lambda: defaultdict(list))
    paths: frozenset[str] = frozenset()
    told: dict[str, str] = field(default_factory=dict)

    @property
    def trials(self) -> int:
        return sum(table == "trials" for table, *_ in self.rows)


@dataclass
class Differences:
    """Each in words. `lost` and `doubled` are of trials' rows and networks; `left_over` are paths."""

    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    differing: list[str] = field(default_factory=list)
    left_over: list[str] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.lost or self.doubled or self.differing or self.left_over)

    def add(self, others: "Differences", where: str = "") -> None:
        """Take in others, each with where they were found."""
        for name in ("lost", "doubled", "differing", "left_over"):
            getattr(self, name).extend(f"{where}{each}" for each in getattr(others, name))

    def lines(self) -> Iterator[str]:
        for name in ("lost", "doubled", "differing", "left_over"):
            yield from (f"{name.replace('_', ' ')}: {each}" for each in getattr(self, name))


def contents(runs: Path) -> Contents:
    """All that a storage holds. ValueError where something in it is damaged."""
    ledger, found = Ledger(str(runs)), Contents()
    for table, names in _KEYS.items():
        for row in ledger.read(table).to_pylist():
            if table == "epochs" and row["metric"] in _SPEEDS:
                continue
            # The text of a float has all its digits.
            text = {name: repr(value) for name, value in row.items()}
            of_the_run = {name: text.pop(name, "") for name in _OF_THE_RUN.get(table, ())}
            found.rows[table, *(row[name] for name in names)].append(text)
            if table == "trials":
                began = of_the_run["began_after"]
                found.told[row["trial"]] = f"{row['workers']} workers, began after {began} epochs"
    for path in runs.glob("trials/*/*.safetensors"):
        weights = read_weights((fs.LocalFileSystem(), str(path.parent)), "last" if path.stem == "last" else "selected")
        digest = hashlib.sha256()
        for name, tensor in sorted(weights.items()):
            digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode() + tensor.numpy().tobytes())
        found.rows["network", path.parent.name, path.stem].append({"digest": digest.hexdigest()})
    # The prepared faces of a command without a cache of its own are no result.
    below = (str(path.relative_to(runs)) for path in runs.rglob("*"))
    found.paths = frozenset(path for path in below if path.split("/")[0] not in ("cache", "leases"))
    leases = (path for path in runs.glob("leases/**/*") if path.is_file())
    found.paths |= {str(path.relative_to(runs)) for path in leases}
    return found


def differences(found: Contents, expected: Contents) -> Differences:
    """What of the expected is lost, doubled or other, and which paths are there that should not be."""
    told = Differences()
    told.lost = [_words(key) for key in expected.rows if key not in found.rows]
    told.lost += [f"file {path}" for path in sorted(expected.paths - found.paths)]
    told.doubled = [_words(key) for key, rows in found.rows.items() if len(rows) > 1 or key not in expected.rows]
    told.differing = [
        f"{_words(key)}: {_changed(rows[0], expected.rows[key][0])}"
        for key, rows in found.rows.items()
        if key in expected.rows and rows[0] != expected.rows[key][0]
    ]
    told.left_over = sorted(found.paths - expected.paths)
    return told


def _changed(found: Mapping[str, str], expected: Mapping[str, str]) -> str:
    other = [name for name in expected if found.get(name) != expected[name]]
    return ", ".join(f"{name} {found.get(name, '')[:80]} instead of {expected[name][:80]}" for name in other)


def _words(key: Key) -> str:
    return " ".join(map(str, key))
