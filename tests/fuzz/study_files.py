"""Study files: spoiled Python is another valid study, or refused with file and line."""

import json
import os
import re
import sys
from functools import lru_cache
from pathlib import Path
from random import Random

from orchestrator.identity import trial_id
from orchestrator.plan import Known, plan_study
from search_spaces.loading import load_study
from search_spaces.search import Search
from search_spaces.study import Study
from tests.fuzz.running import Input, Kind, Outcome, Wrong
from tests.fuzz.spoiling import CODE, spoiled
from trainables.config import ConfigError, to_plain
from trainables.dataset import Dataset
from trainables.registry import rebuild
from trainables.stages import mistakes_of_stages

NAME = "mine.py"
_PLACE = re.compile(r"mine\.py(:\d+)?")
_IMPORTS = """\
from search_spaces.study import Study
from search_spaces.variants import Resources, Variant, ablate, grid, leave_one_out
from trainables.datasets.synthetic import Synthetic
from trainables.methods.resnet18 import ResNet18
from trainables.recipe import Adam, Constant, Plateau, Recipe
from trainables.transforms.augmentation import Augmentation
from trainables.trial import Evaluation
"""
# No word of these may open, remove or start anything, in whatever order they come to stand; and none has a loop over
# numbers, which a changed number would make endless, as any program is allowed to be.
BASES = (
    f'''"""Which width?"""
{_IMPORTS}
BASE = Variant(
    label="base",
    method=ResNet18(width=8, input_size=32),
    data=Synthetic(train=6, val=3, test=3, size=96),
    recipe=Recipe(epochs=3, batch_size=4, optimizer=Adam(lr=1e-3, weight_decay=0.01), augmentation=Augmentation()),
    resources=Resources(workers=2, cpus=1),
)
STUDY = Study(
    question="Which width is best?",
    variants=ablate(
        BASE, {{"recipe.epochs": (1, 2), "method.width": (8, 16), "recipe.schedule": (Constant(), Plateau())}}
    ),
    seeds=(0, 1, 2),
    evaluations=(Evaluation(split="test"), Evaluation(split="val", perturbation=None)),
)
SMALL = Study(question="Which?", variants=grid(BASE, {{"recipe.optimizer.lr": (1e-3, 3e-4)}}), seeds=range(2))
''',
    f"""{_IMPORTS}from dataclasses import replace
from trainables.datasets.csv68 import Csv68
from trainables.datasets.menpo import Menpo

def variant(label, data, **recipe):
    return Variant(label=label, method=ResNet18(width=8), data=data, recipe=Recipe(epochs=2, batch_size=4, **recipe))

FIRST = variant("first", Menpo(folder="faces"))
WIDTHS = {{f"width {{8 * number}}": 8 * number for number in (1, 2, 3)}}
STUDY = Study(
    question="Does it help to begin with other faces?",
    variants=(
        replace(variant("second", Csv68(file="list.csv")), starts_from=(FIRST,)),
        *leave_one_out(FIRST, {{"width": {{"method.width": WIDTHS["width 16"]}}, "size": {{"recipe.batch_size": 2}}}}),
    ),
)
""",
    f"""{_IMPORTS}from search_spaces.domains import Choice, Integer, LogUniform, Space, Uniform
from search_spaces.search import Objective, Search
from search_spaces.samplers import Tpe
from search_spaces.stopping import Asha
from trainables.transforms.curriculum import Curriculum

ON = ("recipe.curriculum", "on")
STUDY = Search(
    question="Which settings are best?",
    base=Variant(
        label="ResNet18",
        method=ResNet18(input_size=32, width=8),
        data=Synthetic(train=6, val=3, test=3, size=96),
        recipe=Recipe(epochs=3, batch_size=4, optimizer=Adam(lr=1e-3), augmentation=Augmentation()),
    ),
    space=Space(
        domains={{
            "recipe.optimizer.lr": LogUniform(low=1e-5, high=1e-1, why="scales"),
            "recipe.batch_size": Choice(options={{"2": 2, "4": 4}}, why="few faces"),
            "recipe.curriculum": Choice(options={{"on": Curriculum(epochs=1), "off": None}}, why="on or off"),
            "recipe.curriculum.start": Uniform(low=0.3, high=1.0, why="a share", given=ON),
            "recipe.curriculum.epochs": Integer(low=1, high=3, why="epochs", given=ON),
        }}
    ),
    trials=20,
    sampler=Tpe(),
    objectives=(Objective(metric="val_nme_io", minimize=True),),
    stopping=Asha(),
    first=({{"recipe.optimizer.lr": 0.01, "recipe.batch_size": "2", "recipe.curriculum": "off"}},),
    confirm=(1, 2, 3),
)
""",
)
_REFUSED_CALLS = (
    *("os.remove", "os.rename", "os.mkdir", "os.rmdir", "os.link", "os.symlink", "os.chmod", "os.truncate"),
    *("shutil.", "subprocess.", "os.system", "os.exec", "os.fork", "os.posix_spawn", "os.kill", "os.putenv"),
    *("socket.", "ctypes.", "webbrowser.", "pty.", "signal.pthread_kill"),
)


class _Guard:
    """While it is on, nothing is written, removed or started: spoiled Python is executed."""

    def __init__(self) -> None:
        self.on = False
        self.refused = ""
        sys.addaudithook(self._look)

    def _look(self, event: str, arguments: tuple) -> None:
        if not self.on:
            return
        writes = event == "open" and isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR)
        if writes or event.startswith(_REFUSED_CALLS):
            self.refused = f"{event} {arguments!r}"
            raise PermissionError(self.refused)


class StudyFiles:
    def __init__(self, folder: Path) -> None:
        sys.dont_write_bytecode = True
        self._file = folder / NAME
        self._root = folder / "data"
        self._root.mkdir()
        self._bases = [text.encode() for text in BASES]
        self._meant = [self._read_as_it_is(text) for text in self._bases]
        self._guard = _Guard()

    def spoil(self, random: Random) -> Input:
        number = random.randrange(len(self._bases))
        content, how = spoiled(self._bases[number], random.choice(self._bases), random, CODE)
        small = number == 0 and random.random() < 0.2
        return Input((NAME,), lambda: self._read(content, small, self._meant[number]), how)

    def _read_as_it_is(self, content: bytes) -> str:
        self._file.write_bytes(content)
        return self._use(load_study(self._file))

    def _read(self, content: bytes, small: bool, meant: str) -> Outcome:
        self._file.write_bytes(content)
        self._guard.on, self._guard.refused = True, ""
        try:
            study = load_study(self._file, small=small)
        except ConfigError as error:
            elsewhere = [str(one) for one in error.mistakes if not _PLACE.fullmatch(one.where)]
            if elsewhere:
                raise Wrong("a mistake is told of another file: " + "; ".join(elsewhere)) from error
            return Outcome.REFUSED
        finally:
            self._guard.on = False
            if self._guard.refused:
                raise Wrong(f"the file was about to write or start something: {self._guard.refused}")
        found = self._use(study)
        return Outcome.UNCHANGED if found == meant else Outcome.OTHER

    def _use(self, study: Study | Search) -> str:
        """What a command does with a study before anything starts, as text that tells studies apart."""
        search = study if isinstance(study, Search) else None
        if isinstance(study, Search):
            study = Study(question=study.question, variants=(study.base,), seeds=(study.seed,))
        digest_of = lru_cache(maxsize=None)(self._digest)
        plan = plan_study("mine", study, Known({}, {}, set()), digest_of)
        told = [f"{work.label} {work.id} {[one.id for one in work.measurements]}" for work in plan.works]
        for variant in study.variants:
            trial = variant.trial(seed=0)
            mistakes_of_stages(trial)
            again = rebuild(json.loads(json.dumps(to_plain(trial))))
            if trial_id(again, digest_of) != trial_id(trial, digest_of):
                raise Wrong(f"{variant.label}: what is recorded of it is another trial")
        if search is not None:
            search.confirmation(search.start[-1])
            told.append(json.dumps(search.described()))
        return "\n".join([study.question, *told])

    def _digest(self, dataset: Dataset) -> str:
        outside = [path for path in dataset.required(self._root) if not path.resolve().is_relative_to(self._root)]
        if outside:
            raise Wrong(f"{dataset} reads outside of the data root: {outside[0]}")
        return "0" * 16


def open_kind(folder: Path) -> Kind:
    return StudyFiles(folder)
