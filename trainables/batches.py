"""What an epoch shows: which images in which order, each worker's share of a batch, augmented, with its second view.

All of it follows from the trial's seed, the epoch and the step, so a resumed trial sees what an undisturbed one would,
and two workers together see what one worker would.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from trainables.dataset import MISSING, VISIBLE
from trainables.faces import Faces
from trainables.method import Batch
from trainables.recipe import Pairs
from trainables.transforms.augmentation import Draws, augment
from trainables.transforms.curriculum import epoch_order, occlusion_weight
from trainables.trial import Trial


@dataclass(frozen=True)
class Shown:
    """The training images of one epoch, as rows of the faces, in their order."""

    epoch: int  # 1 is the first
    rows: NDArray[np.int64]
    seconds: NDArray[np.int64] | None  # the image of each one's second view; None without pairs


def shares_of_batch(images: int, batch_size: int, rank: int, world: int) -> list[tuple[int, slice]]:
    """For each global batch of an epoch: its first image, and the part of it that this worker takes.

    The images left over after the last whole batch wait for the next epoch's order; fewer images than one batch make
    one smaller batch.
    """
    batch_size = min(batch_size, images)
    edges = [batch_size * part // world for part in range(world + 1)]
    share = slice(edges[rank], edges[rank + 1])
    return [(start, share) for start in range(0, images - batch_size + 1, batch_size)]


def epoch_rows(trial: Trial, faces: Faces, epoch: int) -> NDArray[np.int64]:
    """The training images of epoch number `epoch` (1 is the first), in their order."""
    rows, curriculum = faces.rows["train"], trial.recipe.curriculum
    if curriculum is None:
        return np.random.default_rng([trial.seed, epoch]).permutation(rows)
    return rows[epoch_order(faces.difficulty[rows], curriculum, trial.seed, epoch)]


def shown_in(trial: Trial, faces: Faces, epoch: int) -> Shown:
    """What epoch number `epoch` (1 is the first) shows. Computed once for all batches of the epoch."""
    rows, pairs = epoch_rows(trial, faces, epoch), trial.recipe.pairs
    if pairs is None or pairs.source == "image":
        return Shown(epoch, rows, None if pairs is None else rows)
    return Shown(epoch, rows, _other_frames(rows, faces.videos, np.random.default_rng([trial.seed, epoch, 1])))


def load_batch(trial: Trial, faces: Faces, shown: Shown, start: int, share: slice, device: torch.device) -> Batch:
    """This worker's share of the global batch that begins at `start` of the epoch's order, augmented on `device`."""
    batch, epoch = slice(start, start + trial.recipe.batch_size), shown.epoch
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
        generator = torch.Generator().manual_seed(_mixed(trial.seed, epoch, start))
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
        generator = torch.Generator().manual_seed(_mixed(trial.seed, epoch, start, 1))
        draws = replace(Draws.of(trial.recipe.pairs.view, len(rows), generator), flip=flip)
        second = _second_views(trial.recipe.pairs, draws.part(share), faces, shown.seconds[batch][share], device)
    return Batch(images, landmarks, present, visible, normaliser, difficulty, weight, *second).to(device)


def videos_have_pairs(faces: Faces) -> bool:
    """Whether any video has two readable training frames to pair."""
    rows = faces.rows["train"]
    return not np.array_equal(rows, _other_frames(rows, faces.videos, np.random.default_rng()))


def _other_frames(rows: NDArray[np.int64], videos: Sequence[str], random: np.random.Generator) -> NDArray[np.int64]:
    """For each of `rows` another one of the same video, drawn evenly; the row itself where there is none."""
    shown = np.unique(rows)
    # A face of no video is alone in its own: no video's name begins with a zero.
    _, video, frames = np.unique(
        [videos[row] or f"\0{row}" for row in shown.tolist()], return_inverse=True, return_counts=True
    )
    by_video = shown[np.argsort(video, kind="stable")]
    first = np.cumsum(frames) - frames
    place = np.empty(len(shown), dtype=np.int64)  # of each among the frames of its video
    place[np.argsort(video, kind="stable")] = np.arange(len(shown)) - np.repeat(first, frames)
    index = np.searchsorted(shown, rows)
    count = frames[video[index]]
    ahead = random.integers(1, np.maximum(count, 2))
    return by_video[first[video[index]] + (place[index] + ahead) % count]


def _second_views(
    pairs: Pairs, draws: Draws, faces: Faces, rows: NDArray[np.int64], device: torch.device
) -> tuple[Tensor, Tensor]:
    """Second views of these rows [B, 3, S, S], and their landmarks [B, K, 2] in crop px, NaN where missing."""
    present, landmarks = torch.from_numpy(faces.state[rows] != MISSING), faces.landmarks_crop(rows)
    permutation = faces.scheme.flip_permutation
    images, moved, present, _ = augment(
        pairs.view,
        draws,
        faces.crops(rows).to(device),
        torch.from_numpy(landmarks).float(),
        present,
        present,
        permutation,
        faces.input_size,
    )
    return images, torch.where(present[..., None], moved, math.nan)


def _mixed(*numbers: int) -> int:
    return int(np.random.SeedSequence(numbers).generate_state(1, np.uint64)[0] >> np.uint64(1))
