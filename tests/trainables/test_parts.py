"""Batches in parts: the step of the whole batch in less memory, for every method."""

from collections.abc import Mapping
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from tests.trainables.small_trials import EVERYTHING, NormedRival, Plain, PlainRival, RivalModel, Watched, trial_of
from tests.trainables.test_every_method import batch_of, methods, small
from trainables.batches import load_batches, shown_in
from trainables.datasets.synthetic import Synthetic
from trainables.evaluation import measure
from trainables.learner import Learner
from trainables.method import Batch
from trainables.placement import Placement
from trainables.recipe import PICTURES, Pairs, Recipe
from trainables.schemes import SCHEMES
from trainables.training import train
from trainables.transforms.augmentation import AUGMENTATIONS
from trainables.transforms.curriculum import Curriculum
from trainables.trial import Evaluation, Trial

FACES = 5
SETTINGS = {"optimizer": Watched(lr=0.1), "batch_size": FACES, "epochs": 3, "augmentation": AUGMENTATIONS["hrmlff"]}
# Occluded landmarks weigh less, so that parts of equally many faces do not weigh the same.
UNEVEN = SETTINGS | {"curriculum": Curriculum(epochs=3)}


def assert_close(one: Mapping[str, Tensor], other: Mapping[str, Tensor], share: float = 1e-4) -> None:
    """To a share of each tensor's largest number."""
    assert one.keys() == other.keys()
    for name, wanted in other.items():
        if wanted.numel():
            atol = share * float(wanted.abs().max()) + 1e-7
            torch.testing.assert_close(one[name], wanted, rtol=0, atol=atol, msg=lambda text, name=name: name + text)


def with_unlabelled(batch: Batch) -> Batch:
    """The last face has no landmarks."""
    changed = {"present": False, "visible": False, "weight": 0.0, "landmarks": torch.nan, "second_landmarks": torch.nan}
    tensors = {name: getattr(batch, name).clone() for name in changed}
    for name, value in changed.items():
        tensors[name][-1] = value
    return replace(batch, **tensors)


def two_steps(name: str, parts: int) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """The terms of the second step and the weights after it, of batch norms that use what they have."""
    method, scheme = small(name), SCHEMES["29"]
    monitor = "val_nme_io" if method.finds_landmarks else PICTURES
    recipe = Recipe(optimizer=Watched(lr=1e-3), clip_norm=1.0, pairs=Pairs(), monitor=monitor)
    learner = Learner(Trial(method=method, data=Synthetic(), recipe=recipe), scheme, Placement(parts=parts))
    learner.model.eval()
    batch = with_unlabelled(batch_of(scheme, missing=True, faces=FACES))
    learner.learn(batch, 0)
    return learner.learn(batch, 1), learner.model.state_dict()


@methods
def test_a_step_in_parts_is_the_step_of_the_whole_batch_for_every_method(name):
    terms, weights = two_steps(name, 1)
    for parts in (2, FACES):
        terms_in_parts, weights_in_parts = two_steps(name, parts)
        assert_close(terms_in_parts, terms)
        assert_close(weights_in_parts, weights)


@pytest.mark.parametrize("method", [Plain(), PlainRival()], ids=lambda method: method.kind)
@pytest.mark.parametrize("parts", [2, 4])
def test_training_in_parts_gives_the_same_losses_and_weights(method, parts, faces, rendered):
    trial = trial_of(rendered, method, **(EVERYTHING | UNEVEN))
    (*_, whole), (*_, divided) = (train(trial, faces, Placement(parts=each)) for each in (1, parts))
    assert_close(divided.state.model, whole.state.model)
    assert_close(divided.state.selected, whole.state.selected)
    for one, other in zip(divided.state.history, whole.state.history, strict=True):
        assert one["train_loss"] == pytest.approx(other["train_loss"], rel=1e-5)
        assert one["val_nme_io"] == pytest.approx(other["val_nme_io"], rel=1e-4)


def test_training_goes_on_in_other_parts(faces, rendered):
    trial = trial_of(rendered, Plain(), **UNEVEN)
    *_, undisturbed = train(trial, faces, Placement())
    first = next(train(trial, faces, Placement(parts=2)))
    *_, last = train(trial, faces, Placement(parts=3), first.state)
    assert_close(last.state.model, undisturbed.state.model)


@pytest.mark.parametrize(("parts", "sizes"), [(1, [5]), (2, [3, 2]), (5, [1] * 5), (9, [1] * 5)])
def test_parts_are_as_large_as_one_another_and_never_empty(parts, sizes, faces, rendered, monkeypatch):
    seen: list[int] = []
    original = RivalModel.forward
    monkeypatch.setattr(RivalModel, "forward", lambda self, images: seen.append(len(images)) or original(self, images))
    trial, placement = trial_of(rendered, Plain(), **SETTINGS), Placement(parts=parts)
    batch = next(load_batches(trial, faces, shown_in(trial, faces, 1), placement))
    Learner(trial, faces.scheme, placement).learn(batch, 0)
    assert seen == sizes


def test_each_part_has_its_share_of_the_faces_without_landmarks_behind_the_others():
    batch = replace(batch_of(SCHEMES["19"], faces=6), normaliser=torch.tensor([1.0, 2.0, 3.0, 4.0, -1.0, -2.0]))
    assert [batch.part(slice(number, None, 2)).normaliser.tolist() for number in range(2)] == [
        [1.0, 3.0, -1.0],
        [2.0, 4.0, -2.0],
    ]


def test_batch_norms_see_one_part_at_a_time(faces, rendered):
    trial = trial_of(rendered, NormedRival(), **SETTINGS | {"epochs": 1})
    whole, divided = (next(train(trial, faces, Placement(parts=each))).state.model for each in (1, 2))
    # Once when it is built, and twice a step.
    assert (whole["trunk.1.num_batches_tracked"], divided["trunk.1.num_batches_tracked"]) == (1 + 2, 1 + 2 * 2)
    assert not torch.allclose(whole["trunk.1.running_var"], divided["trunk.1.running_var"], rtol=1e-3)


def test_where_memory_is_short_fewer_pictures_are_measured_at_once(faces, rendered, monkeypatch):
    monkeypatch.setattr("trainables.evaluation.BATCH", 4)
    seen: list[int] = []
    torch.manual_seed(0)
    model = PlainRival().build(faces.scheme)
    model.register_forward_hook(lambda _, inputs, __: seen.append(len(inputs[0])))
    whole, divided = (measure(model, faces, Evaluation(split="val"), torch.device("cpu"), each) for each in (1, 3))
    assert seen == [4, 1, 1, 1, 1]
    assert divided.summary()["nme_io"] == pytest.approx(whole.summary()["nme_io"], rel=1e-5)
