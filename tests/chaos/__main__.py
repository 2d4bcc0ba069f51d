"""Kill commands at every write and at random; print what that did to their results. Exit code 1 unless nothing."""

import argparse
import signal
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.chaos.every_write import Survey, survey
from tests.chaos.random_kills import Survived, kill_at_random
from tests.chaos.striking import Kind
from tests.chaos.studies import TWO_TRIALS, Disturbed


def main() -> int:
    arguments = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    arguments.add_argument("--kills", type=int, default=200, help="at random; 0: none")
    arguments.add_argument("--seed", type=int, default=0, help="of what is killed when")
    arguments.add_argument("--no-writes", action="store_true", help="leave the kills at every write out")
    arguments.add_argument("--keep", type=Path, help="a folder for storages and logs of rounds that went wrong")
    given = arguments.parse_args()
    console = Console(highlight=False, soft_wrap=True)
    began = time.monotonic()
    # Otherwise clusters would go on without this process.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))

    def tell(text: str) -> None:
        console.print(f"{time.monotonic() - began:6.0f} s  {text}", markup=False)

    surveys: dict[Kind, Survey] = {}
    with tempfile.TemporaryDirectory(prefix="marksweep-chaos-") as folder:
        for kind, variants, seeds in ((Kind.FOLDER, None, (0, 1)), (Kind.OBJECTS, TWO_TRIALS, (0,))):
            if not given.no_writes:
                study = Disturbed(Path(folder, kind.name), seeds=seeds)
                surveys[kind] = survey((replace(study, variants=variants) if variants else study).write(), kind, tell)
    at_random = kill_at_random(given.kills, given.seed, tell, keep=given.keep) if given.kills else Survived()
    show(surveys, at_random, console)
    return 0 if is_survived(at_random, *surveys.values()) else 1


def is_survived(at_random: Survived, *surveys: Survey) -> bool:
    return not (at_random.told or at_random.processes or any(each.told for each in surveys))


def show(surveys: dict[Kind, Survey], at_random: Survived, console: Console) -> None:
    """What was done, and what it did to results, in one table."""
    found = [*surveys.values(), at_random]
    table = Table("", *(f"every write to a {kind}" for kind in surveys), "at random", box=None)
    for column in table.columns[1:]:
        column.justify = "right"
    table.add_row("kills", *(str(sum(each.kills.values())) for each in found))
    for name in dict.fromkeys(name for each in found for name in each.kills):
        table.add_row(f"  {name}", *(str(each.kills[name] or "") for each in found))
    table.add_row("restarts", *(str(each.restarts) for each in found))
    table.add_row("trials", *(str(each.trials) for each in found))
    for what, name in (
        ("lost", "lost"),
        ("doubled", "doubled"),
        ("differing metrics", "differing"),
        ("left-over files", "left_over"),
    ):
        table.add_row(what, *(str(len(getattr(each.told, name))) for each in found))
    table.add_row("left-over processes", *("0" for _ in surveys), str(len(at_random.processes)))
    console.print(table)


if __name__ == "__main__":
    sys.exit(main())
