"""Spoiled files are read one by one in a process of their own. What ends it is counted, and another one goes on."""

import faulthandler
import importlib
import multiprocessing
import os
import resource
import signal
import tempfile
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from random import Random
from typing import Protocol

HANG = 10.0  # seconds for one file, which takes milliseconds
_MEMORY = 3 * 2**30  # bytes that reading one small file may take
_SHOWN = 10  # failures that are kept

KINDS = ("study_files", "ledgers", "checkpoints", "caches", "datasets")


class Outcome(StrEnum):
    """What came of reading one spoiled file."""

    UNCHANGED = "accepted unchanged"
    OTHER = "accepted with another meaning"
    REFUSED = "refused"
    CRASH = "crashes"
    HANG = "hangs"
    WRONG = "silently wrong"


FAILURES = (Outcome.CRASH, Outcome.HANG, Outcome.WRONG)


class Wrong(BaseException):
    """What was read is neither what was written nor refused. No code that is tried may catch it."""


class Hang(BaseException):
    pass


@dataclass(frozen=True)
class Input:
    """A spoiled file in its place. `read` reads it as the tool does; what it refuses it has to call by one of the
    `names`."""

    names: tuple[str, ...]
    read: Callable[[], Outcome]
    how: str  # it was spoiled, in words


class Kind(Protocol):
    """Writes whole files into a folder when it is made, and then spoils one of them each time."""

    def __init__(self, folder: Path) -> None: ...
    def spoil(self, random: Random) -> Input: ...


@dataclass
class Tally:
    """What came of all files of a kind."""

    kind: str
    counts: Counter[Outcome] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)

    @property
    def inputs(self) -> int:
        return self.counts.total()

    @property
    def failed(self) -> int:
        return sum(self.counts[outcome] for outcome in FAILURES)

    def __str__(self) -> str:
        counts = ", ".join(f"{outcome} {self.counts[outcome]:,}" for outcome in Outcome)
        return f"{self.kind}: inputs {self.inputs:,}, {counts}"


def fuzz(
    kind: str, inputs: int, seed: int = 0, first: int = 0, progress: Callable[[int], None] = lambda done: None
) -> Tally:
    """Read spoiled files number `first` and on. The same number of the same seed is the same file."""
    tally = Tally(kind)
    with tempfile.TemporaryDirectory(dir=_fast_folder(), prefix="marksweep-fuzz-") as folder:
        for number, outcome, told in _outcomes(kind, seed, first, first + inputs, Path(folder)):
            tally.counts[outcome] += 1
            if outcome in FAILURES and len(tally.failures) < _SHOWN:
                tally.failures.append(f"{kind} {number}: {outcome}: {told}")
            progress(tally.inputs)
    return tally


def _fast_folder() -> str | None:
    memory = Path("/dev/shm")
    return str(memory) if memory.is_dir() and os.access(memory, os.W_OK) else None


def _outcomes(kind: str, seed: int, first: int, end: int, folder: Path) -> Iterator[tuple[int, Outcome, str]]:
    context = multiprocessing.get_context("spawn")
    log = folder / "log"
    begun = 0
    while first < end:
        begun += 1
        here, there = context.Pipe(duplex=False)
        place = folder / f"{begun}"
        process = context.Process(target=_read_all, args=(kind, seed, first, end, place, log, there))
        process.start()
        there.close()
        opened = False
        try:
            while True:
                told = here.recv()
                opened = True
                if told is not None:
                    yield told
                    first = told[0] + 1
        except EOFError:
            process.join()
        said = log.read_text(errors="replace") if log.is_file() else ""
        if not opened:
            raise RuntimeError(f"{kind}: the process could not begin.\n{said}")
        if first < end:
            outcome = Outcome.HANG if "Timeout" in said else Outcome.CRASH
            yield first, outcome, f"the process ended with {process.exitcode}:\n{said[:2000]}"
            first += 1


def _read_all(kind: str, seed: int, first: int, end: int, folder: Path, log: Path, connection) -> None:
    with log.open("w") as file:
        os.dup2(file.fileno(), 2)  # decoders of pictures write there
        os.dup2(file.fileno(), 1)
        faulthandler.enable(file)
        folder.mkdir()
        opened: Kind = importlib.import_module(f"tests.fuzz.{kind}").open_kind(folder)
        connection.send(None)
        taken = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (taken + _MEMORY, resource.RLIM_INFINITY))
        signal.signal(signal.SIGALRM, _raise_hang)
        for number in range(first, end):
            file.truncate(0)
            file.seek(0)
            # What hangs outside of the interpreter hears no signal: the whole process is ended.
            faulthandler.dump_traceback_later(3 * HANG, exit=True, file=file)
            given = opened.spoil(Random(f"{seed} {kind} {number}"))
            connection.send((number, *attempt(given)))
        faulthandler.cancel_dump_traceback_later()


def attempt(given: Input) -> tuple[Outcome, str]:
    """What comes of reading it, and what is to be told of a failure."""
    signal.setitimer(signal.ITIMER_REAL, HANG)
    try:
        outcome, told = given.read(), ""
    except (ValueError, OSError) as error:  # what the command line prints as a message
        named = any(name in str(error) for name in given.names)
        outcome = Outcome.REFUSED if named else Outcome.CRASH
        told = "" if named else f"the message names no file ({' or '.join(given.names)}):\n{traceback.format_exc()}"
    except Hang:
        outcome, told = Outcome.HANG, traceback.format_exc()
    except Wrong as error:
        outcome, told = Outcome.WRONG, str(error)
    except BaseException:
        outcome, told = Outcome.CRASH, traceback.format_exc()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    return outcome, f"{given.how}: {told}"


def _raise_hang(signal_number: int, frame: object) -> None:
    raise Hang
