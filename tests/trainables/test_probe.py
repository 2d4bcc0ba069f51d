"""Probes: what a few steps say of a trial, and memory that is too short for it."""

import errno
import math
from dataclasses import replace
from typing import ClassVar

import numpy as np
import pytest
import torch
from torch import Tensor

from tests.trainables.small_trials import PlainRival, PlainRivalModel, assert_same_tensors, trial_of
from trainables.config import config
from trainables.dataset import DataError
from trainables.methods.mean_shape import MeanShape
from trainables.out_of_memory import out_of_memory
from trainables.placement import Placement
from trainables.probe import Probe, probe
from trainables.schemes import Scheme
from trainables.training import train

SHORT = 0.05  # seconds


@config
class Hungry(PlainRival):
    """Has memory for `faces` faces at once while it trains, and says how many it saw."""

    kind: ClassVar[str] = "hungry_of_tests"
    seen: ClassVar[list[int]] = []
    faces: int
    error: str = "CUDA out of memory. Tried to allocate 2.00 GiB."

    def build(self, scheme: Scheme) -> "HungryModel":
        return HungryModel(scheme.num_landmarks, self)


class HungryModel(PlainRivalModel):
    def __init__(self, num_landmarks: int, method: Hungry) -> None:
        super().__init__(num_landmarks)
        self.method = method

    def forward(self, images: Tensor) -> Tensor:
        if self.training and len(images) > self.method.faces:
            raise torch.OutOfMemoryError(self.method.error)
        if self.training:
            Hungry.seen.append(len(images))
        return super().forward(images)


@pytest.fixture(autouse=True)
def nothing_seen(monkeypatch) -> None:
    monkeypatch.setattr(Hungry, "seen", [])


def test_a_probe_tells_the_seconds_of_training_and_validation_and_the_memory(faces, rendered):
    found = probe(trial_of(rendered, PlainRival()), faces, Placement(), SHORT)
    assert found.parts == 1
    assert found.steps >= 1
    assert 0 < found.seconds_per_image < 1
    assert 0 < found.seconds_per_validated_image < 1
    assert found.peak_memory_mb == found.reserved_memory_mb > 0
    assert found.device_memory_mb is None


def test_a_method_without_parameters_is_probed_too(faces, rendered):
    assert probe(trial_of(rendered, MeanShape(input_size=32)), faces, Placement(), SHORT).parts == 1


def test_a_probe_leaves_nothing_behind(faces, rendered):
    trial = trial_of(rendered, PlainRival(), epochs=1)
    (before,) = train(trial, faces, Placement())
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    probe(trial, faces, Placement(), SHORT)
    assert torch.equal(torch.rand(2), expected)
    (after,) = train(trial, faces, Placement())
    assert_same_tensors(after.state.model, before.state.model)


@pytest.mark.parametrize(("room", "parts"), [(4, 1), (3, 2), (2, 2), (1, 4)])
def test_parts_are_doubled_until_they_fit(room, parts, faces, rendered):
    found = probe(trial_of(rendered, Hungry(faces=room)), faces, Placement(), SHORT)
    assert found.parts == parts
    assert max(Hungry.seen) == 4 // parts


def test_where_not_even_one_face_fits_nothing_is_known(faces, rendered):
    found = probe(trial_of(rendered, Hungry(faces=0)), faces, Placement(), SHORT)
    assert (found.parts, found.steps, found.device_memory_mb) == (None, 0, None)
    assert math.isnan(found.seconds_per_image)
    assert math.isnan(found.peak_memory_mb)


def test_one_of_several_workers_is_probed_with_the_largest_share(faces, rendered):
    found = probe(trial_of(rendered, Hungry(faces=8), batch_size=5), faces, Placement(world=2), SHORT)
    assert isinstance(found, Probe)
    assert set(Hungry.seen) == {3}


def test_other_errors_and_missing_faces_are_raised(faces, rendered, monkeypatch):
    def broken(self: HungryModel, images: Tensor) -> Tensor:
        raise RuntimeError("mat1 and mat2 shapes cannot be multiplied")

    without = replace(faces, rows=faces.rows | {"val": np.array([], dtype=np.int64)})
    with pytest.raises(DataError, match="no readable val face"):
        probe(trial_of(rendered, PlainRival()), without, Placement(), SHORT)
    monkeypatch.setattr(HungryModel, "forward", broken)
    with pytest.raises(RuntimeError, match="mat1"):
        probe(trial_of(rendered, Hungry(faces=1)), faces, Placement(), SHORT)


def test_memory_that_really_is_too_short_is_recognised():
    with pytest.raises(RuntimeError) as of_torch:
        torch.empty(2**55)
    with pytest.raises(MemoryError) as of_numpy:
        np.empty(2**55)
    assert out_of_memory(of_torch.value)
    assert out_of_memory(of_numpy.value)


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB."),
        RuntimeError("CUDA error: out of memory"),
        RuntimeError("cuDNN error: CUDNN_STATUS_ALLOC_FAILED"),
        RuntimeError("cuDNN error: CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED"),
        RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
        OSError(errno.ENOMEM, "Cannot allocate memory"),
    ],
    ids=str,
)
def test_errors_of_too_little_memory_are_recognised_also_as_the_cause_of_others(error):
    assert out_of_memory(error)
    outer = ValueError("a step failed")
    outer.__cause__ = error
    assert out_of_memory(outer)


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("CUDA error: device-side assert triggered"),
        OSError(errno.ENOSPC, "No space left on device"),
        ValueError("out of memory"),
        None,
    ],
    ids=str,
)
def test_other_errors_are_not(error):
    assert not out_of_memory(error)
