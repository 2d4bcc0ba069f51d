"""Commands whose processes are killed at random, and that are run again until all is done, as a user would.

In rounds, each with a storage of its own: in turns on a private cluster of the command, and on one of two nodes that
outlives it, of which one node dies now and then.
"""

import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import torch

from tests.chaos.comparing import Contents, Differences, contents, differences
from tests.chaos.every_write import command
from tests.chaos.processes import MARK, Process, TwoNodes, none_left, processes
from tests.chaos.studies import ALONE, Disturbed

# How likely each is to be the next one, where it is there. What takes longest to come back is killed less often.
VICTIMS = {
    "driver": 1,
    "trial": 4,
    "group worker": 3,
    "group controller": 2,
    "raylet": 1,
    "waiting worker": 1,
    "other actor": 2,
}
PAUSES = (0.5, 8.0)  # seconds between two kills: from in one step to after a start
_WAIT_FOR_VICTIM = 15.0  # seconds for one of the kind that chance has chosen
_STEP_SECONDS = 0.15  # that each step takes longer
_PATIENCE = 300.0  # seconds after the last kill by which a command has ended
_KILLS = 25  # of one round, so that there are rounds in all places
_RESTARTS = 50  # of one round, before it is given up


@dataclass
class Survived:
    """What came of all rounds."""

    kills: Counter[str] = field(default_factory=Counter)  # by victim
    restarts: int = 0
    rounds: int = 0
    trials: int = 0
    told: Differences = field(default_factory=Differences)
    processes: list[str] = field(default_factory=list)  # that were left over


def kill_at_random(
    kills: int,
    seed: int = 0,
    tell: Callable[[str], None] = print,
    variants: tuple[str, ...] = (*ALONE, "group"),
    epochs: int = 12,
    seeds: tuple[int, ...] = (0, 1),
    places: tuple[str, ...] = ("private", "two nodes"),
    keep: Path | None = None,
) -> Survived:
    """Rounds until so many processes were killed. `tell` is told how far it is. `keep`: where storages and logs of
    rounds that left something wrong are put."""
    torch.set_num_threads(1)
    found, chance = Survived(), random.Random(seed)
    with ExitStack() as stack:
        # Short, because paths of sockets below it may not be long.
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="chaos-", ignore_cleanup_errors=True)))
        study = Disturbed(folder, variants, epochs, seeds).write()
        for _ in command(study, folder / "undisturbed"):
            pass
        expected = contents(folder / "undisturbed")
        tell(f"{expected.trials} trials were done undisturbed")
        study.pace.write_text(str(_STEP_SECONDS))
        nodes = stack.enter_context(TwoNodes(folder / "nodes")) if "two nodes" in places else None
        while sum(found.kills.values()) < kills:
            place = places[found.rounds % len(places)]
            found.rounds += 1
            where = f"round {found.rounds}, {place}: "
            until = min(kills, sum(found.kills.values()) + _KILLS)
            one = _Round(
                study, folder / f"{found.rounds}", nodes if place == "two nodes" else None, until, chance, found
            )
            one.tell = lambda text, where=where: tell(where + text)
            one.run()
            if one.check(expected, where) and keep is not None:
                shutil.copytree(one.folder, keep / one.folder.name)
                shutil.copytree(folder / "undisturbed", keep / "undisturbed", dirs_exist_ok=True)
    return found


@dataclass
class _Round:
    """One study in one storage, from its first command to its last."""

    study: Disturbed
    folder: Path
    nodes: TwoNodes | None
    kills: int  # of all rounds, after which none comes any more
    chance: random.Random
    found: Survived
    tell: Callable[[str], None] = print
    mark: str = field(default_factory=lambda: uuid4().hex)
    wanted: str = ""  # the kind of the next victim
    wanted_since: float = 0.0

    @property
    def runs(self) -> Path:
        return self.folder / "runs"

    @property
    def victims(self) -> dict[str, int]:
        """Those that a round like this has."""
        lacking = () if "group" in self.study.variants else ("group worker", "group controller", "other actor")
        lacking += () if self.nodes else ("raylet",)
        return {kind: weight for kind, weight in VICTIMS.items() if kind not in lacking}

    @property
    def temporary(self) -> Path:
        return self.folder / "tmp"

    def run(self) -> None:
        """The command again and again, until it has done all."""
        self.temporary.mkdir(parents=True)
        for _ in range(_RESTARTS):
            code = self._run_once()
            if code == 0:
                return
            self.found.restarts += 1
        self.found.told.lost.append(f"{self.folder.name}: {_RESTARTS} commands did not do all")

    def _run_once(self) -> int:
        """A command, of which processes are killed while it runs. Its exit code; negative where it was itself."""
        arguments = ["run", str(self.study.path), "--storage", str(self.runs), "--retry-failed", "--debug"]
        if self.nodes:
            arguments += ["--address", self.nodes.address]
        environment = (self.nodes.environment if self.nodes else dict(os.environ)) | {
            MARK: self.mark,
            "MARKSWEEP_CACHE": str(self.study.cache),
            "TMPDIR": str(self.temporary),
            "RAY_TMPDIR": str(self.study.folder),
            "RAY_AUTH_MODE": "disabled",
        }
        log = self.folder / "log"
        with log.open("a") as said:
            driver = subprocess.Popen(
                [sys.executable, "-m", "reports", *arguments],
                env=environment,
                stdout=said,
                stderr=said,
                start_new_session=True,
            )
        quiet_since, was_one = time.monotonic(), True
        while driver.poll() is None:
            pause = self.chance.uniform(*PAUSES) if was_one else PAUSES[0]
            try:
                driver.wait(pause)
                break
            except subprocess.TimeoutExpired:
                pass
            if sum(self.found.kills.values()) < self.kills:
                was_one = self._kill_one(driver)
                quiet_since = time.monotonic()
            elif time.monotonic() - quiet_since > _PATIENCE:
                self.found.told.lost.append(f"{self.folder.name}: a command hung; its last words: {_last(log)}")
                driver.kill()
        if driver.returncode not in (0, 1, -9):
            self.found.told.lost.append(f"{self.folder.name}: exit code {driver.returncode}: {_last(log)}")
        return driver.returncode

    def _kill_one(self, driver: subprocess.Popen) -> bool:
        """Whether there was one of the kind that chance has chosen."""
        by_kind: dict[str, list[Process]] = {"driver": [Process(driver.pid, "driver", "")]}
        for process in self._processes():
            if process.kind and process.pid != driver.pid:
                by_kind.setdefault(process.kind, []).append(process)
        now = time.monotonic()
        if not self.wanted or now - self.wanted_since > _WAIT_FOR_VICTIM:
            self.wanted = self.chance.choices(list(self.victims), list(self.victims.values()))[0]
            self.wanted_since = now
        kind = self.wanted
        if kind not in by_kind:
            return False
        self.wanted = ""
        victim = self.chance.choice(by_kind[kind])
        if not victim.kill():
            return False
        self.found.kills[kind] += 1
        self.tell(f"kill {sum(self.found.kills.values())}: {kind} ({victim.title[:60]})")
        if kind == "raylet" and self.nodes:
            self.nodes.replace_node()
        return True

    def _processes(self) -> list[Process]:
        own = processes(MARK, self.mark)
        return own + (self.nodes.processes() if self.nodes else [])

    def check(self, expected: Contents, where: str) -> bool:
        """What the round left behind, against what it should have; whether that is something else."""
        left = none_left(lambda: [each for each in self._processes() if each.works or not self.nodes], seconds=90)
        self.found.processes += [f"{where}{each.title[:100]}" for each in left]
        try:
            held = contents(self.runs)
        except Exception as error:
            self.found.told.lost.append(f"{where}the ledger cannot be read: {error}")
            return True
        told = differences(held, expected)
        told.left_over += [f"{path.name} in the folder of temporary files" for path in self.temporary.iterdir()]
        self.found.trials += held.trials
        self.found.told.add(told, where)
        for line in told.lines():
            self.tell(line)
        other = (each.split() for each in told.differing)
        for trial in sorted({words[1] for words in other if words[0] in ("trials", "epochs", "network")}):
            self.tell(f"trial {trial}: {held.told.get(trial)}")
        for each in left:
            self.tell(f"left-over process: {each.title[:100]}")
        self.tell(f"{held.trials} trials, {len(list(told.lines()))} differences, {len(left)} processes left")
        return bool(told or left)


def _last(log: Path) -> str:
    return log.read_text(errors="replace")[-1500:]
