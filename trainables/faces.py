"""A prepared data set, opened: arrays that map its file, shared by every trial of a node through the page cache."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import torch
from numpy.typing import NDArray

from trainables.cache_file import FirstLook, Lazy, pixels_of, read_file, view_of
from trainables.dataset import LABELLED_SPLITS, UNLABELLED
from trainables.metrics import Array
from trainables.schemes import Scheme
from trainables.transforms.crop import transform


@dataclass(frozen=True)
class Faces:
    """A prepared data set in memory: arrays that map the file, so that opening it twice costs no memory.

    `pixels` [N, S+2·pad, S+2·pad, 3] uint8 RGB; landmarks [N, K, 2] in image px; `crop_maps` [N, 2, 3] image px → crop
    px of the S×S network input; `norms` in image px.
    """

    scheme: Scheme
    input_size: int
    pad: int
    pixels: list[NDArray[np.uint8]]  # one view for each record batch
    landmarks: Array
    state: NDArray[np.uint8]
    crop_maps: Array
    norms: dict[str, Array]
    difficulty: Array  # [N] percentile rank among the training faces, 1 the hardest; NaN where unlabelled
    images: Sequence[str]  # names of the faces
    groups: Sequence[str]
    videos: Sequence[str]
    tags: Sequence[tuple[str, ...]]
    rows: dict[str, NDArray[np.int64]]  # split -> its rows
    remarks: tuple[str, ...]
    unreadable: tuple[str, ...]
    boxed: float  # share of faces whose box the data set gives
    digest: str
    look: FirstLook

    @property
    def pool(self) -> NDArray[np.int64]:
        """Rows to learn from without landmarks: the unlabelled faces, or the training faces where there are none."""
        unlabelled = self.rows[UNLABELLED]
        return unlabelled if len(unlabelled) else self.rows["train"]

    def landmarks_crop(self, rows: NDArray[np.int64]) -> Array:
        """True landmarks of these rows in px of the network's input [len(rows), K, 2]."""
        return transform(self.landmarks[rows], self.crop_maps[rows])

    def crops(self, rows: NDArray[np.int64]) -> torch.Tensor:
        """Crops with their margin [len(rows), S+2·pad, S+2·pad, 3] uint8, copied out of the file.

        Raises `DamagedCache` where one is not what was written.
        """
        self.look.at(rows)
        batch, offset = np.divmod(rows, len(self.pixels[0]))  # all batches but the last hold equally many
        return torch.from_numpy(np.stack([self.pixels[b][o] for b, o in zip(batch, offset, strict=True)]))

    def inputs(self, rows: NDArray[np.int64], device: torch.device) -> torch.Tensor:
        """What a network sees of these rows without augmentation: RGB crops [len(rows), 3, S, S] in [0, 1]."""
        inner = slice(self.pad, self.pad + self.input_size)
        return self.crops(rows)[:, inner, inner].to(device).permute(0, 3, 1, 2).float().div_(255)


def open_faces(path: Path, scheme: Scheme) -> Faces:
    """Map a prepared file. Its pixels stay on disk (and in the node's page cache) until they are read.

    Raises `DamagedCache` where it is cut off or is another file, or where all but its crops is not what was written.
    """
    file = read_file(path)
    facts, annotation = file.facts, file.annotation
    count, side = len(annotation), facts["input_size"] + 2 * facts["pad"]
    unreadable = annotation["unreadable"]
    split = annotation["split"].dictionary_encode()
    numbers = {name: number for number, name in enumerate(split.dictionary.to_pylist())}
    listed = np.where(view_of(unreadable.is_null().cast(pa.uint8())), view_of(split.indices), -1)
    return Faces(
        scheme=scheme,
        input_size=facts["input_size"],
        pad=facts["pad"],
        pixels=[pixels_of(chunk, side) for chunk in file.crops["pixels"].chunks],
        landmarks=file.matrix("landmarks").reshape(count, scheme.num_landmarks, 2),
        state=file.matrix("state"),
        crop_maps=file.matrix("crop").reshape(count, 2, 3),
        norms=file.norms(),
        difficulty=file.numbers("difficulty"),
        images=Lazy(annotation["image"], str),
        groups=Lazy(annotation["group"], str),
        videos=Lazy(annotation["video"], str),
        tags=Lazy(annotation["tags"], tuple),
        rows={name: np.flatnonzero(listed == numbers.get(name, -2)) for name in (*LABELLED_SPLITS, UNLABELLED)},
        remarks=tuple(facts["remarks"]),
        unreadable=tuple(unreadable.drop_null().to_pylist()),
        boxed=float(np.isfinite(file.matrix("box")).all(axis=1).mean()),
        digest=facts["digest"],
        look=FirstLook(file),
    )
