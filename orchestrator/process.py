"""The Tune trainable: what runs in a trial's process. It imports little, because every new process waits for it."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from orchestrator.imports import uncollected

with uncollected():
    import ray
    import torch
    from ray import tune
    from ray.exceptions import RayError

    from orchestrator.assignment import Assignment
    from orchestrator.referee import Verdict
    from orchestrator.unit import Session, Unit, execute
    from trainables.placement import Placement

_ANSWER_SECONDS = 30.0  # what is slower than this does not answer: a busy host must not hold trials up


def run_trial(config: dict[str, Any]) -> None:
    """Do the assignment here, or drive a worker group that does."""
    assignment = Assignment.unpacked(config["assignment"])
    if assignment.resources.workers:
        # Ray Train takes a while to import, and most trials do without it.
        from orchestrator.group import drive_group

        drive_group(assignment.unit, assignment.resources)
        return
    device = torch.device("cuda:0" if assignment.resources.share and torch.cuda.is_available() else "cpu")
    execute(assignment.unit, session_of(assignment.unit, Placement(device=device), tune.report))


def session_of(unit: Unit, placement: Placement, report: Any) -> Session:
    """Where a unit runs, in as many parts as it asks for, with the referee of its launch if it has one."""
    placement = replace(placement, parts=unit.parts)
    return Session(placement, report, partial(_ask, unit.referee, unit.id) if unit.referee else None)


def _ask(referee: str, trial: str, values: Sequence[float] | None, may_be_given_up: bool) -> Verdict:
    """A referee that is gone or does not answer stops nobody."""
    try:
        answer = ray.get_actor(referee).verdict.remote(trial, values, may_be_given_up)
        return Verdict(ray.get(answer, timeout=_ANSWER_SECONDS))
    except (ValueError, RayError):
        return Verdict.GO_ON
