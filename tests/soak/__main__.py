"""One command that does many small trials for an hour: does what it uses stay flat? Exit code 1 where it does not."""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.table import Table

from orchestrator.commands import STOPPED
from tests.soak.flatness import Tolerance, Verdict, is_flat, judged, judged_by_trial
from tests.soak.sampling import Sampler

EVERY = 15.0  # seconds between two looks at processes
FILES_EVERY = 60.0  # and at files, of which there are many, with a line of progress; more often in a short soak
SMALL_TRIALS = 300  # for each one of a group of two workers, which takes half a minute with all that it starts
ROUNDS_A_MINUTE = 2  # of all these; more than two cores do
STUDY = """
'''Small trials, as many as there is time for.'''

from search_spaces.study import Study
from search_spaces.variants import Resources, Variant
from trainables.datasets.synthetic import Synthetic
from trainables.methods.resnet18 import ResNet18
from trainables.recipe import Adam, Plateau, Recipe

FACES = Synthetic(train=8, val=3, test=3, size=96)


def variant(label, lr, workers=0):
    recipe = Recipe(epochs=2, batch_size=8, schedule=Plateau(), optimizer=Adam(lr=lr))
    method, resources = ResNet18(input_size=32, width=4), Resources(workers=workers)
    return Variant(label=label, method=method, data=FACES, recipe=recipe, resources=resources)


STUDY = Study(
    question="Does what a long command uses stay flat?",
    variants=(
        *(variant(f"alone {number}", 1e-5 * number) for number in range(1, %(small)d + 1)),
        variant("two workers", 1e-3, workers=2),
    ),
    seeds=tuple(range(%(rounds)d)),
)
"""
BY_TRIAL = " a trial"
TOLERANCES = {
    # The driver knows all trials of its plan from the start, and learns how each has ended.
    "driver, MB": Tolerance(0.05, 20),
    "driver, handles": Tolerance(0.05, 5),
    "trial process, MB": Tolerance(0.05, 20),
    "trial process, handles": Tolerance(0.05, 5),
    "raylet, MB": Tolerance(0.1, 10),
    "raylet, handles": Tolerance(0.1, 20),  # a few for each process, of which a group has many
    "gcs, MB": Tolerance(0.1, 20),
    "gcs, handles": Tolerance(0.1, 20),
    "processes": Tolerance(0.1, 4),
    "shared memory, MB": Tolerance(0.1, 5),
    "temporary folders": Tolerance(absolute=2),
    "storage, files a trial": Tolerance(0.05),
    "storage, KB a trial": Tolerance(0.05),
    # Ray writes logs for each of its processes, of which a group starts many at once.
    "temporary, files a trial": Tolerance(0.25, 0.1),
    "temporary, KB a trial": Tolerance(0.25, 5),
}


@dataclass
class Soak:
    """What was seen of the command, look after look."""

    trials: list[int] = field(default_factory=list)
    seen: list[dict[str, float]] = field(default_factory=list)

    def note(self, trials: int, figures: Mapping[str, float]) -> None:
        self.trials.append(trials)
        self.seen.append(dict(figures))

    def verdicts(self) -> dict[str, Verdict]:
        """Of every figure. Raises ValueError where there are too few looks.

        When all trials have begun, the command gathers what they left, once: that is no part of it.
        """
        while len(self.trials) > 1 and self.trials[-1] == self.trials[-2]:
            self.trials.pop()
            self.seen.pop()
        return {name: self._verdict(name, allowed) for name, allowed in TOLERANCES.items()}

    def _verdict(self, name: str, allowed: Tolerance) -> Verdict:
        of_total = name.removesuffix(BY_TRIAL)
        judge = judged if name == of_total else judged_by_trial
        return judge(self.trials, [each.get(of_total) for each in self.seen], allowed)


def main() -> int:
    arguments = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    arguments.add_argument("--minutes", type=float, default=60.0)
    minutes = arguments.parse_args().minutes
    console = Console(highlight=False, width=120)
    # A short path: those of Ray's sockets begin with it.
    with tempfile.TemporaryDirectory(prefix="soak-") as name:
        folder = Path(name)
        soak, code, left = soaked(folder, minutes, console)
        console.print((folder / "log").read_text()[-600:], markup=False)
    verdicts = soak.verdicts()
    show(verdicts, soak.trials[-1], console)
    console.print(f"exit code of the command: {code}; left behind: {', '.join(left) or 'nothing'}", markup=False)
    return 0 if code in (0, STOPPED) and not left and is_flat(verdicts) else 1


def soaked(folder: Path, minutes: float, console: Console) -> tuple[Soak, int, list[str]]:
    """The command runs for so long, and is looked at; what was seen, its exit code, and what it left behind."""
    study, storage, temporary = folder / "soak.py", folder / "runs", folder / "tmp"
    temporary.mkdir()
    study.write_text(STUDY % {"small": SMALL_TRIALS, "rounds": max(1, round(minutes * ROUNDS_A_MINUTE))})
    command = [sys.executable, "-m", "reports", "run", str(study), "--storage", str(storage)]
    soak, files_every = Soak(), min(FILES_EVERY, 60 * minutes / 20)
    with (folder / "log").open("w") as log:
        began = looked_at_files = time.monotonic()
        driver = subprocess.Popen(
            [*command, "--hours", str(minutes / 60)],
            stdout=log,
            stderr=subprocess.STDOUT,
            env={**os.environ, "TMPDIR": str(temporary)},
        )
        try:
            sampler = Sampler(driver.pid, storage, temporary)
            while driver.poll() is None:
                trials, figures = sampler.trials, sampler.processes()
                figures["temporary folders"] = sampler.temporary_folders()
                if time.monotonic() - looked_at_files >= files_every:
                    looked_at_files = time.monotonic()
                    figures |= sampler.files()
                    console.print(progress(looked_at_files - began, trials, figures), markup=False, soft_wrap=True)
                if trials:
                    soak.note(trials, figures)
                wait(driver, EVERY)
        finally:
            if driver.poll() is None:
                driver.terminate()
                driver.wait()
    return soak, driver.returncode, left_behind(sampler, storage)


def left_behind(sampler: Sampler, storage: Path, seconds: float = 60) -> list[str]:
    """Processes that do not end, temporary folders, and files that only a running command has."""
    deadline = time.monotonic() + seconds
    while sampler.living() and time.monotonic() < deadline:
        time.sleep(0.5)
    files = [*storage.rglob("*.partial"), *(storage / "leases").glob("*")]
    folders = [f"{count} temporary folders"] if (count := sampler.temporary_folders()) else []
    return sampler.living() + folders + [str(path.relative_to(storage)) for path in files]


def wait(process: subprocess.Popen, seconds: float) -> None:
    """Until it has ended, at most so long."""
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        return


def progress(seconds: float, trials: int, figures: Mapping[str, float]) -> str:
    told = ("driver, MB", "driver, handles", "trial process, MB", "gcs, MB", "processes", "storage, files")
    some = ", ".join(f"{name.replace(',', ' in')} {figures.get(name, 0):.0f}" for name in told)
    return f"{seconds / 60:5.1f} min  {trials:6} trials  {some}"


def show(verdicts: Mapping[str, Verdict], trials: int, console: Console) -> None:
    table = Table("", "first quarter", "last quarter", "by 1000 trials", "may grow by", "", box=None)
    for column in table.columns[1:5]:
        column.justify = "right"
    for name, one in verdicts.items():
        flat = "flat" if one.is_flat else "[red]not flat[/red]"
        table.add_row(name, f"{one.first:.2f}", f"{one.last:.2f}", f"{one.slope:+.2f}", str(one.tolerance), flat)
    console.print(f"{trials} trials; means of quarters of the time, after a warm-up")
    console.print(table)


if __name__ == "__main__":
    sys.exit(main())
