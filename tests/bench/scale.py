"""2,000 trials that train nothing: the last 200 at .8 of the first 200's pace at least, below 5 KB of memory a trial.

Trials as in `overhead.py`, beside as many of bare Ray Tune; each side runs in a fresh process with its own cluster. The
first trials wait for processes to start and are left out of both. Memory is the driver's, after a garbage collection.
"""

import gc
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.bench import overhead

TRIALS = 2000
WARM = 20  # trials until both processes are at work
WINDOW = 200
SETTLED = 500  # trials until the driver's memory has found its level
SIDES = ("bare", "marksweep")


def run() -> Iterator[str]:
    for side in SIDES:
        command = [sys.executable, "-m", "tests.bench.scale", side]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        first, last, grown = json.loads(done.stdout.splitlines()[-1])
        bounds = " (at least 0.80)", " (at most 5)"
        of_pace, of_memory = bounds if side == "marksweep" else ("", "")
        yield (
            f"{side}: {first:.1f} trials/s at first, {last:.1f} at trial {TRIALS}: ratio {last / first:.2f}{of_pace}; "
            f"{grown:.1f} KB a trial{of_memory}"
        )


@dataclass
class Counted:
    """When trials ended, and the memory that the driver held then."""

    ended_at: list[float] = field(default_factory=list)
    resident: dict[int, int] = field(default_factory=dict)  # trials ended -> bytes

    def one_more(self) -> None:
        self.ended_at.append(time.perf_counter())
        if len(self.ended_at) in (SETTLED, TRIALS - 1):
            gc.collect()
            self.resident[len(self.ended_at)] = resident_bytes()

    def summary(self) -> tuple[float, float, float]:
        """Trials a second of the first and of the last window, and KB that the driver grew by per trial."""
        at, (early, late) = self.ended_at, self.resident.items()
        first = WINDOW / (at[WARM + WINDOW - 1] - at[WARM - 1])
        last = WINDOW / (at[-1] - at[-1 - WINDOW])
        return first, last, (late[1] - early[1]) / (late[0] - early[0]) / 1000


def resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def measured(side: str) -> tuple[float, float, float]:
    counted = Counted()
    if side == "bare":
        overhead.bare(imports_torch=False, trials=TRIALS, ended=counted.one_more)
    else:
        overhead.marksweep(trials=TRIALS, ended=counted.one_more)
    return counted.summary()


if __name__ == "__main__":
    print(json.dumps(measured(sys.argv[1])))
