"""Weights & Biases: a run for each trial, kept below the folder for `wandb sync`; with `WANDB_MODE=online` sent at
once."""

import os
from importlib import import_module
from pathlib import Path
from typing import Any

from orchestrator.board import Event, TrialLine
from orchestrator.sinks.sink import CLOSING, flattened, numbers

wandb: Any = import_module("wandb")  # of the same name as this file, which type checkers would take it for


class WeightsAndBiases:
    """Settings once, metrics by epoch, figures at the end as the summary. The run's id is the trial's."""

    def __init__(self, folder: Path, study: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._study = study
        self._runs: dict[str, Any] = {}

    def show(self, trial: str, line: TrialLine, event: Event) -> None:
        run = self._runs.get(trial)
        if run is None:
            run = self._runs[trial] = wandb.init(
                project="marksweep",
                group=self._study,
                name=line.name,
                id=trial,
                resume="allow",
                reinit="create_new",  # several trials run at once
                dir=str(self._folder),
                # Online, it asks the terminal for a login where there is none.
                mode=os.environ.get("WANDB_MODE", "offline"),
                config=flattened(line.parameters),
                settings=wandb.Settings(silent=True, console="off"),
            )
            run.define_metric("epoch")
            run.define_metric("*", step_metric="epoch")
        figures = numbers(event.metrics)
        if "epoch" in event.metrics and event.kind in ("epoch", "finished"):
            # Not W&B's own step: it refuses to repeat epochs that were lost with a process.
            run.log({**figures, "epoch": event.metrics["epoch"]})
        if event.kind in CLOSING:
            run.summary.update({**figures, "state": event.kind})
            run.finish(exit_code=0 if event.kind in ("finished", "pruned", "paused") else 1)
            del self._runs[trial]

    def close(self) -> None:
        for run in self._runs.values():
            run.finish()
