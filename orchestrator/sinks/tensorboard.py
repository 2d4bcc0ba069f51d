"""TensorBoard: a folder of event files for each trial. `tensorboard --logdir FOLDER` shows them."""

from pathlib import Path
from uuid import uuid4

from tensorboardX import SummaryWriter
from tensorboardX.summary import hparams

from orchestrator.board import Event, TrialLine
from orchestrator.sinks.sink import CLOSING, flattened, numbers


class TensorBoard:
    """Curves by epoch; settings and final figures under HPARAMS."""

    def __init__(self, folder: Path, study: str) -> None:
        self._folder = folder / study
        self._writers: dict[str, SummaryWriter] = {}

    def show(self, trial: str, line: TrialLine, event: Event) -> None:
        writer = self._writers.get(trial)
        if writer is None:
            folder = self._folder / f"{_as_name(line.name)} {trial}"
            # Files are named by the second: one that goes on at once would overwrite what it did before.
            writer = self._writers[trial] = SummaryWriter(str(folder), filename_suffix=f".{uuid4().hex[:8]}")
        figures = numbers(event.metrics)
        for name, value in figures.items():
            writer.add_scalar(name, value, int(event.metrics.get("epoch", line.epochs)))
        if event.kind not in CLOSING:
            return
        if event.kind != "paused" and writer.file_writer is not None:
            for summary in hparams(flattened(line.parameters), figures):
                writer.file_writer.add_summary(summary)
        self._writers.pop(trial).close()

    def close(self) -> None:
        for writer in self._writers.values():
            writer.close()


def _as_name(text: str) -> str:
    return "".join(char if char.isalnum() or char in " ,.=+-_" else "_" for char in text)[:80]
