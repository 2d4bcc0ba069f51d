"""Prepared caches: what is read of a damaged file is what was written, or it is refused, and made again."""

from pathlib import Path
from random import Random

import numpy as np

from tests.fuzz import layouts
from tests.fuzz.running import Input, Kind, Outcome, Wrong
from tests.fuzz.spoiling import BINARY, spoiled
from trainables import face_cache
from trainables.cache_folder import partial_of
from trainables.face_cache import prepare
from trainables.faces import Faces, open_faces
from trainables.transforms.crop import Crop

SIZE = 8


class Caches:
    """A prepared file is opened as trials do, or after `prepare` has looked at it; or a part of one is gone on with."""

    def __init__(self, folder: Path) -> None:
        face_cache.FACES_PER_RECORD_BATCH = 3  # three record batches
        self._root, self._folder = folder / "data", folder / "cache"
        self._root.mkdir()
        self._dataset = layouts.csv68(self._root)
        (self._root / "1.jpg").unlink()  # one that cannot be read
        self._told: list[str] = []
        self._path = self._prepared()
        self._content = self._path.read_bytes()
        self._whole = open_faces(self._path, self._dataset.scheme)
        self._meant = _content_of(self._whole)

    def spoil(self, random: Random) -> Input:
        content, how = spoiled(self._content, self._content[::-1], random, BINARY)
        way = random.choice((self._open, self._verify, self._go_on))
        return Input((self._path.name,), lambda: way(content), f"{way.__name__} {how}")

    def _prepared(self) -> Path:
        self._told.clear()
        return prepare(self._dataset, self._root, Crop(), SIZE, self._folder, verify=True, tell=self._told.append)

    def _open(self, content: bytes) -> Outcome:
        # Not written over what is mapped.
        self._path.unlink(missing_ok=True)
        self._path.write_bytes(content)
        return self._compared()

    def _verify(self, content: bytes) -> Outcome:
        self._path.unlink(missing_ok=True)
        self._path.write_bytes(content)
        self._prepared()
        self._compared()
        if any(self._path.name not in told for told in self._told):
            raise Wrong(f"no file is named: {self._told}")
        return Outcome.REFUSED if self._told else Outcome.UNCHANGED

    def _go_on(self, content: bytes) -> Outcome:
        """What a preparation left that was ended."""
        self._path.unlink(missing_ok=True)
        partial_of(self._path).write_bytes(content)
        self._prepared()
        self._compared()
        return Outcome.UNCHANGED if any("Going on" in told for told in self._told) else Outcome.REFUSED

    def _compared(self) -> Outcome:
        found = _content_of(open_faces(self._path, self._dataset.scheme))
        wrong = [name for name, value in found.items() if not _equal(value, self._meant[name])]
        if wrong:
            raise Wrong(f"other {', '.join(wrong)} came back")
        return Outcome.UNCHANGED


def _content_of(faces: Faces) -> dict[str, object]:
    """All that a trial may ask of a prepared file."""
    arrays = {name: np.array(getattr(faces, name)) for name in ("landmarks", "state", "crop_maps", "difficulty")}
    norms = {f"norm {name}": np.array(values) for name, values in faces.norms.items()}
    rows = {f"rows {name}": np.array(values) for name, values in faces.rows.items()}
    lists = {name: list(getattr(faces, name)) for name in ("images", "groups", "videos", "tags")}
    facts = {name: getattr(faces, name) for name in ("input_size", "pad", "remarks", "unreadable", "boxed", "digest")}
    pixels = {"pixels": faces.crops(np.arange(len(faces.images))).numpy()}
    return {**arrays, **norms, **rows, **lists, **facts, **pixels}


def _equal(one: object, other: object) -> bool:
    if isinstance(one, np.ndarray) and isinstance(other, np.ndarray):
        return np.array_equal(one, other, equal_nan=one.dtype.kind == "f")
    return one == other


def open_kind(folder: Path) -> Kind:
    return Caches(folder)
