"""Reports of 10,000 trials: any single table in under 2 s, the whole page in under 30 s, below 2 GB of memory.

A fresh process each, from start to end, as a user calls it. Beside it, in fresh processes too, what one would write by
hand: pandas over a JSON file of final metrics and a CSV file of epochs for each trial, one folder a study, to the mean
and deviation of each variant as a LaTeX table, and for the page to the mean curves of each variant as well. That has no
tests, no intervals and no figures. Memory is that of all processes at once, pages that they share counted for each.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from orchestrator.ledger import Ledger
from orchestrator.storage import Storage
from tests.bench.large_ledger import GRIDS, HEADLINE, SEARCH, fill

# A table → the study whose files one would read by hand.
TABLES = {
    f"{HEADLINE}_overview": HEADLINE,
    f"{GRIDS[0]}_overview": GRIDS[0],
    f"{GRIDS[0]}_details": GRIDS[0],
    f"{SEARCH}_search_overview": SEARCH,
    "hrmlff_3a": HEADLINE,
    "hrmlff_3_significance": HEADLINE,
}
ROUNDS = 3
MOST_SECONDS, MOST_SECONDS_OF_PAGE = 2.0, 30.0
MOST_GIGABYTES = 2.0
LOOK_EVERY = 0.02  # seconds


@dataclass(frozen=True)
class Cost:
    seconds: float
    gigabytes: float


def run() -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder:
        storage, by_hand = Storage(f"{folder}/runs"), Path(folder) / "by_hand"
        fill(storage)
        _write_by_hand(storage, by_hand)
        for table, study in TABLES.items():
            ours = best([cost([*_MARKSWEEP, table, *_to(folder, table)]) for _ in range(ROUNDS)])
            theirs = best([cost([*_BY_HAND, "table", str(by_hand / study)]) for _ in range(ROUNDS)])
            yield line(table, ours, theirs, MOST_SECONDS)
        first = cost([*_MARKSWEEP, *_to(folder, "page")])
        again = cost([*_MARKSWEEP, *_to(folder, "page")])
        theirs = cost([*_BY_HAND, "page", str(by_hand)])
        yield line("the whole page", first, theirs, MOST_SECONDS_OF_PAGE)
        yield line("the whole page again, nothing changed", again, theirs, MOST_SECONDS_OF_PAGE)


def line(what: str, ours: Cost, theirs: Cost, most: float) -> str:
    return (
        f"{what}: {ours.seconds:.2f} s (at most {most:g}), {ours.gigabytes:.2f} GB (at most {MOST_GIGABYTES:g}); "
        f"pandas {theirs.seconds:.2f} s, {theirs.gigabytes:.2f} GB; ratio {ours.seconds / theirs.seconds:.2f}"
    )


def best(costs: Sequence[Cost]) -> Cost:
    """Other work on the machine only ever adds."""
    return min(costs, key=lambda one: one.seconds)


def cost(program: Sequence[str]) -> Cost:
    """Of a program and all that it starts."""
    started = time.perf_counter()
    process = subprocess.Popen(
        program, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    most = 0
    while process.poll() is None:
        most = max(most, _resident_bytes(process.pid))
        time.sleep(LOOK_EVERY)
    seconds = time.perf_counter() - started
    assert process.returncode == 0, process.stderr.read() if process.stderr else ""
    return Cost(seconds, most / 1e9)


def _resident_bytes(session: int) -> int:
    """Of all processes of a session."""
    found = 0
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                fields = (folder / "stat").read_text().rpartition(")")[2].split()
            except OSError:  # it has ended meanwhile
                continue
            if int(fields[3]) == session:
                found += int(fields[21]) * os.sysconf("SC_PAGE_SIZE")
    return found


def _to(folder: str, name: str) -> list[str]:
    return ["--storage", f"{folder}/runs", "--out", f"{folder}/reports/{name}"]


def _write_by_hand(storage: Storage, folder: Path) -> None:
    """The same trials, a folder for each study: a JSON file of the final metrics of each, and a CSV file of its epochs
    with a column for each metric."""
    ledger = Ledger(storage)
    measured: dict[str, dict[str, float]] = {}
    rows = ledger.read("evaluations", columns=("trial", "subset", "metric", "value")).to_pylist()
    for row in rows:
        if row["subset"] == "all":
            measured.setdefault(row["trial"], {})[row["metric"]] = row["value"]
    for study in storage.names("studies"):
        name = study.removesuffix(".parquet")
        (folder / name).mkdir(parents=True)
        for row in ledger.read("studies", only=[name], columns=("label", "trial", "seed")).to_pylist():
            trial = row["trial"]
            path = folder / name / trial
            path.with_suffix(".json").write_text(json.dumps(row | measured.get(trial, {})))
            epochs = ledger.of_trial("epochs", trial)
            metrics = epochs["metric"].unique().to_pylist()
            values = np.reshape(epochs["value"].to_numpy(), (-1, len(metrics)))
            lines = (f"{epoch},{','.join(map(repr, each))}" for epoch, each in enumerate(values.tolist(), start=1))
            path.with_suffix(".csv").write_text("\n".join((f"epoch,{','.join(metrics)}", *lines)))


def _table_by_hand(folder: Path) -> None:
    import pandas as pd

    files = sorted(folder.glob("*.json"))
    trials = pd.DataFrame([json.loads(file.read_text()) for file in files])
    by_variant = trials.drop(columns=["trial", "seed"]).groupby("label", sort=False)
    text = by_variant.agg(["mean", "std"]).to_latex(float_format="%.4f")
    (folder / "table.tex").write_text(text)


def _page_by_hand(folder: Path) -> None:
    import pandas as pd

    for study in sorted(folder.iterdir()):
        _table_by_hand(study)
        labels = {file.stem: json.loads(file.read_text())["label"] for file in study.glob("*.json")}
        epochs = pd.concat({stem: pd.read_csv(study / f"{stem}.csv") for stem in labels}, names=["trial"]).reset_index()
        curves = epochs.drop(columns=["trial", "level_1"]).groupby([epochs["trial"].map(labels), "epoch"]).mean()
        curves.to_csv(study / "curves.csv")


_MARKSWEEP = (sys.executable, "-m", "reports", "report")
_BY_HAND = (sys.executable, "-m", "tests.bench.reporting")
_WRITTEN: dict[str, Callable[[Path], None]] = {"table": _table_by_hand, "page": _page_by_hand}

if __name__ == "__main__":
    _, what, folder = sys.argv
    _WRITTEN[what](Path(folder))
