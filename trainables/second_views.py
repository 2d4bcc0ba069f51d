"""Second views of faces: each face as another frame of its video shows it, or its own picture, turned and scaled."""

import math
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from trainables.dataset import MISSING, VISIBLE
from trainables.faces import Faces
from trainables.method import Batch
from trainables.recipe import Pairs
from trainables.transforms.augmentation import Draws, augment

_SEED = (0,)  # of the views that evaluations show


class SecondViews:
    """Another view of each face of a split, the same in every evaluation: of another frame, or of the same picture."""

    def __init__(self, pairs: Pairs, faces: Faces, rows: NDArray[np.int64]) -> None:
        self.pairs, self.faces, self.rows = pairs, faces, rows
        self._of = rows if pairs.source == "image" else second_frames(rows, rows, faces, _SEED)
        self._draws = Draws.of(pairs.view, len(rows), torch.Generator().manual_seed(_SEED[0]))

    def beside(self, images: Tensor, part: slice) -> Batch:
        """The views of a part of the split, beside the images that the network sees of it."""
        faces, rows, device = self.faces, self.rows[part], images.device
        views, landmarks = second_views(self.pairs, self._draws.part(part), faces, self._of[part], device)
        state = torch.from_numpy(faces.state[rows])
        present, visible = state != MISSING, state == VISIBLE
        return Batch(
            images=images,
            landmarks=torch.from_numpy(faces.landmarks_crop(rows)).float(),
            present=present,
            visible=visible,
            normaliser=torch.full((len(rows),), math.nan),
            difficulty=torch.full((len(rows),), math.nan),
            weight=present.float(),
            second_view=views,
            second_landmarks=landmarks,
        ).to(device)


def second_views(
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


def second_frames(rows: NDArray[np.int64], among: NDArray[np.int64], faces: Faces, seed: Sequence[int]) -> NDArray:
    """For each of `rows` another frame of its video, drawn evenly from those in `among`, which holds each row once; the
    row itself where there is no other."""
    shown, videos = np.sort(among), faces.videos
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
    ahead = np.random.default_rng(list(seed)).integers(1, np.maximum(count, 2))
    return by_video[first[video[index]] + (place[index] + ahead) % count]


def have_pairs(faces: Faces, rows: NDArray[np.int64]) -> bool:
    """Whether any video shows two of these rows."""
    return bool((second_frames(rows, rows, faces, _SEED) != rows).any())
