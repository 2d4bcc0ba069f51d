"""The stages of SHT: pose transfer alone, joined to DHLN, and with unlabelled faces; each resumes bit for bit."""

import dataclasses
from pathlib import Path
from typing import Any

import pytest
import torch
from pyarrow import fs

from tests.trainables.small_trials import CPU, assert_same_tensors
from tests.trainables.two_workers import in_two_processes, joined
from trainables.batches import load_batches, shown_in
from trainables.checkpoints import read_checkpoint, write_checkpoint
from trainables.codecs.gaussian import Gaussian
from trainables.datasets.synthetic import Synthetic
from trainables.evaluation import measure
from trainables.face_cache import prepare
from trainables.faces import open_faces
from trainables.learner import Learner
from trainables.methods.dhln import Dhln
from trainables.methods.fptn import Fptn
from trainables.placement import Placement
from trainables.pose_transfer import PoseTransfer
from trainables.recipe import Adam, Recipe
from trainables.training import Epoch, train
from trainables.transforms.crop import Crop
from trainables.trial import Evaluation, Trial

TRANSFER = PoseTransfer(width=4, blocks=2)
DHLN = Dhln(input_size=64, width=16, face_width=8, blocks=1)
SHT = dataclasses.replace(DHLN, transfer=TRANSFER)
FPTN = Fptn(input_size=64, transfer=TRANSFER)
SHORT = {"batch_size": 4, "epochs": 2}


def recipe(of: type, name: str, **others: object) -> Recipe:
    return dataclasses.replace(of.recipes()[name], **(SHORT | others))


@pytest.fixture(scope="module")
def data() -> Synthetic:
    return Synthetic(train=5, val=1, test=1)


@pytest.fixture(scope="module")
def faces(prepared, data):
    return prepared(data, 64)


@pytest.fixture(scope="module")
def others(prepared):
    return prepared(OTHERS, 64)


OTHERS = Synthetic(seed=1, train=2, val=1, test=1)


def epochs_of(trial: Trial, faces, unlabelled=None, state=None, initial=None) -> list[Epoch]:
    # The tensors of a state go on changing: kept as a checkpoint would keep them.
    return list(train(trial, faces, Placement(), state, initial, unlabelled))


def joint(data: Synthetic, **others: object) -> Trial:
    settings = {"other_optimizer": Adam(lr=1e-3)} | others
    return Trial(method=SHT, data=data, recipe=recipe(Dhln, "joint", **settings), seed=1)


def weakly_supervised(data: Synthetic, **others: object) -> Trial:
    recipes = recipe(Dhln, "weakly_supervised", batch_size=2, unlabelled=2, **others)
    return Trial(method=SHT, data=data, recipe=recipes, seed=1, unlabelled=OTHERS)


def interrupted(trial: Trial, faces, folder, unlabelled=None) -> tuple[Epoch, Epoch]:
    """The last epoch undisturbed, and of a trial that went on from the checkpoint of its first."""
    place = (fs.LocalFileSystem(), str(folder))
    epochs = train(trial, faces, Placement(), unlabelled=unlabelled)
    write_checkpoint(place, next(epochs).state)
    *_, last = epochs
    torch.manual_seed(99)  # another process would stand elsewhere
    *_, again = train(trial, faces, Placement(), read_checkpoint(place), unlabelled=unlabelled)
    return last, again


def assert_equal(one: Epoch, other: Epoch) -> None:
    assert_same_tensors(one.state.model, other.state.model)
    assert_same_tensors(one.state.selected, other.state.selected)
    clock = ("seconds", "images_per_second")
    assert {k: v for k, v in one.metrics.items() if k not in clock} == {
        k: v for k, v in other.metrics.items() if k not in clock
    }
    for mine, yours in zip(one.state.optimizers, other.state.optimizers, strict=True):
        assert mine["param_groups"] == yours["param_groups"]
        for index, moments in mine["state"].items():
            assert_same_tensors(moments, yours["state"][index])


def test_an_interrupted_joint_stage_equals_an_undisturbed_one_bit_for_bit(data, faces, tmp_path):
    last, again = interrupted(joint(data), faces, tmp_path)
    assert len(last.state.optimizers) == 3
    assert_equal(last, again)


def test_an_interrupted_stage_with_unlabelled_faces_equals_an_undisturbed_one_bit_for_bit(
    data, faces, others, tmp_path
):
    assert_equal(*interrupted(weakly_supervised(data), faces, tmp_path, others))


def test_an_interrupted_stage_of_pose_transfer_equals_an_undisturbed_one_bit_for_bit(data, faces, tmp_path):
    trial = Trial(method=FPTN, data=data, recipe=recipe(Fptn, "paper"), seed=1)
    assert_equal(*interrupted(trial, faces, tmp_path))


def test_the_joint_stage_starts_from_two_networks_and_changes_both_and_both_learning_rates_are_their_own(data, faces):
    alone = Trial(method=DHLN, data=data, recipe=recipe(Dhln, "paper", epochs=1), seed=1)
    transfer = Trial(method=FPTN, data=data, recipe=recipe(Fptn, "paper", epochs=1), seed=1)
    (first,), (second,) = epochs_of(alone, faces), epochs_of(transfer, faces)
    initial = first.state.selected | second.state.selected
    (after,) = epochs_of(joint(data, epochs=1), faces, initial=initial)
    assert set(after.state.model) == set(initial)
    network, generator, discriminators = after.state.optimizers
    rates = [group["lr"] for each in (network, generator, discriminators) for group in each["param_groups"]]
    assert rates == [pytest.approx(2.5e-5), pytest.approx(1e-3), pytest.approx(1e-3)]
    for name, rate in (
        ("network.landmarks.heatmaps.3.weight", 2.5e-5),
        ("transfer.generator.decoder.0.weight", 1e-3),
        ("transfer.shape.layers.1.weight", 1e-3),
    ):
        moved = (after.state.model[name] - initial[name]).abs().max()
        # A step of Adam is about as long as its rate; 2 steps, and the first may be longer.
        assert 0 < moved < 5 * rate, name


def test_a_stage_whose_pool_is_emptied_is_the_stage_before_continued(data, faces, others):
    """Its declaration then is the same trial; and with the pool as many other faces join every batch."""
    (before,) = epochs_of(joint(data, epochs=1), faces)
    with_pool = weakly_supervised(data, epochs=1)
    recipe = dataclasses.replace(with_pool.recipe, unlabelled=0)
    emptied = dataclasses.replace(with_pool, unlabelled=None, recipe=recipe)
    assert emptied == joint(data, epochs=1, batch_size=2, other_optimizer=recipe.other_optimizer)
    initial = {name: value.clone() for name, value in before.state.model.items()}
    (alone,), (pooled,) = (
        epochs_of(emptied, faces, initial=initial),
        epochs_of(with_pool, faces, others, initial=initial),
    )
    assert "unlabelled_images" not in alone.metrics
    assert (pooled.metrics["labelled_images"], pooled.metrics["unlabelled_images"]) == (10, 10)
    layer = "network.landmarks.stem.0.weight"
    assert not torch.equal(pooled.state.model[layer], alone.state.model[layer])


def test_pose_transfer_is_measured_by_what_it_draws_of_second_views(data, faces):
    torch.manual_seed(0)
    model = SHT.build(faces.scheme)
    plain, moved = (measure(model, faces, Evaluation(pairs=pairs), CPU) for pairs in (None, joint(data).recipe.pairs))
    assert moved.summary()["psnr"] != plain.summary()["psnr"]
    assert moved.summary()["nme_io"] == plain.summary()["nme_io"]
    assert not plain.pictures.conditions
    assert moved.pictures.conditions.keys() == moved.pictures.made.keys()


def test_a_stage_of_pose_transfer_encodes_a_batch_once_and_draws_each_validated_face_once(data, faces, monkeypatch):
    encoded: list[int] = []
    encode = Gaussian.encode

    def watched(self: Gaussian, landmarks: torch.Tensor, *rest: Any):
        encoded.append(len(landmarks))
        return encode(self, landmarks, *rest)

    monkeypatch.setattr(Gaussian, "encode", watched)
    trial = Trial(method=FPTN, data=data, recipe=recipe(Fptn, "paper"), seed=1)
    learner = Learner(trial, faces.scheme, Placement())
    learner.learn(next(load_batches(trial, faces, shown_in(trial, faces, 1), Placement())), 0)
    assert encoded == [2 * 4]
    drawn: list[int] = []
    learner.model.transfer.generator.register_forward_hook(lambda _, inputs, __: drawn.append(len(inputs[0])))
    measure(learner.model, faces, Evaluation(split="val", pairs=trial.recipe.pairs), CPU)
    assert drawn == [len(faces.rows["val"])]


def share_a_stage(rank: int, folder: str, data: Synthetic) -> None:
    """One of two workers, in a process of its own."""
    faces, others = (
        open_faces(prepare(each, Path("/nowhere"), Crop(), 64, Path(folder)), each.scheme) for each in (data, OTHERS)
    )
    with joined(rank, folder) as placement:
        *_, last = train(weakly_supervised(data), faces, placement, unlabelled=others)
    torch.save(last.metrics, f"{folder}/metrics{rank}")
    torch.save({name: value for name, value in last.state.model.items() if "running" not in name}, f"{folder}/{rank}")


@pytest.mark.slow
def test_two_workers_share_a_stage_of_three_optimisers_and_stay_equal(data, faces, others, tmp_path):
    in_two_processes(share_a_stage, tmp_path, data)
    one, other = (torch.load(tmp_path / str(rank)) for rank in (0, 1))
    assert_same_tensors(
        *({name: value for name, value in each.items() if "batches_tracked" not in name} for each in (one, other))
    )
    *_, alone = epochs_of(weakly_supervised(data), faces, others)
    together = torch.load(tmp_path / "metrics0")
    # Batch norms and dropout see half a batch each.
    for name in ("train_adversarial", "train_transfer", "train_discrimination"):
        assert together[name] == pytest.approx(alone.metrics[name], rel=0.05)


@pytest.mark.slow
def test_pose_transfer_learns_to_draw_8_faces_while_its_discriminators_stay_finite(data, faces):
    trial = Trial(
        method=dataclasses.replace(FPTN, transfer=dataclasses.replace(TRANSFER, width=16, adversarial_weight=0.001)),
        data=data,
        recipe=recipe(Fptn, "paper", epochs=12, batch_size=5, optimizer=Adam(lr=2e-3, beta1=0.5), augmentation=None),
        seed=1,
    )
    epochs = epochs_of(trial, faces)
    drawn = [epoch.metrics["train_transfer"] for epoch in epochs]
    assert drawn[-1] < 0.7 * drawn[0]
    assert all(0 < epoch.metrics["train_discrimination"] < 20 for epoch in epochs)
