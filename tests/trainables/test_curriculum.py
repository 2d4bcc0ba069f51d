"""The curriculum opens the training set as its pacing says, and draws evenly from what is open."""

from collections import Counter
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trainables.config import ConfigError
from trainables.transforms.curriculum import (
    TERTILES,
    Curriculum,
    epoch_order,
    occlusion_weight,
    open_share,
    tertile,
    tertile_shares,
)

RANKS = np.random.default_rng(0).permutation(91) / 90  # the ranks of 91 faces, no two alike

curricula = st.builds(
    Curriculum,
    start=st.floats(0.01, 1),
    epochs=st.integers(0, 70),
    pacing=st.sampled_from(["linear", "root", "step", "none"]),
    balanced=st.booleans(),
    occlusion_start=st.floats(0, 1),
)
difficulties = st.lists(st.floats(0, 1) | st.just(float("nan")), min_size=1, max_size=60).map(np.array)


@pytest.mark.parametrize(("epochs_done", "share"), [(0, 0.5), (21, 0.75), (42, 1.0), (43, 1.0), (139, 1.0)])
def test_half_of_the_images_are_open_at_first_three_quarters_half_way_and_all_after_42_epochs(epochs_done, share):
    assert open_share(Curriculum(), epochs_done) == pytest.approx(share)


@pytest.mark.parametrize(
    ("pacing", "shares"),
    [
        ("linear", [0.2, 0.4, 0.6, 0.8, 1.0]),
        # √(.04 + .96 e/4)
        ("root", [0.2, 0.28**0.5, 0.52**0.5, 0.76**0.5, 1.0]),
        ("step", [0.2, 0.2, 0.2, 0.2, 1.0]),
        ("none", [1.0, 1.0, 1.0, 1.0, 1.0]),
    ],
)
def test_each_pacing_has_the_values_worked_out_by_hand(pacing, shares):
    curriculum = Curriculum(start=0.2, epochs=4, pacing=pacing)
    assert [open_share(curriculum, done) for done in range(5)] == pytest.approx(shares)


def test_occluded_landmarks_count_half_at_first_and_fully_at_the_end():
    weights = [occlusion_weight(Curriculum(), done) for done in (0, 21, 42, 100)]
    assert weights == pytest.approx([0.5, 0.75, 1.0, 1.0])
    assert occlusion_weight(Curriculum(occlusion_start=1.0), 0) == 1.0


def test_a_curriculum_of_no_epochs_is_over_from_the_start():
    assert open_share(Curriculum(epochs=0), 0) == occlusion_weight(Curriculum(epochs=0), 0) == 1.0


@settings(deadline=None)
@given(curricula)
def test_the_open_share_and_the_weight_of_occluded_landmarks_never_fall_and_end_at_exactly_1(curriculum):
    for of_epoch, first in ((open_share, curriculum.start), (occlusion_weight, curriculum.occlusion_start)):
        values = [of_epoch(curriculum, done) for done in range(72)]
        assert all(before <= after + 1e-12 for before, after in pairwise(values))
        assert min(values) >= first - 1e-12
        assert values[curriculum.epochs :] == [1.0] * (72 - curriculum.epochs)


@pytest.mark.parametrize("wrong", [{"start": 0.0}, {"start": 1.1}, {"epochs": -1}, {"pacing": "exponential"}])
def test_a_curriculum_that_cannot_be_is_refused(wrong):
    with pytest.raises(ConfigError, match=rf"Curriculum\.{next(iter(wrong))} = "):
        Curriculum(**wrong)


@settings(deadline=None)
@given(difficulties, curricula, st.integers(0, 5), st.integers(1, 80))
def test_an_epoch_has_as_many_images_as_without_a_curriculum_and_none_that_is_not_open(ranks, curriculum, seed, epoch):
    order = epoch_order(ranks, curriculum, seed, epoch)
    assert order.shape == ranks.shape
    drawn, share = np.nan_to_num(ranks, nan=1.0)[order], open_share(curriculum, epoch - 1)
    # Where no image is as easy as the share, the easiest are shown.
    assert drawn.max() <= max(share, np.nan_to_num(ranks, nan=1.0).min())


@settings(deadline=None)
@given(difficulties, curricula, st.integers(1, 80), st.integers(1, 64), st.integers(1, 4))
def test_the_open_tertiles_differ_by_at_most_one_image_in_each_batch_and_in_each_workers_part(
    ranks, curriculum, epoch, batch_size, world
):
    curriculum = replace(curriculum, balanced=True)
    of_image = tertile(ranks)[epoch_order(ranks, curriculum, 3, epoch)]
    opened = np.unique(of_image)
    allowed = np.unique(tertile(ranks)[np.nan_to_num(ranks, nan=1.0) <= open_share(curriculum, epoch - 1)])
    assert len(allowed) == 0 or opened.tolist() == allowed.tolist()
    for start in range(0, len(ranks), batch_size):
        batch = of_image[start : start + batch_size]
        for part in (batch, *(batch[len(batch) * w // world : len(batch) * (w + 1) // world] for w in range(world))):
            counts = [(part == number).sum() for number in opened]
            assert max(counts) - min(counts) <= 1


@settings(deadline=None)
@given(difficulties, curricula, st.integers(1, 80))
def test_no_image_is_shown_twice_more_often_than_another_of_its_tertile(ranks, curriculum, epoch):
    shown = Counter(epoch_order(ranks, curriculum, 3, epoch).tolist())
    of_group: dict[int, list[int]] = {}
    for image, count in shown.items():
        of_group.setdefault(int(tertile(ranks)[image]) if curriculum.balanced else 0, []).append(count)
    for counts in of_group.values():
        assert max(counts) - min(counts) <= 1


def test_a_closed_tertile_leaves_its_share_to_the_others():
    closed = Curriculum(start=0.6, pacing="step", epochs=10)
    assert tertile_shares(RANKS[epoch_order(RANKS, closed, 0, 10)]) == pytest.approx(
        {"easy": 1 / 2, "medium": 1 / 2, "hard": 0}, abs=1 / 91
    )
    assert tertile_shares(RANKS[epoch_order(RANKS, closed, 0, 11)]) == pytest.approx(
        dict.fromkeys(TERTILES, 1 / 3), abs=1 / 91
    )


def test_no_tertile_is_always_the_one_with_the_image_more():
    # Batches of 4 of three tertiles: one of them has two.
    more = set()
    for epoch in range(50, 53):
        first = tertile(RANKS[epoch_order(RANKS, Curriculum(), 0, epoch)][:4])
        more.add(Counter(first.tolist()).most_common(1)[0][0])
    assert more == {0, 1, 2}


def test_without_balance_all_open_images_are_equally_likely():
    order = epoch_order(RANKS, Curriculum(balanced=False), 0, 1)
    # 46 of 91 images are open, of which 31 are easy; 91 draws show each of them once or twice.
    assert set(Counter(order.tolist()).values()) == {1, 2}
    assert tertile_shares(RANKS[order])["easy"] == pytest.approx(31 / 46, abs=0.05)


def test_a_curriculum_that_does_nothing_gives_the_order_without_one():
    nothing = Curriculum(pacing="none", balanced=False)
    rows = np.arange(91)
    for epoch in (1, 7):
        without = np.random.default_rng([4, epoch]).permutation(rows)
        assert np.array_equal(epoch_order(RANKS, nothing, 4, epoch), without)


def test_the_order_follows_from_the_seed_and_the_epoch_alone():
    orders = [epoch_order(RANKS, Curriculum(), seed, epoch) for seed, epoch in ((0, 1), (0, 1), (1, 1), (0, 4))]
    assert np.array_equal(orders[0], orders[1])
    assert not np.array_equal(orders[0], orders[2])
    assert not np.array_equal(orders[0], orders[3])


def test_where_no_image_is_as_easy_as_the_open_share_the_easiest_are_shown():
    tied = np.array([0.6, 0.6, 0.9, 1.0])
    assert set(epoch_order(tied, Curriculum(start=0.1), 0, 1).tolist()) == {0, 1}


def test_a_third_is_easy_up_to_and_with_one_third_and_what_has_no_rank_is_hard():
    assert tertile(np.array([0, 1 / 3, 0.34, 2 / 3, 0.67, 1, np.nan])).tolist() == [0, 0, 1, 1, 2, 2, 2]
    assert tertile_shares(np.array([0.1, 0.2, 0.5, np.nan])) == {"easy": 0.5, "medium": 0.25, "hard": 0.25}
