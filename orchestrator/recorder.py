"""The only writer of the ledger's rows. It runs where the trial runs: nothing reported is lost with the driver.

One process owns a trial's folder at a time: the one that trains it, or the driver when that process has died.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa

from orchestrator.failures import STALLED, counts
from orchestrator.leases import Hold
from orchestrator.schema import EPOCHS, EVALUATIONS, IMAGES, PROBES, STUDIES, TRIALS, State
from orchestrator.secrets import without_secrets
from orchestrator.storage import Storage
from trainables.whole_files import delete_left_overs


class TrialRecorder:
    """Writes one trial's rows. `facts` are the columns of "trials" that are known before it starts.

    `hold`: its lease, which is looked at before anything is written; then everything raises `LeaseLost`.
    """

    def __init__(self, storage: Storage, facts: Mapping[str, Any], hold: Hold | None = None) -> None:
        self._storage = storage
        self._hold = hold or Hold(storage, facts["trial"])
        self._folder = storage.trial(facts["trial"])
        before = storage.read(f"{self._folder}/trial.parquet", TRIALS)
        first = {"attempts": 0, "failures": 0, "seconds": 0.0, "epochs_run": 0, "started_at": datetime.now(UTC)}
        self._row: dict[str, Any] = first if before is None else before.to_pylist()[0]
        self._row |= facts
        self._seconds_before = self._row["seconds"]

    def start(self, anew: bool = False, after: int = 0, **facts: Any) -> None:
        """A new attempt begins, after so many epochs. `anew`: what failed before no longer counts."""
        before = self._row["attempts"]
        self._row["attempts"] += 1
        self._row["failures"] = 0 if anew else self._row["failures"] or 0
        for name, value in (("began_after", after), ("nodes", facts.get("host"))):
            so_far = self._row.get(name) or [None] * before  # of attempts of before it was noted
            self._row[name] = [*so_far, value]
        self._write(State.RUNNING, error="", traceback="", **facts)
        delete_left_overs(self._storage.filesystem, self._folder, is_owned=bool(self._hold.token))

    def epochs(self, history: Sequence[Mapping[str, float]]) -> None:
        """Every metric of every epoch so far; `history[0]` is epoch 1."""
        rows = [
            (self._row["trial"], epoch, metric, value)
            for epoch, metrics in enumerate(history, start=1)
            for metric, value in metrics.items()
        ]
        columns = [list(column) for column in zip(*rows, strict=True)]
        self._hold.is_to_go_on()
        self._storage.write(f"{self._folder}/epochs.parquet", pa.table(columns, schema=EPOCHS))

    def progress(self, epochs_run: int, seconds: float) -> None:
        """Epochs done over all attempts, and this attempt's seconds."""
        self._write(State.RUNNING, epochs_run=epochs_run, seconds=self._seconds_before + seconds)

    def trained(self, epochs_run: int, seconds: float, **facts: Any) -> None:
        """Training has come to its end; seconds as in `progress`."""
        self._write(State.FINISHED, epochs_run=epochs_run, seconds=self._seconds_before + seconds, **facts)

    @property
    def attempts(self) -> int:
        return self._row["attempts"]

    def died(self, error: str, traceback: str, attempts_before: int = 0) -> tuple[State, str]:
        """Its process died, in an attempt after so many. What it could still record itself stays: a network that was
        trained above all, and why it failed. The state and the error that it has then."""
        state = State(self._row.get("state") or State.RUNNING)
        had_begun = self.attempts > attempts_before
        if state is State.FINISHED and (self._row.get("error") or "").startswith(STALLED):
            return state, self._row["error"]
        if state is State.RUNNING or state is State.FINISHED or not had_begun:
            state = State.FINISHED if state is State.FINISHED else State.FAILED
            self.end(state, error=error, traceback=traceback)
        return state, self._row.get("error") or error

    def end(self, state: State, **facts: Any) -> None:
        if state is State.FAILED and counts(facts.get("error", "")):
            self._row["failures"] = (self._row["failures"] or 0) + 1
        self._write(state, **facts)

    def measured(self) -> None:
        """Every measurement is there: the error of an earlier one no longer stands."""
        if self._row.get("error"):
            self._write(State.FINISHED, error="", traceback="")

    def _write(self, state: State, **facts: Any) -> None:
        self._hold.is_to_go_on()
        said = {name: without_secrets(facts[name]) for name in ("error", "traceback") if name in facts}
        self._row |= {"state": state.value, "updated_at": datetime.now(UTC), **facts, **said}
        self._storage.write(f"{self._folder}/trial.parquet", pa.Table.from_pylist([self._row], schema=TRIALS))


def state_of(storage: Storage, trial: str) -> State | None:
    """What the trial's own file says now; None before its first attempt."""
    row = storage.read(f"{storage.trial(trial)}/trial.parquet", TRIALS)
    return None if row is None else State(row["state"][0].as_py())


def record_evaluation(
    storage: Storage,
    facts: Mapping[str, Any],
    summaries: Mapping[str, Mapping[str, tuple[float, int]]],
    images: pa.Table,
    hold: Hold | None = None,
) -> None:
    """An evaluation's rows. Its aggregate metrics are written last: where they are, the rows per image are whole.

    `facts`: the columns of "evaluations" that all its rows share. `summaries`: subset → metric → (value, images).
    `hold`: the lease of its trial; raises `LeaseLost`.
    """
    if hold is not None:
        hold.is_to_go_on()
    folder = storage.evaluation(facts["evaluation"])
    delete_left_overs(storage.filesystem, folder, is_owned=hold is not None and bool(hold.token))
    for name in ("evaluation", "trial"):
        images = images.append_column(name, pa.array([facts[name]] * len(images), pa.string()))
    storage.write(f"{folder}/images.parquet", images.select(IMAGES.names).cast(IMAGES))
    rows = [
        (subset, metric, value, n) for subset, summary in summaries.items() for metric, (value, n) in summary.items()
    ]
    own = dict(zip(("subset", "metric", "value", "images"), zip(*rows, strict=True), strict=True))
    shared = {**facts, "evaluated_at": datetime.now(UTC)}
    columns = [
        pa.array(own[field.name], field.type)
        if field.name in own
        else pa.repeat(pa.scalar(shared.get(field.name), field.type), len(rows))
        for field in EVALUATIONS
    ]
    storage.write(f"{folder}/evaluation.parquet", pa.table(columns, schema=EVALUATIONS))


def record_study(storage: Storage, study: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """What a study asks for, as it stands now; it replaces what the study asked before."""
    table = pa.Table.from_pylist([{"study": study, **row} for row in rows], schema=STUDIES)
    storage.write(storage.study(study), table)


def record_probe(storage: Storage, row: Mapping[str, Any]) -> None:
    """What a probe of a variant found on one kind of device; it replaces what another found before."""
    table = pa.Table.from_pylist([{**row, "probed_at": datetime.now(UTC)}], schema=PROBES)
    storage.write(storage.probe(f"{row['variant']}-{row['device']}"), table)


def canonical_json(plain: Any) -> str:
    return json.dumps(plain, sort_keys=True, separators=(",", ":"))
