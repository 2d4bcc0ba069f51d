"""MLflow: a run for each trial. `MLFLOW_TRACKING_URI` names a server; without it a database below the folder."""

import logging
import os
import time
from importlib import import_module
from pathlib import Path
from typing import Any

from orchestrator.board import Event, TrialLine
from orchestrator.sinks.sink import CLOSING, flattened, numbers

mlflow: Any = import_module("mlflow")  # of the same name as this file, which type checkers would take it for
entities: Any = import_module("mlflow.entities")

_AT_ONCE = 100  # parameters that a server takes in one request
_LONGEST = 500  # characters of a parameter that every server takes
_STATES = {"finished": "FINISHED", "pruned": "FINISHED", "paused": "KILLED"}


class Mlflow:
    """Parameters once, metrics by epoch. The tag `trial` holds the identity, and `state` how it ended."""

    def __init__(self, folder: Path, study: str) -> None:
        uri = os.environ.get("MLFLOW_TRACKING_URI")
        for name in ("mlflow", "alembic"):
            logging.getLogger(name).setLevel(logging.WARNING)
        if not uri:
            folder.mkdir(parents=True, exist_ok=True)
            uri = f"sqlite:///{folder.resolve()}/mlflow.db"
        self._client = mlflow.MlflowClient(uri)
        self._study = study
        self._experiment: str | None = None
        self._runs: dict[str, str] = {}

    def show(self, trial: str, line: TrialLine, event: Event) -> None:
        run = self._runs.get(trial)
        if run is None:
            run = self._runs[trial] = self._run_of(trial, line)
        step, now = int(event.metrics.get("epoch", line.epochs)), int(1000 * time.time())
        metrics = [entities.Metric(name, value, now, step) for name, value in numbers(event.metrics).items()]
        self._client.log_batch(run, metrics=metrics)
        if event.kind in CLOSING:
            self._client.set_tag(run, "state", event.kind)
            self._client.set_terminated(run, _STATES.get(event.kind, "FAILED"))
            del self._runs[trial]

    def close(self) -> None:
        for run in self._runs.values():
            self._client.set_terminated(run, "KILLED")

    def _run_of(self, trial: str, line: TrialLine) -> str:
        """The trial's run from before, or a new one."""
        if self._experiment is None:
            found = self._client.get_experiment_by_name(self._study)
            self._experiment = found.experiment_id if found else self._client.create_experiment(self._study)
        before = self._client.search_runs([self._experiment], f"tags.trial = '{trial}'", max_results=1)
        if before:
            self._client.update_run(before[0].info.run_id, status="RUNNING")
            return before[0].info.run_id
        run = self._client.create_run(self._experiment, run_name=line.name, tags={"trial": trial}).info.run_id
        parameters = [entities.Param(name, str(value)[:_LONGEST]) for name, value in flattened(line.parameters).items()]
        for start in range(0, len(parameters), _AT_ONCE):
            self._client.log_batch(run, params=parameters[start : start + _AT_ONCE])
        return run
