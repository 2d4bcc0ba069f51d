"""Which training images an epoch shows, easy ones first: how much of the set is open, and in what order it is drawn.

Everything follows from the seed and the epoch, so that a resumed trial draws what an undisturbed one would, and workers
that each compute the order agree on it.
"""

import math
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from trainables.config import config
from trainables.metrics import Array

TERTILES = ("easy", "medium", "hard")
_EDGES = (1 / 3, 2 / 3)  # difficulty is a percentile rank: these cut the training set into three equal parts


@config
class Curriculum:
    """Training begins with the easiest `start` of the images (q0) and has all of them after `epochs` (E_c).

    `pacing`: how the open share q grows on the way. `linear`: q0 + (1 − q0)·e/E_c. `root`: √(q0² + (1 − q0²)·e/E_c),
    so that new images come ever more slowly. `step`: q0 until E_c, then all. `none`: all from the start.
    `balanced`: each batch holds equally many images of every tertile of difficulty that has begun to open.
    `occlusion_start`: weight of an occluded landmark in the first epoch; it grows linearly to 1 at E_c.

    Source: kozlowska2026hrmlff (easy faces first, occluded ones later, balanced mini-batches), platanios2019competence
    (linear and root pacing), hacohen2019curriculum (single step).
    Departs: kozlowska2026hrmlff prints no numbers; half of the images to begin with, all of them after 42 of its 140
    epochs, and the weight of ½ are ours.
    """

    start: Annotated[float, Field(gt=0, le=1)] = 0.5
    epochs: Annotated[int, Field(ge=0)] = 42
    pacing: Literal["linear", "root", "step", "none"] = "linear"
    balanced: bool = True
    occlusion_start: Annotated[float, Field(ge=0, le=1)] = 0.5


def open_share(curriculum: Curriculum, epochs_done: int) -> float:
    """q: images up to this difficulty may be drawn when `epochs_done` epochs are over; 0 is the first epoch."""
    if curriculum.pacing == "none":
        return 1.0
    start, done = curriculum.start, _done(curriculum, epochs_done)
    if curriculum.pacing == "step":
        return 1.0 if done >= 1 else start
    if curriculum.pacing == "root":
        return math.sqrt(start**2 + (1 - start**2) * done)
    return start + (1 - start) * done


def occlusion_weight(curriculum: Curriculum, epochs_done: int) -> float:
    """Weight of an occluded landmark when `epochs_done` epochs are over; 0 is the first epoch."""
    return curriculum.occlusion_start + (1 - curriculum.occlusion_start) * _done(curriculum, epochs_done)


def epoch_order(difficulty: Array, curriculum: Curriculum, seed: int, epoch: int) -> NDArray[np.int64]:
    """Indices into `difficulty` [N] in the order in which epoch number `epoch` (1 is the first) shows them, [N].

    As many as without a curriculum, so that an epoch stays the same number of steps, and learning-rate schedules and
    comparisons with other recipes mean the same. While not all images are open, some are therefore shown more than
    once: each as often as the others of its tertile, or once more. By default that is at most three times unbalanced;
    balanced it is about 28 times in epoch 16, when the first few hard images fill a third of every batch.

    Only images with difficulty ≤ q are drawn; without a difficulty (NaN) an image counts as the hardest. Where none is
    as easy as q, the easiest are open. The open tertiles take turns, image by image: whatever is cut out of the order,
    a batch or one worker's part of it, holds equally many of each, give or take one, and a tertile that is still closed
    leaves its share to the others.
    """
    random = np.random.default_rng([seed, epoch])
    known = np.nan_to_num(difficulty, nan=1.0)
    opened = np.flatnonzero(known <= max(open_share(curriculum, epoch - 1), known.min()))
    tertiles = tertile(known[opened]) if curriculum.balanced else np.zeros(len(opened), dtype=np.int64)
    groups = [opened[tertiles == number] for number in np.unique(tertiles)]
    order = np.empty(len(difficulty), dtype=np.int64)
    for place, group in enumerate(groups):
        turns = order[(place + epoch) % len(groups) :: len(groups)]  # another tertile begins each epoch
        passes = math.ceil(len(turns) / len(group))
        turns[:] = np.concatenate([random.permutation(group) for _ in range(passes)])[: len(turns)]
    return order


def tertile(difficulty: Array) -> NDArray[np.int64]:
    """0 easy, 1 medium, 2 hard, for each difficulty in [0, 1]; NaN is hard."""
    return np.searchsorted(_EDGES, difficulty, side="left")


def tertile_shares(difficulty: Array) -> dict[str, float]:
    """The share of easy, medium and hard images among these."""
    counts = np.bincount(tertile(difficulty), minlength=len(TERTILES))
    return {name: float(count / len(difficulty)) for name, count in zip(TERTILES, counts, strict=True)}


def _done(curriculum: Curriculum, epochs_done: int) -> float:
    """How much of the curriculum is over, in [0, 1]."""
    return min(1.0, epochs_done / curriculum.epochs) if curriculum.epochs else 1.0
