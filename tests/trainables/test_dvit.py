"""The cascade of dual vision transformers is wired as it says, its two losses are those of its formula, and it can
learn faces by heart."""

from dataclasses import replace

import pytest
import torch

from tests.trainables.learning_by_heart import error_after_learning_by_heart
from trainables.backbones.dual_vit import ChannelTransformer, DualBlock, DualViT, SpatialTransformer
from trainables.complexity import multiply_accumulates, parameter_count
from trainables.config import ConfigError
from trainables.method import Batch
from trainables.methods.dvit import DVit, coordinate_distance
from trainables.recipe import Adam, Recipe
from trainables.registry import find_method
from trainables.schemes import SCHEMES

TINY = DVit(input_size=64, width=16, blocks=3, layers=1, heads=2)


def batch_of(landmarks: torch.Tensor, weight: torch.Tensor) -> Batch:
    present, ones = weight > 0, torch.ones(len(landmarks))
    return Batch(torch.zeros(len(landmarks), 3, 64, 64), landmarks, present, present, ones, 0.5 * ones, weight)


# Counted on our network; the paper's is another one.
@pytest.mark.parametrize(("scheme", "parameters"), [("19", 15_855_820), ("68", 15_943_824), ("98", 15_997_704)])
def test_the_network_has_the_parameters_that_were_counted(scheme, parameters):
    assert parameter_count(DVit().build(SCHEMES[scheme])) == parameters


def test_attention_is_counted_too():
    assert multiply_accumulates(DVit().build(SCHEMES["68"]), 256) == 7_141_851_136


@pytest.mark.parametrize("size", [32, 96, 128])
def test_every_block_gives_maps_of_an_eighth_of_the_picture(size):
    network = DualViT(19, size, width=16, blocks=3, layers=1, heads=2)
    assert network(torch.rand(2, 3, size, size)).shape == (2, 3, 19, size // 8, size // 8)


def test_both_transformers_give_half_of_the_channels():
    features = torch.rand(2, 16, 6, 6)
    assert SpatialTransformer(16, 9, layers=1, heads=2)(features).shape == (2, 8, 6, 6)
    assert ChannelTransformer(16, 9, layers=1, heads=2)(features).shape == (2, 8, 6, 6)
    assert DualBlock(16, 9, layers=1, heads=2)(features).shape == (2, 16, 6, 6)


def test_attention_reaches_every_place_from_every_place_and_every_channel_from_every_channel():
    torch.manual_seed(0)
    features = torch.rand(1, 16, 6, 6, requires_grad=True)
    SpatialTransformer(16, 9, layers=1, heads=2)(features)[0, :, 0, 0].sum().backward()
    assert (features.grad.abs().sum(dim=1) > 0).all()
    features.grad = None
    channels = ChannelTransformer(16, 9, layers=1, heads=2)
    channels.layers(channels.shrink(features).flatten(2))[0, 0].sum().backward()
    assert (features.grad.abs().sum(dim=(2, 3)) > 0).all()


@pytest.mark.parametrize(("size", "heads"), [(256, 8), (224, 4), (112, 1)])
def test_channel_tokens_have_as_many_of_the_heads_as_divide_their_length(size, heads):
    transformer = ChannelTransformer(8, (size // 16) ** 2, layers=1, heads=8)
    assert transformer.layers[0].self_attn.num_heads == heads


def test_the_long_skip_reaches_the_blocks_after_it_and_not_the_one_before():
    torch.manual_seed(0)
    network = TINY.build(SCHEMES["19"]).eval().network
    images = torch.rand(2, 3, 64, 64)
    with torch.no_grad():
        before = network(images)
        network.long_skips[1].weight += 0.1
        after = network(images)
    assert torch.equal(before[:, :2], after[:, :2])
    assert not torch.allclose(before[:, 2], after[:, 2])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"input_size": 72}, "multiple of 16"),
        ({"width": 18, "heads": 3}, "multiple of 4"),
        ({"width": 36}, "number of heads, 8"),
    ],
)
def test_sizes_that_do_not_fit_are_mistakes(settings, message):
    with pytest.raises(ConfigError, match=message):
        DVit(**settings)


def peaks(cells: list[tuple[int, int]]) -> torch.Tensor:
    """Maps [1, K, 8, 8] that are 2 at one cell (x, y) each, and 0 elsewhere."""
    maps = torch.zeros(1, len(cells), 8, 8)
    for landmark, (x, y) in enumerate(cells):
        maps[0, landmark, y, x] = 2.0
    return maps


def test_the_distance_of_coordinates_is_square_within_a_heatmap_px_and_linear_beyond():
    truth = torch.tensor([[[3.5, 4.0], [2.0, 4.0]]])
    maps = peaks([(3, 4), (2, 1)])
    # (½ · 0.5² + 0) / 2 = 0.0625 and (0 + 3 − ½) / 2 = 1.25.
    assert coordinate_distance(maps, truth, torch.ones(1, 2)).item() == pytest.approx((0.0625 + 1.25) / 2)
    assert coordinate_distance(maps, truth, torch.tensor([[1.0, 0.2]])).item() == pytest.approx((0.0625 + 0.25) / 2)


def test_the_mean_position_of_the_encoded_truth_is_the_truth():
    truth = 3.5 + torch.rand(2, 19, 2, generator=torch.Generator().manual_seed(0))
    maps, weight = DVit().encoder.encode(truth, torch.ones(2, 19, dtype=torch.bool), 8, 8)
    assert coordinate_distance(maps, truth, weight).item() < 1e-5


def test_both_losses_are_summed_over_blocks_and_coordinates_count_as_configured():
    model = TINY.build(SCHEMES["19"])
    landmarks = torch.full((1, 19, 2), 32.0)
    batch = batch_of(landmarks, torch.ones(1, 19))
    truth, _ = TINY.encoder.encode(landmarks / 8, batch.present, 8, 8)
    terms = model.losses(torch.stack([truth, truth + 0.1, peaks([(6, 4)] * 19)], dim=1), batch)
    assert DVit().coordinates_weight == TINY.coordinates_weight == 0.1
    last = (truth - peaks([(6, 4)] * 19)).square().mean().item()
    shifted = coordinate_distance(truth + 0.1, landmarks / 8, batch.weight).item()
    exact = coordinate_distance(truth, landmarks / 8, batch.weight).item()
    assert list(terms) == ["mse", "coordinates"]
    assert terms["mse"].item() == pytest.approx(0.01 + last)
    # Two cells aside along one axis: (2 − ½) / 2 = 0.75.
    assert terms["coordinates"].item() == pytest.approx(0.1 * (exact + shifted + 0.75))


def test_what_is_missing_weightless_or_outside_costs_nothing_and_pulls_at_nothing():
    model = TINY.build(SCHEMES["19"])
    landmarks = torch.full((1, 19, 2), 20.0)
    weight = torch.ones(1, 19)
    landmarks[0, 0], weight[0, 0] = torch.nan, 0.0
    weight[0, 1] = 0.0
    landmarks[0, 2] = torch.tensor([-40.0, 20.0])
    output = torch.rand(1, 3, 19, 8, 8, generator=torch.Generator().manual_seed(0)).requires_grad_()
    for term in model.losses(output, batch_of(landmarks, weight)).values():
        (gradient,) = torch.autograd.grad(term, output, retain_graph=True)
        assert term.isfinite()
        assert (gradient[:, :, :3] == 0).all()
        assert (gradient[:, :, 3:].flatten(3).abs().sum(dim=-1) > 0).all()


def test_the_recipe_trains_as_that_of_the_network_which_it_is_compared_with():
    recipe = DVit.recipes()["paper"]
    compared = find_method("resnet18").recipes()["paper"]
    assert recipe == replace(compared, optimizer=Adam(lr=1e-4))


@pytest.mark.slow
def test_the_network_overfits_8_rendered_faces(prepared, rendered):
    method = DVit(input_size=128, width=32, blocks=2)
    single = Recipe()  # processors are slow at attention in half precision
    faces, error = error_after_learning_by_heart(method, prepared(rendered, 128), steps=300, lr=3e-3, recipe=single)
    assert faces == 8
    assert error < 0.01
