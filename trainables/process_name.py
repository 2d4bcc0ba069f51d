"""A name for a process that tells every other one on its host whether it is still there: for files that it leaves."""

import os
import re
import socket
from functools import cache
from pathlib import Path

_PROC = Path("/proc")
_GONE = ("Z", "X")  # states of a process that has ended, though its parent has not noticed


def own_name() -> str:
    """Of this process: what machine and container it is in since which boot, its number, and when it started."""
    return _name(os.getpid())  # not kept: a forked process is another one


def has_ended(name: str) -> bool | None:
    """Whether the process of this name is no more; None where this process cannot see: on another host, in another
    container, or where the system hides what others run. One that is only stopped is still there."""
    place, _, rest = name.partition("~")
    if place != _place():
        return None
    number, _, started = rest.partition("~")
    if not number.isdigit() or not _exists(int(number)):
        return True
    now = _started(int(number))
    if now is None:
        return None if started else False
    return now != started


@cache
def _place() -> str:
    """Of machines with one name, and of containers on one machine, each has another one."""
    host = re.sub(r"[^0-9A-Za-z-]", "-", socket.gethostname())[:40]
    return f"{host}-{_read('sys/kernel/random/boot_id')[:8]}-{_namespace()}"


def _name(number: int) -> str:
    return f"{_place()}~{number}~{_started(number) or ''}"


def _namespace() -> str:
    """In which process numbers count."""
    try:
        return re.sub(r"\D", "", str((_PROC / "self/ns/pid").readlink()))
    except OSError:
        return "0"


def _started(number: int) -> str | None:
    """In ticks since the boot, which no change of the clock moves; empty where it has ended, None where the system does
    not tell."""
    text = _read(f"{number}/stat")
    if not text:
        return None
    state, *fields = text.rpartition(")")[2].split()  # its own name may hold anything
    return "" if state in _GONE else fields[18]


def _exists(number: int) -> bool:
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _read(path: str) -> str:
    try:
        return (_PROC / path).read_text().strip()
    except OSError:
        return ""
