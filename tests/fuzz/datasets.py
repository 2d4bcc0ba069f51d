"""Data set files: annotation and pictures of every layout are read whole, refused by name, or counted as unreadable."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random

import cv2
import numpy as np

from tests.fuzz import layouts
from tests.fuzz.pictures import PICTURE
from tests.fuzz.running import HANG, Input, Kind, Outcome, Wrong
from tests.fuzz.spoiling import BINARY, TEXT, Change, spoiled
from trainables.dataset import LABELLED_SPLITS, UNLABELLED, Dataset
from trainables.datasets import _matlab, aflw19
from trainables.face_cache import prepare
from trainables.faces import Faces, open_faces
from trainables.transforms.crop import Crop

SIZE = 16
_CHANGES: dict[str, tuple[Change, ...]] = {
    **dict.fromkeys((".mat", ".parquet", ".avi"), BINARY),
    **dict.fromkeys((".png", ".jpg"), PICTURE),
}


@dataclass(frozen=True)
class _Layout:
    dataset: Dataset
    root: Path
    files: dict[Path, bytes]  # of all that is there, the content
    whole: Faces
    digest: str


class Datasets:
    def __init__(self, folder: Path) -> None:
        aflw19.TRAINING_FACES = 4
        _matlab.SECONDS = HANG / 2
        cv2.setNumThreads(1)
        self._cache = folder / "cache"
        self._layouts = [self._opened(folder / f"{number}", write) for number, write in enumerate(layouts.ALL)]

    def _opened(self, root: Path, write: Callable[[Path], Dataset]) -> _Layout:
        root.mkdir()
        dataset = write(root)
        files = {path: path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}
        return _Layout(dataset, root, files, self._prepared(dataset, root), dataset.digest(root))

    def _prepared(self, dataset: Dataset, root: Path) -> Faces:
        faces = open_faces(prepare(dataset, root, Crop(), SIZE, self._cache, tell=_nothing), dataset.scheme)
        shutil.rmtree(self._cache)
        return faces

    def spoil(self, random: Random) -> Input:
        layout = random.choice(self._layouts)
        for path, content in layout.files.items():
            if not path.is_file() or path.stat().st_size != len(content) or path.read_bytes() != content:
                path.write_bytes(content)
        # Pictures are many, and alike.
        kinds = sorted({path.suffix for path in layout.files})
        kind = random.choice(kinds)
        path = random.choice([path for path in layout.files if path.suffix == kind])
        other = layout.files[random.choice([other for other in layout.files if other.suffix == kind])]
        content, how = spoiled(layout.files[path], other, random, _CHANGES.get(kind, TEXT))
        path.write_bytes(content)
        # Where two lists contradict each other, either can be the one that is named.
        lists = (source.name for source in layout.dataset.sources(layout.root))
        names = (path.name, f"Data set {layout.dataset.kind!r}", *lists)
        told = f"{layout.dataset.kind} {path.relative_to(layout.root)} {how}"
        # What has a valid checksum is another picture.
        may_differ = content in layout.files.values() or "header_absurd" in how or path.suffix != ".png"
        return Input(names, lambda: self._read(layout, path, may_differ), told)

    def _read(self, layout: _Layout, path: Path, may_differ: bool) -> Outcome:
        dataset, root = layout.dataset, layout.root
        try:
            found = self._prepared(dataset, root)
        finally:
            shutil.rmtree(self._cache, ignore_errors=True)
        _check(found, root)
        if _same(found, layout.whole):
            return Outcome.UNCHANGED
        if path in dataset.sources(root):
            if found.digest == layout.digest:
                raise Wrong("other faces have the same digest")
        elif not may_differ:
            if len(found.unreadable) != len(layout.whole.unreadable) + 1 or path.name not in found.unreadable[-1]:
                raise Wrong(f"the picture is another one; unreadable are {found.unreadable}")
            return Outcome.REFUSED
        if found.unreadable and len(found.unreadable) > len(layout.whole.unreadable):
            return Outcome.REFUSED
        return Outcome.OTHER


def _nothing(text: str) -> None:
    pass


def _check(found: Faces, root: Path) -> None:
    """Raises `Wrong` where faces were accepted that nothing can be learned from."""
    rows = np.concatenate([found.rows[split] for split in LABELLED_SPLITS])
    landmarks = found.landmarks[rows]
    if not np.isfinite(found.crop_maps).all():
        raise Wrong("a face has no crop")
    if np.isinf(found.landmarks).any() or np.abs(np.nan_to_num(found.landmarks)).max(initial=0) > 1e7:
        raise Wrong("a landmark lies nowhere")
    if np.isnan(landmarks).all(axis=(1, 2)).any():
        raise Wrong("a labelled face has no landmark")
    for name, values in found.norms.items():
        if not (np.isnan(values[rows]) | (values[rows] >= 0)).all():
            raise Wrong(f"errors would be divided by {np.nanmin(values[rows])} ({name})")
    if len(rows) + len(found.rows[UNLABELLED]) + len(found.unreadable) != len(found.images):
        raise Wrong("faces are missing")
    for image in found.images:
        if Path(image).is_absolute() or ".." in Path(image).parts:
            raise Wrong(f"{image} lies outside of the data set")


def _same(one: Faces, other: Faces) -> bool:
    rows = np.arange(len(one.images))
    return (
        len(one.images) == len(other.images)
        and list(one.images) == list(other.images)
        and all(np.array_equal(one.rows[split], other.rows[split]) for split in one.rows)
        and one.unreadable == other.unreadable
        and all(list(getattr(one, name)) == list(getattr(other, name)) for name in ("groups", "videos", "tags"))
        and all(
            np.array_equal(getattr(one, name), getattr(other, name), equal_nan=True)
            for name in ("landmarks", "crop_maps", "state", "difficulty")
        )
        and bool((one.crops(rows) == other.crops(rows)).all())
    )


def open_kind(folder: Path) -> Kind:
    return Datasets(folder)
