"""The one training loop: it resumes bit for bit and stops where it should."""

import copy
import dataclasses
import math
import pickle
from typing import ClassVar

import numpy as np
import pytest
import torch
from pyarrow import fs

from tests.trainables.small_trials import (
    EVERYTHING,
    SIZE,
    Drifting,
    NormedRival,
    Rival,
    RivalModel,
    Watched,
    WatchedDescent,
    assert_same_tensors,
    trial_of,
)
from trainables.batches import epoch_rows
from trainables.checkpoints import read_checkpoint, write_checkpoint
from trainables.config import KINDS, config
from trainables.dataset import DataError
from trainables.method import Update
from trainables.methods.mean_shape import MeanShape
from trainables.methods.resnet18 import ResNet18
from trainables.placement import Placement
from trainables.recipe import Constant, Cosine, LinearDecay, Multistep, Plateau, Schedule, Warmup
from trainables.schemes import Scheme
from trainables.training import Diverged, Epoch, TrainingState, train, why_finished
from trainables.transforms.curriculum import Curriculum, tertile_shares
from trainables.trial import Trial

OF_THE_CLOCK = ("seconds", "images_per_second")
SCHEDULES = (Constant(), Plateau(patience=1), Multistep(milestones=(1, 3)), Cosine(), LinearDecay())


@pytest.fixture
def watched(monkeypatch) -> type[WatchedDescent]:
    monkeypatch.setattr(WatchedDescent, "rates", [])
    monkeypatch.setattr(WatchedDescent, "norms", [])
    return WatchedDescent


def without_clock(history: list[dict[str, float]]) -> list[dict[str, float]]:
    return [{name: value for name, value in epoch.items() if name not in OF_THE_CLOCK} for epoch in history]


def saved(state: TrainingState, folder) -> TrainingState:
    """The state after a way through a checkpoint."""
    place = (fs.LocalFileSystem(), str(folder))
    write_checkpoint(place, state)
    read = read_checkpoint(place)
    assert read is not None
    return read


def assert_same(one: TrainingState, other: TrainingState) -> None:
    """Bit for bit, but for what the clock says."""
    assert_same_tensors(one.model, other.model)
    assert_same_tensors(one.selected, other.selected)
    assert_same_tensors(one.sums, other.sums)
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


def test_an_update_moves_its_own_parameters_only(faces, rendered):
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
    trial = trial_of(rendered, Drifting(offsets=(0.0, None)), batch_size=8)
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


@pytest.mark.parametrize("done", [1, 2, 3])
def test_warm_up_clipping_averaging_and_pairs_resume_bit_for_bit(done, faces, rendered, tmp_path):
    trial = trial_of(rendered, NormedRival(), **EVERYTHING)
    last, states = undisturbed(trial, faces, tmp_path)
    assert_same(resumed(trial, faces, states[done]), last)
