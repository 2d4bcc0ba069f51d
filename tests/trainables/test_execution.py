"""Precision, layout, compilation, recomputation: what a recipe switches on is what runs, and resuming stays exact."""

from collections import Counter
from dataclasses import replace

import pytest
import torch
from pyarrow.fs import LocalFileSystem
from torch import Tensor, nn

from tests.trainables.small_trials import assert_same_tensors
from tests.trainables.test_every_method import batch_of, trained_on
from trainables.checkpoints import read_checkpoint, write_checkpoint
from trainables.execution import compiled, memory_format, recompute
from trainables.method import Method
from trainables.methods.dhln import Dhln
from trainables.methods.fptn import Fptn
from trainables.methods.keyposs import KeyPosS
from trainables.methods.resnet18 import ResNet18
from trainables.placement import Placement
from trainables.pose_transfer import PoseTransfer
from trainables.recipe import PICTURES, Pairs, Recipe
from trainables.schemes import SCHEMES
from trainables.training import TrainingState, train
from trainables.transforms.augmentation import Augmentation
from trainables.trial import Trial

CPU = torch.device("cpu")
SMALL = KeyPosS(input_size=32, stride=4, width=4, modules=(1, 1, 1))
RECIPE = Recipe(epochs=3, batch_size=4, augmentation=Augmentation())
TRANSFER = PoseTransfer(width=4, blocks=2)
SHT = Dhln(input_size=64, width=16, face_width=8, blocks=1, transfer=TRANSFER)


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


@pytest.mark.parametrize(
    ("method", "switches"),
    [
        (SHT, {}),
        (SHT, {"precision": "bfloat16"}),
        (Fptn(input_size=64, transfer=TRANSFER), {"monitor": PICTURES}),
    ],
    ids=["joint", "joint in half precision", "transfer alone"],
)
def test_activations_that_are_computed_again_train_the_same_network_bit_for_bit(method, switches, prepared, rendered):
    """Dropout draws the same numbers, statistics of batch norms move once, and what is drawn later is as without."""
    faces = prepared(rendered, 64)
    recipe = replace(RECIPE, **({"epochs": 1, "pairs": Pairs()} | switches))
    kept, again = (
        states(Trial(method=method, data=rendered, recipe=replace(recipe, recompute=each)), faces)[-1]
        for each in (False, True)
    )
    assert_same_tensors(again.model, kept.model)
    for one, other in zip(again.optimizers, kept.optimizers, strict=True):
        for index, moments in one["state"].items():
            assert_same_tensors(moments, other["state"][index])


@pytest.mark.parametrize("method", [SHT, Fptn(input_size=64, transfer=TRANSFER)], ids=lambda method: method.kind)
def test_only_what_learns_is_computed_again_once_and_all_weights_keep_their_names(method: Method):
    model = method.build(SCHEMES["19"])
    names = list(model.state_dict())
    recompute(model)
    assert list(model.state_dict()) == names
    calls = Counter[nn.Module]()
    for part in model.recomputed():
        first = next(each for each in part.modules() if isinstance(each, nn.Conv2d))
        calls[first] = 0
        first.register_forward_hook(lambda layer, *_: calls.update([layer]))
    batch = batch_of(SCHEMES["19"])
    terms = trained_on(model, batch)
    assert set(calls.values()) == {1}
    torch.stack(list(terms.values())).sum().backward()
    assert set(calls.values()) == {2}
    with torch.no_grad():
        model.eval().transferred(batch)
    assert set(calls.values()) == {3}
