"""What the training that a plan lists is expected to take, from what past trials took. Pure."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import median
from typing import Any

from orchestrator.plan import Status, Work

# Multiply–accumulates of forward passes over training images in a second, where no past trial tells. Training takes
# three times a forward pass. GPU: a quarter of what an RTX 3090 (kozlowska2026hrmlff's) can do at most in single
# precision, 35.6·10¹² operations a second. Core: HRNet-W18 at 256×256, 2.8 images a second on two cores.
ASSUMED = {"GPU": 35.6e12 / 2 / 3 / 4, "core": 4.3e9 * 2.8 / 2}


class Basis(StrEnum):
    """What an expectation rests on, the best first."""

    SAME = "the same variant's past trials"
    SAME_METHOD = "the method's past trials, by operations"
    OTHERS = "other methods' past trials, by operations"
    ASSUMED = "an assumed speed: nothing was trained on such a device yet"


@dataclass(frozen=True)
class Pace:
    """How fast a past trial was, on `device`, "GPU" or "core"."""

    trial: str
    variant: str
    method: str
    device: str
    epochs_run: int
    device_seconds: float  # of an epoch: its seconds × devices
    operations: float | None  # of forward passes over an epoch's training images; None where it is not recorded


@dataclass(frozen=True)
class Expected:
    """`hours` of each kind of device; how many trials rest on what."""

    hours: Mapping[str, float]
    bases: Mapping[Basis, int]


PACE_COLUMNS = [
    "trial", "variant", "method", "epochs_run", "seconds", "macs", "training_images", "workers", "cpus", "gpus",
]  # fmt: skip


def paces(rows: Iterable[Mapping[str, Any]]) -> list[Pace]:
    """Of rows of the ledger's table "trials" with these columns: those that have trained and say on what."""
    return [
        Pace(
            trial=row["trial"],
            variant=row["variant"],
            method=row["method"],
            device="GPU" if row["gpus"] else "core",
            epochs_run=row["epochs_run"],
            device_seconds=row["seconds"] / row["epochs_run"] * (row["workers"] or 1) * (row["gpus"] or row["cpus"]),
            operations=row["macs"] * row["training_images"] if row["macs"] and row["training_images"] else None,
        )
        for row in rows
        if row["epochs_run"] and row["seconds"] and row["cpus"]
    ]


def expect(works: Sequence[Work], past: Sequence[Pace], operations_of: Callable[[Work], float | None]) -> Expected:
    """What is left to train of these works; measuring what is trained comes on top.

    `operations_of`: multiply–accumulates of forward passes over one epoch's training images, None where they cannot be
    counted; it is only asked where no past trial of the same variant tells. Trials that go on from a checkpoint count
    by the epochs that are left.
    """
    hours: defaultdict[str, float] = defaultdict(float)
    bases: Counter[Basis] = Counter()
    done = {pace.trial: pace.epochs_run for pace in past}
    for work in works:
        if work.status not in (Status.RUN, Status.RESUME):
            continue
        device = "GPU" if work.resources.gpus else "core"
        found = _epoch(work, device, [pace for pace in past if pace.device == device], operations_of)
        if found is not None:
            seconds, basis = found
            hours[device] += seconds * max(0, work.trial.recipe.epochs - done.get(work.id, 0)) / 3600
            bases[basis] += 1
    return Expected(dict(hours), dict(bases))


def _epoch(
    work: Work, device: str, past: Sequence[Pace], operations_of: Callable[[Work], float | None]
) -> tuple[float, Basis] | None:
    """Device-seconds of one epoch."""
    same = [pace.device_seconds for pace in past if pace.variant == work.variant_id]
    if same:
        return median(same), Basis.SAME
    operations = operations_of(work)
    if operations is None:
        return None
    known = [pace for pace in past if pace.operations]
    of_method = [pace for pace in known if pace.method == work.trial.method.kind]
    for basis, some in ((Basis.SAME_METHOD, of_method), (Basis.OTHERS, known)):
        if some:
            return operations * median(pace.device_seconds / pace.operations for pace in some if pace.operations), basis
    return operations / ASSUMED[device], Basis.ASSUMED
