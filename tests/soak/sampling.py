"""What a running command and its Ray cluster hold: memory, handles, processes, files."""

import os
from collections.abc import Iterator
from pathlib import Path

import psutil

MIB = 2**20
_OF_TRIALS = "ray::ImplicitFunc"  # Tune's processes, which do one trial after the other
_OF_LIBRARIES = ("ray", "torchinductor")  # folders that all commands share
_ALONE = {"gcs_server": "gcs", "raylet": "raylet"}


class Sampler:
    """Looks at one command, its driver with this process id, and remembers all processes that it had."""

    def __init__(self, driver: int, storage: Path, temporary: Path) -> None:
        self._driver = psutil.Process(driver)
        self._storage, self._temporary = storage, temporary
        self._seen: set[psutil.Process] = set()

    @property
    def trials(self) -> int:
        """So many have begun."""
        folder = self._storage / "trials"
        return len(os.listdir(folder)) if folder.exists() else 0  # noqa: PTH208

    def processes(self) -> dict[str, float]:
        """Megabytes and handles of the driver, of the largest of the trials' processes, and of Ray's own two."""
        family = [self._driver, *self._driver.children(recursive=True)]
        self._seen.update(family)
        found: dict[str, float] = {"processes": 0.0, "shared memory, MB": 0.0}
        for process in family:
            try:
                name, cmdline = process.name(), " ".join(process.cmdline())
                memory, handles = process.memory_info().rss / MIB, float(process.num_fds())
                shared = _shared_memory(process) if name == "raylet" else 0.0
            except psutil.Error:  # it has ended
                continue
            found["processes"] += 1
            found["shared memory, MB"] += shared
            kind = _ALONE.get(name)
            if process == self._driver:
                kind = "driver"
            elif cmdline.startswith(_OF_TRIALS):
                kind = "trial process"
            if kind:
                for figure, value in ((f"{kind}, MB", memory), (f"{kind}, handles", handles)):
                    found[figure] = max(found.get(figure, 0.0), value)
        return found

    def files(self) -> dict[str, float]:
        """Of the storage and of temporary folders: how many, and their kilobytes."""
        found: dict[str, float] = {}
        for name, folder in (("storage", self._storage), ("temporary", self._temporary)):
            sizes = list(_sizes(folder))
            found |= {f"{name}, files": float(len(sizes)), f"{name}, KB": sum(sizes) / 1024}
        return found

    def temporary_folders(self) -> int:
        """Of ours: libraries have one each for all commands."""
        return sum(not path.name.startswith(_OF_LIBRARIES) for path in self._temporary.iterdir())

    def living(self) -> list[str]:
        """Those of all its processes that are still there."""
        return [str(process) for process in self._seen if process.is_running()]


def _shared_memory(process: psutil.Process) -> float:
    """What the object store has touched."""
    return sum(each.rss for each in process.memory_maps() if each.path.startswith("/dev/shm")) / MIB


def _sizes(folder: Path) -> Iterator[int]:
    try:
        entries = list(os.scandir(folder))
    except OSError:  # it has just been deleted
        return
    for entry in entries:
        try:
            if entry.is_dir(follow_symlinks=False):
                yield from _sizes(Path(entry.path))
            elif entry.is_file(follow_symlinks=False):
                yield entry.stat(follow_symlinks=False).st_size
        except OSError:
            continue
