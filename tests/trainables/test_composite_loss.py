"""The losses of paper 000 on maps that can be computed by hand."""

import pytest
import torch

from trainables.codecs.gaussian import Gaussian
from trainables.losses.composite import (
    AdaptiveWing,
    Composite,
    LogWing,
    SquaredError,
    importance,
    laplacian,
    running_error,
)
from trainables.losses.wing import adaptive_wing, near_landmark, wing

TRUTH = torch.tensor([[[[0, 0.5, 0], [0.5, 1, 0.5], [0, 0.5, 0]]]])
MAPS = torch.tensor([[[[0.1, 0.4, 0], [0.6, 0.7, 0.5], [0, 0.5, 0.2]]]])
ALL = torch.ones(1, 1)


def test_wing():
    errors = torch.tensor([0.0, 1.0, 5.0, 10.0, 20.0])
    expected = torch.tensor([0, 4.054651, 12.527630, 17.917595, 27.917595])
    torch.testing.assert_close(wing(errors), expected, atol=1e-5, rtol=0)


@pytest.mark.parametrize(
    "truth, value, expected",
    [(0, 0.1, 0.110767), (1, 0.9, 1.070100), (1, 0.2, 8.299813), (0, 0.8, 6.271662), (0.5, 0.5, 0.0)],
)
def test_adaptive_wing(truth, value, expected):
    found = adaptive_wing(torch.tensor(value), torch.tensor(float(truth))).item()
    assert found == pytest.approx(expected, abs=1e-5)


def test_adaptive_wing_has_a_finite_gradient_where_there_is_no_error():
    maps = torch.linspace(0, 1, 11, requires_grad=True)
    adaptive_wing(maps, maps.detach().clone()).sum().backward()
    assert maps.grad.isfinite().all()


def test_a_cell_is_near_a_landmark_where_one_of_its_nine_has_a_fifth():
    truth = torch.zeros(1, 1, 5, 5)
    truth[..., 1, 1], truth[..., 4, 4] = 0.2, 0.19
    assert near_landmark(truth)[0, 0].tolist() == [[1, 1, 1, 0, 0]] * 3 + [[0] * 5] * 2


def test_the_composite_loss_is_the_sum_of_its_three_terms():
    assert near_landmark(TRUTH).all()
    assert laplacian(MAPS).square().sum().item() == pytest.approx(5.54, abs=1e-5)
    terms = Composite().build(1).eval()(MAPS, TRUTH, ALL)
    found = {name: value.item() for name, value in terms.items()}
    assert found == pytest.approx({"points": 8.8, "wing": 5.0207832, "smoothness": 0.00554}, abs=1e-5)
    assert sum(found.values()) == pytest.approx(13.826324, abs=1e-5)


def test_the_other_losses_have_its_scale():
    found = [loss.build(1)(MAPS, TRUTH, ALL) for loss in (SquaredError(), LogWing(), AdaptiveWing())]
    assert found[0]["mse"].item() == pytest.approx(0.16, abs=1e-6)
    assert found[1]["wing"].item() == pytest.approx(50.207832, abs=1e-4)
    assert found[2]["awing"].item() == pytest.approx(11 * adaptive_wing(MAPS, TRUTH).sum().item(), rel=1e-6)


@pytest.mark.parametrize("sigma, energy", [(1.0, 4.415751), (1.5, 2.373366), (2.0, 1.432068)])
def test_the_roughness_of_a_true_map(sigma, energy):
    landmarks = torch.full((1, 1, 2), 32.0)
    maps, _ = Gaussian(sigma=sigma).encode(landmarks, torch.ones(1, 1, dtype=torch.bool), 64, 64)
    assert laplacian(maps).square().sum().item() == pytest.approx(energy, abs=1e-5)


@pytest.mark.parametrize(
    ("setting", "value", "term"),
    [
        ("wing_weight", 0.3, "wing"),
        ("epsilon", 0.2, "wing"),
        ("smoothness_weight", 0.3, "smoothness"),
        ("smoothness", 0.03, "smoothness"),
    ],
)
def test_each_setting_changes_its_term_and_no_other(setting, value, term):
    usual, changed = (loss.build(1)(MAPS, TRUTH, ALL) for loss in (Composite(), Composite(**{setting: value})))
    assert {name for name in usual if not torch.equal(usual[name], changed[name])} == {term}
    if setting != "epsilon":
        assert changed[term].item() == pytest.approx(3 * usual[term].item(), rel=1e-5)


def test_landmarks_with_large_errors_count_more():
    torch.testing.assert_close(importance(torch.tensor([0.02, 0.04, 0.12])), torch.tensor([0.5, 2 / 3, 2.0]))
    assert importance(torch.tensor([0.0, 0.1])).tolist() == [1.0, 1.0]  # the first was never seen


def test_the_running_error_forgets_slowly_and_leaves_out_what_has_no_weight():
    weight = torch.tensor([[1.0, 1.0], [1.0, 0.0]])
    first = running_error(torch.zeros(2), torch.tensor([[0.2, 0.3], [0.4, 9.0]]), weight)
    torch.testing.assert_close(first, torch.tensor([0.3, 0.3]))
    second = running_error(first, torch.tensor([[0.5, 0.4], [0.5, 0.4]]), torch.tensor([[1.0, 0.0], [1.0, 0.0]]))
    torch.testing.assert_close(second, torch.tensor([0.99 * 0.3 + 0.01 * 0.5, 0.3]))


def test_what_a_criterion_has_learned_is_in_its_state():
    criterion = Composite().build(1)
    criterion(MAPS, TRUTH, ALL)
    again = Composite().build(1)
    again.load_state_dict(criterion.state_dict())
    assert again.error.item() == pytest.approx((MAPS - TRUTH).abs().mean().item())


def test_the_weights_of_the_terms_change_where_validation_stands_still():
    criterion = Composite(schedule="validation").build(1)
    for value in (0.1, 0.09, *[0.0899] * 5):
        criterion.epoch_ended({"val_nme_io": value})
    torch.testing.assert_close(criterion.term_weights, torch.tensor([0.15, 0.05]))
    for _ in range(50):
        criterion.epoch_ended({"val_nme_io": 0.0899})
    assert criterion.term_weights[0] == 1

    constant = Composite().build(1)
    for _ in range(20):
        constant.epoch_ended({"val_nme_io": 0.1})
    torch.testing.assert_close(constant.term_weights, torch.tensor([0.1, 0.1]))
