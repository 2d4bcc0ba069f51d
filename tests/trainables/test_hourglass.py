"""Stacked hourglasses and FAN have the published sizes, correct what they said before, and can learn faces by heart."""

from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import nn

from tests.trainables.learning_by_heart import error_after_learning_by_heart
from trainables.backbones.hourglass import Hourglass, StackedHourglass
from trainables.backbones.hourglass_blocks import Hierarchical, Residual
from trainables.codecs.dark import Dark
from trainables.codecs.gaussian import Gaussian
from trainables.complexity import multiply_accumulates, parameter_count
from trainables.config import ConfigError
from trainables.method import Batch
from trainables.methods.fan import Fan
from trainables.methods.shn import Shn
from trainables.recipe import Multistep, RMSprop
from trainables.schemes import SCHEMES
from trainables.transforms.crop import CONVENTIONS, Crop

TINY: dict[str, Any] = {"input_size": 64, "width": 16, "stacks": 3}
SIZES = [
    (Shn(), "19", 12_863_692, None),
    (Shn(), "29", 12_881_652, None),
    (Shn(), "68", 12_951_696, 15.0848),
    (Shn(), "98", 13_005_576, None),
    (Shn(shortcut="projection"), "68", 16_652_560, 18.3690),
    (Fan(stacks=1), "68", 6_249_668, 8.268),
    (Fan(stacks=2), "68", 12_106_504, 13.924),
    (Fan(), "68", 23_820_176, 25.235),
]
methods = pytest.mark.parametrize("method", [Shn(**TINY), Fan(**TINY)], ids=["shn", "fan"])


@pytest.mark.parametrize(("method", "scheme", "parameters", "giga"), SIZES)
def test_the_networks_have_the_parameters_and_multiply_accumulates_of_the_published_ones(
    method, scheme, parameters, giga
):
    model = method.build(SCHEMES[scheme])
    assert parameter_count(model) == parameters
    if giga is not None:
        assert multiply_accumulates(model.to("meta"), 256) / 1e9 == pytest.approx(giga, abs=1e-3)


@methods
@pytest.mark.parametrize("size", [64, 128, 192])
def test_every_stack_gives_maps_of_a_quarter_of_the_input(method, size):
    method = replace(method, input_size=size)
    assert method.heatmap_size == size // 4
    assert method.build(SCHEMES["29"])(torch.rand(2, 3, size, size)).shape == (2, 3, 29, size // 4, size // 4)


@pytest.mark.parametrize("method", [Shn, Fan])
@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"input_size": 96}, "input_size is not a multiple of 64, .* cannot be halved 4 times"),
        ({"input_size": 66}, "input_size is not a multiple of 64"),
        ({"width": 250}, "width is not a multiple of [48]"),
        ({"stacks": 0}, "stacks"),
    ],
)
def test_sizes_that_do_not_work_are_mistakes(method, wrong, words):
    with pytest.raises(ConfigError, match=words):
        method(**wrong)


def test_a_hierarchical_block_needs_whole_eighths_of_the_width_and_a_residual_one_whole_quarters():
    assert Shn(width=12).width == 12
    with pytest.raises(ConfigError, match="width is not a multiple of 8"):
        Fan(width=12)


def adding_nothing(network: nn.Module) -> nn.Module:
    """All weights 0: only shortcuts are left of its blocks."""
    for parameter in network.parameters():
        nn.init.zeros_(parameter)
    return network


def test_an_hourglass_whose_blocks_add_nothing_adds_up_its_maps_at_every_size():
    row = torch.tensor([1.0, 3.0, 5.0, 11.0])
    # Means of two: 2 and 8; of four: 5.
    added = row + torch.tensor([2.0, 2.0, 8.0, 8.0]) + 5.0
    hourglass = adding_nothing(Hourglass(2, 6, Residual, nn.AvgPool2d(2))).eval()
    assert torch.equal(hourglass(row.expand(1, 6, 4, 4)), added.expand(1, 6, 4, 4))


@pytest.mark.parametrize(
    ("block", "same", "other"),
    [
        # By hand for 16 → 16 and 16 → 32: norms, convolutions, shortcut.
        (Residual, 32 + 16 + 16 + 136 + 584 + 144, 32 + 32 + 32 + 272 + 2320 + 544 + 544),
        (Hierarchical, 32 + 16 + 8 + 1152 + 288 + 144, 32 + 32 + 16 + 2304 + 1152 + 576 + 32 + 512),
    ],
)
def test_a_block_has_a_convolution_beside_it_where_channels_change(block, same, other):
    assert parameter_count(block(16, 16)) == same
    assert parameter_count(block(16, 32)) == other


def test_a_projection_stands_beside_every_residual_block():
    features = torch.rand(1, 16, 4, 4)
    assert torch.equal(adding_nothing(Residual(16, 16))(features), features)
    assert (adding_nothing(Residual(16, 16, "projection"))(features) == 0).all()
    model = Shn(**TINY, shortcut="projection").build(SCHEMES["19"])
    shortcuts = {type(part.shortcut) for part in model.modules() if isinstance(part, Residual)}
    assert shortcuts == {nn.Conv2d}


@methods
def test_shn_halves_by_maxima_and_fan_by_means(method):
    model = method.build(SCHEMES["19"])
    pools = {type(part) for part in model.modules() if isinstance(part, nn.MaxPool2d | nn.AvgPool2d)}
    assert pools == {nn.MaxPool2d if isinstance(method, Shn) else nn.AvgPool2d}


def test_each_stack_is_told_the_features_and_the_heatmaps_of_the_one_before():
    torch.manual_seed(0)
    network = StackedHourglass(5, 16, 3, Residual, nn.MaxPool2d(2)).eval()
    images = torch.rand(1, 3, 64, 64)
    with torch.no_grad():
        before = network(images)
        for told in (network.from_features[1], network.from_heatmaps[1]):
            nn.init.constant_(told.get_parameter("bias"), 7.0)
            after = network(images)
            changed = [not torch.equal(one, other) for one, other in zip(before[0], after[0], strict=True)]
            assert changed == [False, False, True]
            before = after


@methods
def test_untrained_heatmaps_are_near_0(method):
    torch.manual_seed(0)
    maps = method.build(SCHEMES["68"])(torch.rand(4, 3, 64, 64))
    assert maps.abs().max() < 0.05
    assert maps.std() > 0


@methods
def test_the_loss_is_the_sum_over_all_stacks_and_the_last_one_is_read(method):
    model = method.build(SCHEMES["19"])
    landmarks = 16 + 32 * torch.rand(1, 19, 2, generator=torch.Generator().manual_seed(0))
    present, one = torch.ones(1, 19, dtype=torch.bool), torch.ones(1)
    batch = Batch(torch.zeros(1, 3, 64, 64), landmarks, present, present, one, one, present.float())
    truth, _ = method.encoder.encode(landmarks / 4, present, 16, 16)
    output = torch.stack([truth + 0.1, truth - 0.2, truth], dim=1)
    assert model.losses(output, batch)["mse"].item() == pytest.approx(0.01 + 0.04)
    other = truth.flip(3)
    read = model.decode_with(method.decoder, other)[0]
    assert torch.equal(model.decode(torch.stack([truth, truth, other], dim=1)), read)
    assert not torch.equal(model.decode(output), read)


def test_the_official_recipe_of_shn_is_rmsprop_with_the_papers_ranges():
    recipe = Shn.recipes()["official"]
    assert (recipe.epochs, recipe.batch_size, recipe.optimizer) == (100, 16, RMSprop(lr=2.5e-4))
    assert recipe.schedule == Multistep(milestones=(60, 90), factor=0.2)
    assert recipe.crop == Crop()
    augmentation = recipe.augmentation
    assert augmentation is not None
    assert (augmentation.rotation_deg, augmentation.rotation_probability, augmentation.scale) == (30, 1, 0.25)


def test_the_official_recipe_of_fan_is_that_of_the_public_code():
    recipe = Fan.recipes()["official"]
    assert (recipe.epochs, recipe.batch_size, recipe.optimizer) == (100, 10, RMSprop(lr=2.5e-4))
    assert recipe.schedule == Multistep(milestones=(50, 70, 90), factor=(0.4, 0.5, 0.2))
    assert recipe.crop == CONVENTIONS["fan"]


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.parametrize("method", [Shn, Fan])
def test_the_network_overfits_8_rendered_faces(prepared, rendered, method):
    small = method(input_size=128, width=64, stacks=2, encoder=Gaussian(sigma=1.5), decoder=Dark(blur=7))
    faces, error = error_after_learning_by_heart(small, prepared(rendered, 128), steps=250, lr=4e-3)
    assert faces == 8
    assert error < 0.01
