"""A command is killed before, during and after each of its writes in turn, and run again.

Without Ray, whose processes take seconds to start: the path of a command from plan to ledger, one trial after the
other, in forked processes that have torch already.
"""

import multiprocessing
import os
import shutil
import signal
import tempfile
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

import torch

from orchestrator.assignment import Assignment
from orchestrator.dispatch import Planned
from orchestrator.leases import Leases
from orchestrator.ledger import Ledger
from orchestrator.recorder import state_of
from orchestrator.schema import State
from orchestrator.session import make_plan, prepare_data, remember_question
from orchestrator.tidying import tidy
from orchestrator.units import units_of
from tests.chaos.comparing import Contents, Differences, contents, differences
from tests.chaos.striking import Change, Kind, Moment, put_between
from tests.chaos.studies import Disturbed, carry_out

_AT_ONCE = 2
_TO_THE_END_EVERY = 10  # strikes; after the others only the trial that was struck is done again

Told = TypeVar("Told")


@dataclass(frozen=True)
class Strike:
    """Where a command is killed: in its n-th step, at the n-th change of the storage in it."""

    step: int
    number: int
    moment: Moment
    what: str  # is changed there


@dataclass
class Survey:
    """What came of all strikes."""

    trials: int = 0
    writes: int = 0
    kills: Counter[str] = field(default_factory=Counter)  # by moment
    restarts: int = 0
    told: Differences = field(default_factory=Differences)


@dataclass(frozen=True)
class Undisturbed:
    """An undisturbed run: what it changed in each of its steps, and the storage as each step found it."""

    study: Disturbed
    folder: Path
    kind: Kind
    changes: tuple[tuple[Change, ...], ...]
    expected: tuple[Contents, ...]  # when each step has ended, gathered

    def before(self, step: int) -> Path:
        return self.folder / f"before step {step}"

    def left_after(self, step: int) -> int:
        """Trials."""
        return max(0, self.expected[-1].trials - step)

    @property
    def strikes(self) -> list[Strike]:
        return [
            Strike(step, number, moment, change.what)
            for step, changes in enumerate(self.changes)
            for number, change in enumerate(changes, start=1)
            for moment in change.moments
        ]


def command(study: Disturbed, runs: Path, gathers_first: bool = True) -> Iterator[int]:
    """What `marksweep run` does, but one trial after the other in this process. Steps: the plan, each trial, the end.

    Yields how many trials are left. `gathers_first`: as it does where it finds trials of a command before.
    """
    place, opened = study.place(runs), study.open(runs)
    tidy(place.storage)
    plan = make_plan(opened, place, retry_failed=True)
    remember_question(opened, plan, place)
    prepare_data(plan, place, lambda *progress: None)
    # As `Running` does, without its cluster.
    with Leases(place.storage) as leases:
        if gathers_first:
            Ledger(place.storage).compact()
        units = units_of(opened, plan, place, anew=True)
        supply = Planned([Assignment(unit, work.resources) for work, unit in units])
        left = len(units)
        yield left
        while (given := supply.next(lambda resources: True)) is not None:
            unit = given.unit
            if not leases.take(unit.id):
                raise RuntimeError(f"{unit.id} is held by {leases.who_has(unit.id)}")
            carry_out(replace(unit, lease=leases.token(unit.id)))
            leases.release(unit.id)
            supply.ended(unit.id, state_of(place.storage, unit.id) or State.RUNNING)
            left -= 1
            yield left
        Ledger(place.storage).compact()
    yield left


def undisturbed(study: Disturbed, folder: Path, kind: Kind) -> Undisturbed:
    """Run a study, and keep what is needed to begin at each of its steps.

    Twice: here, so that processes that are forked from now on have imported and opened all that they need.
    """
    for _ in command(study, folder / "warm"):
        pass
    changes = in_a_fork(lambda: _recorded(study, folder, kind))
    assert changes is not None
    expected = []
    for step in range(1, len(changes) + 1):
        runs = folder / "gathered"
        shutil.copytree(folder / f"before step {step}", runs)
        Ledger(str(runs)).compact()
        shutil.rmtree(runs / "leases")  # what a command holds while it goes on
        expected.append(contents(runs))
        shutil.rmtree(runs)
    return Undisturbed(study, folder, kind, changes, tuple(expected))


def _recorded(study: Disturbed, folder: Path, kind: Kind) -> tuple[tuple[Change, ...], ...]:
    runs, changes = folder / "runs", []
    runs.mkdir()
    shutil.copytree(runs, folder / "before step 0")
    handler = put_between(runs, kind)
    for step, _ in enumerate(command(study, runs), start=1):
        changes.append(tuple(handler.changes[sum(map(len, changes)) :]))
        shutil.copytree(runs, folder / f"before step {step}")
    return tuple(changes)


def survey(study: Disturbed, kind: Kind, tell: Callable[[str], None] = print) -> Survey:
    """Strike at every write of a study, on a storage of this kind. `tell` is told how far it is."""
    torch.set_num_threads(1)
    found = Survey()
    with tempfile.TemporaryDirectory(prefix="marksweep-chaos-") as folder:
        whole = undisturbed(study, Path(folder), kind)
        strikes = whole.strikes
        found.trials = whole.expected[-1].trials
        found.writes = sum(map(len, whole.changes))
        tell(f"{found.trials} trials make {found.writes} writes to a {kind}: {len(strikes)} kills")
        with multiprocessing.get_context("fork").Pool(_AT_ONCE, _work_on, (whole,)) as pool:
            done = pool.imap_unordered(_struck, enumerate(strikes), chunksize=4)
            for number, (strike, was_hit, told) in enumerate(done, start=1):
                found.kills[strike.moment.value] += was_hit
                found.restarts += 1
                where = f"killed {strike.moment} '{strike.what}': "
                if not was_hit:
                    told.lost.append("it was never done")
                found.told.add(told, where)
                for line in told.lines():
                    tell(f"  {where}{line}")
                if number % 100 == 0 or number == len(strikes):
                    tell(f"{number} of {len(strikes)} kills, {len(list(found.told.lines()))} differences")
    return found


_whole: Undisturbed  # that a process of the pool works on: inherited, since it is too large to be sent for each strike


def _work_on(whole: Undisturbed) -> None:
    global _whole
    _whole = whole


def _struck(numbered: tuple[int, Strike]) -> tuple[Strike, bool, Differences]:
    """Kill a command there, then run it again; whether it was hit, and what differs in the end."""
    number, strike = numbered
    to_the_end = number % _TO_THE_END_EVERY == 0
    last = len(_whole.changes) - 1 if to_the_end else strike.step
    with tempfile.TemporaryDirectory(prefix="marksweep-chaos-") as folder:
        runs = Path(folder, "runs")
        shutil.copytree(_whole.before(strike.step), runs)
        was_hit = in_a_fork(lambda: _until_killed(strike, runs)) is None
        told = in_a_fork(lambda: _again_until(last, runs))
    assert told is not None
    return strike, was_hit, told


def _until_killed(strike: Strike, runs: Path) -> bool:
    handler = put_between(runs, _whole.kind)
    steps = command(_whole.study, runs, gathers_first=False)
    if strike.step:
        next(steps)  # a plan of what is left
    handler.arm(strike.number, strike.moment)
    next(steps)
    return True


def _again_until(step: int, runs: Path) -> Differences:
    """Run it again until what was left after a step is left; what then differs."""
    try:
        put_between(runs, _whole.kind)
        with closing(command(_whole.study, runs)) as steps:
            for left in steps:
                if left <= _whole.left_after(step) and step < len(_whole.changes) - 1:
                    break
        Ledger(str(runs)).compact()
        return differences(contents(runs), _whole.expected[step])
    except Exception:
        return Differences(lost=[f"the same command ended with {traceback.format_exc(limit=-4)}"])


def in_a_fork(work: Callable[[], Told]) -> Told | None:
    """What `work` returns in a process of its own, which has all that this one has; None where it was killed."""
    reader, writer = multiprocessing.Pipe(duplex=False)
    pid = os.fork()
    if pid == 0:
        try:
            writer.send(work())
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    writer.close()
    try:
        told = reader.recv()
    except EOFError:
        told = None
    _, status = os.waitpid(pid, 0)
    if told is None and not (os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL):
        raise RuntimeError("a process ended by itself that was to be killed")
    return told
