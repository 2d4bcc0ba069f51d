"""What a trial takes on a device, from a few of its steps: before it is planned, packed beside others, or started."""

import gc
import math
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import count

import torch

from trainables.batches import Pool, load_batches, part_of_batch, shares_of_batch, shown_in, shown_of_pool
from trainables.complexity import device_memory_mb, peak_memory_mb, reserved_memory_mb, reset_peak_memory
from trainables.evaluation import BATCH
from trainables.faces import Faces
from trainables.learner import Learner
from trainables.method import Batch
from trainables.out_of_memory import out_of_memory
from trainables.placement import Placement
from trainables.trainable_faces import check_faces
from trainables.training import validate
from trainables.trial import Trial

SECONDS = 10.0
LEFT_OUT = 3  # steps in which libraries choose their kernels


@dataclass(frozen=True)
class Probe:
    """`parts`: how many fitted, see `Placement`; None where not even one face at a time does, and all that was measured
    is NaN.

    `seconds_per_image`: of training, for an image of the global batch, faces without landmarks among them, as
    `images_per_second` counts them. `seconds_per_validated_image`: of validation, which one worker does alone.
    `peak_memory_mb`: of one worker, as in the ledger; `reserved_memory_mb`: what its process took of the device for it,
    but for the context of CUDA. `device_memory_mb`: all that the device has; None of a processor.
    """

    parts: int | None
    steps: int  # that were timed
    seconds_per_image: float
    seconds_per_validated_image: float
    peak_memory_mb: float
    reserved_memory_mb: float
    device_memory_mb: float | None


def probe(
    trial: Trial, faces: Faces, placement: Placement, seconds: float = SECONDS, unlabelled: Faces | None = None
) -> Probe:
    """Train the trial for about so many seconds, from random weights, and validate for as many, each at least once.

    Of several workers one is probed alone, on its share of the batch: what they say to one another, and the memory for
    it, is left out. Where memory is short the parts are doubled until they fit. Nothing is kept, random numbers
    included. Raises `DataError` as training does.
    """
    check_faces(trial, faces, unlabelled, placement.world)
    device, world, parts = placement.device, placement.world, placement.parts
    last = world - 1  # no other worker's share is larger
    shares = (part_of_batch(size, last, world) for size in _faces_of_a_batch(trial, faces))
    most = sum(share.stop - share.start for share in shares)
    while True:
        alone = Placement(device, rank=last, world=world, parts=parts)
        with torch.random.fork_rng([device] if device.type == "cuda" else []):
            found = _fitting(trial, faces, alone, seconds, unlabelled)
        # Outside of what handled the error, whose frames hold the tensors that were too many.
        gc.collect()
        if device.type == "cuda":
            torch.cuda.empty_cache()
        if found is not None:
            return found
        if parts >= most:
            return Probe(None, 0, math.nan, math.nan, math.nan, math.nan, device_memory_mb(device))
        parts = min(2 * parts, most)


def _fitting(
    trial: Trial, faces: Faces, placement: Placement, seconds: float, unlabelled: Faces | None
) -> Probe | None:
    """None where memory is too short."""
    reset_peak_memory(placement.device)
    try:
        learner = Learner(trial, faces.scheme, placement)
        steps, training = _training(learner, _batches(trial, faces, placement, unlabelled), seconds)
        validation = _validation(trial, learner, faces, seconds)
    except Exception as error:
        if not out_of_memory(error):
            raise
        return None
    images, device = sum(_faces_of_a_batch(trial, faces)), placement.device
    memory = peak_memory_mb(device), reserved_memory_mb(device), device_memory_mb(device)
    return Probe(placement.parts, steps, training / images, validation, *memory)


def _faces_of_a_batch(trial: Trial, faces: Faces) -> tuple[int, int]:
    """With landmarks and without, of the global batch."""
    return min(trial.recipe.batch_size, len(faces.rows["train"])), trial.recipe.unlabelled


def _training(learner: Learner, batches: Iterator[Batch], seconds: float) -> tuple[int, float]:
    """How many steps were timed, and the seconds of each."""
    learner.model.train()
    started = time.perf_counter()
    for iteration in range(LEFT_OUT):
        learner.learn(next(batches), iteration)
        _wait(learner.placement.device)
        if time.perf_counter() - started > seconds:
            break
    started, steps = time.perf_counter(), 0
    while not steps or time.perf_counter() - started < seconds:
        learner.learn(next(batches), LEFT_OUT + steps)
        steps += 1
    # Not after each step: loading goes on while a device computes.
    _wait(learner.placement.device)
    return steps, (time.perf_counter() - started) / steps


def _validation(trial: Trial, learner: Learner, faces: Faces, seconds: float) -> float:
    """Seconds for each image: of one batch at least, and of more where there are and time allows."""
    rows = faces.rows["val"]
    alone = replace(learner.placement, rank=0, world=1)
    images, is_warm = min(len(rows), BATCH), False
    while True:
        some = replace(faces, rows=faces.rows | {"val": rows[:images]})
        started = time.perf_counter()
        validate(trial, learner.model, some, alone)
        passed = time.perf_counter() - started
        if passed > seconds / 2 or (is_warm and images == len(rows)):
            return passed / images
        images, is_warm = min(len(rows), 4 * images) if is_warm else images, True


def _batches(trial: Trial, faces: Faces, placement: Placement, unlabelled: Faces | None) -> Iterator[Batch]:
    """Those of one epoch after the other."""
    recipe, rank, world = trial.recipe, placement.rank, placement.world
    each = len(shares_of_batch(len(faces.rows["train"]), recipe.batch_size, rank, world))
    for number in count(1):
        pool = unlabelled and Pool(unlabelled, shown_of_pool(trial, unlabelled, number, each))
        yield from load_batches(trial, faces, shown_in(trial, faces, number), placement, pool)


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
