"""What the training that a plan lists is expected to take, from what past trials took. Pure."""

import heapq
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import median
from types import MappingProxyType
from typing import Any, TypeVar

from orchestrator.capacity import Node, fits_beside, fits_empty
from orchestrator.plan import Status, Work
from search_spaces.variants import Resources

# Multiply–accumulates of forward passes over training images in a second, where no past trial tells. Training takes
# three times a forward pass. GPU: a quarter of what an RTX 3090 (kozlowska2026hrmlff's) can do at most in single
# precision, 35.6·10¹² operations a second. Core: HRNet-W18 at 256×256, 2.8 images a second on two cores.
ASSUMED = {"GPU": 35.6e12 / 2 / 3 / 4, "core": 4.3e9 * 2.8 / 2}


Key = TypeVar("Key")


class Basis(StrEnum):
    """What an expectation rests on, the best first."""

    SAME = "the same variant's past trials"
    PROBE = "a probe"
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
    operations: float | None  # a third of an epoch's; None where it is not recorded


@dataclass(frozen=True)
class Expected:
    """`hours` of each kind of device; how many trials rest on what."""

    hours: Mapping[str, float]
    bases: Mapping[Basis, int]
    trials: tuple[tuple[Resources, float], ...] = ()  # what each is given, and its seconds; in the plan's order

    def seconds_on(self, nodes: Sequence[Node]) -> float | None:
        """From the first start to the last end on these nodes; None where something does not fit. Stages are not
        heeded: what waits for them may end later."""
        if not all(fits_empty(resources, nodes) for resources in {resources for resources, _ in self.trials}):
            return None
        running: list[tuple[float, int]] = []  # end, place in self.trials
        now = last = 0.0
        for place, (resources, seconds) in enumerate(self.trials):
            while not fits_beside(resources, (self.trials[other][0] for _, other in running), nodes):
                now, _ = heapq.heappop(running)
            heapq.heappush(running, (now + seconds, place))
            last = max(last, now + seconds)
        return last


PACE_COLUMNS = [
    "trial", "variant", "method", "epochs_run", "seconds", "training_macs", "training_images", "workers", "cpus",
    "gpus",
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
            operations=row["training_macs"] * row["training_images"]
            if row["training_macs"] and row["training_images"]
            else None,
        )
        for row in rows
        if row["epochs_run"] and row["seconds"] and row["cpus"]
    ]


def expect(
    works: Sequence[Work],
    past: Sequence[Pace],
    operations_of: Callable[[Work], float | None],
    probed: Mapping[tuple[str, str], float] = MappingProxyType({}),
) -> Expected:
    """What is left to train of these works; measuring what is trained comes on top.

    `operations_of`: a third of the multiply–accumulates that training spends on one epoch, as many as forward passes
    over its images for most methods; None where they cannot be counted. It is only asked where neither a past trial of
    the same variant nor a probe tells. `probed`: device ("GPU" or "core") and variant → seconds of an epoch. Trials
    that go on from a checkpoint count by the epochs that are left.
    """
    hours: defaultdict[str, float] = defaultdict(float)
    bases: Counter[Basis] = Counter()
    trials: list[tuple[Resources, float]] = []
    done = {pace.trial: pace.epochs_run for pace in past}
    of_variant = _medians(((pace.device, pace.variant), pace.device_seconds) for pace in past)
    per_operation = [(pace, pace.device_seconds / pace.operations) for pace in past if pace.operations]
    of_method = _medians(((pace.device, pace.method), each) for pace, each in per_operation)
    of_device = _medians((pace.device, each) for pace, each in per_operation)

    def epoch(work: Work, device: str) -> tuple[float, Basis] | None:
        """Device-seconds of one."""
        if (device, work.variant_id) in of_variant:
            return of_variant[device, work.variant_id], Basis.SAME
        if (device, work.variant_id) in probed:
            return probed[device, work.variant_id] * _devices(work), Basis.PROBE
        operations = operations_of(work)
        if operations is None:
            return None
        if (device, work.trial.method.kind) in of_method:
            return operations * of_method[device, work.trial.method.kind], Basis.SAME_METHOD
        if device in of_device:
            return operations * of_device[device], Basis.OTHERS
        return operations / ASSUMED[device], Basis.ASSUMED

    for work in works:
        device = "GPU" if work.resources.share else "core"
        found = epoch(work, device) if work.status in (Status.RUN, Status.RESUME) else None
        if found is not None:
            seconds, basis = found
            left = seconds * max(0, work.trial.recipe.epochs - done.get(work.id, 0))
            hours[device] += left / 3600
            bases[basis] += 1
            trials.append((work.resources, left / _devices(work)))
    return Expected(dict(hours), dict(bases), tuple(trials))


def _devices(work: Work) -> float:
    """GPUs of a trial, or cores where it has none."""
    return max(1, work.resources.workers) * (work.resources.share or work.resources.cpus)


def _medians(values: Iterable[tuple[Key, float]]) -> dict[Key, float]:
    grouped: defaultdict[Key, list[float]] = defaultdict(list)
    for key, value in values:
        grouped[key].append(value)
    return {key: median(some) for key, some in grouped.items()}
