"""From a plan's trials to units of work that travel to other processes."""

from collections.abc import Mapping
from typing import Any

from orchestrator.costs import complexity_of
from orchestrator.plan import Plan, Status, Work
from orchestrator.provenance import of_code
from orchestrator.recorder import canonical_json
from orchestrator.session import Opened, Place
from orchestrator.unit import Unit
from search_spaces.study import STUDIES
from trainables.config import to_plain


def units_of(opened: Opened, plan: Plan, place: Place, anew: bool = False) -> list[tuple[Work, Unit]]:
    """What a launch carries out, in the plan's order. `anew`: failures before no longer count."""
    code = of_code()
    return [(work, unit_of(work, opened, place, code, anew)) for work in plan.todo]


def unit_of(work: Work, opened: Opened, place: Place, code: Mapping[str, Any], anew: bool = False) -> Unit:
    """What is left to do of one trial."""
    plain, digest_of = to_plain(work.trial), opened.digest_of
    return Unit(
        trial=plain,
        facts={
            "trial": work.id,
            "variant": work.variant_id,
            "seed": work.trial.seed,
            "method": work.trial.method.kind,
            "dataset": work.trial.data.kind,
            "data_digest": digest_of(work.trial.data),
            "config": canonical_json(plain),
            "cpus": work.resources.cpus,
            "gpus": work.resources.share,
            **complexity_of(work.trial),
            **code,
        },
        evaluations=tuple(
            {"id": m.id, "config": to_plain(m.evaluation), "digest": digest_of(m.data)} for m in work.missing
        ),
        storage=place.storage.location if "://" in place.storage.location else place.storage.root,
        data_root=str(place.data_root.resolve()),
        cache=str(place.cache.resolve()),
        study_file=None if opened.path.parent == STUDIES else str(opened.path),
        starts_from=work.starts_from,
        unlabelled_digest=digest_of(work.trial.unlabelled) if work.trial.unlabelled else None,
        trained=work.status is Status.EVALUATE,
        threads=work.resources.cpus,
        parts=work.begun.parts,
        epochs_done=work.begun.epochs,
        attempts=work.begun.attempts,
        failures=0 if anew else work.begun.failures or 0,
        anew=anew,
    )
