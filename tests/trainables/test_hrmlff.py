"""The multi-level fusion network: its sizes, and that every part of it leaves HRNet as it is until it has learned."""

import dataclasses

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from tests.trainables.learning_by_heart import error_after_learning_by_heart
from trainables.backbones.hrnet import HRNet
from trainables.backbones.multi_level_fusion import MultiLevelHRNet
from trainables.complexity import parameter_count
from trainables.config import ConfigError
from trainables.losses.composite import SquaredError
from trainables.methods.hrmlff import Hrmlff
from trainables.methods.hrnet import Hrnet
from trainables.recipe import Convergence
from trainables.schemes import SCHEMES

PARTS = ("embedding", "modulation", "fusion")
OFF = dict.fromkeys(PARTS, False)
TINY = Hrmlff(input_size=64, width=8, modules=(1, 1, 1))


@pytest.mark.parametrize(
    "on, parameters",
    [
        ((), 9_654_398),
        (("embedding",), 9_677_910),
        (("modulation",), 9_782_261),
        (("fusion",), 9_903_490),
        (PARTS, 10_054_865),
    ],
)
def test_each_part_adds_its_parameters(on, parameters):
    method = Hrmlff(**OFF | dict.fromkeys(on, True))
    assert parameter_count(method.build(SCHEMES["68"])) == parameters


@pytest.mark.parametrize("landmarks, parameters", [("98", 10_062_995), ("29", 10_044_296)])
def test_parameters_follow_the_landmarks(landmarks, parameters):
    assert parameter_count(Hrmlff().build(SCHEMES[landmarks])) == parameters


def test_multiply_accumulates_of_convolutions_and_of_each_linear_layer_once():
    network = Hrmlff().build(SCHEMES["68"]).eval()
    counted = {nn.Conv2d: 0, nn.Linear: 0}

    def count(layer, inputs, output):
        places = output.shape[2] * output.shape[3] if isinstance(layer, nn.Conv2d) else 1
        counted[type(layer)] += layer.weight.numel() * places

    for layer in network.modules():
        if type(layer) in counted:
            layer.register_forward_hook(count)
    with torch.no_grad():
        network(torch.zeros(1, 3, 256, 256))
    assert sum(counted.values()) == pytest.approx(5.032885e9, abs=1e3)


def test_at_first_the_streams_are_those_of_hrnet():
    torch.manual_seed(0)
    ours = MultiLevelHRNet(8, (1, 2, 1), embedding=True, modulation=True, fusion=True).eval()
    plain = HRNet(8, (1, 2, 1)).eval()
    plain.load_state_dict({name: value for name, value in ours.trunk.state_dict().items() if ".gate." not in name})
    images = torch.rand(2, 3, 128, 128)
    with torch.no_grad():
        *streams, fused = ours(images)
        expected = plain(images)
    assert [stream.shape for stream in streams] == [stream.shape for stream in expected]
    assert fused.shape == (2, 64, 32, 32)
    for stream, same in zip(streams, expected, strict=True):
        torch.testing.assert_close(stream, same, atol=1e-5, rtol=0)


@pytest.mark.parametrize("part", PARTS)
def test_each_part_changes_the_output_once_it_has_learned(part):
    torch.manual_seed(0)
    streams = MultiLevelHRNet(8, (1, 1, 1), **OFF | {part: True}).eval()
    images = torch.rand(1, 3, 64, 64)
    before = streams(images)[0]
    with torch.no_grad():
        for parameter in streams.parameters():
            if parameter.dim() > 1 and not parameter.any():
                parameter.normal_()
        for name, parameter in streams.named_parameters():
            if ".refine." in name and name.endswith("1.weight"):
                parameter.fill_(1.0)
    assert not torch.allclose(streams(images)[0], before, atol=1e-3)


def test_without_its_parts_it_has_the_parameters_of_hrnet_by_name():
    names = {name.replace("network.0.trunk.", "network.0.") for name in Hrmlff(**OFF).build(SCHEMES["68"]).state_dict()}
    criterion = {name for name in names if name.startswith("criterion.")}
    assert names - criterion == set(Hrnet().build(SCHEMES["68"]).state_dict())


def test_heatmaps_lie_within_0_and_1_and_begin_as_background():
    torch.manual_seed(0)
    heatmaps = TINY.build(SCHEMES["68"])(torch.rand(2, 3, 64, 64))
    assert heatmaps.shape == (2, 68, 16, 16)
    torch.testing.assert_close(heatmaps, torch.full_like(heatmaps, 0.01), atol=2e-3, rtol=0)


def test_the_trunk_starts_from_a_local_file_of_hrnets_weights(tmp_path):
    weights = HRNet(8, (1, 1, 1)).state_dict()
    save_file(weights, tmp_path / "imagenet.safetensors")
    started = dataclasses.replace(TINY, pretrained=str(tmp_path / "imagenet.safetensors")).build(SCHEMES["68"])
    trunk = started.state_dict()
    assert all(torch.equal(value, trunk[f"network.0.trunk.{name}"]) for name, value in weights.items())


def test_a_stage_takes_over_the_network_and_not_what_the_loss_remembers():
    before, other = TINY.build(SCHEMES["19"]), dataclasses.replace(TINY, loss=SquaredError()).build(SCHEMES["19"])
    before.criterion.best.fill_(0.1)
    after = TINY.build(SCHEMES["19"])
    after.start_from(before.state_dict())
    other.start_from(before.state_dict())
    for model in (after, other):
        assert torch.equal(model.network[1].mix.weight, before.network[1].mix.weight)
    assert after.criterion.best == torch.inf


def test_an_input_that_no_whole_number_of_cells_covers_is_a_mistake():
    with pytest.raises(ConfigError, match="multiple of 4"):
        Hrmlff(input_size=66)


def test_the_papers_recipe_is_the_papers():
    recipe = Hrmlff.recipes()["paper"]
    assert (recipe.epochs, recipe.batch_size, recipe.optimizer.lr, recipe.clip_norm) == (140, 32, 7e-4, 8.0)
    assert recipe.curriculum is not None
    assert recipe.averaging is not None
    assert recipe.convergence == Convergence(after_epoch=60, epochs=15, change=1e-3)


@pytest.mark.slow
def test_the_network_overfits_8_rendered_faces(prepared, rendered):
    method = dataclasses.replace(TINY, input_size=128)
    faces, error = error_after_learning_by_heart(method, prepared(rendered, method.input_size), steps=160, lr=8e-3)
    assert faces == 8
    assert error < 0.01
