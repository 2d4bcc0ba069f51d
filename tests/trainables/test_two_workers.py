"""Two workers that share each batch train what one trains that has all of it; batch norms see their own share."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.trainables.small_trials import NormedRival, Plain, PlainRival, Watched, trial_of
from tests.trainables.test_parts import UNEVEN, assert_close
from tests.trainables.two_workers import in_two_processes, joined
from trainables.datasets.synthetic import Synthetic
from trainables.face_cache import prepare
from trainables.faces import Faces, open_faces
from trainables.placement import Placement
from trainables.training import train
from trainables.transforms.crop import Crop
from trainables.trial import Trial

DATA = Synthetic(train=4, val=2, test=2, size=64)
# A batch of 5 is shared as 2 and 3, and the weights of what is occluded differ from share to share.
CASES: dict[str, tuple[Trial, int]] = {
    "means over faces": (trial_of(DATA, PlainRival(), **UNEVEN), 1),
    "means over weighed landmarks": (trial_of(DATA, Plain(), **UNEVEN), 1),
    "in parts": (trial_of(DATA, Plain(), **UNEVEN), 2),
    "clipped": (trial_of(DATA, Plain(), **UNEVEN | {"clip_norm": 0.01}), 2),
    "batch norm": (trial_of(DATA, NormedRival(), **UNEVEN | {"optimizer": Watched(lr=1e-3)}), 1),
}
EXACT = [name for name in CASES if name != "batch norm"]


def faces_in(folder: str) -> Faces:
    return open_faces(prepare(DATA, Path("/nowhere"), Crop(), 32, Path(folder)), DATA.scheme)


def result(trial: Trial, faces: Faces, placement: Placement) -> dict[str, Any]:
    *_, last = train(trial, faces, placement)
    return {"metrics": last.metrics, "model": last.state.model}


def train_all(rank: int, folder: str) -> None:
    """One of the two workers."""
    faces = faces_in(folder)
    with joined(rank, folder) as placement:
        found = {name: result(trial, faces, replace(placement, parts=parts)) for name, (trial, parts) in CASES.items()}
    torch.save(found, f"{folder}/{rank}")


@pytest.fixture(scope="module")
def shared(tmp_path_factory) -> tuple[dict[str, Any], dict[str, Any]]:
    """What each worker has after the same trials."""
    folder = tmp_path_factory.mktemp("two")
    faces_in(str(folder))
    in_two_processes(train_all, folder)
    first, second = (torch.load(folder / str(rank)) for rank in (0, 1))
    return first, second


@pytest.fixture(scope="module")
def alone(tmp_path_factory) -> dict[str, Any]:
    faces = faces_in(str(tmp_path_factory.mktemp("one")))
    return {name: result(trial, faces, Placement()) for name, (trial, _) in CASES.items()}


@pytest.mark.slow
@pytest.mark.parametrize("name", EXACT)
def test_two_workers_reach_the_loss_and_the_weights_of_one_with_the_same_global_batch(name, shared, alone):
    for worker in shared:
        assert worker[name]["metrics"]["train_loss"] == pytest.approx(alone[name]["metrics"]["train_loss"], rel=1e-5)
        assert_close(worker[name]["model"], alone[name]["model"])
    assert shared[0][name]["metrics"]["val_nme_io"] == pytest.approx(alone[name]["metrics"]["val_nme_io"], rel=1e-4)


@pytest.mark.slow
def test_a_batch_norm_sees_a_workers_own_share_and_keeps_the_first_ones_statistics(shared, alone):
    first, second = (each["batch norm"] for each in shared)
    norm = "trunk.1.running_mean"
    assert_close({"head": first["model"]["head.weight"]}, {"head": second["model"]["head.weight"]}, 0)
    assert not torch.allclose(first["model"][norm], second["model"][norm], rtol=1e-4)
    assert first["metrics"]["train_loss"] == pytest.approx(alone["batch norm"]["metrics"]["train_loss"], rel=0.1)
