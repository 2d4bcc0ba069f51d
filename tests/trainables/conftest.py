"""Small data that the tests of trainables share."""

from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

import pytest

from trainables.dataset import Dataset
from trainables.datasets.synthetic import Synthetic
from trainables.face_cache import prepare
from trainables.faces import Faces, open_faces
from trainables.schemes import Scheme
from trainables.transforms.crop import Crop

TRIANGLE = Scheme(
    name="triangle",
    num_landmarks=3,
    flip_pairs=((0, 1),),
    outer_eye_corners=(0, 1),
    pupils=((0,), (1,)),
    parts={"all": (0, 1, 2)},
)


class DrawnTriangles(Dataset):
    """Base of data sets with three landmarks whose pictures are made in memory."""

    SCHEME: ClassVar[Scheme] = TRIANGLE

    def sources(self, data_root: Path) -> list[Path]:
        return []

    def digest(self, data_root: Path) -> str:
        return "0" * 16


@pytest.fixture(scope="session")
def prepared(tmp_path_factory) -> Callable[..., Faces]:
    """`prepared(dataset, size, crop, root)`: the opened data set."""

    def opened(dataset: Dataset, size: int = 32, crop: Crop | None = None, root: Path = Path("/nowhere")) -> Faces:
        folder = tmp_path_factory.mktemp("cache")
        return open_faces(prepare(dataset, root, crop or Crop(), size, folder), dataset.scheme)

    return opened


@pytest.fixture(scope="session")
def rendered() -> Synthetic:
    """8 faces to train on, 4 to validate, 4 to test."""
    return Synthetic(train=4, val=2, test=2, size=64)


@pytest.fixture(scope="session")
def faces(prepared, rendered) -> Faces:
    """`rendered` at 32×32."""
    return prepared(rendered, 32)
