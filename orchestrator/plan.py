"""Study × ledger → plan: what is done, to resume, to run, failed or blocked. Pure: nothing is started."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from orchestrator.failures import parts_again
from orchestrator.identity import DigestOf, evaluation_id, trial_id, variant_id
from orchestrator.schema import UNSUCCESSFUL, State
from search_spaces.study import Study
from search_spaces.variants import Resources, Variant
from trainables.dataset import Dataset
from trainables.trial import Evaluation, Trial


class Status(StrEnum):
    """What a plan decides of one trial."""

    DONE = "done"
    EVALUATE = "evaluate"  # trained, but not measured in every way the study asks for
    RESUME = "resume"  # began, and goes on from its last checkpoint
    RUN = "run"
    FAILED = "failed"  # only runs again when asked to
    BLOCKED = "blocked"  # starts from a trial that failed


ACTIVE = (Status.EVALUATE, Status.RESUME, Status.RUN)


@dataclass(frozen=True)
class Begun:
    """How far a trial had come: epochs, attempts that failed, in how many parts its batches were processed."""

    epochs: int = 0
    failures: int | None = None  # None: recorded before they were counted
    parts: int = 1
    error: str = ""  # of the last that failed
    attempts: int = 0


@dataclass(frozen=True)
class Known:
    """What the ledger knows, as far as a plan depends on it."""

    states: Mapping[str, State]
    errors: Mapping[str, str]
    evaluated: Collection[str]  # ids of evaluations
    begun: Mapping[str, Begun] = field(default_factory=dict)


@dataclass(frozen=True)
class Measurement:
    """One evaluation of a trial, with its identity."""

    id: str
    evaluation: Evaluation
    data: Dataset


@dataclass(frozen=True)
class Work:
    """One trial of a plan: what it is, what is decided, and what is left to measure."""

    id: str
    variant_id: str
    trial: Trial
    label: str
    resources: Resources
    status: Status
    measurements: tuple[Measurement, ...]  # all that the study asks for
    missing: tuple[Measurement, ...]
    starts_from: tuple[str, ...] = ()  # ids of the stages before
    reason: str = ""  # why it failed, is blocked, or could not be measured
    begun: Begun = Begun()


@dataclass(frozen=True)
class Plan:
    study: str
    question: str
    works: tuple[Work, ...]

    @property
    def todo(self) -> tuple[Work, ...]:
        return tuple(work for work in self.works if work.status in ACTIVE)

    @property
    def is_done(self) -> bool:
        return self.count(Status.DONE) == len(self.works)

    def count(self, *statuses: Status) -> int:
        return sum(work.status in statuses for work in self.works)

    def only(self, wanted: "Wanted") -> "Plan":
        """The trials that have a wanted evaluation, with just these; and the stages that they start from."""
        kept: dict[str, Work] = {}
        for work in reversed(self.works):  # stages come before what starts from them
            measurements, missing = (
                tuple(one for one in some if wanted(work.label, one.evaluation))
                for some in (work.measurements, work.missing)
            )
            if measurements or any(work.id in later.starts_from for later in kept.values()):
                measured = work.status is Status.EVALUATE and not missing
                status = Status.DONE if measured else work.status
                kept[work.id] = replace(work, measurements=measurements, missing=missing, status=status)
        return replace(self, works=tuple(reversed(kept.values())))


Wanted = Callable[[str, Evaluation], bool]  # of a variant's label and one of its evaluations


def plan_study(name: str, study: Study, known: Known, digest_of: DigestOf, retry_failed: bool = False) -> Plan:
    """Compare what the study declares with what the ledger knows. Stages come before what starts from them."""
    works: dict[str, Work] = {}
    for variant, trial in study.trials():
        _add(works, variant, trial, study.evaluations_of(variant), known, digest_of, retry_failed)
    return Plan(name, study.question, tuple(works.values()))


def _add(
    works: dict[str, Work],
    variant: Variant,
    trial: Trial,
    evaluations: tuple[Evaluation, ...],
    known: Known,
    digest_of: DigestOf,
    retry_failed: bool,
) -> Work:
    stages = [
        _add(works, before, stage, (), known, digest_of, retry_failed)
        for before, stage in zip(variant.starts_from, trial.starts_from, strict=True)
    ]
    id = trial_id(trial, digest_of)
    # Naming the trial's own data or none is the same question.
    evaluations = tuple(replace(each, data=None) if each.data == trial.data else each for each in evaluations)
    if id in works and (works[id].measurements or not evaluations):
        return works[id]
    datas = [evaluation.data or trial.data for evaluation in evaluations]
    measurements = tuple(
        Measurement(evaluation_id(id, evaluation, data, digest_of), evaluation, data)
        for evaluation, data in zip(evaluations, datas, strict=True)
    )
    missing = tuple(measurement for measurement in measurements if measurement.id not in known.evaluated)
    most_parts = max(1, trial.recipe.batch_size // trial.shares)
    status, reason = _decide(id, missing, stages, most_parts, known, retry_failed)
    begun = known.begun.get(id, Begun())
    if known.states.get(id) is State.FAILED:
        # What was short of memory would be again.
        more = parts_again(begun.error, begun.failures or 0, begun.parts, most_parts)
        begun = replace(begun, parts=more or begun.parts)
    works[id] = Work(
        id=id,
        variant_id=variant_id(trial, digest_of),
        trial=trial,
        label=variant.label,
        resources=variant.resources,
        status=status,
        measurements=measurements,
        missing=missing,
        starts_from=tuple(stage.id for stage in stages),
        reason=reason,
        begun=begun,
    )
    return works[id]


def _decide(
    id: str,
    missing: tuple[Measurement, ...],
    stages: Sequence[Work],
    most_parts: int,
    known: Known,
    retry_failed: bool,
) -> tuple[Status, str]:
    state = known.states.get(id)
    if state is State.FINISHED:
        return (Status.EVALUATE, known.errors.get(id, "")) if missing else (Status.DONE, "")
    if state in UNSUCCESSFUL and not retry_failed and not _tried_again(id, most_parts, known):
        return Status.FAILED, known.errors.get(id, "")
    for stage in stages:
        if stage.status in (Status.FAILED, Status.BLOCKED):
            how = "failed" if stage.status is Status.FAILED else "is blocked"
            return Status.BLOCKED, f"starts from {stage.id} ({stage.label}), which {how}"
    return (Status.RUN if state is None else Status.RESUME), ""


def _tried_again(id: str, most_parts: int, known: Known) -> bool:
    """Whether a launch was to try it once more, when it ended."""
    begun = known.begun.get(id, Begun())
    counted = known.states[id] is State.FAILED and begun.failures is not None
    return counted and parts_again(begun.error, begun.failures or 0, begun.parts, most_parts) is not None
