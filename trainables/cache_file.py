"""The file of a prepared data set: two Arrow streams, one after the other.

The first grows by whole record batches of crops, each with its checksums; its schema's metadata hold the facts of the
data set, above all how many faces it has when it is whole. The second holds the annotation of all faces in one record
batch, so that each column is one stretch of the file, which every process maps and none copies.
"""

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
_DTYPES = {pa.float64(): np.float64, pa.int32(): np.int32, pa.uint8(): np.uint8}
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
        pa.array(_checksums(pixels, crop_maps), pa.uint32()),
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
        "checksum": pa.array(_checksums(landmarks, state, crop_maps, boxes), pa.uint32()),
    }
    return pa.record_batch(list(columns.values()), names=list(columns))


@dataclass(frozen=True)
class MappedFile:
    """A whole file, mapped: all crops, the annotation of all faces, and the facts of the data set."""

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
        """Whether pixels and annotated numbers are those that were written; this reads all of them."""
        columns = [self.matrix(name) for name in ("landmarks", "state", "crop", "box")]
        found = _checksums(*columns)
        return found == self.annotation["checksum"].to_pylist() and all(map(is_intact, self.crops.to_batches()))


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
    """Map a whole file. Raises `DamagedCache` where it is cut off or not such a file."""
    try:
        with pa.memory_map(str(path)) as source:
            crops = pa.ipc.open_stream(source).read_all()
            crops.validate()
            facts = facts_of(crops.schema)
            if missing := facts["faces"] - len(crops):
                raise DamagedCache(
                    f"The prepared file {path} is damaged ({missing:,} of {facts['faces']:,} faces are missing)."
                )
            (annotation,) = pa.ipc.open_stream(source)
            annotation.validate()
            if len(annotation) != len(crops):
                raise ValueError("its annotation is of other faces")
    except DamagedCache:
        raise
    except (pa.ArrowException, OSError, ValueError, KeyError) as error:
        raise DamagedCache(f"The prepared file {path} is damaged ({error or type(error).__name__}).") from None
    return MappedFile(crops, annotation, facts)


def facts_of(schema: pa.Schema) -> dict[str, Any]:
    """Raises KeyError or ValueError where the schema is of another file."""
    return json.loads((schema.metadata or {})[_FACTS])


def view_of(numbers: pa.Array) -> NDArray:
    """A view of numbers without nulls. Not `to_numpy`, which loads pandas: 25 MB in every process."""
    dtype, buffer = np.dtype(_DTYPES[numbers.type]), numbers.buffers()[1]
    assert buffer is not None
    return np.frombuffer(buffer, dtype, count=len(numbers), offset=numbers.offset * dtype.itemsize)


def pixels_of(chunk: pa.Array, side: int) -> NDArray[np.uint8]:
    """A view of the crops of one record batch [N, side, side, 3]."""
    buffer = chunk.buffers()[1]
    assert buffer is not None
    return np.frombuffer(buffer, dtype=np.uint8, count=len(chunk) * side * side * 3).reshape(-1, side, side, 3)


def is_intact(batch: pa.RecordBatch) -> bool:
    """Whether the pixels and crop maps of these rows of the first stream are those that were written."""
    side = round((batch.schema.field("pixels").type.byte_width / 3) ** 0.5)
    found = _checksums(pixels_of(batch["pixels"], side), crop_maps_of(batch))
    return found == batch["checksum"].to_pylist()


def crop_maps_of(batch: pa.RecordBatch) -> Array:
    """A view of the crop maps of these rows [N, 2, 3]."""
    return view_of(batch["crop"].values).reshape(len(batch), 2, 3)


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
        # Not `batch.serialize()`, which copies all pixels once more.
        self._stream = pa.ipc.new_stream(self._file, schema)

    def append(self, batch: pa.RecordBatch) -> None:
        self._stream.write_batch(batch)

    def finish(self, annotation: pa.RecordBatch) -> None:
        """Write the second stream, and have all on the disk: a name must not survive a power failure that pixels do
        not."""
        self._stream.close()
        with pa.ipc.new_stream(self._file, annotation.schema) as stream:
            stream.write_batch(annotation)
        os.fsync(self._file.fileno())

    def close(self) -> None:
        self._file.close()


class _File(io.FileIO):
    """Writes all that it is given but the first `swallow` bytes: a system may write less at once, and Arrow does not
    look."""

    def __init__(self, path: Path, mode: str, swallow: int) -> None:
        super().__init__(path, mode)
        self._swallow = swallow

    def write(self, content: Any) -> int:
        view = memoryview(content).cast("B")
        size, swallowed = len(view), min(self._swallow, len(view))
        self._swallow -= swallowed
        view = view[swallowed:]
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
                    batch.validate()
                    if len(batch) != lengths[len(batches)] or not is_intact(batch):
                        break
                    batches.append(batch)
                    size = source.tell()
    except (pa.ArrowException, OSError, EOFError, ValueError):
        pass  # what follows was cut off
    return batches, size


def _checksums(*columns: NDArray) -> list[int]:
    """One for each row, over its values in all columns."""
    found = [0] * len(columns[0])
    for column in columns:
        found = [zlib.crc32(np.ascontiguousarray(row).data, value) for row, value in zip(column, found, strict=True)]
    return found


def _lists(values: NDArray) -> pa.FixedSizeListArray:
    flat = np.ascontiguousarray(values).reshape(len(values), -1)
    return pa.FixedSizeListArray.from_arrays(pa.array(flat.ravel()), flat.shape[1])
