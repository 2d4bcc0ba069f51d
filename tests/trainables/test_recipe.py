"""Optimisers and schedules give the numbers of their papers and formulas."""

import dataclasses
import math

import pytest
import torch

from trainables.config import ConfigError
from trainables.methods.keyposs import KeyPosS
from trainables.recipe import (
    MARGIN,
    WIDE_MARGIN,
    Adam,
    Averaging,
    Constant,
    Convergence,
    Cosine,
    Multistep,
    Pairs,
    Plateau,
    Recipe,
    RMSprop,
    Schedule,
    Warmup,
)
from trainables.transforms.augmentation import Draws, angles, side_factors


def learning_rates(schedule: Schedule, lr: float, epochs: int, monitored: list[float] | None = None) -> list[float]:
    """The learning rate of every epoch, the first one included."""
    optimizer = Adam(lr=lr).build([torch.nn.Parameter(torch.zeros(1))])
    built = schedule.build(optimizer, epochs)
    rates = []
    for epoch in range(epochs):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        if schedule.needs_metric:
            built.step(monitored[epoch])
        else:
            built.step()
    return rates


def test_cosine_falls_from_7e_4_over_140_epochs_as_checked():
    rates = learning_rates(Cosine(), 7e-4, 140)
    found = [rates[epoch] for epoch in (0, 35, 70, 105, 139)]
    assert found == pytest.approx([7e-4, 5.974874e-4, 3.5e-4, 1.025126e-4, 8.8118e-8], rel=1e-5)


def test_cosine_ends_at_its_least_rate():
    # Half way: the mean of 1e-3 and 1e-5.
    assert learning_rates(Cosine(min_lr=1e-5), 1e-3, 10)[5] == pytest.approx(5.05e-4)


def test_constant_stays():
    assert learning_rates(Constant(), 1e-3, 4) == [1e-3] * 4


def test_multistep_falls_after_each_of_its_milestones():
    rates = learning_rates(Multistep(milestones=(2, 4), factor=0.1), 1.0, 6)
    assert rates == pytest.approx([1, 1, 0.1, 0.1, 0.01, 0.01])


def test_multistep_falls_by_a_factor_of_each_milestone_where_it_has_several():
    rates = learning_rates(Multistep(milestones=(50, 70, 90), factor=(0.4, 0.5, 0.2)), 2.5e-4, 100)
    assert [rates[epoch] for epoch in (0, 49)] == [2.5e-4] * 2
    found = [rates[epoch] for epoch in (50, 69, 70, 89, 90, 99)]
    assert found == pytest.approx([1e-4, 1e-4, 5e-5, 5e-5, 1e-5, 1e-5], rel=1e-12)


@pytest.mark.parametrize("factor", [(0.4, 0.5, 0.2), ()])
def test_factors_that_are_not_as_many_as_the_milestones_are_a_mistake(factor):
    with pytest.raises(ConfigError, match=rf"{len(factor)} factors for 2 milestones; give one, or as many"):
        Multistep(milestones=(50, 70), factor=factor)


def test_plateau_halves_after_more_than_patience_epochs_without_improvement_down_to_its_least_rate():
    monitored = [5.0, 4.0, 4.0, 4.1, 4.0, 3.0, 3.5, 3.5, 3.5, 3.5]
    # Best 4.0 in epoch 2; 3, 4 and 5 are no better: with patience 2 the third of them halves. Then 3.0 in epoch 6.
    rates = learning_rates(Plateau(factor=0.5, patience=2, min_lr=0.3), 1.0, 10, monitored)
    assert rates == [1, 1, 1, 1, 1, 0.5, 0.5, 0.5, 0.5, 0.3]


def test_plateau_takes_the_smallest_improvement_for_one():
    falling = [1.0 - 1e-9 * epoch for epoch in range(8)]
    assert learning_rates(Plateau(patience=1), 1.0, 8, falling) == [1.0] * 8


def test_adams_first_step_has_the_length_of_the_learning_rate():
    weight = torch.nn.Parameter(torch.tensor([2.0, -3.0]))
    optimizer = Adam(lr=0.01).build([weight])
    (weight * torch.tensor([5.0, -0.1])).sum().backward()
    optimizer.step()
    # m/√v = g/|g| in the first step: kingma2015adam Sec. 2.1.
    assert weight.tolist() == pytest.approx([1.99, -2.99], abs=1e-6)


def test_rmsprop_divides_by_a_running_mean_that_forgets_a_hundredth_each_step():
    weight = torch.nn.Parameter(torch.tensor([2.0, -3.0]))
    optimizer = RMSprop(lr=0.001).build([weight])
    lengths = []
    for _ in range(2):
        before = weight.detach().clone()
        optimizer.zero_grad()
        (weight * torch.tensor([5.0, -0.1])).sum().backward()
        optimizer.step()
        lengths.append((before - weight.detach()).tolist())
    # v = 0.01·g², then 0.01·g² + 0.99·0.01·g²: whatever g is, steps of lr/0.1 and lr/√0.0199 against its sign.
    assert lengths[0] == pytest.approx([0.01, -0.01], rel=1e-4)
    assert lengths[1] == pytest.approx([0.001 / 0.0199**0.5, -0.001 / 0.0199**0.5], rel=1e-4)


@pytest.mark.parametrize(
    ("iteration", "rate"), [(0, 2e-6), (250, 1.001e-3), (499, 1.996004e-3), (500, 2e-3), (9000, 2e-3)]
)
def test_warm_up_of_2e_3_over_500_iterations_from_a_thousandth(iteration, rate):
    assert 2e-3 * Warmup(iterations=500, start_factor=1e-3).factor(iteration) == pytest.approx(rate, rel=1e-9)


def test_after_the_warm_up_nothing_is_left_of_it():
    assert Warmup().factor(500) == 1.0


def test_every_recipe_of_keyposs_warms_up_over_500_iterations():
    assert {recipe.warmup for recipe in KeyPosS.recipes().values()} == {Warmup(iterations=500, start_factor=1e-3)}


def test_the_second_views_of_pairs_are_turned_by_30_degrees_and_scaled_by_a_fifth_at_most():
    view, generator = Pairs().view, torch.Generator().manual_seed(0)
    draws = Draws.of(view, 200_000, generator)
    degrees, factors = torch.rad2deg(angles(view, draws)), side_factors(view, draws)
    assert degrees.abs().max() <= 30 + 1e-9
    assert factors.min() >= 0.8 - 1e-9
    assert factors.max() <= 1.2 + 1e-9
    # Both are clipped at two standard deviations: 4.55 % of a normal distribution lie beyond.
    for clipped in (degrees.abs() > 30 - 1e-6, (factors - 1).abs() > 0.2 - 1e-9):
        assert clipped.double().mean() == pytest.approx(math.erfc(math.sqrt(2)), abs=2e-3)
    inside = degrees.abs() < 15
    assert inside.double().mean() == pytest.approx(0.6827, abs=4e-3)
    assert not draws.flip.any()


def test_crops_keep_a_wider_margin_where_second_views_look_farther_than_the_augmentation():
    assert Recipe().margin == MARGIN
    assert Recipe(pairs=Pairs()).margin == WIDE_MARGIN
    assert Recipe(pairs=Pairs(rotation_deg=10, scale=0.05)).margin == MARGIN


def test_averaging_that_would_never_begin_is_refused():
    with pytest.raises(ConfigError, match=r"from_epoch 112 comes after the last of 20 epochs"):
        Recipe(epochs=20, averaging=Averaging(from_epoch=112))
    assert dataclasses.replace(Recipe(), epochs=112, averaging=Averaging(from_epoch=112)).averaging is not None


def test_training_has_converged_when_the_last_epochs_differ_by_less_than_a_thousandth():
    convergence = Convergence(after_epoch=2, epochs=3, change=1e-3)
    assert not convergence.reached([0.1] * 4)  # three of them are to come after the second
    assert convergence.reached([0.5, 0.3, 0.1, 0.10005, 0.1])
    assert not convergence.reached([0.1, 0.1, 0.1, 0.1002, 0.1])
