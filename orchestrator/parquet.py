"""Parquet files that tell when they are damaged: a digest of each row group in the footer, and one of the footer.

Only what is read is checked, so that a few rows of a long file cost no more than they are. Files of before there were
digests have none, and are read as they are.
"""

import io
import json
from collections.abc import Collection, Iterator, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from trainables.seal import BLANK, digest_of, is_intact, sealed

_FEW_ROWS = 64  # for so few, setting up a compressor and a dictionary per column takes longer than all the rest
_MANY_ROWS = 10_000  # of fewer, threads take longer to share the columns than one takes to read them
_ROWS_IN_A_GROUP = 50_000  # the least that is read of a gathered file
_GROUPS = b"row groups"
_MAGIC = b"PAR1"
_TAIL = 8  # bytes at the end: the footer's length, and the magic word


def sealed_file(table: pa.Table, index: str = "") -> bytes:
    """The file of a table. `index`: a column of which it says what each row group holds, see `groups_with`."""
    large = len(table) > _FEW_ROWS
    out = io.BytesIO()
    groups: list[dict[str, Any]] = []
    with pq.ParquetWriter(
        out,
        table.schema,
        compression="zstd" if large else "none",
        use_dictionary=large,
        write_statistics=large,
    ) as writer:
        begin = len(_MAGIC)
        for start in range(0, len(table), _ROWS_IN_A_GROUP):
            rows = table.slice(start, _ROWS_IN_A_GROUP)
            writer.write_table(rows)
            end = out.tell()
            held = rows[index].unique().to_pylist() if index else None
            groups.append({"bytes": [begin, end], "digest": digest_of(out.getbuffer()[begin:end]), "holds": held})
            begin = end
        writer.add_key_value_metadata({"seal": BLANK, _GROUPS.decode(): json.dumps(groups)})
    content = out.getvalue()
    return content[:begin] + sealed(content[begin:])


class SealedFile:
    """An opened file. Everything raises pyarrow.ArrowException or OSError where what is read is damaged."""

    def __init__(self, source: pa.NativeFile) -> None:
        self._source = source
        size = source.size()
        tail = source.read_at(_TAIL, max(0, size - _TAIL))
        if len(tail) < _TAIL or tail[4:] != _MAGIC:
            raise pa.ArrowInvalid("it does not end as it was written")
        begin = max(0, size - _TAIL - int.from_bytes(tail[:4], "little"))
        is_sealed = is_intact(source.read_at(size - begin, begin))
        if is_sealed is False:
            raise pa.ArrowInvalid("its footer is not what its digest is of")
        self._file = pq.ParquetFile(source)
        self._names = self._file.schema_arrow.names
        metadata = self._file.metadata.metadata or {}
        if is_sealed is None and {b"seal", _GROUPS} & set(metadata):
            raise pa.ArrowInvalid("its seal is damaged")
        self._groups: list[dict[str, Any]] = json.loads(metadata[_GROUPS]) if is_sealed else []

    def has(self, columns: Collection[str]) -> bool:
        return set(columns) <= set(self._names)

    def read(self, columns: Sequence[str]) -> pa.Table:
        """Of these columns those that the file has."""
        for group in range(self._file.num_row_groups):
            self._check(group)
        return self._file.read(self._there(columns), use_threads=self._file.metadata.num_rows > _MANY_ROWS)

    def groups_with(self, keys: Collection[str]) -> Iterator[int]:
        """Row groups that hold one of the keys, in the column that the file was written with as index: all of them
        where there was none."""
        keys = set(keys)
        for group in range(self._file.num_row_groups):
            held = self._groups[group]["holds"] if self._groups else None
            if held is None or not keys.isdisjoint(held):
                yield group

    def read_group(self, group: int, columns: Sequence[str], as_dictionaries: bool = False) -> pa.Table:
        """As `read`. With `as_dictionaries` its columns of text are such, in the thread that asks."""
        self._check(group)
        if not as_dictionaries:
            return self._file.read_row_group(group, self._there(columns))
        file = pq.ParquetFile(self._source, metadata=self._file.metadata, read_dictionary=list(columns))
        return file.read_row_group(group, self._there(columns), use_threads=False)

    def _there(self, columns: Sequence[str]) -> list[str]:
        return [name for name in columns if name in self._names]

    def _check(self, group: int) -> None:
        if not self._groups:
            return
        begin, end = self._groups[group]["bytes"]
        if digest_of(self._source.read_at(end - begin, begin)) != self._groups[group]["digest"]:
            raise pa.ArrowInvalid("its rows are not what their digest is of")
