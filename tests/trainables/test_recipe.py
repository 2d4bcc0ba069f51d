"""Optimisers and schedules give the numbers of CHECKS §8 and of METHODS §4."""

import pytest
import torch

from trainables.recipe import Adam, Constant, Cosine, Multistep, Plateau, Schedule


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
