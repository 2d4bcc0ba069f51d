"""synthetic: rendered faces with exact landmarks, the data of a fresh checkout. Two views of every identity.

Nothing is stored: face number i of a seed always has the same pixels. Identities never stand on two sides of a split.
"""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, Literal, overload

import numpy as np

from trainables.config import config, to_plain
from trainables.dataset import Dataset, Face
from trainables.recipe import PositiveInt
from trainables.rendering.render import render
from trainables.rendering.sampling import sample_face, sample_identity
from trainables.schemes import SCHEMES, Scheme

VIEWS = 2


@config
class Synthetic(Dataset):
    """`train`, `val`, `test`: identities, each seen twice. `landmarks`: the scheme. `size`: picture side in px."""

    kind: ClassVar[str] = "synthetic"
    LICENCE: ClassVar[str] = "made here, free of any"
    TREE: ClassVar[str] = "(no files: the faces are rendered)\n"
    train: PositiveInt = 400
    val: PositiveInt = 50
    test: PositiveInt = 100
    landmarks: Literal["68", "98", "29", "19"] = "68"
    size: PositiveInt = 160
    seed: int = 0

    @property
    def scheme(self) -> Scheme:
        return SCHEMES[self.landmarks]

    def faces(self, data_root: Path) -> Sequence[Face]:
        return _Rendered(self)

    def sources(self, data_root: Path) -> Sequence[Path]:
        return []

    def num_training(self, data_root: Path) -> int:
        return VIEWS * self.train  # without rendering them

    def digest(self, data_root: Path) -> str:
        return hashlib.sha256(json.dumps(to_plain(self), sort_keys=True).encode()).hexdigest()[:16]


class _Rendered(Sequence[Face]):
    """The faces of a data set, each rendered when it is asked for."""

    def __init__(self, dataset: Synthetic) -> None:
        self._dataset = dataset

    def __len__(self) -> int:
        return VIEWS * (self._dataset.train + self._dataset.val + self._dataset.test)

    @overload
    def __getitem__(self, index: int) -> Face: ...
    @overload
    def __getitem__(self, index: slice) -> list[Face]: ...
    def __getitem__(self, index: int | slice) -> Face | list[Face]:
        if isinstance(index, slice):
            return [self[one] for one in range(*index.indices(len(self)))]
        if not 0 <= index < len(self):
            raise IndexError(index)
        dataset, (identity, view) = self._dataset, divmod(index, VIEWS)
        person = sample_identity(np.random.default_rng([dataset.seed, identity]))
        parameters = sample_face(np.random.default_rng([dataset.seed, identity, 1 + view]), person)
        rendered = render(parameters, dataset.size)
        in_training, in_validation = identity < dataset.train, identity < dataset.train + dataset.val
        return Face(
            image=f"identity{identity:05d}_view{view}",
            landmarks=rendered.landmarks(dataset.landmarks),
            state=rendered.state(dataset.landmarks),
            split="train" if in_training else "val" if in_validation else "test",
            group=f"identity{dataset.seed}.{identity:05d}",  # another seed's persons are others
            tags=parameters.tags,
            pixels=rendered.image,
        )


DATASET = Synthetic()
