"""What an epoch shows: which images in which order, each worker's share of a batch, augmented, with its second view.

All of it follows from the trial's seed, the epoch and the step, so a resumed trial sees what an undisturbed one would,
and two workers together see what one worker would.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from trainables.dataset import MISSING, VISIBLE
from trainables.faces import Faces
from trainables.method import Batch
from trainables.placement import Placement
from trainables.second_views import second_frames, second_views
from trainables.transforms.augmentation import Draws, augment
from trainables.transforms.curriculum import epoch_order, occlusion_weight
from trainables.trial import Trial

_FRAMES, _POOL, _FRAMES_OF_POOL = 1, 2, 3  # streams of random numbers of one epoch


@dataclass(frozen=True)
class Shown:
    """The images of one epoch, as rows of the faces, in their order."""

    epoch: int  # 1 is the first
    rows: NDArray[np.int64]
    seconds: NDArray[np.int64] | None  # the image of each one's second view; None without pairs


@dataclass(frozen=True)
class Pool:
    """Faces without landmarks that join the labelled ones, and which of them one epoch shows."""

    faces: Faces
    shown: Shown


def shares_of_batch(images: int, batch_size: int, rank: int, world: int) -> list[tuple[int, slice]]:
    """For each global batch of an epoch: its first image, and the part of it that this worker takes.

    The images left over after the last whole batch wait for the next epoch's order; fewer images than one batch make
    one smaller batch.
    """
    batch_size = min(batch_size, images)
    share = part_of_batch(batch_size, rank, world)
    return [(start, share) for start in range(0, images - batch_size + 1, batch_size)]


def part_of_batch(batch_size: int, rank: int, world: int) -> slice:
    """What this worker takes of a global batch."""
    return slice(batch_size * rank // world, batch_size * (rank + 1) // world)


def epoch_rows(trial: Trial, faces: Faces, epoch: int) -> NDArray[np.int64]:
    """The training images of epoch number `epoch` (1 is the first), in their order."""
    rows, curriculum = faces.rows["train"], trial.recipe.curriculum
    if curriculum is None:
        return np.random.default_rng([trial.seed, epoch]).permutation(rows)
    return rows[epoch_order(faces.difficulty[rows], curriculum, trial.seed, epoch)]


def shown_in(trial: Trial, faces: Faces, epoch: int) -> Shown:
    """What epoch number `epoch` (1 is the first) shows. Computed once for all batches of the epoch."""
    rows = epoch_rows(trial, faces, epoch)
    return _with_seconds(trial, faces, epoch, rows, np.unique(rows), _FRAMES)


def shown_of_pool(trial: Trial, faces: Faces, epoch: int, batches: int) -> Shown:
    """The unlabelled faces that join the `batches` global batches of an epoch.

    They are taken one after the other from a random order of the pool, the next epoch going on where this one ends; a
    pool that is used up begins again in another order.
    """
    pool, each = faces.pool, batches * trial.recipe.unlabelled
    begin, end = (epoch - 1) * each, epoch * each
    orders = [
        np.random.default_rng([trial.seed, time, _POOL]).permutation(pool)
        for time in range(begin // len(pool), -(-end // len(pool)))
    ]
    rows = np.concatenate(orders)[begin % len(pool) :][:each]
    return _with_seconds(trial, faces, epoch, rows, pool, _FRAMES_OF_POOL)


def load_batches(
    trial: Trial, faces: Faces, shown: Shown, placement: Placement, pool: Pool | None = None
) -> Iterator[Batch]:
    """This worker's share of each global batch of an epoch, one after the other, on its device."""
    rank, world = placement.rank, placement.world
    share_of_pool = part_of_batch(trial.recipe.unlabelled, rank, world)
    for start, share in shares_of_batch(len(faces.rows["train"]), trial.recipe.batch_size, rank, world):
        yield load_batch(trial, faces, shown, start, share, placement.device, pool, share_of_pool)


def load_batch(
    trial: Trial,
    faces: Faces,
    shown: Shown,
    start: int,
    share: slice,
    device: torch.device,
    pool: Pool | None = None,
    pool_share: slice = slice(0),
) -> Batch:
    """This worker's share of the global batch that begins at `start` of the epoch's order, augmented on `device`.

    The unlabelled faces of `pool_share` that belong to the batch stand behind the labelled ones.
    """
    size = trial.recipe.batch_size
    labelled = _loaded(trial, faces, shown, slice(start, start + size), share, device)
    if pool is None:
        return labelled.to(device)
    first = start // size * trial.recipe.unlabelled
    part = slice(first, first + trial.recipe.unlabelled)
    return _joined(labelled, _loaded(trial, pool.faces, pool.shown, part, pool_share, device, _POOL)).to(device)


def _loaded(
    trial: Trial, faces: Faces, shown: Shown, batch: slice, share: slice, device: torch.device, *stream: int
) -> Batch:
    """The share of a part `batch` of what is shown. `stream` tells random numbers of one source from another's."""
    epoch, start = shown.epoch, batch.start
    rows = shown.rows[batch]
    augmentation, size = trial.recipe.augmentation, faces.input_size
    mine = rows[share]
    present = torch.from_numpy(faces.state[mine] != MISSING)
    visible = torch.from_numpy(faces.state[mine] == VISIBLE)
    landmarks = torch.from_numpy(faces.landmarks_crop(mine)).float()
    flip = torch.zeros(len(rows), dtype=torch.bool)
    if augmentation is None:
        images = faces.inputs(mine, device)
    else:
        generator = torch.Generator().manual_seed(mixed(trial.seed, epoch, start, *stream))
        draws = Draws.of(augmentation, len(rows), generator)
        flip, permutation = draws.flip, faces.scheme.flip_permutation
        images, landmarks, present, visible = augment(
            augmentation,
            draws.part(share),
            faces.crops(mine).to(device),
            landmarks,
            present,
            visible,
            permutation,
            size,
        )
    left, right = faces.scheme.outer_eye_corners
    normaliser = (landmarks[:, left] - landmarks[:, right]).norm(dim=-1)
    difficulty = torch.from_numpy(faces.difficulty[mine]).float()
    curriculum = trial.recipe.curriculum
    of_occluded = 1.0 if curriculum is None else occlusion_weight(curriculum, epoch - 1)
    weight = torch.where(visible, 1.0, of_occluded) * present
    second = None, None
    if trial.recipe.pairs is not None:
        assert shown.seconds is not None
        generator = torch.Generator().manual_seed(mixed(trial.seed, epoch, start, 1, *stream))
        draws = replace(Draws.of(trial.recipe.pairs.view, len(rows), generator), flip=flip)
        second = second_views(trial.recipe.pairs, draws.part(share), faces, shown.seconds[batch][share], device)
    return Batch(images, landmarks, present, visible, normaliser, difficulty, weight, *second)


def _joined(labelled: Batch, pool: Batch) -> Batch:
    """The pool's faces behind the labelled ones. They have no landmarks, so those of another scheme do not matter."""
    faces, landmarks = len(pool.images), labelled.landmarks.shape[1]
    nowhere = torch.full((faces, landmarks, 2), math.nan)
    none = torch.zeros((faces, landmarks), dtype=torch.bool)
    of_pool = replace(
        pool,
        normaliser=torch.full((faces,), math.nan),
        difficulty=torch.full((faces,), math.nan),
        landmarks=nowhere,
        present=none,
        visible=none,
        weight=none.float(),
        second_landmarks=None if pool.second_landmarks is None else nowhere,
    )
    joined: dict[str, Any] = {}
    for each in fields(Batch):
        one, other = getattr(labelled, each.name), getattr(of_pool, each.name)
        joined[each.name] = None if one is None else torch.cat([one, other])
    return Batch(**joined)


def _with_seconds(
    trial: Trial, faces: Faces, epoch: int, rows: NDArray[np.int64], among: NDArray[np.int64], stream: int
) -> Shown:
    pairs = trial.recipe.pairs
    if pairs is None or pairs.source == "image":
        return Shown(epoch, rows, None if pairs is None else rows)
    return Shown(epoch, rows, second_frames(rows, among, faces, (trial.seed, epoch, stream)))


def mixed(*numbers: int) -> int:
    """A seed for each tuple of numbers."""
    return int(np.random.SeedSequence(numbers).generate_state(1, np.uint64)[0] >> np.uint64(1))
