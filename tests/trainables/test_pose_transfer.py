"""Pose transfer: networks of the published sizes, losses by hand, and every network's gradient its own."""

import dataclasses
import math

import pytest
import torch
from safetensors.torch import save_file
from torch.nn.functional import binary_cross_entropy_with_logits, conv2d, interpolate

from trainables.backbones.pose_transfer import PairDiscriminator, PoseTransferGenerator
from trainables.complexity import parameter_count
from trainables.config import ConfigError, from_plain, to_plain
from trainables.losses.adversarial import discrimination_loss, fooling_loss
from trainables.losses.perceptual import PerceptualFeatures, perceptual_loss
from trainables.pose_transfer import PoseTransfer, PoseTransferNetworks, View

TINY = PoseTransfer(width=8, blocks=2)
LANDMARKS, SIDE = 5, 32


def views(seed: int = 0, side: int = SIDE, faces: int = 2) -> tuple[View, View]:
    generator = torch.Generator().manual_seed(seed)

    def view() -> View:
        pictures = torch.rand(faces, 3, side, side, generator=generator)
        return View(pictures, torch.rand(faces, LANDMARKS, side // 2, side // 2, generator=generator))

    return view(), view()


def networks(settings: PoseTransfer = TINY) -> PoseTransferNetworks:
    """Without dropout, so that one call is as another."""
    torch.manual_seed(0)
    return PoseTransferNetworks(settings, LANDMARKS).eval()


def total(terms: dict[str, torch.Tensor]) -> torch.Tensor:
    return torch.stack(list(terms.values())).sum()


@pytest.mark.parametrize(("landmarks", "parameters"), [(19, 41_364_291), (68, 41_671_619), (98, 41_859_779)])
def test_the_generator_has_the_parameters_of_the_published_one(landmarks, parameters):
    with torch.device("meta"):
        assert parameter_count(PoseTransferGenerator(landmarks)) == parameters


@pytest.mark.parametrize(("channels", "parameters"), [(6, 3_928_641), (68 + 3, 4_132_481)])
def test_discriminators_have_the_parameters_that_their_layers_make(channels, parameters):
    with torch.device("meta"):
        assert parameter_count(PairDiscriminator(channels)) == parameters


def test_weights_of_convolutions_begin_with_a_standard_deviation_of_2_percent():
    torch.manual_seed(0)
    weights = [each.flatten() for each in PairDiscriminator(6, width=16).parameters() if each.dim() > 1]
    assert torch.cat(weights).std().item() == pytest.approx(0.02, rel=0.02)


@pytest.mark.parametrize(("halvings", "cells", "widest"), [(2, 16, 32), (3, 8, 32)])
def test_a_third_halving_makes_blocks_smaller_and_not_wider(halvings, cells, widest):
    generator = PoseTransferGenerator(LANDMARKS, width=8, blocks=3, halvings=halvings).eval()
    pictures, heatmaps = torch.rand(1, 3, 64, 64), torch.rand(1, 2 * LANDMARKS, 64, 64)
    assert generator.picture_encoder(pictures).shape == (1, widest, cells, cells)
    made = generator(pictures, heatmaps)
    assert made.shape == (1, 3, 64, 64)
    assert made.abs().max() <= 1


def test_an_attention_block_by_its_formula():
    torch.manual_seed(0)
    block = PoseTransferGenerator(LANDMARKS, width=8, blocks=2).eval().blocks[1]
    features, pose = torch.rand(1, 32, 4, 4), torch.rand(1, 64, 4, 4)
    q = block.attention(pose)
    wanted = features + block.residual(features) / (1 + torch.exp(-q))
    moved, handed_on = block(features, pose)
    torch.testing.assert_close(moved, wanted)
    torch.testing.assert_close(handed_on, torch.cat([q, wanted], dim=1))


def test_discriminators_judge_pairs_in_every_fourth_cell():
    assert PairDiscriminator(6, width=8)(torch.rand(2, 6, 128, 128)).shape == (2, 1, 32, 32)


def test_adversarial_losses_where_the_discriminator_does_not_know():
    zeros = torch.zeros(2, 1, 4, 4)
    assert fooling_loss(zeros).item() == pytest.approx(0.6931472, abs=1e-6)
    assert discrimination_loss(zeros, zeros).item() == pytest.approx(0.6931472, abs=1e-6)


def test_adversarial_losses_are_cross_entropies_with_the_wanted_answer():
    real, made = torch.randn(2, 2, 1, 3, 3, generator=torch.Generator().manual_seed(0)) * 30
    to_one = binary_cross_entropy_with_logits(made, torch.ones_like(made))
    torch.testing.assert_close(fooling_loss(made), to_one)
    true, false = torch.ones_like(real), torch.zeros_like(made)
    apart = binary_cross_entropy_with_logits(real, true) + binary_cross_entropy_with_logits(made, false)
    torch.testing.assert_close(discrimination_loss(real, made), apart / 2)


def test_random_features_are_orthogonal_always_the_same_and_leave_the_random_state_alone():
    torch.manual_seed(1)
    state = torch.get_rng_state()
    one = PerceptualFeatures()
    assert torch.equal(torch.get_rng_state(), state)
    torch.manual_seed(2)
    other = PerceptualFeatures()
    assert torch.equal(one.first_weight, other.first_weight)
    assert torch.equal(one.second_weight, other.second_weight)
    first, second = one.first_weight.flatten(1), one.second_weight.flatten(1)
    torch.testing.assert_close(first.T @ first, torch.eye(27), atol=1e-5, rtol=0)
    torch.testing.assert_close(second @ second.T, torch.eye(64), atol=1e-5, rtol=0)
    assert one.first_weight[0, 0, 0].tolist() == pytest.approx([-0.1028691, 0.0238102, 0.0310466], abs=1e-6)
    assert one.second_weight[-1, -1, -1].tolist() == pytest.approx([0.0022486, 0.06302, -0.0413641], abs=1e-6)


def test_features_are_neither_trained_nor_saved():
    features = PerceptualFeatures()
    assert not list(features.parameters())
    assert not features.state_dict()
    pictures = torch.rand(1, 3, 8, 8, requires_grad=True)
    features(pictures).sum().backward()
    assert pictures.grad is not None
    assert pictures.grad.any()


def vgg_weights() -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    shapes = {"0.weight": (64, 3, 3, 3), "0.bias": (64,), "2.weight": (64, 64, 3, 3), "2.bias": (64,)}
    weights = {f"features.{name}": torch.randn(shape, generator=generator) for name, shape in shapes.items()}
    return weights | {"features.5.weight": torch.zeros(128, 64, 3, 3), "classifier.0.bias": torch.zeros(4)}


def test_features_of_a_file_are_its_first_two_convolutions_of_imagenet_normalised_pictures(tmp_path):
    weights = vgg_weights()
    save_file(weights, tmp_path / "vgg19.safetensors")
    features = PerceptualFeatures(tmp_path / "vgg19.safetensors")
    pictures = torch.rand(2, 3, 8, 8, generator=torch.Generator().manual_seed(1))
    mean, std = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    wanted = (pictures - mean.view(3, 1, 1)) / std.view(3, 1, 1)
    for layer in ("features.0", "features.2"):
        wanted = conv2d(wanted, weights[f"{layer}.weight"], weights[f"{layer}.bias"], padding=1).clamp(min=0)
    torch.testing.assert_close(features(pictures), wanted)
    black = torch.zeros_like(pictures)
    expected = (features(pictures) - features(black)).abs().mean()
    torch.testing.assert_close(perceptual_loss(features, pictures, black), expected)


def test_wrong_files_of_weights_are_refused_with_what_is_wrong(tmp_path):
    path = tmp_path / "vgg19.safetensors"
    with pytest.raises(ValueError, match=r"vgg19\.safetensors.*vgg=None"):
        PerceptualFeatures(path)
    path.write_bytes(b"not weights")
    with pytest.raises(ValueError, match=r"vgg19\.safetensors"):
        PerceptualFeatures(path)
    weights = vgg_weights()
    del weights["features.2.bias"]
    save_file(weights, path)
    with pytest.raises(ValueError, match=r"'features\.2\.bias' missing"):
        PerceptualFeatures(path)
    save_file(vgg_weights() | {"features.2.weight": torch.zeros(64, 3, 3, 3)}, path)
    with pytest.raises(ValueError, match=r"'features\.2\.weight' missing or of another shape"):
        PoseTransferNetworks(dataclasses.replace(TINY, vgg=str(path)), LANDMARKS)


def test_defaults_are_the_papers_and_settings_survive_plain_data():
    settings = PoseTransfer()
    assert (settings.adversarial_weight, settings.picture_weight, settings.perceptual_weight) == (0.05, 0.01, 0.01)
    assert from_plain(to_plain(TINY)) == TINY
    for wrong in ({"halvings": 4}, {"dropout": 1.0}, {"weight": -1.0}):
        with pytest.raises(ConfigError, match=next(iter(wrong))):
            PoseTransfer(**wrong)


def test_a_transferred_picture_is_of_its_condition_and_of_both_poses():
    model, (condition, target) = networks(), views()
    made = model.transfer(condition, target.heatmaps)
    assert made.shape == condition.pictures.shape
    assert made.min() >= 0
    assert made.max() <= 1
    outside = View(condition.pictures, condition.heatmaps * 3 - 1)
    within = View(condition.pictures, outside.heatmaps)
    enlarged = [
        interpolate(maps, size=(SIDE, SIDE), mode="bilinear").clamp(0, 1) for maps in (within.heatmaps, target.heatmaps)
    ]
    by_hand = model.generator(2 * condition.pictures - 1, torch.cat(enlarged, dim=1)) / 2 + 0.5
    torch.testing.assert_close(model.transfer(outside, target.heatmaps), by_hand)


def test_the_generators_terms_weigh_what_equation_5_says():
    model, (condition, target) = networks(dataclasses.replace(TINY, weight=0.5)), views()
    for discriminator in (model.appearance, model.shape):
        torch.nn.init.zeros_(discriminator.layers[-1].weight)
        torch.nn.init.zeros_(discriminator.layers[-1].bias)
    terms = model.losses(condition, target)
    made = model.transfer(condition, target.heatmaps)
    assert terms["adversarial"].item() == pytest.approx(0.5 * 0.05 * 1.3862944, abs=1e-6)
    assert terms["discrimination"].item() == pytest.approx(2 * math.log(2), abs=1e-6)
    torch.testing.assert_close(terms["transfer"], 0.5 * 0.01 * (made - target.pictures).abs().mean())
    perceived = perceptual_loss(model.features, made, target.pictures)
    torch.testing.assert_close(terms["perceptual"], 0.5 * 0.01 * perceived)


def test_one_backward_of_the_sum_gives_every_network_the_gradient_of_its_own_terms_alone():
    model, (condition, target) = networks(), views()
    # As plain modules give them, each network's terms apart.
    made = model.transfer(condition, target.heatmaps)
    maps = interpolate(target.heatmaps, size=(SIDE, SIDE), mode="bilinear")
    shown, true, false = (2 * pictures - 1 for pictures in (condition.pictures, target.pictures, made))
    fooled = fooling_loss(model.appearance(torch.cat([shown, false], 1)))
    fooled = fooled + fooling_loss(model.shape(torch.cat([maps, false], 1)))
    generated = 0.05 * fooled + 0.01 * (made - target.pictures).abs().mean()
    generated = generated + 0.01 * perceptual_loss(model.features, made, target.pictures)
    wanted = dict(zip(model.generator.parameters(), gradients(generated, model.generator), strict=True))
    for discriminator, given in ((model.appearance, shown), (model.shape, maps)):
        real, fake = discriminator(torch.cat([given, true], 1)), discriminator(torch.cat([given, false.detach()], 1))
        loss = discrimination_loss(real, fake)
        wanted |= dict(zip(discriminator.parameters(), gradients(loss, discriminator), strict=True))

    total(model.losses(condition, target)).backward()
    assert set(wanted) == set(model.parameters())
    for parameter in model.parameters():
        assert parameter.grad is not None
        torch.testing.assert_close(parameter.grad, wanted[parameter], rtol=1e-4, atol=1e-7)
    for network in (model.generator, model.appearance, model.shape):
        assert any(each.grad is not None and each.grad.abs().max() > 1e-5 for each in network.parameters())


def gradients(loss: torch.Tensor, network: torch.nn.Module) -> tuple[torch.Tensor, ...]:
    return torch.autograd.grad(loss, tuple(network.parameters()), retain_graph=True)


def test_condition_and_target_pose_are_taught_by_the_generators_terms_and_true_pictures_by_none():
    model, (condition, target) = networks(), views()
    given = (*condition, *target)
    for each in given:
        each.requires_grad_()
    terms = model.losses(condition, target)
    taught = torch.autograd.grad(terms["discrimination"], given, retain_graph=True, allow_unused=True)
    assert taught == (None,) * 4
    total(terms).backward()
    for each in (*condition, target.heatmaps):
        assert each.grad is not None
        assert each.grad.any()
    assert target.pictures.grad is None


def test_updates_share_all_parameters_and_no_two_have_one():
    model = networks()
    generator, discriminators = model.updates()
    assert (generator.name, discriminators.name) == ("generator", "discriminators")
    assert set(generator.parameters) == set(model.generator.parameters())
    assert set(discriminators.parameters) == {*model.appearance.parameters(), *model.shape.parameters()}


def test_a_term_without_weight_is_left_out_and_without_the_adversarial_one_no_discriminator_is_taught():
    model, (condition, target) = networks(dataclasses.replace(TINY, adversarial_weight=0.0)), views()
    terms = model.losses(condition, target)
    assert set(terms) == {"transfer", "perceptual"}
    assert [update.name for update in model.updates()] == ["generator"]
    total(terms).backward()
    assert all(each.grad is None for each in (*model.appearance.parameters(), *model.shape.parameters()))
    only = networks(dataclasses.replace(TINY, picture_weight=0.0, perceptual_weight=0.0))
    assert set(only.losses(condition, target)) == {"adversarial", "discrimination"}
    assert networks(dataclasses.replace(TINY, weight=0.0)).losses(condition, target) == {}


def test_in_bfloat16_losses_and_gradients_are_finite_and_losses_single():
    model, (condition, target) = networks().train(), views()
    with torch.autocast("cpu", torch.bfloat16):
        terms = model.losses(condition, target)
    assert {term.dtype for term in terms.values()} == {torch.float32}
    total(terms).backward()
    assert all(each.grad is not None and each.grad.isfinite().all() for each in model.parameters())


def test_a_small_generator_learns_one_batch_against_its_discriminators():
    settings = dataclasses.replace(TINY, dropout=0.0, picture_weight=1.0)
    model, (condition, target) = networks(settings).train(), smooth_views()
    optimisers = [torch.optim.Adam(update.parameters, lr=2e-3, betas=(0.5, 0.999)) for update in model.updates()]
    history = []
    for _ in range(40):
        terms = model.losses(condition, target)
        model.zero_grad()
        total(terms).backward()
        for optimiser in optimisers:
            optimiser.step()
        history.append({name: term.item() for name, term in terms.items()})
    assert history[-1]["transfer"] < 0.5 * history[0]["transfer"]
    assert all(math.isfinite(terms["discrimination"]) for terms in history)


def smooth_views() -> tuple[View, View]:
    """Pictures of 64 px that a network of few channels can make."""
    condition, target = views(side=64)

    def smooth(view: View) -> View:
        coarse = interpolate(view.pictures, size=(4, 4), mode="area")
        return View(interpolate(coarse, size=(64, 64), mode="bilinear"), view.heatmaps)

    return smooth(condition), smooth(target)
