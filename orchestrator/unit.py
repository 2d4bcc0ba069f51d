"""One unit of work in the process that does it: train a trial to its end, then measure it. It records as it goes.

The same code runs in a trial's own process and in each worker of a Ray Train group; `Session` is all that differs.
"""

import logging
import os
import platform
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch

from orchestrator.leases import Hold, LeaseLost
from orchestrator.measuring import Measuring
from orchestrator.provenance import of_machine
from orchestrator.recorder import TrialRecorder, state_of
from orchestrator.referee import Verdict
from orchestrator.schema import State
from orchestrator.secrets import without_secrets
from orchestrator.stalls import watched
from orchestrator.storage import Storage
from search_spaces.loading import import_study_file
from trainables import registry
from trainables.checkpoints import (
    Folder,
    delete_checkpoints,
    read_checkpoint,
    read_weights,
    write_checkpoint,
    write_weights,
)
from trainables.complexity import peak_memory_mb, reset_peak_memory
from trainables.dataset import Dataset
from trainables.face_cache import prepare
from trainables.faces import Faces, open_faces
from trainables.out_of_memory import out_of_memory
from trainables.placement import Placement
from trainables.pulse import beat
from trainables.stages import united
from trainables.training import Diverged, TrainingState, train, why_finished
from trainables.transforms.crop import Crop
from trainables.trial import Trial
from trainables.whole_files import awaited

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Unit:
    """A trial, and what is left to do for it, as plain data that travels to other processes."""

    trial: dict[str, Any]  # the config, plain
    facts: dict[str, Any]  # columns of "trials" known beforehand
    evaluations: tuple[dict[str, Any], ...]  # {"id": …, "config": …, "digest": of its data}
    storage: str
    data_root: str
    cache: str
    study_file: str | None = None  # a user's own study, which may define methods
    starts_from: tuple[str, ...] = ()
    unlabelled_digest: str | None = None
    trained: bool = False  # only measurements are missing
    threads: int = 1
    parts: int = 1  # in how many each worker processes its share of a batch, for want of memory
    epochs_done: int = 0  # before this launch
    attempts: int = 0  # likewise
    failures: int = 0  # likewise
    anew: bool = False  # they no longer count: a user has asked for it again
    lease: str = ""  # its token; without one nobody else may work on the trial
    stall_seconds: float | None = None  # without a step, after which its process has hung; None: however long
    referee: str = ""  # name of what answers "go on?" after each epoch; empty: nobody is asked
    judged_by: str = ""  # the metric by which a search gives trials up; empty: none is
    may_be_given_up: bool = False
    minimized: bool = True  # of that metric, lower values are better

    @property
    def id(self) -> str:
        return self.facts["trial"]

    @property
    def largest_parts(self) -> int:
        """Every face alone."""
        return max(1, self.trial["recipe"]["batch_size"] // self.trial["shares"])


@dataclass(frozen=True)
class Session:
    """What a unit needs of the place where it runs.

    `report` tells what happened. `verdict` answers whether the trial goes on, given the values by which trials are
    given up (None: they are not) and whether this one may be; where there is no verdict it goes on.
    """

    placement: Placement = field(default_factory=Placement)
    report: Callable[[dict[str, Any]], None] = lambda metrics: None
    verdict: Callable[[Sequence[float] | None, bool], Verdict] | None = None


@dataclass
class _Outcome:
    """What the outermost line of a unit tells about it."""

    trained: bool = False
    state: State = State.FINISHED
    error: str = ""
    is_lost: bool = False  # to another process, which has the trial now
    metrics: dict[str, Any] = field(default_factory=dict)


def execute(unit: Unit, session: Session) -> None:
    """Do the unit. A mistake in the trial ends it as failed or diverged in the ledger.

    It reaches the caller only in a worker group, where an error on one worker must end the others too. What reaches
    the caller everywhere is what ends processes: a kill, a stop by Ray, a lost storage.
    """
    torch.set_num_threads(unit.threads)
    storage, lead = Storage(unit.storage), session.placement.rank == 0
    # Also where its process died after it was trained: then only measurements are missing.
    done = _Outcome(trained=unit.trained or state_of(storage, unit.id) is State.FINISHED)
    # What trained a network stays in its row when it is only measured.
    hold = Hold(storage, unit.id, unit.lease if lead else "")
    if done.trained and lead:
        _delete_checkpoints(storage.trial_folder(unit.id))  # its process may have died before it did
    recorder = TrialRecorder(storage, {"trial": unit.id} if done.trained else unit.facts, hold) if lead else None
    try:
        _train_and_measure(unit, session, storage, hold, recorder, done)
        if recorder and done.trained:
            recorder.measured()
    except LeaseLost:
        if session.placement.world > 1:
            raise  # the other workers have to end, too
        done.state, done.is_lost = State.RUNNING, True
    except Exception as error:
        if recorder is None or session.placement.lost(error):
            raise
        done.state = State.DIVERGED if isinstance(error, Diverged) else State.FAILED
        # Memory runs out in many words; the ledger has one, by which the trial is tried again with less.
        name = "OutOfMemoryError" if out_of_memory(error) else type(error).__name__
        done.error = without_secrets(f"{name}: {error}")
        if isinstance(error, Diverged):
            # From its last epoch it would only diverge again.
            _delete_checkpoints(storage.trial_folder(unit.id))
        # A network that could not be measured stays trained: the next run measures it again.
        recorder.end(State.FINISHED if done.trained else done.state, error=done.error, traceback=traceback.format_exc())
        if session.placement.world > 1 and not done.trained:
            raise
    outcome = {
        "trial": unit.id,
        "ended": True,
        "state": done.state.value,
        "trained": done.trained,
        "error": done.error,
        "lost": done.is_lost,
    }
    session.report(done.metrics | outcome)


def _train_and_measure(
    unit: Unit, session: Session, storage: Storage, hold: Hold, recorder: TrialRecorder | None, done: _Outcome
) -> None:
    _refuse_a_missing_gpu(unit, session.placement.device)
    trial, faces, unlabelled = opened_trial(unit)
    # Where one worker hangs, the lead waits for it.
    with watched(unit.stall_seconds, recorder, unit.attempts) if recorder else nullcontext():
        if not done.trained:
            _train(unit, trial, faces, unlabelled, session, storage, hold, recorder, done)
        done.trained = done.state is State.FINISHED
        if recorder is not None and done.trained:
            _measure(unit, trial, faces, session, storage, hold, done)


def _measure(
    unit: Unit, trial: Trial, faces: Faces, session: Session, storage: Storage, hold: Hold, done: _Outcome
) -> None:
    model = trial.method.build(faces.scheme).to(session.placement.device)
    measuring = Measuring(
        id=unit.id,
        trial=trial,
        model=model,
        device=session.placement.device,
        storage=storage,
        faces_of=lambda data, digest: faces if data == trial.data else faces_of(data, trial, unit, digest),
        metrics=done.metrics,
        parts=unit.parts,
        hold=hold,
    )
    measuring.make(unit.evaluations)


def _train(
    unit: Unit,
    trial: Trial,
    faces: Faces,
    unlabelled: Faces | None,
    session: Session,
    storage: Storage,
    hold: Hold,
    recorder: TrialRecorder | None,
    done: _Outcome,
) -> None:
    """Train to the end, from the last checkpoint where there is one, and keep the selected weights."""
    folder = storage.trial_folder(unit.id)
    state = read_checkpoint(folder)
    begun = session.placement.broadcast(state.epoch if state else 0)
    if begun != (state.epoch if state else 0):
        state = awaited(lambda: read_checkpoint(folder, begun)) if begun else None
        if begun and state is None:
            raise OSError(
                f"A worker does not see the checkpoint of trial {unit.id} that another one sees: is the storage one "
                "that all nodes share?"
            )
    initial = None
    if state is None and unit.starts_from:
        initial = united([_weights_of(storage, stage) for stage in unit.starts_from])
    if recorder:
        recorder.start(
            unreadable_images=list(faces.unreadable),
            training_images=len(faces.rows["train"]),
            workers=session.placement.world,
            parts=unit.parts,
            anew=unit.anew,
            after=begun,
            **of_machine(session.placement.device),
        )
    reset_peak_memory(session.placement.device)
    started = time.monotonic()
    # A process can have died between its checkpoint and the answer.
    if state is not None and (stopped := _stopped(unit, session, hold, state.history)) is not None:
        _end_early(stopped, state, recorder, done)
        return
    for epoch in train(trial, faces, session.placement, state, initial, unlabelled):
        state = epoch.state
        if why_finished(state, trial.recipe):
            break
        if recorder:
            hold.is_to_go_on()
            write_checkpoint(folder, state)
            recorder.epochs(state.history)
            recorder.progress(state.epoch, time.monotonic() - started)
        session.report({**epoch.metrics, "trial": unit.id, "epoch": epoch.number, "state": State.RUNNING.value})
        if (stopped := _stopped(unit, session, hold, state.history)) is not None:
            _end_early(stopped, state, recorder, done)
            return
    assert state is not None
    selected = state.history[state.selected_epoch - 1] if state.selected_epoch else {}
    done.metrics = {
        **(state.history[-1] if state.history else {}),
        "epoch": state.epoch,
        "why": why_finished(state, trial.recipe),
        "selected_epoch": state.selected_epoch,
        **{f"selected_{name}": value for name, value in selected.items() if name.startswith("val_")},
    }
    if recorder:
        hold.is_to_go_on()
        write_weights(folder, state.selected)
        if trial.recipe.averaging is not None:
            write_weights(folder, state.model, "last")
        recorder.epochs(state.history)
        recorder.trained(
            state.epoch,
            time.monotonic() - started,
            selected_epoch=state.selected_epoch,
            peak_memory_mb=peak_memory_mb(session.placement.device),
        )
        done.trained = True
        _delete_checkpoints(folder)


def _weights_of(storage: Storage, stage: str) -> dict[str, torch.Tensor]:
    """Of a finished stage, which may have been trained on another host."""

    def look() -> dict[str, torch.Tensor] | None:
        try:
            return read_weights(storage.trial_folder(stage))
        except FileNotFoundError:
            return None

    found = awaited(look)
    if found is None:
        raise FileNotFoundError(f"The network of stage {stage} is not in {storage.location}.")
    return found


def _delete_checkpoints(folder: Folder) -> None:
    """That they cannot be deleted is no reason to lose what was trained."""
    try:
        delete_checkpoints(folder)
    except OSError as error:
        log.warning("checkpoints that are no longer needed stay: %s", error)


def _end_early(stopped: State, state: TrainingState, recorder: TrialRecorder | None, done: _Outcome) -> None:
    done.state = stopped
    done.metrics = {**(state.history[-1] if state.history else {}), "epoch": state.epoch}
    if recorder and stopped is State.PRUNED:
        recorder.end(stopped, selected_epoch=state.selected_epoch)


def _refuse_a_missing_gpu(unit: Unit, device: torch.device) -> None:
    """On a processor it would train on, a hundred times as long, and nobody would know."""
    if unit.facts.get("gpus") and device.type == "cpu" and os.environ.get("MARKSWEEP_GPUS") != "simulated":
        raise OSError(
            f"Ray gave a GPU to this trial, and torch {torch.__version__} sees none on {platform.node()}: its driver "
            "fails, or this torch was built without CUDA. Mend that node, or take --set resources.gpus=0."
        )


def opened_trial(unit: Unit) -> tuple[Trial, Faces, Faces | None]:
    """The unit's trial, its faces, and the faces of its unlabelled pool where it has one and is still to be trained."""
    if unit.study_file:
        import_study_file(Path(unit.study_file))
    trial: Trial = registry.rebuild(unit.trial)
    faces = faces_of(trial.data, trial, unit, unit.facts["data_digest"])
    if unit.trained or trial.unlabelled is None or unit.unlabelled_digest is None:
        return trial, faces, None
    return trial, faces, faces_of(trial.unlabelled, trial, unit, unit.unlabelled_digest)


def _stopped(unit: Unit, session: Session, hold: Hold, history: Sequence[Mapping[str, float]]) -> State | None:
    """PRUNED where the trial is given up, RUNNING where it goes on another time, None where it goes on now. Of all
    workers the lead asks, and the others follow."""
    verdict = Verdict.GO_ON
    if session.placement.rank == 0:
        if session.verdict is not None:
            sign = 1 if unit.minimized else -1
            values = [sign * metrics[unit.judged_by] for metrics in history] if unit.judged_by else None
            verdict = session.verdict(values, unit.may_be_given_up)
        if verdict is Verdict.GO_ON and not hold.is_to_go_on():
            verdict = Verdict.PAUSE
    verdict = session.placement.broadcast(verdict)
    return {Verdict.PRUNE: State.PRUNED, Verdict.PAUSE: State.RUNNING}.get(verdict)


def faces_of(data: Dataset, trial: Trial, unit: Unit, digest: str) -> Faces:
    """The prepared data set of a trial on this node, prepared now if it is not there.

    It stays open for the next trials of this process, as long as its file is the one that was opened.
    Raises DataError where this node's files are not those (by `digest`) that the plan counted in.
    """
    recipe, size = trial.recipe, trial.method.input_size
    asked = (data, Path(unit.data_root), recipe.crop, size, Path(unit.cache), digest, recipe.margin)
    faces, path, version = _opened(*asked)
    if _version(path) != version:
        _opened.cache_clear()
        faces, *_ = _opened(*asked)
    return faces


@lru_cache(maxsize=4)
def _opened(
    data: Dataset, root: Path, crop: Crop, size: int, cache: Path, digest: str, margin: float
) -> tuple[Faces, Path, tuple[int, ...]]:
    """The opened data set, its file, and which version of it."""
    path = prepare(data, root, crop, size, cache, digest=digest, margin=margin, progress=lambda done, total: beat())
    version = _version(path)  # before it is opened: one that takes its place meanwhile is opened by the next trial
    return open_faces(path, data.scheme), path, version


def _version(path: Path) -> tuple[int, ...]:
    """Differs for a file that was written or put in its place since; empty where there is none."""
    try:
        file = path.stat()
    except OSError:
        return ()
    return file.st_dev, file.st_ino, file.st_size, file.st_mtime_ns
