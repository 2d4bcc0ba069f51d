"""Where everything of a run lies: one filesystem and root, one method for each place below it."""

import os
import shlex
from collections.abc import Sequence
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

    def write(self, path: str, table: pa.Table) -> None:
        """Write a whole Parquet file or none: beside, then renamed. A reader sees the old rows or the new ones."""
        self.filesystem.create_dir(path.rpartition("/")[0], recursive=True)
        partial = f"{path}.{uuid4().hex}.partial"
        large = len(table) > _FEW_ROWS
        pq.write_table(
            table,
            partial,
            filesystem=self.filesystem,
            compression="zstd" if large else "none",
            use_dictionary=large,
            write_statistics=large,
        )
        self.filesystem.move(partial, path)

    def read(self, path: str, schema: pa.Schema) -> pa.Table | None:
        """The rows of a file in the order and types of `schema`; None where there is no such file."""
        try:
            # Whole: half the time of pyarrow's own way through a data set, and one request to an object store.
            with self.filesystem.open_input_stream(path, compression=None) as stream:
                content = stream.read()
            file = pq.ParquetFile(pa.BufferReader(content))
            there = set(file.schema_arrow.names)
            wanted = [name for name in schema.names if name in there]
            table = file.read(wanted, use_threads=file.metadata.num_rows > _MANY_ROWS)
        except FileNotFoundError:
            return None
        except pa.ArrowInvalid as error:
            raise ValueError(
                f"{path} is damaged: {error}. A file below compacted/ can be deleted, it is made again; for another "
                "one delete its folder, and run the study again."
            ) from None
        if table.schema.equals(schema):
            return table.replace_schema_metadata(None)
        columns = [table[f.name] if f.name in table.column_names else pa.nulls(len(table), f.type) for f in schema]
        return pa.table(columns, names=schema.names).cast(schema)
