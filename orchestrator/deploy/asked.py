"""What a command line asks of a cluster, and words of it that both checks and templates understand."""

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

MEMORY = re.compile(r"(\d+)([MGT])(?:i?B?)?", re.IGNORECASE)
_TIME = re.compile(r"(?:(?P<days>\d+)-)?(?P<hours>\d{1,3}):(?P<minutes>[0-5]?\d)(?::(?P<seconds>[0-5]?\d))?")


@dataclass(frozen=True)
class Asked:
    """What a command line asks for; None is what it leaves out."""

    where: str
    study: str
    settings: Sequence[str] = ()
    small: bool = False
    retry_failed: bool = False
    nodes: int | None = None
    gpus: int | None = None
    cpus: int | None = None
    memory: str | None = None
    time: str | None = None
    storage: str = "runs"
    data_root: str = "data"
    setup: Sequence[str] = ()
    partition: str | None = None
    account: str | None = None
    image: str | None = None
    claim: str | None = None
    mount: str | None = None
    secret: str | None = None
    hosts: str | None = None
    user: str | None = None
    key: str | None = None

    @property
    def is_here(self) -> bool:
        """Do the job's paths mean the same on this machine?"""
        return self.where == "slurm"

    @property
    def is_own(self) -> bool:
        return self.study.endswith(".py")

    @property
    def host_names(self) -> list[str]:
        return [host.strip() for host in (self.hosts or "").split(",") if host.strip()]

    @property
    def number_of_nodes(self) -> int:
        return len(self.host_names) if self.where == "ray" else self.nodes or 1

    @property
    def shared(self) -> str:
        """The folder of a pod that is the same in all of them."""
        return self.mount or "/shared"


def seconds_of(time: str) -> int:
    """0 for what is no time."""
    if not (found := _TIME.fullmatch(time)):
        return 0
    days, hours, minutes, seconds = (int(found[part] or 0) for part in ("days", "hours", "minutes", "seconds"))
    return ((24 * days + hours) * 60 + minutes) * 60 + seconds


def is_below(path: str, folder: str) -> bool:
    return Path(os.path.normpath(path)).is_relative_to(folder)


def token_file() -> Path:
    return Path.home() / ".ray" / "auth_token"
