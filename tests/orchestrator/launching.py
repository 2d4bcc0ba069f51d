"""Launches for tests through Ray: small studies, on a cluster of simulated GPUs, without a command line."""

import logging
import os
import shutil
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import ray
from rich.console import Console

from orchestrator.assignment import Assignment
from orchestrator.cluster import SETTINGS
from orchestrator.desk import Judging
from orchestrator.dispatch import Claiming, Fits, Limits, Planned, Supply, unshared
from orchestrator.guards import use_waiting_processes
from orchestrator.launch import Launched, launch
from orchestrator.leases import Leases
from orchestrator.progress import TrialLine, view_for
from orchestrator.schema import State
from orchestrator.searching import Searching
from orchestrator.session import Opened, Place, make_plan, open_study, prepare_data, remember_question
from orchestrator.storage import Storage
from orchestrator.unit import Session, execute
from orchestrator.units import units_of

_OF_RAY = "_AutoscalingCoordinatorActor"  # one that Ray Train leaves with the cluster, for all that follow
STUDY = '''
"""Trials small enough for a test."""

from search_spaces.domains import LogUniform, Space
from search_spaces.search import Search
from search_spaces.stopping import Asha
from search_spaces.study import Study
from search_spaces.variants import Resources, Variant
from tests.orchestrator.odd_method import Odd
from trainables.datasets.synthetic import Synthetic
from trainables.methods.resnet18 import ResNet18
from trainables.recipe import Plateau, Recipe
from trainables.transforms.augmentation import Augmentation

FACES = Synthetic(train=8, val=3, test=3, size=96)
RECIPE = Recipe(epochs=%(epochs)s, batch_size=8, schedule=Plateau(), augmentation=Augmentation())
SPACE = Space(domains={"recipe.optimizer.lr": LogUniform(low=1e-4, high=1e-1, why="Where it learns at all.")})


def variant(label, how="", width=4, starts_from=(), together=1, **resources):
    method = ResNet18(input_size=32, width=width)
    if how:
        method = Odd(how=how, width=width, folder=%(folder)r, together=together)
    given = Resources(**resources)
    return Variant(label=label, method=method, data=FACES, recipe=RECIPE, starts_from=starts_from, resources=given)


def after(label, how=""):
    """What starts from a variant."""
    return variant(f"after {label}", starts_from=(variant(label, how),))


STUDY = %(asked)s
'''


def study(*variants: str, seeds: tuple[int, ...] = (0,)) -> str:
    return f"Study(question='Does it run?', variants=({', '.join(variants)},), seeds={seeds})"


def search(base: str, **settings: Any) -> str:
    words = ", ".join(f"{name}={value}" for name, value in settings.items())
    return f"Search(question='Which is best?', base={base}, space=SPACE, {words})"


@dataclass
class Small:
    """One small study: its file, and a place of its own with prepared faces that all in the folder share."""

    name: str
    folder: Path
    asked: str
    epochs: int = 3

    @property
    def path(self) -> Path:
        path = self.folder / f"{self.name}.py"
        path.write_text(STUDY % {"asked": self.asked, "epochs": self.epochs, "folder": str(self.marks)})
        return path

    @property
    def marks(self) -> Path:
        """Where its processes leave marks."""
        marks = self.folder / f"marks of {self.name}"
        marks.mkdir(exist_ok=True)
        return marks

    @property
    def runs(self) -> Path:
        return self.folder / "runs" / self.name

    @property
    def place(self) -> Place:
        return Place(Storage(str(self.runs)), self.folder, self.folder / "cache")

    def open(self) -> Opened:
        return open_study(str(self.path), {}, self.place)

    def launch(
        self,
        limits: Limits = Limits(),  # noqa: B008
        judging: Judging | None = None,
    ) -> Launched:
        """All that is left of it, as a command would. With `judging`, its trials may be given up by it."""
        opened = self.open()
        base = make_plan(opened, self.place)
        prepare_data(base, self.place, lambda *progress: None)
        if opened.search is not None:
            searching = Searching(opened, self.place)
            judging = Judging(opened.search.stopping, searching.standing.histories) if opened.search.stopping else None
            return _launch(self.place.storage, searching, {}, limits, judging, searching)
        remember_question(opened, base, self.place)
        units = [
            (work, replace(unit, judged_by="val_nme_io", may_be_given_up=True) if judging else unit)
            for work, unit in units_of(opened, base, self.place)
        ]
        lines = {work.id: TrialLine(work.label, work.trial.seed, self.epochs) for work, _ in units}
        assignments = [Assignment(unit, work.resources) for work, unit in units]
        return _launch(self.place.storage, AfterDeath(assignments, self.marks), lines, limits, judging)

    def keep(self, words: str) -> None:
        """Keep the ledger as it is now: below the same folder, with these words in its name."""
        shutil.copytree(self.runs, self.runs.with_name(f"{self.name} {words}"))

    def without_ray(self, *labels: str) -> Path:
        """Trials of the same study, undisturbed in this process, each by itself; where they are, beside its own."""
        opened, runs = self.open(), self.runs.with_name(f"{self.name} without Ray")
        elsewhere = replace(self.place, storage=Storage(str(runs)))
        plan = make_plan(opened, elsewhere)
        remember_question(opened, plan, elsewhere)
        for work, unit in units_of(opened, plan, elsewhere):
            if work.label in labels:
                execute(unit, Session())
        return runs


class AfterDeath(Planned):
    """Where the process of a trial dies once it has ended, the next one is given out when it is dead."""

    def __init__(self, assignments: Sequence[Assignment], marks: Path) -> None:
        super().__init__(assignments)
        self._marks = marks

    def next(self, fits: Fits, claim: Claiming = unshared) -> Assignment | None:
        ended, dying, dead = (self._marks / name for name in ("ended", "dies afterwards", "dead"))
        if ended.exists() and dying.exists() and not (dead.exists() and time.time() - dead.stat().st_mtime > 0.5):
            return None
        return super().next(fits, claim)

    def ended(self, trial: str, state: State) -> None:
        (self._marks / "ended").touch()
        super().ended(trial, state)


def _launch(
    storage: Storage,
    supply: Supply,
    lines: Mapping[str, TrialLine],
    limits: Limits,
    judging: Judging | None,
    searching: Searching | None = None,
) -> Launched:
    # What happened is seen where a test fails.
    with view_for(lines, 4, Console(file=sys.stdout, width=160)) as view, Leases(storage) as leases:
        if searching is not None:
            searching.announce = lambda asked: view.add(asked.work.id, TrialLine(asked.label, 0, 1))
        return launch(supply, view, leases, limits, judging)


@contextmanager
def simulated(cpus: int, gpus: int) -> Iterator[None]:
    """A private cluster that believes it has GPUs, without a dashboard; trials then train on processors."""
    os.environ.update(SETTINGS, MARKSWEEP_GPUS="simulated")
    logging.getLogger("ray.tune").setLevel(logging.CRITICAL)
    ray.init(
        address="local",
        num_cpus=cpus,
        num_gpus=gpus,
        include_dashboard=False,
        log_to_driver=False,
        logging_level=logging.ERROR,
    )
    try:
        with use_waiting_processes():
            yield
    finally:
        ray.shutdown()


def left_over(seconds: float = 30) -> list[str]:
    """Processes of trials and reservations that are still there so long after a launch."""
    from ray._private.state import actors

    deadline = time.monotonic() + seconds
    while True:
        alive = [
            name
            for actor in actors().values()
            if actor["State"] != "DEAD"
            if (name := actor["ActorClassName"]) != _OF_RAY
        ]
        held = [
            f"{name} {total - ray.available_resources().get(name, 0.0):g}"
            for name, total in ray.cluster_resources().items()
            if name in ("CPU", "GPU") and ray.available_resources().get(name, 0.0) < total
        ]
        if not (alive or held) or time.monotonic() > deadline:
            return alive + held
        time.sleep(0.1)
