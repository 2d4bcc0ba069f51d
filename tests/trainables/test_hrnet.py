"""HRNet has the published sizes, takes public weights, and can learn faces by heart."""

import dataclasses

import pytest
import torch
from safetensors.torch import save_file

from tests.trainables.learning_by_heart import error_after_learning_by_heart
from trainables.backbones.hrnet import HRNet, load_pretrained
from trainables.codecs.dark import Dark
from trainables.codecs.gaussian import Gaussian
from trainables.codecs.one_hot import OneHot
from trainables.codecs.two_hot import TwoHot
from trainables.complexity import multiply_accumulates, parameter_count
from trainables.config import ConfigError
from trainables.method import Batch
from trainables.methods.hrnet import OFFICIAL_RECIPE, Hrnet
from trainables.recipe import Adam, Multistep
from trainables.schemes import SCHEMES
from trainables.transforms.augmentation import AUGMENTATIONS

TINY = Hrnet(width=8, modules=(1, 1, 1), input_size=64)
COSTS = [
    ("19", 9_641_119, 4.606283),
    ("29", 9_643_829, 4.617342),
    ("68", 9_654_398, 4.660473),
    ("98", 9_662_528, 4.693650),
]


@pytest.mark.parametrize(("scheme", "parameters", "giga"), COSTS)
def test_w18_has_the_parameters_and_multiply_accumulates_of_the_published_network(scheme, parameters, giga):
    model = Hrnet().build(SCHEMES[scheme])
    assert parameter_count(model) == parameters
    assert multiply_accumulates(model, 256) / 1e9 == pytest.approx(giga, abs=1e-6)


def test_every_stream_is_half_as_large_and_twice_as_wide_as_the_one_before():
    streams = HRNet(width=8, modules=(1, 1, 1))(torch.rand(2, 3, 128, 128))
    assert [tuple(stream.shape[1:]) for stream in streams] == [(8, 32, 32), (16, 16, 16), (32, 8, 8), (64, 4, 4)]


@pytest.mark.parametrize("size", [64, 96, 132])
def test_any_input_of_whole_heatmap_cells_gives_a_map_of_a_quarter(size):
    model = Hrnet(width=8, modules=(1, 1, 1), input_size=size).build(SCHEMES["29"])
    assert model(torch.rand(1, 3, size, size)).shape == (1, 29, size // 4, size // 4)


def test_an_input_that_no_whole_number_of_cells_covers_is_a_mistake():
    with pytest.raises(ConfigError, match="multiple of 4"):
        Hrnet(input_size=66)


def test_parameters_have_the_names_of_the_public_weights():
    names = set(HRNet().state_dict())
    assert {
        "conv1.weight",
        "bn2.running_var",
        "layer1.0.downsample.1.bias",
        "layer1.3.conv3.weight",
        "transition1.0.0.weight",
        "transition1.1.0.0.weight",
        "transition3.3.0.1.weight",
        "stage2.0.branches.1.3.conv2.weight",
        "stage3.3.fuse_layers.0.2.1.weight",
        "stage4.2.fuse_layers.3.0.2.0.weight",
    } <= names
    assert not any(name.startswith(("transition2.0", "transition2.1", "stage4.3", "mean")) for name in names)


def test_the_trunk_starts_from_a_local_file_of_weights_and_passes_over_what_is_not_its_own(tmp_path):
    weights = HRNet(8, (1, 1, 1)).state_dict()
    save_file(weights | {"classifier.weight": torch.zeros(3)}, tmp_path / "imagenet.safetensors")
    started = dataclasses.replace(TINY, pretrained=str(tmp_path / "imagenet.safetensors")).build(SCHEMES["68"])
    trunk = started.network.get_submodule("0").state_dict()
    assert all(torch.equal(value, trunk[name]) for name, value in weights.items())


@pytest.mark.parametrize("damage", ["absent", "no safetensors", "one is missing", "another width"])
def test_weights_that_do_not_fit_are_named_with_their_file(tmp_path, damage):
    path = tmp_path / "imagenet.safetensors"
    weights = HRNet(16 if damage == "another width" else 8, (1, 1, 1)).state_dict()
    if damage == "one is missing":
        del weights["stage3.0.branches.0.0.conv1.weight"]
    if damage == "no safetensors":
        path.write_bytes(b"PK\x03\x04 a pickle inside")
    elif damage != "absent":
        save_file(weights, path)
    with pytest.raises(ValueError, match=r"pretrained weights .*imagenet\.safetensors: .*Give "):
        load_pretrained(HRNet(8, (1, 1, 1)), path)


def test_weights_of_convolutions_start_small_and_norms_at_1_and_0():
    model = Hrnet().build(SCHEMES["68"])
    state = model.state_dict()
    assert state["network.0.stage4.0.branches.3.0.conv1.weight"].std().item() == pytest.approx(0.001, rel=0.02)
    assert state["network.1.heatmaps.weight"].std().item() == pytest.approx(0.001, rel=0.02)
    assert (state["network.0.layer1.0.bn3.weight"] == 1).all()
    assert (state["network.0.layer1.0.bn3.bias"] == 0).all()


def batch_of(landmarks: torch.Tensor, weight: torch.Tensor, size: int = 64) -> Batch:
    present = weight > 0
    ones = torch.ones(len(landmarks))
    return Batch(torch.zeros(len(landmarks), 3, size, size), landmarks, present, present, ones, 0.5 * ones, weight)


def test_the_loss_is_zero_at_the_gaussian_of_the_truth_and_weighs_landmarks_as_the_batch_does():
    model = TINY.build(SCHEMES["19"])
    landmarks = 8 + 48 * torch.rand(1, 19, 2, generator=torch.Generator().manual_seed(0))
    batch = batch_of(landmarks, torch.ones(1, 19))
    truth, _ = TINY.encoder.encode(landmarks / 4, batch.present, 16, 16)
    assert model.losses(truth, batch)["mse"] == 0
    half = model.losses(truth + 0.1, batch_of(landmarks, torch.full((1, 19), 0.5)))["mse"].item()
    assert half == pytest.approx(0.5 * 0.01)
    outside = landmarks.clone()
    outside[0, 0] = torch.tensor([-40.0, 10.0])
    assert model.losses(truth + 0.1, batch_of(outside, torch.ones(1, 19)))["mse"].item() == pytest.approx(
        0.01 * 18 / 19
    )


def test_any_decoder_reads_the_heatmaps_of_a_trained_network_in_px_of_the_crop():
    model = TINY.build(SCHEMES["19"])
    landmarks = 16 + 32 * torch.rand(1, 19, 2, generator=torch.Generator().manual_seed(0))
    heatmaps, _ = Gaussian(sigma=1.5).encode(landmarks / 4, torch.ones(1, 19, dtype=torch.bool), 16, 16)
    assert torch.equal(model.decode(heatmaps), model.decode_with(TwoHot(), heatmaps)[0])
    points, confidence = model.decode_with(OneHot(), heatmaps)
    assert torch.equal(points, (landmarks / 4).round() * 4)
    assert ((confidence > 0.8) & (confidence <= 1)).all()


def test_the_official_recipe_is_that_of_the_public_code():
    assert OFFICIAL_RECIPE.optimizer == Adam(lr=1e-4)
    assert OFFICIAL_RECIPE.schedule == Multistep(milestones=(30, 50), factor=0.1)
    assert (OFFICIAL_RECIPE.epochs, OFFICIAL_RECIPE.batch_size) == (60, 16)
    assert OFFICIAL_RECIPE.augmentation == AUGMENTATIONS["hrnet_official"]
    assert Hrnet.recipes()["official_aflw"].optimizer == Adam(lr=2e-4)


@pytest.mark.slow
@pytest.mark.long
def test_the_network_overfits_8_rendered_faces(prepared, rendered):
    method = Hrnet(width=8, modules=(1, 1, 1), input_size=128, encoder=Gaussian(sigma=1.5), decoder=Dark(blur=7))
    faces, error = error_after_learning_by_heart(method, prepared(rendered, 128), steps=300, lr=4e-3)
    assert faces == 8
    assert error < 0.01
