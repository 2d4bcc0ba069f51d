"""Trials on a private Ray cluster: both placements, resume after kills, and failures that stay alone."""

import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from orchestrator.ledger import Ledger
from tests.chaos.processes import MARK, none_left, processes
from tests.orchestrator.readme_page import assert_page_shows

pytestmark = [pytest.mark.ray]

ENTRIES = ("a trial is failed", "tried again", "a trial is diverged", "Stalled:")  # of the README's page

STUDY = '''
"""Trials small enough for a test, some of which go wrong."""

import os
from typing import ClassVar

import torch

from search_spaces.study import Study
from search_spaces.variants import Resources, Variant
from tests.orchestrator.odd_method import Odd
from trainables.config import config
from trainables.datasets.synthetic import Synthetic
from trainables.methods.resnet18 import ResNet18, ResNet18Landmarks
from trainables.recipe import Plateau, Recipe
from trainables.transforms.augmentation import Augmentation


class DyingModel(ResNet18Landmarks):
    """Ends its process once, in the third epoch."""

    marker = ""
    calls = 0

    def losses(self, output, batch):
        self.calls += self.training
        if self.calls == 5 and not os.path.exists(self.marker):
            open(self.marker, "w").close()
            os._exit(1)
        return super().losses(output, batch)


@config
class Dying(ResNet18):
    kind: ClassVar[str] = "dying"
    marker: str

    def build(self, scheme):
        model = DyingModel(scheme.num_landmarks, self.input_size, self.width)
        model.marker = self.marker
        return model


@config
class Raising(ResNet18):
    kind: ClassVar[str] = "raising"

    def build(self, scheme):
        raise RuntimeError("this method has a bug")


class InfiniteModel(ResNet18Landmarks):
    def losses(self, output, batch):
        return {name: value * float("nan") for name, value in super().losses(output, batch).items()}


@config
class Infinite(ResNet18):
    kind: ClassVar[str] = "infinite"

    def build(self, scheme):
        return InfiniteModel(scheme.num_landmarks, self.input_size, self.width)


class DeadModel(ResNet18Landmarks):
    """Ends its process whenever it is trained."""

    def losses(self, output, batch):
        os._exit(1)


@config
class Dead(ResNet18):
    kind: ClassVar[str] = "dead"

    def build(self, scheme):
        return DeadModel(scheme.num_landmarks, self.input_size, self.width)


FACES = Synthetic(train=8, val=3, test=3, size=96)
SMALL = dict(input_size=32, width=8)
RECIPE = Recipe(epochs=%(epochs)s, batch_size=8, schedule=Plateau(), augmentation=Augmentation())


def variant(label, method=ResNet18(**SMALL), **resources):
    return Variant(label=label, method=method, data=FACES, recipe=RECIPE, resources=Resources(**resources))


def after(label, *stages):
    return Variant(label=label, method=ResNet18(**SMALL), data=FACES, recipe=RECIPE, starts_from=stages)


STUDY = Study(question="Does it run?", variants=(%(variants)s,), seeds=%(seeds)s)
'''


def write_study(folder: Path, *variants: str, epochs: int = 3, seeds: tuple[int, ...] = (0,)) -> Path:
    path = folder / "small_study.py"
    path.write_text(STUDY % {"variants": ", ".join(variants), "epochs": epochs, "seeds": seeds})
    return path


def marksweep(*arguments: str, storage: Path, **options) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "reports", *arguments, "--storage", str(storage)]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, **options)


def states(storage: Path) -> dict[str, str]:
    """Label of the variant and seed → state."""
    ledger = Ledger(str(storage))
    labels = {row["trial"]: f"{row['label']} {row['seed']}" for row in ledger.read("studies").to_pylist()}
    return {labels[row["trial"]]: row["state"] for row in ledger.read("trials").to_pylist()}


def metrics(storage: Path) -> dict[tuple[str, int | str, str], float]:
    """Everything that was measured, but not how long it took."""
    ledger = Ledger(str(storage))
    found = {
        (row["trial"], row["epoch"], row["metric"]): row["value"]
        for row in ledger.read("epochs").to_pylist()
        if row["metric"] not in ("seconds", "images_per_second")
    }
    measured = ledger.read("evaluations").to_pylist()
    return found | {(row["evaluation"], row["subset"], row["metric"]): row["value"] for row in measured}


def assert_same(one: dict, other: dict) -> None:
    assert one.keys() == other.keys()
    differing = [key for key in one if not np.array_equal(one[key], other[key], equal_nan=True)]
    assert differing == []


def test_both_placements_train_a_second_run_starts_nothing_and_one_with_another_seed_just_that(tmp_path):
    study = write_study(tmp_path, 'variant("alone")', 'variant("two workers", workers=2)')
    mark = str(tmp_path)
    first = marksweep("run", str(study), storage=tmp_path / "runs", env=os.environ | {MARK: mark})
    assert first.returncode == 0, first.stdout + first.stderr
    assert states(tmp_path / "runs") == {"alone 0": "finished", "two workers 0": "finished"}
    second = marksweep("run", str(study), storage=tmp_path / "runs")
    assert second.returncode == 0
    assert "2 done, 0 to run" in second.stdout
    assert "Starting Ray" not in second.stdout
    another_seed = write_study(tmp_path, 'variant("alone")', seeds=(0, 1))
    done = marksweep("run", str(another_seed), storage=tmp_path / "runs")
    assert "1 done, 1 to run" in done.stdout
    attempts = Ledger(str(tmp_path / "runs")).read("trials")["attempts"].to_pylist()
    assert attempts == [1, 1, 1]  # with the two of before
    # Ray's own processes may take a minute to notice that their cluster has ended.
    assert none_left(lambda: processes(MARK, mark), seconds=90) == []


def test_trials_that_go_wrong_do_so_alone(tmp_path):
    study = write_study(
        tmp_path,
        f'variant("stuck", Odd(how="waiting", folder={str(tmp_path)!r}))',
        'variant("good")',
        'variant("bug", Raising(**SMALL))',
        'variant("nan", Infinite(**SMALL))',
        'variant("dead", Dead(**SMALL))',
        'variant("bug in a group", Raising(input_size=32, width=4), workers=2)',
        'variant("nan in a group", Infinite(input_size=32, width=4), workers=2)',
        'after("after that", after("after a bug", variant("bug", Raising(**SMALL))))',
        'after("after a good one", variant("good"))',
        epochs=2,
    )
    done = marksweep("run", str(study), "--stall-minutes", "0.5", storage=tmp_path / "runs")
    assert done.returncode == 1
    for entry in ENTRIES:
        assert_page_shows(entry, done.stdout)
    assert "\x1b" not in done.stdout + done.stderr and "(raylet)" not in done.stdout + done.stderr
    assert states(tmp_path / "runs") == {
        "good 0": "finished",
        "bug 0": "failed",
        "nan 0": "diverged",
        "dead 0": "failed",
        "bug in a group 0": "failed",
        "nan in a group 0": "diverged",
        "stuck 0": "finished",
        "after a good one 0": "finished",
    }
    # What starts from a bug, and what starts from that, was never begun.
    assert "2 blocked" in done.stdout
    assert "2 × RuntimeError: this method has a bug" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr
    trials = Ledger(str(tmp_path / "runs")).read("trials").to_pylist()
    # A mistake is not a death: nothing is tried again, and what the trial recorded of it stays.
    attempts = {"resnet18": 1, "raising": 1, "infinite": 1, "dead": 3, "odd_of_tests": 2}
    assert {row["method"]: row["attempts"] for row in trials} == attempts
    rows = {row["method"]: row for row in trials}
    assert 'raise RuntimeError("this method has a bug")' in rows["raising"]["traceback"]
    assert rows["dead"]["error"].startswith("The actor died unexpectedly")
    assert rows["dead"]["failures"] == 3
    assert "epoch 1, step 1" in rows["infinite"]["error"]
    again = marksweep("run", str(study), storage=tmp_path / "runs")
    assert "5 failed" in again.stdout
    assert "Starting Ray" not in again.stdout


@pytest.mark.parametrize("workers", [pytest.param(0, marks=pytest.mark.long), 2])
def test_a_trial_whose_process_dies_goes_on_from_its_checkpoint(tmp_path, workers):
    marker = tmp_path / "died"
    text = f'variant("dying", Dying(marker={str(marker)!r}, **SMALL), workers={workers})'
    study = write_study(tmp_path, text, epochs=4)
    done = marksweep("run", str(study), storage=tmp_path / "runs")
    assert marker.exists()
    assert states(tmp_path / "runs") == {"dying 0": "finished"}, done.stdout + done.stderr
    died = metrics(tmp_path / "runs")
    assert Ledger(str(tmp_path / "runs")).read("trials")["attempts"].to_pylist() == [2]
    # The marker exists now, so that nothing dies in a fresh storage.
    marksweep("run", str(study), storage=tmp_path / "undisturbed")
    assert_same(died, metrics(tmp_path / "undisturbed"))


def states_so_far(storage: Path) -> dict[str, str]:
    return {row["trial"]: row["state"] for row in Ledger(str(storage)).read("trials").to_pylist()}


def wait_until(condition, process: subprocess.Popen | None = None, seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        assert process is None or process.poll() is None, "the command ended too early"
        time.sleep(0.05)
