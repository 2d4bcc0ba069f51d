"""When a trial is given up, worked out by hand. Lower values are better; NaN is worse than any number."""

from math import inf, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search_spaces.stopping import Asha, Median
from trainables.config import ConfigError

NOBODY: list[list[float]] = []


def rung_of(*bests: float, epochs: int) -> list[list[float]]:
    """Others with these best values, each after so many epochs."""
    return [[best] * epochs for best in bests]


@pytest.mark.parametrize("epochs, is_asked", [(1, False), (2, True), (3, False), (4, False), (6, True), (18, True)])
def test_asha_looks_at_trials_after_2_6_18_epochs_where_it_begins_at_2_and_takes_a_third(epochs, is_asked):
    goes_on = Asha(min_epochs=2, factor=3).goes_on([9.0] * epochs, rung_of(1.0, 2.0, epochs=epochs))
    assert goes_on is not is_asked


@pytest.mark.parametrize(
    "others, own, goes_on",
    [
        ((), 9.0, True),  # the first to come is the best of those that came
        ((1.0,), 2.0, False),  # of two a third is none, so only the best
        ((2.0,), 1.0, True),
        ((1.0, 3.0), 2.0, False),  # of three a third is one
        ((1.0, 3.0, 4.0, 5.0), 2.0, False),  # of five too
        ((1.0, 3.0, 4.0, 5.0, 6.0), 2.0, True),  # of six it is two
        ((1.0, 1.5, 4.0, 5.0, 6.0), 2.0, False),
        ((1.0,), 1.0, True),  # as good as the best
    ],
)
def test_asha_goes_on_with_the_best_third_of_a_rung_or_the_best(others, own, goes_on):
    assert Asha(factor=3).goes_on([own], rung_of(*others, epochs=1)) is goes_on


def test_asha_compares_the_best_up_to_the_rung_not_the_last_nor_what_came_after():
    asha = Asha(min_epochs=2, factor=2)
    assert asha.goes_on([1.0, 9.0], [[2.0, 2.0]])
    assert asha.goes_on([1.0, 9.0], [[2.0, 2.0, 0.5]])
    assert not asha.goes_on([3.0, 2.5], [[2.0, 9.0]])


def test_asha_asks_nobody_who_has_not_come_as_far():
    assert Asha(min_epochs=2, factor=2).goes_on([5.0, 5.0], [[1.0], [1.0]])


def test_the_order_of_arrival_decides_as_the_paper_has_it():
    """Of 3, 1, 2 at one rung with factor 3: 3 is the first, 1 is better, 2 is neither; the other way round 2 stays."""
    asha = Asha(factor=3)
    arrivals = [([3.0], NOBODY), ([1.0], [[3.0]]), ([2.0], [[3.0], [1.0]])]
    assert [asha.goes_on(own, others) for own, others in arrivals] == [True, True, False]
    arrivals = [([2.0], NOBODY), ([3.0], [[2.0]]), ([1.0], [[2.0], [3.0]])]
    assert [asha.goes_on(own, others) for own, others in arrivals] == [True, False, True]


@pytest.mark.parametrize("rule", [Asha(factor=2), Median(min_trials=1)])
def test_what_is_no_number_is_worse_than_any_number(rule):
    assert not rule.goes_on([nan], [[0.5]])
    assert not rule.goes_on([inf], [[0.5]])
    assert rule.goes_on([0.5], [[nan]])
    assert rule.goes_on([0.5], [[inf]])
    assert rule.goes_on([nan], [[nan]])  # nobody is better


def test_an_epoch_without_a_number_does_not_hide_the_others():
    assert Asha(min_epochs=2, factor=2).goes_on([nan, 0.4], [[0.5, nan]])
    assert Median(min_epochs=2, min_trials=1).goes_on([nan, 0.4], [[0.5, nan]])
    assert not Median(min_epochs=2, min_trials=1).goes_on([nan, 0.6], [[0.5, nan]])


def test_the_median_is_that_of_running_means_and_is_compared_with_the_best():
    """After two epochs the means are 3, 4 and 5: a best of 4 goes on, one of 4.5 does not."""
    others = [[4.0, 2.0], [4.0, 4.0], [6.0, 4.0, 0.0]]
    median = Median(min_trials=3)
    assert median.goes_on([9.0, 4.0], others)
    assert median.goes_on([4.0, 9.0], others)
    assert not median.goes_on([4.5, 4.5], others)


def test_a_nan_among_others_leaves_the_median_of_the_rest_where_it_belongs():
    """NaN counts as the worst: means 1, 2, worst."""
    for others in ([[nan], [1.0], [2.0]], [[1.0], [nan], [2.0]], [[2.0], [1.0], [nan]]):
        assert Median(min_trials=3).goes_on([2.0], others)
        assert not Median(min_trials=3).goes_on([2.1], others)


def test_the_median_waits_for_epochs_and_for_others_that_came_as_far():
    median, bad = Median(min_epochs=3, min_trials=2), [9.0, 9.0, 9.0]
    assert median.goes_on(bad[:2], rung_of(1.0, 1.0, epochs=2))
    assert median.goes_on(bad, rung_of(1.0, epochs=3))
    assert median.goes_on(bad, [[1.0, 1.0, 1.0], [1.0, 1.0]])
    assert not median.goes_on(bad, rung_of(1.0, 1.0, epochs=3))


values = st.lists(st.one_of(st.floats(0, 1), st.just(nan)), min_size=1, max_size=9)
rules = st.one_of(
    st.builds(Asha, min_epochs=st.integers(1, 3), factor=st.integers(2, 4)),
    st.builds(Median, min_epochs=st.integers(1, 3), min_trials=st.integers(1, 3)),
)


@given(rules, values, st.lists(values, max_size=8), st.randoms(use_true_random=False))
def test_the_same_values_give_the_same_decision_in_any_order_so_that_a_restart_changes_nothing(
    rule, own, others, random
):
    decided = rule.goes_on(own, others)
    random.shuffle(others)
    assert rule.goes_on(tuple(own), iter(others)) is decided


@given(rules, values, st.lists(values, max_size=8))
def test_a_better_trial_is_never_given_up_where_a_worse_one_goes_on(rule, own, others):
    if rule.goes_on(own, others):
        assert rule.goes_on([value / 2 for value in own], others)


@pytest.mark.parametrize(
    "make",
    [lambda: Asha(min_epochs=0), lambda: Asha(factor=1), lambda: Median(min_epochs=0), lambda: Median(min_trials=0)],
)
def test_rules_without_a_first_epoch_a_share_or_others_are_mistakes(make):
    with pytest.raises(ConfigError, match="greater than or equal"):
        make()
