"""A storage that ends its process before, during or after its n-th change."""

import os
import shutil
import signal
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property, partial
from io import BytesIO
from pathlib import Path

import pyarrow as pa
from pyarrow import fs

from orchestrator.storage import Storage
from trainables import whole_files


class Moment(StrEnum):
    BEFORE = "before"
    DURING = "during"
    AFTER = "after"


class Kind(StrEnum):
    """How a storage behaves."""

    FOLDER = "folder"  # files can be there in part, and are moved and linked in one step
    OBJECTS = "object store"  # files are there whole when they are closed, and moved by copying them


@dataclass(frozen=True)
class Change:
    what: str
    moments: tuple[Moment, ...]  # at which a process can die that leave something else behind


class Striking(fs.FileSystemHandler):
    """The local filesystem below one root. It notes what changes it; `arm` makes one of the changes the last thing that
    this process does.

    Half-way through, a file has half of its bytes, and of a folder that is created or deleted there is one half.
    """

    def __init__(self, root: str, kind: Kind) -> None:
        self.root = root
        self.kind = kind
        self.changes: list[Change] = []
        self._last: tuple[int, Moment] | None = None
        self._local = fs.LocalFileSystem()

    def arm(self, number: int, moment: Moment) -> None:
        """Strike at the change that is so many after those that were made so far (1 is the next one)."""
        self._last = len(self.changes) + number, moment

    def _change(self, what: str, whole: Callable[[], object], half: Callable[[], object] | None = None) -> None:
        moments = tuple(moment for moment in Moment if half is not None or moment is not Moment.DURING)
        self.changes.append(Change(what.replace(f"{self.root}/", ""), moments))
        moment = None if self._last is None or self._last[0] != len(self.changes) else self._last[1]
        if moment is Moment.BEFORE:
            _strike()
        if moment is Moment.DURING and half is not None:
            half()
            _strike()
        whole()
        if moment is Moment.AFTER:
            _strike()

    def create_dir(self, path: str, recursive: bool) -> None:
        if Path(path).is_dir():
            return  # nothing changes
        parent = Path(path).parent
        above = None if parent.is_dir() or not recursive else partial(parent.mkdir, parents=True)
        self._change(f"create {path}", lambda: self._local.create_dir(path, recursive=recursive), above)

    def delete_dir(self, path: str) -> None:
        if Path(path).is_dir():
            self._change(f"delete {path}", lambda: self._local.delete_dir(path), lambda: _delete_half(path))
        else:
            raise FileNotFoundError(path)

    def delete_dir_contents(self, path: str, missing_dir_ok: bool = False) -> None:
        def whole() -> None:
            self._local.delete_dir_contents(path, missing_dir_ok=missing_dir_ok)

        self._change(f"empty {path}", whole, lambda: _delete_half(path))

    def delete_root_dir_contents(self) -> None:
        raise NotImplementedError

    def delete_file(self, path: str) -> None:
        if not Path(path).exists():
            raise FileNotFoundError(path)
        self._change(f"delete {path}", lambda: self._local.delete_file(path))

    def move(self, src: str, dest: str) -> None:
        copied = partial(shutil.copytree if Path(src).is_dir() else shutil.copy, src, dest)
        half = copied if self.kind is Kind.OBJECTS else None
        self._change(f"move to {dest}", lambda: self._local.move(src, dest), half)

    def copy_file(self, src: str, dest: str) -> None:
        self._write(f"copy to {dest}", dest, Path(src).read_bytes())

    def open_output_stream(self, path: str, metadata: object) -> pa.NativeFile:
        return self._opened(f"write {path}", path)

    def open_append_stream(self, path: str, metadata: object) -> pa.NativeFile:
        return self._opened(f"append to {path}", path, Path(path).read_bytes() if Path(path).exists() else b"")

    def _opened(self, what: str, path: str, before: bytes = b"") -> pa.NativeFile:
        if not Path(path).parent.is_dir():
            if self.kind is Kind.FOLDER:
                raise FileNotFoundError(path)
            Path(path).parent.mkdir(parents=True)  # an object store has no folders
        return pa.PythonFile(_WrittenWhenClosed(lambda content: self._write(what, path, before + content)), mode="w")

    def _write(self, what: str, path: str, content: bytes) -> None:
        def half() -> None:
            Path(path).write_bytes(content[: len(content) // 2])

        self._change(what, lambda: Path(path).write_bytes(content), half if self.kind is Kind.FOLDER else None)

    def open_input_stream(self, path: str) -> pa.NativeFile:
        return self._local.open_input_stream(path)

    def open_input_file(self, path: str) -> pa.NativeFile:
        return self._local.open_input_file(path)

    def get_file_info(self, paths: list[str]) -> list[fs.FileInfo]:
        return self._local.get_file_info(paths)

    def get_file_info_selector(self, selector: fs.FileSelector) -> list[fs.FileInfo]:
        return self._local.get_file_info(selector)

    def get_type_name(self) -> str:
        return "striking"

    def normalize_path(self, path: str) -> str:
        return self._local.normalize_path(path)


class _WrittenWhenClosed(BytesIO):
    def __init__(self, written: Callable[[bytes], None]) -> None:
        super().__init__()
        self._written = written

    def close(self) -> None:
        if not self.closed:
            content = self.getvalue()
            super().close()
            self._written(content)


def put_between(root: Path, kind: Kind) -> Striking:
    """From now on every `Storage` of this process whose root this is lies on the returned filesystem."""
    handler = Striking(str(root), kind)
    between = fs.PyFileSystem(handler)
    found = Storage._resolved.func

    def resolved(self: Storage) -> tuple[fs.FileSystem, str]:
        filesystem, place = found(self)
        return (between if place == handler.root else filesystem), place

    property_ = cached_property(resolved)
    property_.__set_name__(Storage, "_resolved")
    Storage._resolved = property_
    Storage.is_local = property(lambda self: kind is Kind.FOLDER)
    if kind is Kind.OBJECTS:
        whole_files._AT_ONCE = (*whole_files._AT_ONCE, between.type_name)
    return handler


def _strike() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _delete_half(folder: str) -> None:
    """The first half of what is directly in it, in the order of names: `model.safetensors` before `state.json`."""
    inside = sorted(Path(folder).iterdir())
    for each in inside[: (len(inside) + 1) // 2]:
        shutil.rmtree(each) if each.is_dir() else each.unlink()
