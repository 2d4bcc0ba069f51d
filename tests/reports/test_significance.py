"""Paired differences: hand-worked means, intervals and p values."""

import numpy as np
import pytest
from scipy.stats import wilcoxon

from reports.significance import FEW, bootstrap_intervals, holm, paired_by_person, rank_biserial, signed_rank_p


def test_the_interval_of_two_persons_spans_the_draws_of_either_alone():
    # Two pictures of A, .02 each, and one of B, −.01. Resamples: AA .02, BB −.01, AB and BA (.04 − .01) / 3 = .01.
    found = paired_by_person(np.array([0.02, -0.01, 0.02]), ["A", "B", "A"])
    assert found is not None
    assert found.mean == pytest.approx(0.01)
    assert (found.low, found.high) == pytest.approx((-0.01, 0.02))
    assert (found.num_images, found.num_persons, found.is_sure) == (3, 2, False)


def test_many_pictures_of_few_persons_prove_no_more_than_the_persons_do():
    differences = np.repeat([-1.0, 1.0], 100)
    of_two = paired_by_person(differences, ["A"] * 100 + ["B"] * 100)
    of_many = paired_by_person(differences, [f"{number}" for number in range(200)])
    assert of_two is not None and of_many is not None
    assert (of_two.low, of_two.high) == (-1.0, 1.0)
    # 200 of ±1: the mean's deviation is 1/√200 = .071, and 1.96 times that .139
    assert (of_many.low, of_many.high) == pytest.approx((-0.139, 0.139), abs=0.02)


def test_the_same_difference_everywhere_is_sure():
    found = paired_by_person(np.full(6, 0.5), list("ABCDEF"))
    assert found is not None and found.is_sure
    assert (found.mean, found.low, found.high) == (0.5, 0.5, 0.5)


@pytest.mark.parametrize(
    ("differences", "p"),
    [
        ([0.1, 0.2, 0.3, 0.4, 0.5], 2 / 2**5),  # of 2⁵ signs, all plus and all minus are as far out
        ([0.1, 0.2, 0.3, 0.4, 0.5, 0.6], 2 / 2**6),
        ([-0.1, 0.2, 0.3, 0.4, 0.5], 4 / 2**5),  # a rank sum of at most 1: no minus, or the smallest, on either side
        ([0.0, 0.0], 1.0),
    ],
)
def test_signed_ranks_count_the_signs_that_are_as_far_out(differences, p):
    assert signed_rank_p(np.array(differences)) == pytest.approx(p)


def test_the_test_sees_one_number_per_person():
    # Six persons: A's mean is .1 although it has one picture below zero.
    found = paired_by_person(np.array([-0.1, 0.3, 0.2, 0.3, 0.4, 0.5, 0.6]), list("AABCDEF"))
    assert found is not None
    assert found.p == pytest.approx(2 / 2**6)


def test_pictures_without_an_error_are_left_out():
    found = paired_by_person(np.array([0.1, np.nan, 0.3, np.nan]), ["A", "A", "B", "C"])
    assert found is not None
    assert (found.num_images, found.num_persons) == (2, 2)
    assert found.mean == pytest.approx(0.2)


@pytest.mark.parametrize("differences", [[0.1, np.inf], [0.1, np.nan], []])
def test_without_two_persons_and_finite_errors_there_is_no_interval(differences):
    assert paired_by_person(np.array(differences), ["A", "B"][: len(differences)]) is None


def test_the_same_differences_give_the_same_interval():
    differences = np.random.default_rng(3).normal(size=50)
    persons = [f"{number // 2}" for number in range(50)]
    assert paired_by_person(differences, persons) == paired_by_person(differences, persons)


@pytest.mark.parametrize(
    ("p_values", "corrected"),
    [
        # .005·4, .01·3, then .03·2 and .04·1, which may not be smaller than the one before.
        ([0.01, 0.04, 0.03, 0.005], [0.03, 0.06, 0.06, 0.02]),
        ([0.6, 0.7], [1.0, 1.0]),
        ([0.02], [0.02]),
        ([], []),
    ],
)
def test_holm_multiplies_the_smallest_p_by_their_number_and_each_next_by_one_less(p_values, corrected):
    assert holm(p_values) == pytest.approx(corrected)


@pytest.mark.parametrize(
    ("differences", "effect"),
    [
        ([0.1, 0.2, 0.3], 1.0),
        ([-0.1, -0.2], -1.0),
        ([0.1, -0.2, 0.3, 0.4], (1 - 2 + 3 + 4) / 10),
        ([0.1, -0.1], 0.0),  # both have the rank 1.5
        ([0.0, 0.0], 0.0),
    ],
)
def test_an_effect_is_the_share_of_ranks_above_zero_minus_that_below(differences, effect):
    assert rank_biserial(np.array(differences)) == pytest.approx(effect)


def test_means_of_one_table_are_resampled_by_the_same_draws():
    sums = np.random.default_rng(1).normal(size=(30, 1))
    together = bootstrap_intervals(np.hstack([sums, sums + 1.0]), np.ones((30, 2)))
    alone = bootstrap_intervals(sums, np.ones((30, 1)))
    assert together == pytest.approx(np.vstack([alone, alone + 1.0]))


@pytest.mark.parametrize("num_zeros", [0, 7])
@pytest.mark.parametrize("digits", [16, 1], ids=["no ties", "ties"])
def test_the_p_of_many_persons_is_that_of_scipy(num_zeros, digits):
    differences = np.round(np.random.default_rng(0).normal(0.3, 1.0, FEW + 10), digits)
    differences[:num_zeros] = 0.0
    assert signed_rank_p(differences) == pytest.approx(wilcoxon(differences).pvalue, rel=1e-12)


def test_equal_amounts_and_zeros_are_counted_exactly():
    # Of 30 persons 5 fail under one of two methods only: of 2⁵ signs two are as far out.
    assert signed_rank_p(np.array([0.0] * 25 + [1.0] * 5)) == pytest.approx(2 / 2**5)
    # Four of one amount, one of them below zero: of 2⁴ sums of the rank 2.5 those of at most one, on either side.
    assert signed_rank_p(np.array([1.0, 1.0, 1.0, -1.0])) == pytest.approx(2 * 5 / 2**4)


@pytest.mark.parametrize("num", [5, 20, FEW])
def test_the_p_of_few_persons_is_that_of_scipy_where_no_two_amounts_are_equal(num):
    differences = np.random.default_rng(num).normal(0.3, 1.0, num)
    assert signed_rank_p(differences) == pytest.approx(wilcoxon(differences, method="exact").pvalue)
