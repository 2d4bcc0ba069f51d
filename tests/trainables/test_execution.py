"""Precision, layout and compilation: what a recipe switches on is what runs, and resuming stays exact."""

from dataclasses import replace

import pytest
import torch
from pyarrow.fs import LocalFileSystem
from torch import Tensor, nn

from trainables.checkpoints import read_checkpoint, write_checkpoint
from trainables.execution import compiled, memory_format
from trainables.methods.keyposs import KeyPosS
from trainables.methods.resnet18 import ResNet18
from trainables.recipe import Recipe
from trainables.training import Placement, TrainingState, train
from trainables.transforms.augmentation import Augmentation
from trainables.trial import Trial

CPU = torch.device("cpu")
SMALL = KeyPosS(input_size=32, stride=4, width=4, modules=(1, 1, 1))
RECIPE = Recipe(epochs=3, batch_size=4, augmentation=Augmentation())


@pytest.fixture
def convolved(monkeypatch) -> list[Tensor]:
    """Results of all convolutions while networks train."""
    results, original = [], nn.Conv2d.forward

    def watched(self: nn.Conv2d, images: Tensor) -> Tensor:
        result = original(self, images)
        if self.training:
            results.append(result)
        return result

    monkeypatch.setattr(nn.Conv2d, "forward", watched)
    return results


def states(trial: Trial, faces, state: TrainingState | None = None) -> list[TrainingState]:
    return [epoch.state for epoch in train(trial, faces, Placement(), state)]


def trial_with(rendered, **switches) -> Trial:
    return Trial(method=SMALL, data=rendered, recipe=replace(RECIPE, **switches))


def test_half_precision_is_that_of_the_convolutions_and_not_of_the_parameters(faces, rendered, convolved):
    for precision, expected in (("float32", torch.float32), ("bfloat16", torch.bfloat16)):
        convolved.clear()
        last = states(trial_with(rendered, precision=precision, epochs=1), faces)[-1]
        assert {result.dtype for result in convolved} == {expected}
        assert {tensor.dtype for tensor in last.model.values() if tensor.is_floating_point()} == {torch.float32}


def test_a_recipe_chooses_the_layout_and_else_the_method_does(faces, rendered, convolved):
    for last, expected in ((True, torch.channels_last), (False, torch.contiguous_format)):
        convolved.clear()
        states(trial_with(rendered, channels_last=last, epochs=1), faces)
        assert all(result.is_contiguous(memory_format=expected) for result in convolved)
    assert memory_format(SMALL, RECIPE, CPU) is torch.channels_last
    assert memory_format(SMALL, RECIPE, torch.device("cuda")) is torch.contiguous_format
    assert memory_format(ResNet18(), RECIPE, CPU) is torch.contiguous_format


@pytest.mark.parametrize("switches", [{}, {"precision": "bfloat16"}, {"channels_last": False}], ids=str)
def test_resuming_is_exact_with_every_switch(switches, faces, rendered, tmp_path):
    trial, folder = trial_with(rendered, **switches), (LocalFileSystem(), str(tmp_path))
    epochs = train(trial, faces, Placement())
    write_checkpoint(folder, next(epochs).state)
    *_, undisturbed = (epoch.state for epoch in epochs)
    *_, resumed = states(trial, faces, read_checkpoint(folder))
    for name, tensor in undisturbed.model.items():
        assert torch.equal(tensor, resumed.model[name]), name


def test_a_recipe_has_its_network_compiled_with_the_same_parameters():
    network = nn.Linear(2, 2)
    assert compiled(RECIPE, network) is network
    faster = compiled(replace(RECIPE, compiled=True), network)
    assert isinstance(faster, torch._dynamo.OptimizedModule)  # pyright: ignore[reportPrivateImportUsage]
    assert next(faster.parameters()) is network.weight
