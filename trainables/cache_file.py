"""The file of a prepared data set: two Arrow streams, one after the other, and a digest.

The first grows by whole record batches of crops, each with its checksums; its schema's metadata hold the facts of the
data set, above all how many faces it has when it is whole. The second holds the annotation of all faces in one record
batch, so that each column is one stretch of the file, which every process maps and none copies.
The digest is of all but the crops, and compared when the file is opened; a crop is compared with its checksum when it
is first read. So nothing that a disk has damaged is trained on, and opening does not read gigabytes.
"""

import hashlib
import io
import json
import os
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import eq, index
from pathlib import Path
from typing import Any, SupportsIndex, TypeVar, overload

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from trainables.dataset import MISSING, VISIBLE, DataError, Face
from trainables.metrics import Array, normalisers
from trainables.schemes import Scheme

_FACTS = b"marksweep"
_DTYPES = {pa.float64(): np.float64, pa.int32(): np.int32, pa.uint8(): np.uint8, pa.uint32(): np.uint32}
_NORM = "norm "  # before the name of a normaliser: its column
T = TypeVar("T")


class DamagedCache(DataError):
    """A prepared file is not what was written. `prepare` makes it again."""


def schema_of(side: int, facts: Mapping[str, Any]) -> pa.Schema:
    """Columns of the crops, which have `side` px with their margin."""
    columns = [
        ("pixels", pa.binary(side * side * 3)),
        ("crop", pa.list_(pa.float64(), 6)),
        ("unreadable", pa.string()),  # why the image could not be read, or null
        ("checksum", pa.uint32()),
    ]
    return pa.schema(columns).with_metadata({_FACTS: json.dumps(facts)})


def record_batch(pixels: NDArray[np.uint8], crop_maps: Array, unreadable: Sequence[str | None]) -> pa.RecordBatch:
    """Rows of the first stream: pixels [N, side, side, 3], crop maps [N, 2, 3]."""
    # From one buffer: 64 crops of 384 px as Python bytes take longer than reading their pictures.
    width = pixels[0].size
    stored = pa.FixedSizeBinaryArray.from_buffers(pa.binary(width), len(pixels), [None, pa.py_buffer(pixels)])
    columns = [
        stored,
        _lists(crop_maps),
        pa.array(list(unreadable), pa.string()),
        pa.array(_checksums(pixels, crop_maps, unreadable), pa.uint32()),
    ]
    return pa.record_batch(columns, schema=schema_of(pixels.shape[1], {}).remove_metadata())


def annotation_of(
    faces: Sequence[Face], difficulty: Array, crop_maps: Array, unreadable: Sequence[str | None], scheme: Scheme
) -> pa.RecordBatch:
    """The second stream's only record batch: difficulty [N], crop maps [N, 2, 3], why an image could not be read."""
    landmarks = np.stack([face.landmarks for face in faces]).astype(np.float64)
    states = [np.full(len(f.landmarks), VISIBLE, np.uint8) if f.state is None else f.state for f in faces]
    state = np.where(np.isfinite(landmarks).all(axis=2), np.stack(states), MISSING).astype(np.uint8)
    boxes = np.array([(np.nan,) * 4 if face.box is None else face.box for face in faces], dtype=np.float64)
    columns = {
        "landmarks": _lists(landmarks),
        "state": _lists(state),
        "crop": _lists(crop_maps),
        "box": _lists(boxes),  # the data set's own, or NaN
        "difficulty": pa.array(difficulty, pa.float64()),
        **{_NORM + name: pa.array(length) for name, length in normalisers(landmarks, scheme, boxes).items()},
        "image": pa.array([face.name for face in faces], pa.string()),
        "split": pa.array([face.split for face in faces], pa.string()),
        "group": pa.array([face.group for face in faces], pa.string()),
        "video": pa.array([face.video for face in faces], pa.string()),
        "tags": pa.array([list(face.tags) for face in faces], pa.list_(pa.string())),
        "unreadable": pa.array(list(unreadable), pa.string()),
    }
    return pa.record_batch(list(columns.values()), names=list(columns))


@dataclass(frozen=True)
class MappedFile:
    """A whole file, mapped: all crops, the annotation of all faces, and the facts of the data set."""

    path: Path
    crops: pa.Table
    annotation: pa.RecordBatch
    facts: dict[str, Any]

    def matrix(self, name: str) -> NDArray:
        """A view of a column with several numbers in each row [N, n]."""
        column = self.annotation[name]
        return view_of(column.values).reshape(len(column), -1)

    def numbers(self, name: str) -> NDArray:
        """A view of a column with one number in each row [N]."""
        return view_of(self.annotation[name])

    def norms(self) -> dict[str, Array]:
        """Views of the normalisers, each [N]."""
        names = [name for name in self.annotation.schema.names if name.startswith(_NORM)]
        return {name.removeprefix(_NORM): self.numbers(name) for name in names}

    def is_intact(self) -> bool:
        """Whether all crops are those that were written; this reads all of them."""
        return all(map(is_intact, self.crops.to_batches()))


class FirstLook:
    """Compares crops with their checksums, each once in a process."""

    def __init__(self, file: MappedFile) -> None:
        self._path = file.path
        self._batches = file.crops.to_batches()
        self._seen = np.zeros(len(file.crops), dtype=bool)

    def at(self, rows: NDArray[np.int64]) -> None:
        """Raises `DamagedCache` where one of these rows is not what was written."""
        length = len(self._batches[0])
        for row in rows[~self._seen[rows]].tolist():
            if not is_intact(self._batches[row // length].slice(row % length, 1)):
                raise DamagedCache(
                    f"The prepared file {self._path} is damaged (the crop of face {row} has another checksum). "
                    "Delete it: it is made again."
                )
            self._seen[row] = True


class Lazy(Sequence[T]):
    """A column as a sequence whose rows are decoded when they are asked for: as Python objects they would be many."""

    def __init__(self, column: pa.Array, decode: Callable[[Any], T]) -> None:
        self._column = column
        self._decode = decode

    def __len__(self) -> int:
        return len(self._column)

    @overload
    def __getitem__(self, row: SupportsIndex) -> T: ...

    @overload
    def __getitem__(self, row: slice) -> list[T]: ...

    def __getitem__(self, row: SupportsIndex | slice) -> T | list[T]:
        if isinstance(row, slice):
            return [self[number] for number in range(*row.indices(len(self)))]
        return self._decode(self._column[index(row)].as_py())

    def __iter__(self) -> Iterator[T]:
        return (self._decode(scalar.as_py()) for scalar in self._column)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and len(self) == len(other) and all(map(eq, self, other))

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self[:3]}{', …' if len(self) > 3 else ''})"


def read_file(path: Path) -> MappedFile:
    """Map a whole file. Raises `DamagedCache` where it is cut off, is not such a file, or all but its crops is not what
    was written."""
    try:
        with pa.memory_map(str(path)) as source:
            crops = pa.ipc.open_stream(source).read_all()
            crops.validate(full=True)
            facts = facts_of(crops.schema)
            if missing := facts["faces"] - len(crops):
                raise DamagedCache(
                    f"The prepared file {path} is damaged ({missing:,} of {facts['faces']:,} faces are missing)."
                )
            begin, digest = source.tell(), _digest_of_crops(crops.schema, crops.to_batches())
            digest.update(source.read_buffer(source.size() - begin - digest.digest_size))
            if source.read() != digest.digest():
                raise ValueError("its checksums are of another annotation")
            source.seek(begin)
            (annotation,) = pa.ipc.open_stream(source)
            annotation.validate(full=True)
            if len(annotation) != len(crops):
                raise ValueError("its annotation is of other faces")
    except DamagedCache:
        raise
    except Exception as error:  # Arrow answers damage with errors of a dozen types
        raise DamagedCache(f"The prepared file {path} is damaged ({error or type(error).__name__}).") from None
    return MappedFile(path, crops, annotation, facts)


def facts_of(schema: pa.Schema) -> dict[str, Any]:
    """Raises KeyError or ValueError where the schema is of another file."""
    return json.loads((schema.metadata or {})[_FACTS])


def view_of(numbers: pa.Array) -> NDArray:
    """A view of numbers without nulls. Not `to_numpy`, which loads pandas: 25 MB in every process."""
    dtype, buffer = np.dtype(_DTYPES[numbers.type]), numbers.buffers()[1]
    assert buffer is not None
    return np.frombuffer(buffer, dtype, count=len(numbers), offset=numbers.offset * dtype.itemsize)


def pixels_of(chunk: pa.Array, side: int) -> NDArray[np.uint8]:
    """A view of the crops of one record batch, or of some of its rows [N, side, side, 3]."""
    buffer, width = chunk.buffers()[1], side * side * 3
    assert buffer is not None
    pixels = np.frombuffer(buffer, dtype=np.uint8, count=len(chunk) * width, offset=chunk.offset * width)
    return pixels.reshape(-1, side, side, 3)


def is_intact(batch: pa.RecordBatch) -> bool:
    """Whether these rows of the first stream are those that were written."""
    side = round((batch.schema.field("pixels").type.byte_width / 3) ** 0.5)
    found = _checksums(pixels_of(batch["pixels"], side), crop_maps_of(batch), batch["unreadable"].to_pylist())
    return found == batch["checksum"].to_pylist()


def crop_maps_of(batch: pa.RecordBatch) -> Array:
    """A view of the crop maps of these rows [N, 2, 3]."""
    return view_of(batch["crop"].flatten()).reshape(len(batch), 2, 3)


class GrowingFile:
    """A file in the making. Opening it keeps the whole, intact batches that a killed process left: `kept`.

    Methods raise OSError where the disk refuses.
    """

    def __init__(self, path: Path, schema: pa.Schema, lengths: Sequence[int]) -> None:
        """`lengths`: the number of faces of each batch that there will be."""
        self.kept, self.size = _whole_batches(path, schema, lengths)
        # Arrow begins every stream with its schema; a file that goes on has it already.
        self._file = _File(path, "r+b" if self.kept else "wb", swallow=len(schema.serialize()) if self.kept else 0)
        self._file.truncate(self.size)
        self._file.seek(self.size)
        self._digest = _digest_of_crops(schema, self.kept)
        # Not `batch.serialize()`, which copies all pixels once more.
        self._stream = pa.ipc.new_stream(self._file, schema)

    def append(self, batch: pa.RecordBatch) -> None:
        self._stream.write_batch(batch)
        self._digest.update(view_of(batch["checksum"]).data)

    def finish(self, annotation: pa.RecordBatch) -> None:
        """Write the second stream and the digest, and have all on the disk: a name must not survive a power failure
        that pixels do not."""
        self._stream.close()
        self._file.tee = self._digest.update
        with pa.ipc.new_stream(self._file, annotation.schema) as stream:
            stream.write_batch(annotation)
        self._file.tee = None
        self._file.write(self._digest.digest())
        os.fsync(self._file.fileno())

    def close(self) -> None:
        self._file.close()


class _File(io.FileIO):
    """Writes all that it is given but the first `swallow` bytes: a system may write less at once, and Arrow does not
    look."""

    def __init__(self, path: Path, mode: str, swallow: int) -> None:
        super().__init__(path, mode)
        self._swallow = swallow
        self.tee: Callable[[memoryview], None] | None = None  # is given all that is written

    def write(self, content: Any) -> int:
        view = memoryview(content).cast("B")
        size, swallowed = len(view), min(self._swallow, len(view))
        self._swallow -= swallowed
        view = view[swallowed:]
        if self.tee:
            self.tee(view)
        while view:
            view = view[super().write(view) or 0 :]
        return size


def _whole_batches(path: Path, schema: pa.Schema, lengths: Sequence[int]) -> tuple[list[pa.RecordBatch], int]:
    """The batches at the beginning of the file that can be kept, and where they end."""
    batches: list[pa.RecordBatch] = []
    size = 0
    try:
        with pa.memory_map(str(path)) as source:
            if pa.ipc.read_schema(pa.ipc.read_message(source)).equals(schema, check_metadata=True):
                while len(batches) < len(lengths):
                    batch = pa.ipc.read_record_batch(pa.ipc.read_message(source), schema)
                    batch.validate(full=True)
                    if len(batch) != lengths[len(batches)] or not is_intact(batch):
                        break
                    batches.append(batch)
                    size = source.tell()
    except Exception:  # as in `read_file`
        pass  # what follows was cut off
    return batches, size


def _checksums(pixels: NDArray[np.uint8], crop_maps: Array, unreadable: Sequence[str | None]) -> list[int]:
    """One for each row of the first stream, over all else in it."""
    rows = zip(pixels, crop_maps, unreadable, strict=True)
    return [zlib.crc32(repr(why).encode(), zlib.crc32(map_.tobytes(), zlib.crc32(crop))) for crop, map_, why in rows]


def _digest_of_crops(schema: pa.Schema, batches: Sequence[pa.RecordBatch]) -> "hashlib._Hash":
    """Of the first stream, each crop by its checksum; it goes on with the second."""
    found = hashlib.sha256(schema.serialize())
    for batch in batches:
        found.update(view_of(batch["checksum"]).data)
    return found


def _lists(values: NDArray) -> pa.FixedSizeListArray:
    flat = np.ascontiguousarray(values).reshape(len(values), -1)
    return pa.FixedSizeListArray.from_arrays(pa.array(flat.ravel()), flat.shape[1])
