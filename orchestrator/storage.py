"""Where everything of a run lies: one filesystem and root, one method for each place below it."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import fs


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

    def trial(self, trial: str) -> str:
        return f"{self.root}/trials/{trial}"

    def evaluation(self, evaluation: str) -> str:
        return f"{self.root}/evaluations/{evaluation}"

    def study(self, study: str) -> str:
        return f"{self.root}/studies/{study}.parquet"

    def compacted(self, table: str) -> str:
        return f"{self.root}/compacted/{table}.parquet"

    def names(self, folder: str) -> list[str]:
        """The names directly below a folder of the root; empty where it does not exist."""
        found = self.filesystem.get_file_info(fs.FileSelector(f"{self.root}/{folder}", allow_not_found=True))
        return sorted(info.base_name for info in found if not info.base_name.endswith(".partial"))

    def written_since(self, reference: str, folder: str, file: str) -> set[str]:
        """The names below a folder of the root whose `file` is at least as new as the file `reference`."""
        since = self.filesystem.get_file_info(reference).mtime_ns
        selector = fs.FileSelector(f"{self.root}/{folder}", allow_not_found=True, recursive=True)
        infos = [info for info in self.filesystem.get_file_info(selector) if info.base_name == file]
        return {info.path.split("/")[-2] for info in infos if since is None or (info.mtime_ns or 0) >= since}

    def write(self, path: str, table: pa.Table) -> None:
        """Write a whole Parquet file or none: beside, then renamed. A reader sees the old rows or the new ones."""
        self.filesystem.create_dir(path.rpartition("/")[0], recursive=True)
        partial = f"{path}.partial"
        pq.write_table(table, partial, filesystem=self.filesystem, compression="zstd")
        self.filesystem.move(partial, path)

    def read(self, path: str, schema: pa.Schema) -> pa.Table | None:
        """The rows of a file in the order and types of `schema`; None where there is no such file."""
        try:
            table = pq.read_table(path, filesystem=self.filesystem)
        except FileNotFoundError:
            return None
        columns = [table[f.name] if f.name in table.column_names else pa.nulls(len(table), f.type) for f in schema]
        return pa.table(columns, names=schema.names).cast(schema)
