"""Files on any pyarrow filesystem: written whole or not at all, and in spite of a storage that fails now and then."""

import errno
import logging
import os
import re
import time
from collections.abc import Callable
from typing import TypeVar

from pyarrow import fs

from trainables.process_name import has_ended, own_name
from trainables.pulse import waiting

log = logging.getLogger(__name__)

DELAYS = (0.1, 0.5, 2.0, 8.0, 20.0)  # seconds before each further try
_WORTH_TELLING = 2.0
LATE_SECONDS = 90.0  # by then all hosts see what one has written: NFS keeps for a minute that there was nothing
LOOK_SECONDS = 1.0
PARTIAL = ".partial"
# What another try would not mend, in the words of the system and of object stores.
_FINAL = (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.ENAMETOOLONG)
_FINAL_WORDS = re.compile(r"ACCESS_DENIED|NO_SUCH_BUCKET|INVALID_ACCESS_KEY|SIGNATURE_DOES_NOT_MATCH")
_NO_SYNC = (errno.EINVAL, errno.EBADF, errno.EOPNOTSUPP, errno.EACCES)  # of a folder, where that is not known
_AT_ONCE = ("s3", "gcs", "abfs")  # filesystems on which a file is there when it is closed, and not before

Result = TypeVar("Result")


def write_whole(filesystem: fs.FileSystem, path: str, content: bytes | memoryview, lasting: bool = True) -> None:
    """Put a file into place. Whoever reads sees the old one or the new one, and a crash leaves one of them; also where
    the power fails, unless the file means nothing then (`lasting`)."""

    def write() -> None:
        if filesystem.type_name in _AT_ONCE:
            _write(filesystem, path, content)
            return
        partial = f"{path}.{own_name()}{PARTIAL}"
        _write(filesystem, partial, content)
        if lasting:
            _sync(filesystem, partial)
        filesystem.move(partial, path)
        if lasting:
            _sync(filesystem, path.rpartition("/")[0])

    def write_below_folder() -> None:
        try:
            write()
        except FileNotFoundError:
            filesystem.create_dir(path.rpartition("/")[0], recursive=True)
            write()

    persistently(write_below_folder, path)


def write_in_place(filesystem: fs.FileSystem, path: str, content: bytes | memoryview) -> None:
    """Of a file that nobody reads before another one names its digest. Its folder has to be there. It outlives a power
    failure when its folder has settled."""
    persistently(lambda: _write(filesystem, path, content), path)


def settle(filesystem: fs.FileSystem, folder: str) -> None:
    """Back when a power failure would no longer undo what was written into a folder."""

    def sync_all() -> None:
        files = [info.path for info in filesystem.get_file_info(fs.FileSelector(folder)) if info.is_file]
        for path in (*files, folder, folder.rpartition("/")[0]):
            _sync(filesystem, path)

    if isinstance(filesystem, fs.LocalFileSystem):
        persistently(sync_all, folder)


def read_whole(filesystem: fs.FileSystem, path: str) -> bytes:
    """Raises FileNotFoundError where there is none."""

    def read() -> bytes:
        with filesystem.open_input_stream(path) as stream:
            return stream.read()

    return persistently(read, path)


def delete_folder(filesystem: fs.FileSystem, path: str) -> None:
    """With all that is in it, also where it has gone already."""
    _delete(filesystem.delete_dir, path)


def delete_file(filesystem: fs.FileSystem, path: str) -> None:
    """Also where it has gone already."""
    _delete(filesystem.delete_file, path)


def delete_left_overs(filesystem: fs.FileSystem, folder: str, is_owned: bool = False) -> None:
    """Remove what processes that have ended left half-written in a folder. What others write just now stays, unless
    nobody else may (`is_owned`)."""
    selector = fs.FileSelector(folder, allow_not_found=True)
    for info in persistently(lambda: filesystem.get_file_info(selector), folder):
        # "epochs.parquet.<process>.partial"
        process = info.base_name.removesuffix(PARTIAL).rpartition(".")[2]
        if info.base_name.endswith(PARTIAL) and (is_owned or has_ended(process)):
            delete_file(filesystem, info.path)


def persistently(action: Callable[[], Result], path: str) -> Result:
    """What the action gives, tried again after a while where the storage fails. Raises the last OSError, which says
    what of the path failed."""
    for delay in (*DELAYS, None):
        try:
            return action()
        except OSError as error:
            said = _said(error, path)
            if delay is None or error.errno in _FINAL or _FINAL_WORDS.search(str(error)):
                if said is error:
                    raise
                raise said from error
            if delay >= _WORTH_TELLING:
                log.warning("%s; tried again in %g s", said, delay)
            time.sleep(delay)
    raise AssertionError("the last try returns or raises")


def awaited(look: Callable[[], Result | None]) -> Result | None:
    """What another host has written for certain, looked for until it is seen here; None where it never is."""
    deadline = time.monotonic() + LATE_SECONDS
    with waiting():
        while (found := look()) is None and time.monotonic() < deadline:
            time.sleep(LOOK_SECONDS)
    return found


def _sync(filesystem: fs.FileSystem, path: str) -> None:
    """Object stores and others do it when a file is closed, and some local ones know no such thing of folders."""
    if not isinstance(filesystem, fs.LocalFileSystem):
        return
    try:
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
    except OSError as error:
        if error.errno not in _NO_SYNC or not os.path.isdir(path):  # noqa: PTH112 - a path of pyarrow's
            raise


def _said(error: OSError, path: str) -> OSError:
    """In the system's words alone, where pyarrow has more and leaves the path out; of the same type."""
    return OSError(error.errno, os.strerror(error.errno), path) if error.errno else error


def _write(filesystem: fs.FileSystem, path: str, content: bytes | memoryview) -> None:
    with filesystem.open_output_stream(path) as stream:
        stream.write(content)


def _delete(delete: Callable[[str], None], path: str) -> None:
    def action() -> None:
        try:
            delete(path)
        except FileNotFoundError:
            return

    persistently(action, path)
