"""The mean of the weights is what is validated and selected, and training goes on as if there were none."""

import copy

import torch

from tests.trainables.small_trials import (
    CPU,
    EVERYTHING,
    SIZE,
    Drifting,
    NormedRival,
    Watched,
    assert_same_tensors,
    trial_of,
)
from trainables.evaluation import measure
from trainables.placement import Placement
from trainables.recipe import Averaging, Convergence, Recipe
from trainables.training import TrainingState, train, why_finished
from trainables.trial import Evaluation


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


def test_convergence_watches_the_weights_in_training_and_not_their_mean():
    convergence = Convergence(after_epoch=1, epochs=2, change=1e-3)
    recipe = Recipe(epochs=9, averaging=Averaging(from_epoch=1), convergence=convergence)

    def reason(*unaveraged: float) -> str:
        history = [{"val_nme_io": 0.1, "unaveraged_val_nme_io": value} for value in unaveraged]
        return why_finished(TrainingState(3, {}, {}, 3, 0.1, [], [], history), recipe)

    assert reason(0.2, 0.15, 0.12) == ""
    assert reason(0.2, 0.12, 0.12) == "val_nme_io changed by less than 0.1% in 2 epochs"
