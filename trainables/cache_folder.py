"""Folders of prepared files: whether one takes a file, who writes there just now, and where else it may lie."""

import errno
import fcntl
import os
import shutil
import socket
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from trainables.pulse import waiting

ABANDONED = 24 * 3600.0  # seconds after which nobody is writing what another node began

Tell = Callable[[str], None]  # takes what a person should know: that another process is waited for, or a folder is full


def spare_folder() -> Path:
    """Where a prepared file lies when its folder takes none: this user's own, below the temporary one."""
    return Path(tempfile.gettempdir()) / f"marksweep-cache-{os.getuid()}"


def partial_of(target: Path) -> Path:
    """Where this node writes `target` until it is whole: each node has its own place, because between nodes that share
    a folder the lock may not hold."""
    return target.with_suffix(f".{socket.gethostname()}.partial")


def is_abandoned(partial: Path, target: Path) -> bool:
    """Whether a partial file of `target` is this node's, whose lock tells whether it is written, or has not grown for
    a day. Raises OSError where it has gone."""
    return partial == partial_of(target) or time.time() - partial.stat().st_mtime > ABANDONED


class Refused(Exception):
    """A folder takes no file; another one may."""


@contextmanager
def refusals(folder: Path) -> Iterator[None]:
    """Turn what the system refuses within this block into `Refused`, with the folder and the reason."""
    try:
        yield
    except OSError as error:
        raise Refused(f"{folder} takes no prepared file: {error.strerror}.") from None


def is_ours(folder: Path) -> bool:
    """Anybody may take a name below the temporary folder first, and would choose what is trained on."""
    return folder.is_dir() and not folder.is_symlink() and folder.stat().st_uid == os.getuid()


@contextmanager
def alone(target: Path, tell: Tell) -> Iterator[None]:
    """Hold the lock of a file to be made. Raises `Refused`."""
    folder, is_spare = target.parent, target.parent == spare_folder()
    with refusals(folder):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700 if is_spare else 0o777)
        if is_spare and not is_ours(folder):
            raise PermissionError(errno.EPERM, "it belongs to somebody else")
        lock = target.with_suffix(".lock").open("w")
    with lock:
        with refusals(folder):
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                tell(f"Another process is preparing {target.name}: waiting for it.")
                with waiting():
                    fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def refuse_without_room(folder: Path, needed: int) -> None:
    """Raises `Refused` where fewer than `needed` bytes are free, before a shared disk is filled in vain."""
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise Refused(f"{folder} has {free / 1e9:.2f} GB free, and {needed / 1e9:.2f} GB are needed.")
