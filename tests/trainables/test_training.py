"""The one training loop: it resumes bit for bit, stops where it should, and shares batches without loss."""

import copy
import dataclasses
import math
import pickle
from collections.abc import Iterable
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import fs
from torch import Tensor, nn

from tests.trainables.conftest import DrawnTriangles
from trainables.batches import epoch_rows, load_batch, shares_of_batch, shown_in
from trainables.checkpoints import read_checkpoint, write_checkpoint
from trainables.config import KINDS, config
from trainables.dataset import MISSING, OCCLUDED, VISIBLE, DataError, Face
from trainables.evaluation import measure
from trainables.method import Batch, LandmarkModel, Method, Update
from trainables.methods.mean_shape import MeanShape
from trainables.methods.resnet18 import ResNet18
from trainables.recipe import (
    Averaging,
    Constant,
    Cosine,
    Multistep,
    Optimizer,
    Pairs,
    Plateau,
    Positive,
    PositiveInt,
    Recipe,
    Schedule,
    Warmup,
)
from trainables.schemes import Scheme
from trainables.training import (
    Diverged,
    Epoch,
    Placement,
    TrainingState,
    train,
    why_finished,
)
from trainables.transforms.augmentation import Augmentation
from trainables.transforms.crop import Crop
from trainables.transforms.curriculum import Curriculum, open_share, tertile_shares
from trainables.trial import Evaluation, Trial

CPU = torch.device("cpu")
SIZE = 32
OF_THE_CLOCK = ("seconds", "images_per_second")
SCHEDULES = (Constant(), Plateau(patience=1), Multistep(milestones=(1, 3)), Cosine())


@config
class Rival(Method):
    """Two optimisers and dropout: a trunk and a head that minimise different terms, as adversaries do."""

    kind: ClassVar[str] = "rival_of_tests"
    input_size: PositiveInt = SIZE

    def build(self, scheme: Scheme) -> "RivalModel":
        return RivalModel(scheme.num_landmarks)


class RivalModel(LandmarkModel):
    def __init__(self, num_landmarks: int) -> None:
        super().__init__()
        self.trunk = nn.Sequential(nn.AvgPool2d(8), nn.Flatten(), nn.Linear(3 * 16, 8), nn.Dropout(0.3))
        self.head = nn.Linear(8, 2 * num_landmarks)

    def forward(self, images: Tensor) -> Tensor:
        return self.head(self.trunk(images)).unflatten(1, (-1, 2))

    def losses(self, output: Tensor, batch: Batch) -> dict[str, Tensor]:
        error = output - batch.landmarks / SIZE
        return {"near": error.square().mean(), "straight": error.abs().mean()}

    def decode(self, output: Tensor) -> Tensor:
        return output * SIZE

    def updates(self) -> list[Update]:
        return [
            Update("trunk", tuple(self.trunk.parameters()), ("near",)),
            Update("head", tuple(self.head.parameters()), ("near", "straight")),
        ]


@config
class Drifting(Method):
    """Predicts one point for all landmarks: the crop's centre, off by `offsets[step − 1]` px along both axes."""

    kind: ClassVar[str] = "drifting_of_tests"
    input_size: PositiveInt = SIZE
    offsets: tuple[float, ...]
    nan_at: int = -1

    def build(self, scheme: Scheme) -> "DriftingModel":
        return DriftingModel(scheme.num_landmarks, self.offsets, self.nan_at)


class DriftingModel(LandmarkModel):
    steps: Tensor

    def __init__(self, num_landmarks: int, offsets: tuple[float, ...], nan_at: int) -> None:
        super().__init__()
        self.num_landmarks, self.offsets, self.nan_at = num_landmarks, offsets, nan_at
        self.register_buffer("steps", torch.zeros((), dtype=torch.long))

    def forward(self, images: Tensor) -> Tensor:
        return torch.full((len(images), self.num_landmarks, 2), SIZE / 2)

    def losses(self, output: Tensor, batch: Batch) -> dict[str, Tensor]:
        self.steps += 1
        wrong = torch.tensor(math.nan if int(self.steps) == self.nan_at else 2.0)
        return {"steady": torch.tensor(1.0), "wrong": wrong}

    def decode(self, output: Tensor) -> Tensor:
        return output + self.offsets[int(self.steps) - 1]


@config
class Dots(DrawnTriangles):
    """Black pictures, one of which validates, with a red, a green and a blue dot at landmarks 0, 1 and 2.

    Landmark 0 is occluded; landmark 1 of every other picture is missing.
    """

    kind: ClassVar[str] = "dots_of_tests"

    def faces(self, data_root: Path) -> list[Face]:
        made, rng = [], np.random.default_rng(0)
        for number in range(17):
            landmarks = np.array([[20, 22], [42, 20], [30, 40]]) + rng.integers(-4, 5, (3, 2))
            pixels = np.zeros((64, 64, 3), dtype=np.uint8)
            pixels[landmarks[:, 1], landmarks[:, 0], range(3)] = 255
            made.append(
                Face(
                    image=f"{number}",
                    landmarks=landmarks.astype(np.float64),
                    state=np.array([OCCLUDED, (VISIBLE, MISSING)[number % 2], VISIBLE], dtype=np.uint8),
                    split="train" if number < 16 else "val",
                    group=f"{number}",
                    box=(0.0, 0.0, 63.0, 63.0),
                    pixels=pixels,
                )
            )
        return made


@config
class Watched(Optimizer):
    """Plain gradient descent that notes the learning rate and the gradients' norm of each step."""

    kind: ClassVar[str] = "watched_of_tests"
    lr: Positive = 2e-3

    def build(self, parameters: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
        return WatchedDescent(parameters, lr=self.lr)


class WatchedDescent(torch.optim.SGD):
    rates: ClassVar[list[float]] = []
    norms: ClassVar[list[float]] = []

    def step(self, closure=None):
        (group,) = self.param_groups
        self.rates.append(group["lr"])
        self.norms.append(float(torch.cat([p.grad.flatten() for p in group["params"]]).norm()))
        return super().step(closure)


@pytest.fixture
def watched(monkeypatch) -> type[WatchedDescent]:
    monkeypatch.setattr(WatchedDescent, "rates", [])
    monkeypatch.setattr(WatchedDescent, "norms", [])
    return WatchedDescent


@config
class Frames(DrawnTriangles):
    """Training frames of three videos, one of a single frame, and two faces of none; the greys tell them apart."""

    kind: ClassVar[str] = "frames_of_tests"
    of_videos: bool = True

    def faces(self, data_root: Path) -> list[Face]:
        videos = ["long"] * 8 + ["short"] * 3 + ["", "", "single"] + ["validating"]
        return [
            Face(
                image=f"{number}",
                landmarks=np.array([[20.0, 22], [42, 20], [30, 40]]) + number / 4,
                state=np.array([VISIBLE, VISIBLE, (VISIBLE, MISSING)[number % 2]], dtype=np.uint8),
                split="train" if number < 14 else "val",
                group=f"{number}",
                video=video if self.of_videos else "",
                box=(0.0, 0.0, 63.0, 63.0),
                pixels=np.full((64, 64, 3), 10 * (number + 1), dtype=np.uint8),
            )
            for number, video in enumerate(videos)
        ]


class Normed(RivalModel):
    """With a batch norm and a buffer that is none of its statistics."""

    def __init__(self, num_landmarks: int) -> None:
        super().__init__(num_landmarks)
        self.trunk = nn.Sequential(nn.Conv2d(3, 4, 3, stride=4), nn.BatchNorm2d(4), nn.Flatten(), nn.LazyLinear(8))
        self.trunk(torch.zeros(1, 3, SIZE, SIZE))
        self.trunk.append(nn.Dropout(0.3))

    def updates(self) -> list[Update]:
        return LandmarkModel.updates(self)


@config
class NormedRival(Rival):
    kind: ClassVar[str] = "normed_rival_of_tests"

    def build(self, scheme: Scheme) -> RivalModel:
        return Normed(scheme.num_landmarks)


def trial_of(faces_of, method: Method, **recipe) -> Trial:
    given = {"epochs": 4, "batch_size": 4, "augmentation": Augmentation()} | recipe
    return Trial(method=method, data=faces_of, recipe=Recipe(**given), seed=1)


def without_clock(history: list[dict[str, float]]) -> list[dict[str, float]]:
    return [{name: value for name, value in epoch.items() if name not in OF_THE_CLOCK} for epoch in history]


def saved(state: TrainingState, folder) -> TrainingState:
    """The state after a way through a checkpoint."""
    place = (fs.LocalFileSystem(), str(folder))
    write_checkpoint(place, state)
    read = read_checkpoint(place)
    assert read is not None
    return read


def assert_same_tensors(one: dict[str, Tensor], other: dict[str, Tensor]) -> None:
    assert set(one) == set(other)
    for name in one:
        assert torch.equal(one[name], other[name]), name


def assert_same(one: TrainingState, other: TrainingState) -> None:
    """Bit for bit, but for what the clock says."""
    assert_same_tensors(one.model, other.model)
    assert_same_tensors(one.selected, other.selected)
    assert_same_tensors(one.sums, other.sums)
    assert torch.equal(one.random, other.random)
    assert (one.epoch, one.selected_epoch, one.best) == (other.epoch, other.selected_epoch, other.best)
    assert without_clock(one.history) == without_clock(other.history)


def undisturbed(trial: Trial, faces, folder) -> tuple[TrainingState, dict[int, TrainingState]]:
    """The last state, and every state on the way as it comes back from its checkpoint."""
    states = {}
    for epoch in train(trial, faces, Placement()):
        states[epoch.number] = saved(epoch.state, folder / f"after{epoch.number}")
    return states[max(states)], states


def resumed(trial: Trial, faces, state: TrainingState) -> TrainingState:
    *_, last = train(trial, faces, Placement(), state)
    return last.state


def test_every_schedule_is_among_those_whose_resumption_is_tested():
    known = {kind for kind in KINDS.values() if issubclass(kind, Schedule)}
    assert known == {type(schedule) for schedule in SCHEDULES}


@pytest.mark.parametrize("schedule", SCHEDULES, ids=lambda schedule: schedule.kind)
def test_a_resumed_resnet18_equals_an_undisturbed_one_bit_for_bit(schedule, faces, rendered, tmp_path):
    trial = trial_of(rendered, ResNet18(input_size=SIZE, width=4), schedule=schedule)
    last, states = undisturbed(trial, faces, tmp_path)
    assert last.epoch == 4
    assert_same(resumed(trial, faces, states[2]), last)


@pytest.mark.parametrize("done", [1, 3])
def test_a_resumed_curriculum_equals_an_undisturbed_one_bit_for_bit(done, faces, rendered, tmp_path):
    trial = trial_of(rendered, Rival(), curriculum=Curriculum(epochs=3), batch_size=3)
    last, states = undisturbed(trial, faces, tmp_path)
    assert_same(resumed(trial, faces, states[done]), last)
    *_, without = train(trial_of(rendered, Rival(), batch_size=3), faces, Placement())
    assert not torch.equal(last.model["head.weight"], without.state.model["head.weight"])


@pytest.mark.parametrize("done", [1, 2, 3])
def test_dropout_and_several_optimisers_resume_bit_for_bit_after_any_epoch(done, faces, rendered, tmp_path):
    trial = trial_of(rendered, Rival())
    last, states = undisturbed(trial, faces, tmp_path)
    again = resumed(trial, faces, states[done])
    assert_same(again, last)
    # The optimisers too: with other moments only the next epoch would differ.
    for one, other in zip(again.optimizers, last.optimizers, strict=True):
        assert one["param_groups"] == other["param_groups"]
        for index, moments in one["state"].items():
            assert_same_tensors(moments, other["state"][index])


def test_the_same_seed_trains_the_same_network_and_another_seed_another(faces, rendered):
    trial = trial_of(rendered, Rival(), epochs=1)
    (one,), (same,) = (list(train(trial, faces, Placement())) for _ in range(2))
    (other,) = train(dataclasses.replace(trial, seed=2), faces, Placement())
    assert_same(one.state, same.state)
    assert not torch.equal(one.state.model["head.weight"], other.state.model["head.weight"])


def test_two_updates_each_move_their_own_parameters_by_their_own_terms(faces, rendered):
    class OnlyHead(RivalModel):
        def updates(self) -> list[Update]:
            return super().updates()[1:]

    @config
    class HeadOnly(Rival):
        kind: ClassVar[str] = "head_only_of_tests"

        def build(self, scheme: Scheme) -> RivalModel:
            return OnlyHead(scheme.num_landmarks)

    torch.manual_seed(1)
    before = RivalModel(68).state_dict()
    (after,) = train(trial_of(rendered, HeadOnly(), epochs=1), faces, Placement())
    assert torch.equal(after.state.model["trunk.2.weight"], before["trunk.2.weight"])
    assert not torch.equal(after.state.model["head.weight"], before["head.weight"])


def test_training_starts_from_the_weights_it_is_given(faces, rendered):
    trial = trial_of(rendered, Rival(), epochs=1)
    (first,) = train(trial, faces, Placement())
    given = copy.deepcopy(first.state.model)
    given["head.bias"] += 1.0
    (from_given,) = train(trial, faces, Placement(), initial=given)
    # One epoch of two steps at a rate of 1e-3 moves no weight by more than about 2e-3.
    assert (from_given.state.model["head.bias"] - given["head.bias"]).abs().max() < 5e-3


def test_the_metrics_of_an_epoch_hold_the_terms_the_validation_and_the_learning_rate(faces, rendered):
    (epoch,) = train(trial_of(rendered, Rival(), epochs=1), faces, Placement())
    metrics = epoch.metrics
    assert metrics["train_loss"] == pytest.approx(metrics["train_near"] + metrics["train_straight"])
    assert {"val_nme_io", "val_mse", "val_auc_io_10", "learning_rate", *OF_THE_CLOCK} <= set(metrics)
    assert epoch.state.history == [metrics]
    assert metrics["learning_rate"] == 1e-3
    assert all(isinstance(value, float) for value in metrics.values())


def test_a_curriculum_adds_to_the_metrics_of_an_epoch_which_shares_of_its_images_were_easy_and_hard(faces, rendered):
    curriculum = Curriculum(start=0.5, epochs=3)
    trial = trial_of(rendered, Rival(), curriculum=curriculum, batch_size=3)
    *_, last = train(trial, faces, Placement())
    plain = train(trial_of(rendered, Rival(), epochs=1), faces, Placement())
    shares = [
        {name: value for name, value in epoch.items() if name.startswith("train_share")} for epoch in last.state.history
    ]
    for number, found in enumerate(shares, start=1):
        shown = faces.difficulty[epoch_rows(trial, faces, number)[:6]]  # two batches of 3: two of the 8 are left over
        assert found == {f"train_share_{name}": share for name, share in tertile_shares(shown).items()}
        assert all(isinstance(share, float) for share in found.values())
        assert sum(found.values()) == pytest.approx(1)
    assert shares[0]["train_share_hard"] == 0 < shares[3]["train_share_hard"]
    assert not any(name.startswith("train_share") for name in next(plain).metrics)


def test_a_nan_loss_ends_training_with_its_epoch_step_and_terms(faces, rendered):
    # 8 faces in batches of 4: two steps an epoch, so the 4th step is the second of epoch 2.
    trial = trial_of(rendered, Drifting(offsets=(0.0,) * 9, nan_at=4))
    epochs: list[Epoch] = []
    with pytest.raises(Diverged) as caught:
        epochs.extend(train(trial, faces, Placement()))
    assert (caught.value.epoch, caught.value.step) == (2, 2)
    assert caught.value.terms["steady"] == 1.0
    assert math.isnan(caught.value.terms["wrong"])
    assert str(caught.value) == "training is no longer finite at epoch 2, step 2: steady = 1, wrong = nan"
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


def test_the_selected_weights_are_those_of_the_best_monitored_epoch(faces, rendered):
    # Mean distance from one point to all landmarks is convex, and least near the crop's centre: epoch 2.
    trial = trial_of(rendered, Drifting(offsets=(9.0, 0.0, 11.0, 13.0)), batch_size=8)
    *_, last = train(trial, faces, Placement())
    monitored = [epoch["val_nme_io"] for epoch in last.state.history]
    assert last.state.selected_epoch == 1 + int(np.argmin(monitored)) == 2
    assert last.state.best == min(monitored)
    assert last.state.selected["steps"] == 2
    assert last.state.model["steps"] == 4


def test_training_stops_after_patience_epochs_without_improvement(faces, rendered):
    offsets = (9.0, 0.0, 11.0, 13.0, 0.0, 0.0)
    trial = trial_of(rendered, Drifting(offsets=offsets), batch_size=8, epochs=6, early_stop_patience=2)
    epochs = list(train(trial, faces, Placement()))
    assert [epoch.number for epoch in epochs] == [1, 2, 3, 4]
    assert why_finished(epochs[-1].state, trial.recipe) == "no better val_nme_io for 2 epochs"
    assert why_finished(epochs[-2].state, trial.recipe) == ""


def test_a_stopped_training_has_nothing_left_to_resume(faces, rendered, tmp_path):
    trial = trial_of(rendered, Drifting(offsets=(0.0, 5.0)), batch_size=8, epochs=2)
    last, _ = undisturbed(trial, faces, tmp_path)
    assert why_finished(last, trial.recipe) == "all 2 epochs"
    assert list(train(trial, faces, Placement(), last)) == []


def test_predictions_that_are_no_numbers_end_training_as_diverged(faces, rendered):
    # The first epoch predicts the crop's centre, the second no numbers.
    trial = trial_of(rendered, Drifting(offsets=(0.0, math.nan)), batch_size=8)
    with pytest.raises(Diverged) as caught:
        list(train(trial, faces, Placement()))
    assert (caught.value.epoch, caught.value.step) == (2, 1)
    assert caught.value.terms == {"val_nme_io": math.inf}


def test_a_method_without_parameters_trains_without_optimiser(faces, rendered):
    trial = trial_of(rendered, MeanShape(input_size=SIZE), epochs=1, augmentation=None)
    (epoch,) = train(trial, faces, Placement())
    shapes = faces.landmarks_crop(faces.rows["train"])
    mean = epoch.state.model["total"] / epoch.state.model["count"][:, None]
    np.testing.assert_allclose(mean, shapes.mean(axis=0), atol=1e-4)
    assert epoch.state.optimizers == epoch.state.schedules == []
    assert "learning_rate" not in epoch.metrics


@pytest.mark.parametrize("split", ["train", "val"])
def test_a_data_set_without_faces_to_train_or_to_validate_on_is_refused(split, faces, rendered):
    without = dataclasses.replace(faces, rows=faces.rows | {split: np.array([], dtype=np.int64)})
    with pytest.raises(DataError, match=f"'synthetic' has no readable {split} face"):
        next(train(trial_of(rendered, Rival()), without, Placement()))


def test_validation_is_measured_by_rank_0_alone_and_handed_to_the_others(faces, rendered):
    given = {"val_nme_io": 0.5, "val_mse": 0.25}
    placement = Placement(rank=1, world=2, broadcast=lambda value: given if value is None else pytest.fail("measured"))
    (epoch,) = train(trial_of(rendered, Rival(), epochs=1), faces, placement)
    assert {name: value for name, value in epoch.metrics.items() if name.startswith("val_")} == given


@settings(deadline=None, max_examples=100)
@given(st.integers(1, 200), st.integers(1, 64), st.integers(1, 5))
def test_the_workers_shares_cover_each_global_batch_exactly_once(images, batch_size, world):
    whole = shares_of_batch(images, batch_size, 0, 1)
    by_rank = [shares_of_batch(images, batch_size, rank, world) for rank in range(world)]
    size = min(batch_size, images)
    for position, (start, share) in enumerate(whole):
        assert start == position * size
        assert share == slice(0, size)
        taken = [index for shares in by_rank for index in range(size)[shares[position][1]]]
        assert {shares[position][0] for shares in by_rank} == {start}
        assert taken == list(range(size))
    assert len(whole) == images // size
    assert all(len(shares) == len(whole) for shares in by_rank)


@pytest.mark.parametrize("curriculum", [None, Curriculum()], ids=["plain", "curriculum"])
def test_the_images_that_two_workers_see_are_those_of_one_worker(curriculum, faces, rendered):
    trial = trial_of(rendered, Rival(), batch_size=7, curriculum=curriculum)
    (start, whole), *_ = shares_of_batch(8, 7, 0, 1)
    shares = [shares_of_batch(8, 7, rank, 2)[0][1] for rank in range(2)]
    one = load_batch(trial, faces, shown_in(trial, faces, 3), start, whole, CPU)
    two = [load_batch(trial, faces, shown_in(trial, faces, 3), start, share, CPU) for share in shares]
    assert [len(part.images) for part in two] == [3, 4]
    for name in ("images", "landmarks", "present", "visible", "normaliser", "difficulty", "weight"):
        parts = torch.cat([getattr(part, name) for part in two])
        torch.testing.assert_close(parts, getattr(one, name), atol=1e-5, rtol=0)


def test_an_epoch_shows_every_face_once_and_each_epoch_in_another_order(faces, rendered):
    trial = trial_of(rendered, Rival(), augmentation=None)
    truth = faces.landmarks_crop(faces.rows["train"])

    def order(epoch: int) -> list[int]:
        batches = [
            load_batch(trial, faces, shown_in(trial, faces, epoch), start, share, CPU)
            for start, share in shares_of_batch(8, 4, 0, 1)
        ]
        shown = torch.cat([batch.landmarks for batch in batches]).numpy()
        return [int(np.abs(truth - one).max(axis=(1, 2)).argmin()) for one in shown]

    assert sorted(order(1)) == sorted(order(2)) == list(range(8))
    assert order(1) != order(2)
    assert order(1) == order(1)


def test_without_a_curriculum_the_order_is_a_permutation_drawn_from_the_seed_and_the_epoch(faces, rendered):
    trial = trial_of(rendered, Rival())
    for epoch in (1, 2):
        expected = np.random.default_rng([trial.seed, epoch]).permutation(faces.rows["train"])
        assert np.array_equal(epoch_rows(trial, faces, epoch), expected)


def test_with_a_curriculum_only_open_training_faces_are_shown_with_their_difficulty(faces, rendered):
    trial = trial_of(rendered, Rival(), batch_size=8, augmentation=None, curriculum=Curriculum(epochs=3))
    for epoch in (1, 2, 4):
        rows = epoch_rows(trial, faces, epoch)
        batch = load_batch(trial, faces, shown_in(trial, faces, epoch), 0, slice(0, 8), CPU)
        assert set(rows.tolist()) <= set(faces.rows["train"].tolist())
        assert batch.difficulty.max() <= open_share(Curriculum(epochs=3), epoch - 1)
        np.testing.assert_allclose(batch.difficulty, faces.difficulty[rows], atol=1e-7)
        np.testing.assert_allclose(batch.landmarks, faces.landmarks_crop(rows), atol=1e-4)


@pytest.mark.parametrize(
    ("curriculum", "epoch", "of_occluded"), [(None, 1, 1.0), (Curriculum(), 1, 0.5), (Curriculum(), 22, 0.75)]
)
def test_a_missing_landmark_weighs_nothing_and_an_occluded_one_less_early_in_a_curriculum(
    curriculum, epoch, of_occluded, prepared
):
    faces = prepared(Dots(), 64, Crop(source="dataset"))
    trial = trial_of(Dots(), Rival(), curriculum=curriculum)
    batch = load_batch(trial, faces, shown_in(trial, faces, epoch), 0, slice(0, 4), CPU)
    occluded = batch.present & ~batch.visible
    assert occluded.sum() == 4
    assert (batch.weight[~batch.present] == 0).all()
    assert (batch.weight[batch.visible] == 1).all()
    assert (batch.weight[occluded] == of_occluded).all()


def test_a_batch_without_augmentation_is_the_stored_crop(faces, rendered):
    trial = trial_of(rendered, Rival(), augmentation=None, batch_size=8)
    batch = load_batch(trial, faces, shown_in(trial, faces, 1), 0, slice(0, 8), CPU)
    truth = faces.landmarks_crop(faces.rows["train"])
    row = int(np.abs(truth - batch.landmarks[0].numpy()).max(axis=(1, 2)).argmin())
    stored = faces.crops(faces.rows["train"][row : row + 1])[0, 8:-8, 8:-8]
    torch.testing.assert_close(batch.images[0].permute(1, 2, 0) * 255, stored.float())
    left, right = faces.scheme.outer_eye_corners
    expected = (batch.landmarks[:, left] - batch.landmarks[:, right]).norm(dim=1)
    torch.testing.assert_close(batch.normaliser, expected)


def test_augmentation_moves_the_landmarks_of_a_batch_and_their_visibility_with_the_picture(prepared):
    faces = prepared(Dots(), 64, Crop(source="dataset"))
    geometry_only = Augmentation(rotation_deg=30, brightness=0, contrast=0, saturation=0, hue=0)
    trial = trial_of(Dots(), Rival(), batch_size=16, augmentation=geometry_only)
    batch = load_batch(trial, faces, shown_in(trial, faces, 1), 0, slice(0, 16), CPU)
    index_of_red = (
        (batch.present & ~batch.visible).long().argmax(dim=1)
    )  # the occluded one: 0, or 1 in a mirrored picture
    assert set(index_of_red.tolist()) == {0, 1}
    for image, landmarks, red in zip(batch.images, batch.landmarks, index_of_red, strict=True):
        for channel, index in enumerate((red, 1 - red, 2)):
            row, column = divmod(int(image[channel].argmax()), 64)
            assert abs(column - landmarks[index, 0]) <= 1
            assert abs(row - landmarks[index, 1]) <= 1
    without_green = batch.present.sum(dim=1) == 2
    assert without_green.sum() == 8
    assert not batch.present[without_green, 1 - index_of_red[without_green]].any()
    assert not batch.visible[without_green, 1 - index_of_red[without_green]].any()
    assert batch.visible[:, 2].all()


def test_warm_up_sets_the_learning_rate_of_each_iteration_and_leaves_the_schedule_alone(watched, faces, rendered):
    # Two iterations an epoch; the warm-up ends within the third.
    recipe = {"optimizer": Watched(), "schedule": Multistep(milestones=(2,)), "warmup": Warmup(iterations=5)}
    trial = trial_of(rendered, NormedRival(), **recipe)
    epochs = list(train(trial, faces, Placement()))
    factors = [Warmup(iterations=5).factor(iteration) for iteration in range(8)]
    assert factors[4] < 1 == factors[5]
    assert watched.rates == [rate * f for rate, f in zip([2e-3] * 4 + [2e-4] * 4, factors, strict=True)]
    assert [epoch.metrics["learning_rate"] for epoch in epochs] == watched.rates[1::2]


def test_gradients_above_the_norm_are_scaled_down_to_it_and_smaller_ones_are_left(watched, faces, rendered):
    def norms(clip_norm: float | None) -> list[float]:
        watched.norms.clear()
        list(
            train(
                trial_of(rendered, NormedRival(), optimizer=Watched(lr=1e-9), clip_norm=clip_norm), faces, Placement()
            )
        )
        return list(watched.norms)

    free = norms(None)
    limit = sorted(free)[len(free) // 2]
    for before, after in zip(free, norms(limit), strict=True):
        assert after == pytest.approx(min(before, limit), rel=1e-4)
    assert norms(2 * max(free)) == free


EVERYTHING = {
    "warmup": Warmup(iterations=5),
    "clip_norm": 0.5,
    "averaging": Averaging(from_epoch=2, images=6),
    "pairs": Pairs(),
    "schedule": Plateau(patience=1),
    "batch_size": 3,
}


@pytest.mark.parametrize("done", [1, 2, 3])
def test_warm_up_clipping_averaging_and_pairs_resume_bit_for_bit(done, faces, rendered, tmp_path):
    trial = trial_of(rendered, NormedRival(), **EVERYTHING)
    last, states = undisturbed(trial, faces, tmp_path)
    assert_same(resumed(trial, faces, states[done]), last)


def test_the_selected_weights_are_the_mean_of_those_at_each_epochs_end(faces, rendered):
    trial = trial_of(rendered, NormedRival(), **EVERYTHING)
    ends, selected = [], []
    for epoch in train(trial, faces, Placement()):
        ends.append(copy.deepcopy(epoch.state.model))
        selected.append(epoch.state)
    assert [state.selected_epoch for state in selected[1:]] == [2, 3, 4]
    weight = "trunk.0.weight"
    for last in (2, 3, 4):
        expected = torch.stack([end[weight].double() for end in ends[1:last]]).mean(0).float()
        torch.testing.assert_close(selected[last - 1].selected[weight], expected, rtol=1e-6, atol=0)
    assert not torch.equal(selected[3].selected[weight], ends[3][weight])


def test_averaging_changes_nothing_of_the_weights_in_training(faces, rendered):
    averaged = trial_of(rendered, NormedRival(), **EVERYTHING)
    *_, with_mean = train(averaged, faces, Placement())
    *_, without = train(trial_of(rendered, NormedRival(), **EVERYTHING | {"averaging": None}), faces, Placement())
    assert_same_tensors(with_mean.state.model, without.state.model)
    history, plain = with_mean.state.history, without.state.history
    assert [epoch.get("unaveraged_val_nme_io") for epoch in history] == [
        None,
        *(epoch["val_nme_io"] for epoch in plain[1:]),
    ]
    assert history[3]["val_nme_io"] == with_mean.state.best != plain[3]["val_nme_io"]


def test_the_validated_mean_is_the_selected_network(faces, rendered):
    trial = trial_of(rendered, NormedRival(), **EVERYTHING)
    *_, last = train(trial, faces, Placement())
    model = trial.method.build(faces.scheme)
    model.load_state_dict(last.state.selected)
    found = measure(model, faces, Evaluation(split="val"), CPU).summary()
    assert found["nme_io"][0] == last.metrics["val_nme_io"]


def test_the_mean_of_constant_weights_is_those_weights(faces, rendered):
    averaging = Averaging(from_epoch=1)
    trial = trial_of(rendered, NormedRival(), optimizer=Watched(lr=1e-300), averaging=averaging, epochs=7)
    *_, last = train(trial, faces, Placement())
    torch.manual_seed(trial.seed)
    model = trial.method.build(faces.scheme)
    for name, value in model.named_parameters():
        assert torch.equal(last.state.selected[name], value), name


def test_a_mean_has_batch_statistics_of_its_own_of_training_images_without_augmentation(faces, rendered):
    trial = trial_of(rendered, NormedRival(), averaging=Averaging(from_epoch=1), batch_size=8, epochs=2)
    *_, last = train(trial, faces, Placement())
    model = trial.method.build(faces.scheme)
    model.load_state_dict(last.state.selected)
    inner = slice(faces.pad, faces.pad + SIZE)
    images = faces.crops(faces.rows["train"])[:, inner, inner].permute(0, 3, 1, 2) / 255
    shown = model.get_submodule("trunk.0")(images).detach()
    norm = last.state.selected
    torch.testing.assert_close(norm["trunk.1.running_mean"], shown.mean(dim=(0, 2, 3)))
    torch.testing.assert_close(norm["trunk.1.running_var"], shown.var(dim=(0, 2, 3)))
    assert not torch.equal(norm["trunk.1.running_mean"], last.state.model["trunk.1.running_mean"])


def test_training_no_longer_ends_early_once_it_averages(faces, rendered):
    offsets = (9.0, 0.0, 11.0, 13.0, 15.0, 16.0)
    recipe = {"batch_size": 8, "epochs": 6, "early_stop_patience": 2}
    trial = trial_of(rendered, Drifting(offsets=offsets), averaging=Averaging(from_epoch=3), **recipe)
    *_, last = train(trial, faces, Placement())
    assert (last.number, last.state.selected_epoch) == (6, 6)


def similarity(source: np.ndarray, target: np.ndarray) -> tuple[float, float, float]:
    """Angle in degrees and scale of the similarity without reflection that fits best, and the largest error in px."""
    x, y = (points @ np.array([1, 1j]) for points in (source, target))
    x, y = x - x.mean(), y - y.mean()
    factor = (x.conj() @ y) / (x.conj() @ x)
    return float(np.degrees(np.angle(factor))), abs(factor), float(np.abs(y - factor * x).max())


@pytest.mark.parametrize(
    "augmentation", [None, Augmentation(rotation_deg=30, crop_jitter=0)], ids=["plain", "mirrored"]
)
def test_a_second_view_is_another_similarity_of_the_same_picture_mirrored_as_the_first(augmentation, faces, rendered):
    trial = trial_of(rendered, Rival(), pairs=Pairs(), augmentation=augmentation, batch_size=8)
    turns = []
    for epoch in range(1, 30):
        batch = load_batch(trial, faces, shown_in(trial, faces, epoch), 0, slice(0, 8), CPU)
        assert batch.second_view is not None
        assert batch.second_view.shape == batch.images.shape
        assert batch.second_landmarks is not None
        for one, other in zip(batch.landmarks.double().numpy(), batch.second_landmarks.double().numpy(), strict=True):
            angle, scale, error = similarity(one, other)
            assert error < 1e-3
            turns.append(angle)
            if augmentation is None:
                assert abs(angle) <= 30 + 1e-3
                assert 1 / 1.2 - 1e-4 <= scale <= 1 / 0.8 + 1e-4  # the crop's side is 0.8…1.2 times as long
    assert np.abs(turns).max() > 25


def test_the_landmarks_of_a_second_view_lie_where_its_picture_shows_them(prepared):
    faces = prepared(Dots(), 64, Crop(source="dataset"))
    colourless = Augmentation(rotation_deg=10, brightness=0, contrast=0, saturation=0, hue=0)
    trial = trial_of(Dots(), Rival(), batch_size=16, pairs=Pairs(), augmentation=colourless)
    batch = load_batch(trial, faces, shown_in(trial, faces, 1), 0, slice(0, 16), CPU)
    assert batch.second_view is not None
    assert batch.second_landmarks is not None
    assert (batch.second_landmarks.isnan().any(dim=2) == ~batch.present).all()
    for image, landmarks in zip(batch.second_view, batch.second_landmarks, strict=True):
        row, column = divmod(int(image[2].argmax()), 64)  # the blue dot is landmark 2, mirrored or not
        assert abs(column - landmarks[2, 0]) <= 1
        assert abs(row - landmarks[2, 1]) <= 1


@pytest.mark.parametrize("source", ["image", "video"])
def test_the_pairs_that_two_workers_see_are_those_of_one_worker_and_the_first_views_are_as_without_pairs(
    source, prepared
):
    faces = prepared(Frames(), 32, Crop(source="dataset"))
    trial, plain = (trial_of(Frames(), Rival(), batch_size=7, pairs=pairs) for pairs in (Pairs(source=source), None))
    one = load_batch(trial, faces, shown_in(trial, faces, 3), 7, slice(0, 7), CPU)
    two = [load_batch(trial, faces, shown_in(trial, faces, 3), 7, share, CPU) for share in (slice(0, 3), slice(3, 7))]
    for name in ("images", "landmarks", "second_view", "second_landmarks"):
        parts = torch.cat([getattr(part, name) for part in two])
        torch.testing.assert_close(parts, getattr(one, name), atol=1e-5, rtol=0, equal_nan=True)
    without = load_batch(plain, faces, shown_in(plain, faces, 3), 7, slice(0, 7), CPU)
    assert without.second_view is None is without.second_landmarks
    assert torch.equal(without.images, one.images)
    assert torch.equal(without.landmarks, one.landmarks)
    another = load_batch(trial, faces, shown_in(trial, faces, 4), 7, slice(0, 7), CPU)
    assert another.second_landmarks is not None
    assert one.second_landmarks is not None
    assert not torch.equal(another.second_landmarks, one.second_landmarks)


def test_a_pair_of_a_video_is_any_other_training_frame_of_it_and_a_face_of_none_is_paired_with_itself(prepared):
    faces = prepared(Frames(), 32, Crop(source="dataset"))
    trial = trial_of(Frames(), Rival(), pairs=Pairs(source="video"))
    seen = {row: set() for row in faces.rows["train"].tolist()}
    for epoch in range(1, 100):
        shown = shown_in(trial, faces, epoch)
        assert shown.seconds is not None
        assert sorted(shown.rows.tolist()) == faces.rows["train"].tolist()
        for row, second in zip(shown.rows.tolist(), shown.seconds.tolist(), strict=True):
            seen[row].add(second)
    frames = {"long": set(), "short": set()}
    for row in seen:
        frames.get(faces.videos[row], set()).add(row)
    assert {video: len(rows) for video, rows in frames.items()} == {"long": 8, "short": 3}
    for row, seconds in seen.items():
        assert seconds == (frames.get(faces.videos[row], {row, -1}) - {row} if faces.videos[row] in frames else {row})


def test_the_second_view_of_a_frame_shows_the_other_frame(prepared):
    faces = prepared(Frames(), 32, Crop(source="dataset"))
    trial = trial_of(Frames(), Rival(), batch_size=14, augmentation=None, pairs=Pairs(source="video"))
    shown = shown_in(trial, faces, 1)
    assert shown.seconds is not None
    batch = load_batch(trial, faces, shown, 0, slice(0, 14), CPU)
    assert batch.second_view is not None
    grey = (batch.second_view[:, 0, 16, 16] * 255 / 10).round().int() - 1
    assert grey.tolist() == [int(faces.images[row]) for row in shown.seconds]


def test_within_a_curriculum_the_other_frame_is_one_that_the_epoch_shows(prepared):
    faces = prepared(Frames(), 32, Crop(source="dataset"))
    faces = dataclasses.replace(faces, difficulty=np.linspace(0, 1, 15))
    trial = trial_of(Frames(), Rival(), pairs=Pairs(source="video"), curriculum=Curriculum())
    shown = shown_in(trial, faces, 1)
    assert shown.seconds is not None
    assert len(set(shown.rows.tolist())) < 14
    assert set(shown.seconds.tolist()) <= set(shown.rows.tolist())


def test_pairs_of_videos_are_refused_where_no_video_has_two_frames(prepared):
    data = Frames(of_videos=False)
    faces = prepared(data, 32, Crop(source="dataset"))
    with pytest.raises(DataError, match="has no two readable train faces of one video to pair"):
        next(train(trial_of(data, Rival(), pairs=Pairs(source="video")), faces, Placement()))
