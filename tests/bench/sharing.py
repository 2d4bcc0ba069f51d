"""Memory that a second trial takes to read all of a prepared data set that another one has open: at most 50 MB."""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from trainables.cache_file import GrowingFile, annotation_of, record_batch, schema_of
from trainables.dataset import Face
from trainables.datasets.synthetic import Synthetic
from trainables.face_cache import FACES_PER_RECORD_BATCH, prepare
from trainables.faces import Faces, open_faces
from trainables.transforms.crop import Crop

DATA = Synthetic(train=700, val=20, test=20)
SIZE = 256
MANY, TINY = 170_000, 4  # faces, as the largest data sets have; px of their pictures
BOUND = 50.0  # MB


def run() -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder:
        yield _shared(prepare(DATA, Path(folder), Crop(), SIZE, Path(folder)))
        yield _shared(_written_without_rendering(Path(folder) / "many.arrow"))


def _shared(path: Path) -> str:
    faces = open_faces(path, DATA.scheme)
    _read_all(faces)  # the first trial holds the pages while the second one reads them
    second = subprocess.run(
        [sys.executable, "-m", "tests.bench.sharing", path], capture_output=True, text=True, check=True
    )
    own, size_mb = float(second.stdout), path.stat().st_size / 1e6
    met = "met" if own <= BOUND else "not met"
    return (
        f"second process: {own:.1f} MB of its own for {len(faces.images):,} faces in a file of {size_mb:,.0f} MB "
        f"(at most {BOUND:g} MB: {met})"
    )


def _written_without_rendering(path: Path) -> Path:
    """A prepared file of `MANY` black pictures, with the annotation that as many real ones would have."""
    landmarks = np.random.default_rng(0).uniform(0, 50, (MANY, DATA.scheme.num_landmarks, 2))
    faces = [
        Face(
            image=f"pictures/{number:06d}.jpg",
            landmarks=landmarks[number],
            split=("train", "val", "test")[number % 3],
            group=f"person {number // 20}",
            box=(0.0, 0.0, 50.0, 50.0),
            video=f"video {number // 100}",
            tags=("rendered", "common"),
        )
        for number in range(MANY)
    ]
    lengths = [len(range(MANY)[start:][:FACES_PER_RECORD_BATCH]) for start in range(0, MANY, FACES_PER_RECORD_BATCH)]
    facts = {"input_size": TINY, "pad": 0, "digest": "", "dataset": {}, "faces": MANY, "remarks": []}
    file = GrowingFile(path, schema_of(TINY, facts), lengths)
    for length in lengths:
        file.append(
            record_batch(np.zeros((length, TINY, TINY, 3), np.uint8), np.zeros((length, 2, 3)), [None] * length)
        )
    none: list[str | None] = [None] * MANY
    file.finish(annotation_of(faces, np.full(MANY, 0.5), np.zeros((MANY, 2, 3)), none, DATA.scheme))
    file.close()
    return path


def _read_all(faces: Faces) -> float:
    arrays = [*faces.pixels, faces.landmarks, faces.state, faces.crop_maps, faces.difficulty, *faces.norms.values()]
    texts = (faces.images, faces.groups, faces.videos, faces.tags)
    return max(float(array.max()) for array in arrays) + sum(len(text) for column in texts for text in column)


def _own_megabytes() -> float:
    """Memory of this process that it shares with no other one."""
    lines = Path("/proc/self/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("Private_")) / 1e3


if __name__ == "__main__":
    before = _own_megabytes()
    opened = open_faces(Path(sys.argv[1]), DATA.scheme)
    _read_all(opened)
    print(f"{_own_megabytes() - before:.1f}")
