"""The studies that are disturbed: many kinds of small trials, each kind of write among them."""

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from orchestrator.session import Opened, Place, open_study
from orchestrator.storage import Storage
from orchestrator.unit import Session, Unit, execute
from tests.trainables.two_workers import in_two_processes, joined

STUDY = '''
"""Small trials that are killed."""

from search_spaces.study import Study
from search_spaces.variants import Resources, Variant
from tests.chaos.waiting import Waiting
from trainables.datasets.synthetic import Synthetic
from trainables.recipe import Averaging, Plateau, Recipe
from trainables.transforms.augmentation import Augmentation
from trainables.trial import Evaluation

FACES = Synthetic(train=8, val=3, test=3, size=96)


def variant(label, starts_from=(), averaging=None, width=4, **resources):
    recipe = Recipe(
        epochs=%(epochs)s, batch_size=8, schedule=Plateau(), augmentation=Augmentation(), averaging=averaging
    )
    method = Waiting(input_size=32, width=width, pace=%(pace)r)
    return Variant(
        label=label, method=method, data=FACES, recipe=recipe, starts_from=starts_from, resources=Resources(**resources)
    )


first = variant("first", width=6)
second = variant("second", (first,), width=6)
VARIANTS = {
    "plain": variant("plain"),
    "averaged": variant("averaged", averaging=Averaging(from_epoch=1)),
    "wide": variant("wide", width=8),
    "second": second,  # its stage is not in the study
    "third": variant("third", (second,), width=6),
    "group": variant("group", workers=2),
}
STUDY = Study(
    question="Is anything lost?",
    variants=tuple(VARIANTS[name] for name in %(variants)r),
    seeds=%(seeds)r,
    evaluations=(Evaluation(split="test"), Evaluation(split="val")),
)
'''
ALONE = ("plain", "averaged", "wide", "second", "third")  # six trials a seed, with the stage before `second`
TWO_TRIALS = ("plain", "averaged")


@dataclass(frozen=True)
class Disturbed:
    """A study, and a folder that its file, its prepared faces and the pace of its trials lie in."""

    folder: Path
    variants: tuple[str, ...] = ALONE
    epochs: int = 2
    seeds: tuple[int, ...] = (0, 1)

    @property
    def path(self) -> Path:
        return self.folder / "disturbed.py"

    @property
    def pace(self) -> Path:
        return self.folder / "pace"

    @property
    def cache(self) -> Path:
        return self.folder / "cache"

    def write(self) -> "Disturbed":
        self.folder.mkdir(parents=True, exist_ok=True)
        settings = {"pace": str(self.pace), "epochs": self.epochs, "seeds": self.seeds, "variants": self.variants}
        self.path.write_text(STUDY % settings)
        return self

    def place(self, runs: Path) -> Place:
        return Place(Storage(str(runs)), self.folder, self.cache)

    def open(self, runs: Path) -> Opened:
        return open_study(str(self.path), {}, self.place(runs))


def carry_out(unit: Unit) -> None:
    """Do a trial without Ray: in this process, or in two that share its batches."""
    if unit.trial["shares"] == 1:
        execute(unit, Session())
        return
    with tempfile.TemporaryDirectory() as folder:
        in_two_processes(_share, Path(folder), unit)


def _share(rank: int, folder: str, unit: Unit) -> None:
    with joined(rank, folder) as placement:
        execute(unit, Session(placement))
        os._exit(0)  # gloo's threads abort a process now and then when they are taken down
