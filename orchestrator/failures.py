"""Why a trial failed, by class, and what follows from it. Pure, and the same after a restart."""

import re
from enum import StrEnum

from orchestrator.errors import lines

_MEMORY = re.compile(
    r"out of memory|OutOfMemory|MemoryError|low on memory|(?:can't|cannot) allocate memory|DefaultCPUAllocator"
    r"|_ALLOC_FAILED|ALLOCATION_FAILED",
    re.I,
)
_LOST_NODE = re.compile(
    r"node (?:has died|has crashed|is dead|was terminated|it was running on)|NodeDied|preempt|raylet ?died", re.I
)
_DATA = re.compile(r"^DataError\b")
_TRANSIENT = re.compile(
    r"^(?:OSError|IOError|Connection\w*Error|TimeoutError|BrokenPipeError|AcceleratorError|Dist\w*Error|Stalled)\b"
    r"|CUDA error|cuDNN error|NCCL|gloo|startup timed out"
)
_DIED = re.compile(
    r"^its process died|The (?:actor|worker) died|The actor is dead|The actor \w+ is unavailable|actor_died|ActorDied"
    r"|ActorUnavailable|WorkerCrashed",
    re.I,
)
STALLED = "Stalled"  # begins the last words of a process that has hung
_MODULE = re.compile(r"^(?:\w+\.)+(?=\w+: )")  # before the name of an error, as Python's tracebacks write it


class Failure(StrEnum):
    """A class of failures, and what is done about it."""

    MEMORY = "out of memory"  # again, each batch in twice as many parts
    LOST_NODE = "lost node"  # again, elsewhere: the trial has not done anything wrong
    DATA = "data"  # not again: the same files would fail the same way
    MISTAKE = "mistake"  # not again: the same code would
    UNKNOWN = "unknown"  # again, a few times: a process died or hung, a device or a storage failed


# How often a trial is tried again; of memory its parts are the bound, see `parts_again`.
AGAIN = {Failure.MEMORY: 16, Failure.LOST_NODE: 50, Failure.DATA: 0, Failure.MISTAKE: 0, Failure.UNKNOWN: 2}


def failure_of(error: str) -> Failure:
    """The class of an error as the ledger has it: one line that begins with its type, or tells how a process ended."""
    if _MEMORY.search(error):
        return Failure.MEMORY
    if _LOST_NODE.search(error):
        return Failure.LOST_NODE
    if _DATA.search(error):
        return Failure.DATA
    return Failure.UNKNOWN if _TRANSIENT.search(error) or _DIED.search(error) else Failure.MISTAKE


def counts(error: str) -> bool:
    """Whether a failure counts against its trial: that a node was lost says nothing of it."""
    return failure_of(error) is not Failure.LOST_NODE


def tried_again(error: str, failures: int) -> bool:
    """Whether a trial is tried again that failed with this error, its `failures`-th one (1 is the first)."""
    return failures <= AGAIN[failure_of(error)]


def parts_again(error: str, failures: int, parts: int, most: int) -> int | None:
    """In how many parts each batch is processed when a trial is tried again that failed with this error, in so many
    parts of at `most` so many (every face alone); None where it is not."""
    if not tried_again(error, failures):
        return None
    if failure_of(error) is not Failure.MEMORY:
        return min(parts, most)
    return min(2 * parts, most) if parts < most else None


def cause_of(failures: str) -> str:
    """One line for the last of the failures that Tune wrote down: what died, or what was raised.

    Why a process died stands far down in Ray's words, and which worker failed first in the middle of a group's.
    """
    last = lines(failures).rpartition("Failure #")[2].splitlines()[1:]
    said = [line.strip() for line in last if line.strip()] or ["its process died"]
    telling = [line for pattern in (_MEMORY, _LOST_NODE) for line in said if pattern.search(line)]
    raised = said[0].startswith(("ray::", "Traceback"))
    return _MODULE.sub("", telling[0] if telling else said[-1] if raised else said[0])
