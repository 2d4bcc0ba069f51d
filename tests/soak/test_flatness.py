"""What the soak calls flat."""

import pytest

from tests.soak.flatness import Tolerance, is_flat, judged, judged_by_trial

TRIALS = list(range(0, 4000, 100))


def test_what_stays_is_flat_and_its_slope_is_nothing():
    verdict = judged(TRIALS, [300.0] * 40, Tolerance())
    assert verdict.is_flat
    assert (verdict.first, verdict.last) == (300, 300)
    assert verdict.slope == pytest.approx(0, abs=1e-9)


def test_a_leak_is_not_flat_and_its_slope_is_told_by_a_thousand_trials():
    verdict = judged(TRIALS, [300 + 0.02 * trials for trials in TRIALS], Tolerance(0.05, 20))
    assert not verdict.is_flat
    assert verdict.slope == pytest.approx(20)
    assert not is_flat({"a": judged(TRIALS, [1.0] * 40, Tolerance()), "b": verdict})


@pytest.mark.parametrize(
    ("grown", "tolerance", "flat"),
    [
        (9.0, Tolerance(0.1), True),
        (11.0, Tolerance(0.1), False),
        (11.0, Tolerance(0.1, 12), True),
        (-50.0, Tolerance(), True),
        (1.0, Tolerance(), False),
    ],
)
def test_growth_up_to_the_larger_of_the_tolerances_is_flat(grown, tolerance, flat):
    assert judged(TRIALS, [100.0] * 20 + [100.0 + grown] * 20, tolerance).is_flat is flat


def test_noise_of_single_samples_does_not_matter():
    noisy = [100.0 + (30 if number % 7 == 0 else 0) for number in range(40)]
    assert judged(TRIALS, noisy, Tolerance(0.1)).is_flat


def test_the_warm_up_is_left_out():
    assert judged(TRIALS, [1.0] * 4 + [100.0] * 36, Tolerance()).is_flat
    assert not judged(TRIALS, [1.0] * 10 + [100.0] * 30, Tolerance()).is_flat


def test_figures_that_are_seldom_looked_at_are_judged_by_the_times_they_were():
    values = [5.0 if number % 3 == 0 else None for number in range(40)]
    assert judged(TRIALS, values, Tolerance()).is_flat


def test_too_few_samples_tell_nothing():
    with pytest.raises(ValueError, match="Run it longer"):
        judged(TRIALS[:7], [1.0] * 7, Tolerance())


def test_no_trial_between_two_samples_gives_no_slope():
    assert judged([5] * 40, [1.0] * 40, Tolerance()).slope == 0


def test_storage_that_grows_evenly_is_flat_by_trial_whatever_was_there_before():
    verdict = judged_by_trial(TRIALS, [700.0 + 8 * trials for trials in TRIALS], Tolerance())
    assert verdict.is_flat
    assert (verdict.first, verdict.last, verdict.slope) == (8, 8, 0)


def test_storage_that_grows_faster_with_each_trial_is_not_flat():
    verdict = judged_by_trial(TRIALS, [8 * trials + 0.001 * trials**2 for trials in TRIALS], Tolerance(0.05))
    assert not verdict.is_flat
    assert verdict.slope == pytest.approx(2)


def test_a_time_without_trials_adds_nothing_to_each():
    assert judged_by_trial([5] * 40, [1.0] * 40, Tolerance()).is_flat
