"""Where everything of a run lies: one filesystem and root, one method for each place below it."""

import errno
import os
import re
import shlex
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from urllib.parse import urlsplit

import pyarrow as pa
from pyarrow import fs

from orchestrator.parquet import SealedFile, sealed_file
from trainables.process_name import own_name
from trainables.whole_files import (
    PARTIAL,
    delete_file,
    delete_left_overs,
    persistently,
    read_whole,
    write_in_place,
    write_whole,
)

_FEW_FILES = 64  # to ask for one by one, where each is a request
_FEW_BYTES = 500_000  # a file that is read whole in half the time of pyarrow's own way through its columns
_CONFIDENTIAL = re.compile(r"secret|(?:^|&)(?:sig|token|password)=", re.I)
_NO_LINKS = (errno.EPERM, errno.ENOSYS, errno.EOPNOTSUPP)  # of a filesystem that knows none, as those of clouds
_CLAIM_SECONDS = 60.0  # after which a claim that still stands was left by a process that has ended


@dataclass(frozen=True)
class Storage:
    """`location`: a folder, or a URI of any pyarrow filesystem (`s3://bucket/runs`), that all nodes see."""

    location: str

    @cached_property
    def _resolved(self) -> tuple[fs.FileSystem, str]:
        if "://" in self.location:
            if urlsplit(self.location).password or _CONFIDENTIAL.search(urlsplit(self.location).query):
                raise ValueError(
                    "The storage's URI holds a password, which would be written into every command that is printed. "
                    "Leave it out, and put it where the filesystem looks for it: for s3:// into AWS_ACCESS_KEY_ID and "
                    "AWS_SECRET_ACCESS_KEY, or into ~/.aws/credentials."
                )
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

    def lease(self, name: str) -> str:
        return f"{self.root}/leases/{name}.json"

    def names(self, folder: str) -> list[str]:
        """The names directly below a folder of the root; empty where it does not exist."""
        found = self._listed(f"{self.root}/{folder}")
        return sorted(info.base_name for info in found if not info.base_name.endswith(PARTIAL))

    def stamps(self, paths: Sequence[str]) -> dict[str, str]:
        """What changes whenever a file is written, by path: when that was, by its filesystem's clock, and its size.

        Files that do not exist are left out, and so are those of filesystems that do not tell the time. All lie two
        levels below the same folder.
        """
        if self.is_local or len(paths) <= _FEW_FILES:
            infos = persistently(lambda: self.filesystem.get_file_info(paths), self.root)
        else:  # asking an object store for each would take thousands of requests
            folder = paths[0].rsplit("/", 2)[0]
            wanted = set(paths)
            infos = [info for info in self._listed(folder, recursive=True) if info.path in wanted]
        return {info.path: f"{info.mtime_ns} {info.size}" for info in infos if info.is_file and info.mtime_ns}

    def write(self, path: str, table: pa.Table, index: str = "") -> None:
        """Write a whole Parquet file or none: beside, then renamed. A reader sees the old rows or the new ones.

        `index`: a column of which the file says what each of its row groups holds, see `read_some`.
        """
        write_whole(self.filesystem, path, sealed_file(table, index))

    def write_text(self, path: str, text: str) -> None:
        """Of a file that means nothing after a power failure."""
        write_whole(self.filesystem, path, text.encode(), lasting=False)

    def read_text(self, path: str) -> str | None:
        """None where there is no such file."""
        try:
            return read_whole(self.filesystem, path).decode(errors="replace")
        except FileNotFoundError:
            return None

    def create(self, path: str, text: str) -> bool:
        """Write a file that is not there yet; False where it is, or another process is just creating it. Of several
        processes on whatever hosts at most one is told True."""
        return self._create_local(path, text) if self.is_local else self._create_alone(path, text)

    def delete(self, path: str) -> None:
        delete_file(self.filesystem, path)

    def sweep(self) -> None:
        """Remove what processes that have ended left half-written beside whole files of the storage itself."""
        for folder in ("studies", "compacted", "probes", "leases"):
            delete_left_overs(self.filesystem, f"{self.root}/{folder}")

    def _listed(self, folder: str, recursive: bool = False) -> list[fs.FileInfo]:
        selector = fs.FileSelector(folder, allow_not_found=True, recursive=recursive)
        return persistently(lambda: self.filesystem.get_file_info(selector), folder)

    def _create_local(self, path: str, text: str) -> bool:
        """A link is made by one process alone, also on NFS, where locks and what is listed may come late."""
        partial = f"{path}.{own_name()}{PARTIAL}"
        write_whole(self.filesystem, partial, text.encode(), lasting=False)

        def link() -> bool:
            try:
                os.link(partial, path)
            except FileExistsError:
                # The answer to the first try may have been lost.
                return Path(partial).stat().st_nlink > 1
            except OSError as error:
                if error.errno not in _NO_LINKS:
                    raise
                return _create_exclusively(path, text)
            return True

        try:
            return persistently(link, path)
        finally:
            delete_file(self.filesystem, partial)

    def _create_alone(self, path: str, text: str) -> bool:
        """Where files cannot be created exclusively: announce it, look whether anybody else has, or withdraw."""
        claim = f"{path}.claim.{own_name()}{PARTIAL}"
        folder, _, name = path.rpartition("/")
        persistently(lambda: self.filesystem.create_dir(folder, recursive=True), folder)
        write_in_place(self.filesystem, claim, text.encode())
        listed = {info.base_name: info for info in self._listed(folder)}
        own = listed.pop(claim.rpartition("/")[2], None)
        claims = [info for other, info in listed.items() if other.startswith(f"{name}.claim.")]
        alone = own is not None and name not in listed and all(_is_abandoned(other, own) for other in claims)
        if alone:
            write_whole(self.filesystem, path, text.encode())
        delete_file(self.filesystem, claim)
        return alone

    def read(self, path: str, schema: pa.Schema) -> pa.Table | None:
        """The rows of a file in the order and types of `schema`; None where there is no such file."""
        with self._opened(path) as file:
            return None if file is None else _as_in(schema, file.read(schema.names))

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
        with self._opened(path) as file:
            if file is None or not file.has(by):
                return None
            parts = [schema.empty_table()]
            for group in file.groups_with(keys):
                rows = is_wanted(file.read_group(group, by, as_dictionaries=True))
                if rows.true_count:
                    parts.append(_as_in(schema, file.read_group(group, schema.names)).filter(rows))
            return pa.concat_tables(parts)

    @contextmanager
    def _opened(self, path: str) -> Iterator[SealedFile | None]:
        """None where there is no such file; ValueError where it is damaged."""
        source = self._source(path)
        if source is None:
            yield None
            return
        with source:
            try:
                yield SealedFile(source)
            except (pa.ArrowException, OSError) as error:
                if isinstance(error, OSError) and error.errno is not None:  # the storage's, not the file's
                    raise
                raise ValueError(f"{path} is damaged: {error}. {self._remedy(path)}") from None

    def _remedy(self, path: str) -> str:
        """What to delete so that it is made again, and what that costs."""
        folder, *rest = path.removeprefix(f"{self.root}/").split("/")
        if len(rest) != 2:
            again = "it is gathered again" if folder == "compacted" else "and run the study again"
            return f"Delete this file, {again}: no measurement is lost."
        cost = "measured again from its weights" if folder == "evaluations" else "trained anew"
        return f"Delete {path.rpartition('/')[0]} and run the study again: the trial is {cost}."

    def _source(self, path: str) -> pa.NativeFile | None:
        def opened() -> pa.NativeFile:
            stream = self.filesystem.open_input_file(path)
            # An object store gives no two parts of one version, if the file is replaced between.
            if self.is_local and stream.size() > _FEW_BYTES:
                return stream
            with stream:
                return pa.BufferReader(stream.read())

        try:
            return persistently(opened, path)
        except FileNotFoundError:
            return None


def _create_exclusively(path: str, text: str) -> bool:
    """Not whole at once: whoever reads it too early finds a damaged file."""
    try:
        with open(path, "x") as file:  # noqa: PTH123 - a Path has no such mode that is typed
            file.write(text)
    except FileExistsError:
        return False
    return True


def _is_abandoned(claim: fs.FileInfo, own: fs.FileInfo) -> bool:
    """By the clock of the storage alone."""
    return own.mtime is not None and (own.mtime - claim.mtime).total_seconds() > _CLAIM_SECONDS


def _as_in(schema: pa.Schema, table: pa.Table) -> pa.Table:
    """With these columns and types; nulls where the file is older than a column."""
    if table.schema.equals(schema):
        return table.replace_schema_metadata(None)
    columns = [table[f.name] if f.name in table.column_names else pa.nulls(len(table), f.type) for f in schema]
    return pa.Table.from_arrays(columns, names=schema.names).cast(schema)
