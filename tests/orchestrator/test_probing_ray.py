"""A probe on Ray: what a variant takes is measured where it would run, and a bug in one keeps no other from it."""

import subprocess
import sys

import pytest

from orchestrator.ledger import Ledger

pytestmark = [pytest.mark.ray]

STUDY = """
from typing import ClassVar

from search_spaces.study import Study
from search_spaces.variants import Variant
from trainables.config import config
from trainables.datasets.synthetic import Synthetic
from trainables.methods.resnet18 import ResNet18
from trainables.recipe import Recipe


@config
class Buggy(ResNet18):
    kind: ClassVar[str] = "buggy"

    def build(self, scheme):
        raise RuntimeError("this method has a bug")


def variant(label, method):
    data = Synthetic(train=8, val=3, test=3, size=64)
    return Variant(label=label, method=method, data=data, recipe=Recipe(epochs=5, batch_size=4))


STUDY = Study(
    question="What does it take?",
    variants=(variant("good", ResNet18(input_size=32, width=8)), variant("bug", Buggy(input_size=32, width=8))),
    seeds=(0, 1),
)
"""


def test_each_variant_is_probed_once_and_counts_in_the_plan(tmp_path):
    study = tmp_path / "two.py"
    study.write_text(STUDY)
    command = [sys.executable, "-m", "reports", "plan", str(study), "--probe", "--storage", str(tmp_path / "runs")]
    said = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert said.returncode == 0, said.stdout + said.stderr
    (row,) = Ledger(str(tmp_path / "runs")).read("probes").to_pylist()
    assert (row["device"], row["workers"], row["parts"], row["device_memory_mb"]) == ("core", 1, 1, None)
    assert row["epoch_seconds"] > 0 and row["peak_memory_mb"] > 0
    assert "bug could not be probed: this method has a bug" in said.stdout
    assert "2 trials by a probe" in said.stdout
    # Nothing was trained by it.
    assert len(Ledger(str(tmp_path / "runs")).read("trials")) == 0
