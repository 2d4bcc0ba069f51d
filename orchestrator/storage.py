"""Where everything of a run lies: one filesystem and root, one method for each place below it."""

import json
import os
import shlex
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from uuid import uuid4

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import fs

_FEW_ROWS = 64  # for so few, setting up a compressor and a dictionary per column takes longer than all the rest
_MANY_ROWS = 10_000  # of fewer, threads take longer to share the columns than one takes to read them
_FEW_FILES = 64  # to ask for one by one, where each is a request
_FEW_BYTES = 500_000  # a file that is read whole in half the time of pyarrow's own way through its columns
_ROWS_IN_A_GROUP = 50_000  # the least that is read of a gathered file
_INDEX = b"held by row group"


@dataclass(frozen=True)
class Storage:
    """`location`: a folder, or a URI of any pyarrow filesystem (`s3://bucket/runs`), that all nodes see."""

    location: str

    @cached_property
    def _resolved(self) -> tuple[fs.FileSystem, str]:
        if "://" in self.location:
            return fs.FileSystem.from_uri(self.location)
        return fs.LocalFileSystem(), str(Path(self.location).resolve())

    @property
    def filesystem(self) -> fs.FileSystem:
        return self._resolved[0]

    @property
    def root(self) -> str:
        return self._resolved[1]

    @property
    def is_local(self) -> bool:
        return isinstance(self.filesystem, fs.LocalFileSystem)

    def on(self, command: str) -> str:
        """The command with this storage, where the default and the environment do not say it already."""
        if self.location in ("runs", os.environ.get("MARKSWEEP_STORAGE")):
            return command
        return f"{command} --storage {shlex.quote(self.location)}"

    def trial(self, trial: str) -> str:
        return f"{self.root}/trials/{trial}"

    def trial_folder(self, trial: str) -> tuple[fs.FileSystem, str]:
        """Where its weights and checkpoints lie, as `trainables.checkpoints` takes it."""
        return self.filesystem, self.trial(trial)

    def evaluation(self, evaluation: str) -> str:
        return f"{self.root}/evaluations/{evaluation}"

    def study(self, study: str) -> str:
        return f"{self.root}/studies/{study}.parquet"

    def probe(self, name: str) -> str:
        return f"{self.root}/probes/{name}.parquet"

    def compacted(self, table: str) -> str:
        return f"{self.root}/compacted/{table}.parquet"

    def names(self, folder: str) -> list[str]:
        """The names directly below a folder of the root; empty where it does not exist."""
        found = self.filesystem.get_file_info(fs.FileSelector(f"{self.root}/{folder}", allow_not_found=True))
        return sorted(info.base_name for info in found if not info.base_name.endswith(".partial"))

    def stamps(self, paths: Sequence[str]) -> dict[str, str]:
        """What changes whenever a file is written, by path: when that was, by its filesystem's clock, and its size.

        Files that do not exist are left out, and so are those of filesystems that do not tell the time. All lie two
        levels below the same folder.
        """
        if self.is_local or len(paths) <= _FEW_FILES:
            infos = self.filesystem.get_file_info(paths)
        else:  # asking an object store for each would take thousands of requests
            folder = paths[0].rsplit("/", 2)[0]
            wanted = set(paths)
            listed = self.filesystem.get_file_info(fs.FileSelector(folder, allow_not_found=True, recursive=True))
            infos = [info for info in listed if info.path in wanted]
        return {info.path: f"{info.mtime_ns} {info.size}" for info in infos if info.is_file and info.mtime_ns}

    def write(self, path: str, table: pa.Table, index: str = "") -> None:
        """Write a whole Parquet file or none: beside, then renamed. A reader sees the old rows or the new ones.

        `index`: a column of which the file says what each of its row groups holds, see `read_some`.
        """
        if index:
            groups = [table[index].slice(start, _ROWS_IN_A_GROUP) for start in range(0, len(table), _ROWS_IN_A_GROUP)]
            held = json.dumps([group.unique().to_pylist() for group in groups])
            table = table.replace_schema_metadata({_INDEX: held})
        self.filesystem.create_dir(path.rpartition("/")[0], recursive=True)
        partial = f"{path}.{uuid4().hex}.partial"
        large = len(table) > _FEW_ROWS
        pq.write_table(
            table,
            partial,
            row_group_size=_ROWS_IN_A_GROUP,
            filesystem=self.filesystem,
            compression="zstd" if large else "none",
            use_dictionary=large,
            write_statistics=large,
        )
        self.filesystem.move(partial, path)

    def read(self, path: str, schema: pa.Schema) -> pa.Table | None:
        """The rows of a file in the order and types of `schema`; None where there is no such file."""
        with self._opened(path) as file:
            return None if file is None else _as_in(schema, file.read(_there(file, schema), use_threads=_is_long(file)))

    def read_some(
        self,
        path: str,
        schema: pa.Schema,
        keys: set[str],
        by: Sequence[str],
        is_wanted: Callable[[pa.Table], pa.BooleanArray],
    ) -> pa.Table | None:
        """The rows for which `is_wanted` is true, by these columns; None where there is no file, or it lacks them.

        Row groups of which the file says that they hold none of the keys are not read. Rows that were written together
        lie together, so these are most of a long file.
        """
        with self._opened(path, dictionaries=by) as file:
            if file is None:
                return None
            wanted, parts = _there(file, schema), [schema.empty_table()]
            held = json.loads((file.schema_arrow.metadata or {}).get(_INDEX, b"null"))
            for group in range(file.num_row_groups):
                if held and keys.isdisjoint(held[group]):
                    continue
                rows = is_wanted(file.read_row_group(group, list(by), use_threads=False))
                if rows.true_count:
                    parts.append(_as_in(schema, file.read_row_group(group, wanted)).filter(rows))
            return pa.concat_tables(parts)

    @contextmanager
    def _opened(self, path: str, dictionaries: Sequence[str] = ()) -> Iterator[pq.ParquetFile | None]:
        """`dictionaries`: columns to be read as such. None where there is no such file, or it lacks them; ValueError
        where it is damaged."""
        try:
            stream = self.filesystem.open_input_file(path)
        except FileNotFoundError:
            yield None
            return
        with stream:
            # An object store gives no two parts of one version, if the file is replaced between.
            whole = not self.is_local or stream.size() <= _FEW_BYTES
            source = pa.BufferReader(stream.read()) if whole else stream
            try:
                file = pq.ParquetFile(source)
                if not dictionaries:
                    yield file
                elif set(dictionaries) <= set(file.schema_arrow.names):
                    yield pq.ParquetFile(source, metadata=file.metadata, read_dictionary=list(dictionaries))
                else:
                    yield None
            except (pa.ArrowInvalid, OSError) as error:
                raise ValueError(
                    f"{path} is damaged: {error}. A file below compacted/ can be deleted, it is made again; for "
                    "another one delete its folder, and run the study again."
                ) from None


def _there(file: pq.ParquetFile, schema: pa.Schema) -> list[str]:
    there = set(file.schema_arrow.names)
    return [name for name in schema.names if name in there]


def _is_long(file: pq.ParquetFile) -> bool:
    return file.metadata.num_rows > _MANY_ROWS


def _as_in(schema: pa.Schema, table: pa.Table) -> pa.Table:
    """With these columns and types; nulls where the file is older than a column."""
    if table.schema.equals(schema):
        return table.replace_schema_metadata(None)
    columns = [table[f.name] if f.name in table.column_names else pa.nulls(len(table), f.type) for f in schema]
    return pa.Table.from_arrays(columns, names=schema.names).cast(schema)
