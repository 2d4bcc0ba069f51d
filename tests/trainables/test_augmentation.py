"""Augmentation moves landmarks and pictures alike, from numbers that are drawn for the whole global batch."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from trainables.schemes import SCHEMES
from trainables.transforms.augmentation import (
    Augmentation,
    Draws,
    geometry,
    jitter_colour,
    move_landmarks,
    warp,
)

SIZE, PAD = 48, 12
NO_COLOUR = {"brightness": 0.0, "contrast": 0.0, "saturation": 0.0, "hue": 0.0}
GEOMETRIES = {
    "rotation": Augmentation(rotation_deg=30, crop_jitter=0, flip_probability=0, **NO_COLOUR),
    "crop jitter": Augmentation(rotation_deg=0, crop_jitter=0.05, flip_probability=0, **NO_COLOUR),
    "flip": Augmentation(rotation_deg=0, crop_jitter=0, flip_probability=1, **NO_COLOUR),
    "all of paper 001": Augmentation(),
}


def drawn(augmentation: Augmentation, batch: int, seed: int = 0) -> Draws:
    return Draws.of(augmentation, batch, torch.Generator().manual_seed(seed))


def fixed(rotation: float = 0.0, edges=(0.0, 0.0, 0.0, 0.0), flip: bool = False, colour=(0.0, 0.0, 0.0, 0.0)) -> Draws:
    return Draws(torch.tensor([rotation]), torch.tensor([edges]), torch.tensor([flip]), torch.tensor([colour]))


@pytest.mark.parametrize("name", SCHEMES)
@pytest.mark.parametrize("kind", GEOMETRIES)
def test_a_bright_pixel_stays_within_1_px_of_its_landmark(name, kind):
    scheme, augmentation = SCHEMES[name], GEOMETRIES[kind]
    count = scheme.num_landmarks
    permutation = torch.tensor(scheme.flip_permutation)
    generator = torch.Generator().manual_seed(int(name))
    # Image k shows landmark k alone. No landmark near the border: rotation may carry it out of the crop.
    landmarks = torch.randint(12, SIZE - 12, (count, count, 2), generator=generator).float()
    images = torch.zeros(count, 3, SIZE + 2 * PAD, SIZE + 2 * PAD)
    column, row = landmarks[range(count), range(count)].long().unbind(1)
    images[range(count), :, row + PAD, column + PAD] = 1.0
    draws = drawn(augmentation, count)
    maps = geometry(augmentation, draws, SIZE)
    moved = move_landmarks(landmarks, maps, draws.flip, permutation)
    brightest = warp(images, maps, PAD, SIZE)[:, 0].flatten(1).argmax(dim=1)
    found = torch.stack([brightest % SIZE, brightest // SIZE], dim=1)
    index_after = torch.where(draws.flip, permutation, torch.arange(count))
    assert (found - moved[range(count), index_after]).abs().max() <= 1.0


def test_a_positive_angle_turns_the_picture_counter_clockwise_as_in_001():
    maps = geometry(Augmentation(rotation_deg=30), fixed(rotation=1.0), SIZE)
    centre = (SIZE - 1) / 2
    point = torch.tensor([[[0.25, -0.1]]], dtype=torch.float64) * SIZE + centre
    moved = move_landmarks(point, maps, torch.tensor([False]), torch.tensor([0]))
    assert ((moved - centre) / SIZE).flatten().tolist() == pytest.approx([0.166506, -0.211603], abs=1e-6)


def test_a_crop_whose_edges_move_by_its_jitter_stretches_the_picture():
    # 5 % of 40 px: left +2, top −2, right +1, bottom 0, so the new crop is (2, −2)…(41, 40).
    maps = geometry(Augmentation(crop_jitter=0.05), fixed(edges=(1.0, -1.0, 0.5, 0.0)), 40)
    corners = torch.tensor([[[2.0, -2.0], [41.0, 40.0], [21.5, 19.0]]], dtype=torch.float64)
    moved = move_landmarks(corners, maps, torch.tensor([False]), torch.arange(3))
    np.testing.assert_allclose(moved[0], [[0, 0], [40, 40], [20, 20]], atol=1e-12)


def test_a_flip_maps_column_x_to_width_minus_1_minus_x():
    maps = geometry(GEOMETRIES["flip"], fixed(flip=True), SIZE)
    images = torch.rand(1, 3, SIZE + 2 * PAD, SIZE + 2 * PAD, generator=torch.Generator().manual_seed(0))
    inner = images[:, :, PAD : PAD + SIZE, PAD : PAD + SIZE]
    torch.testing.assert_close(warp(images, maps, PAD, SIZE), inner.flip(3), atol=1e-4, rtol=0)
    moved = move_landmarks(torch.tensor([[[5.0, 7.0]]]), maps, torch.tensor([True]), torch.tensor([0]))
    assert moved.tolist() == [[[SIZE - 1 - 5.0, 7.0]]]


@pytest.mark.parametrize("name", SCHEMES)
def test_flipping_twice_gives_the_same_landmarks(name):
    permutation = torch.tensor(SCHEMES[name].flip_permutation)
    landmarks = torch.rand(1, len(permutation), 2, generator=torch.Generator().manual_seed(0)) * SIZE
    maps, flip = geometry(GEOMETRIES["flip"], fixed(flip=True), SIZE), torch.tensor([True])
    twice = move_landmarks(move_landmarks(landmarks, maps, flip, permutation), maps, flip, permutation)
    torch.testing.assert_close(twice, landmarks)


def test_no_geometry_leaves_the_inner_crop_as_it_is():
    still = Augmentation(rotation_deg=0, crop_jitter=0, flip_probability=0, **NO_COLOUR)
    images = torch.rand(2, 3, SIZE + 2 * PAD, SIZE + 2 * PAD, generator=torch.Generator().manual_seed(0))
    draws = drawn(still, 2)
    inner = images[:, :, PAD : PAD + SIZE, PAD : PAD + SIZE]
    torch.testing.assert_close(warp(images, geometry(still, draws, SIZE), PAD, SIZE), inner, atol=1e-4, rtol=0)
    assert jitter_colour(still, draws, inner) is inner


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 2**31), st.floats(0, 180), st.floats(0, 0.3))
def test_every_geometry_has_an_inverse_that_brings_the_landmarks_back(seed, rotation_deg, crop_jitter):
    augmentation = Augmentation(rotation_deg=rotation_deg, crop_jitter=crop_jitter)
    draws = drawn(augmentation, 4, seed)
    landmarks = torch.rand(4, 19, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(seed)) * SIZE
    permutation = torch.tensor(SCHEMES["19"].flip_permutation)
    maps = geometry(augmentation, draws, SIZE)
    there = move_landmarks(landmarks, maps, draws.flip, permutation)
    back = move_landmarks(there, torch.linalg.inv(maps), draws.flip, permutation)
    torch.testing.assert_close(back, landmarks, atol=1e-6, rtol=0)


def test_the_same_seed_draws_the_same_numbers_and_another_seed_others():
    one, same, other = (drawn(Augmentation(), 6, seed) for seed in (3, 3, 4))
    assert torch.equal(one.rotation, same.rotation)
    assert torch.equal(one.edges, same.edges)
    assert torch.equal(one.flip, same.flip)
    assert torch.equal(one.colour, same.colour)
    assert not torch.equal(one.rotation, other.rotation)


def test_a_share_of_a_batch_gets_its_part_of_the_whole_batchs_draws():
    whole = drawn(Augmentation(), 7)
    parts = [whole.part(slice(0, 3)), whole.part(slice(3, 7))]
    for name in ("rotation", "edges", "flip", "colour"):
        assert torch.equal(torch.cat([getattr(part, name) for part in parts]), getattr(whole, name))


def test_draws_keep_to_their_range_and_flip_about_as_often_as_asked():
    draws = drawn(Augmentation(flip_probability=0.25), 4000)
    numbers = torch.cat([draws.rotation[:, None], draws.edges, draws.colour], dim=1)
    assert numbers.abs().max() <= 1
    assert numbers.mean(dim=0).abs().max() < 0.05  # the mean of 4000 of them has a standard deviation of .009
    assert draws.flip.float().mean().item() == pytest.approx(0.25, abs=0.03)


def test_brightness_is_a_factor_clamped_to_white():
    only = Augmentation(**{**NO_COLOUR, "brightness": 0.5})
    images = torch.tensor([0.2, 0.4, 0.8]).reshape(1, 3, 1, 1)
    brighter = jitter_colour(only, fixed(colour=(1.0, 0.0, 0.0, 0.0)), images)
    assert brighter.flatten().tolist() == pytest.approx([0.3, 0.6, 1.0])


def test_contrast_stretches_about_the_mean_of_the_picture():
    only = Augmentation(**{**NO_COLOUR, "contrast": 0.5})
    grey = torch.tensor([0.4, 0.6]).expand(1, 3, 1, 2)
    stretched = jitter_colour(only, fixed(colour=(0.0, 1.0, 0.0, 0.0)), grey)
    assert stretched[0, 0, 0].tolist() == pytest.approx([0.35, 0.65], abs=1e-6)


def test_saturation_and_hue_leave_grey_as_it_is():
    only = Augmentation(brightness=0.0, contrast=0.0, saturation=0.5, hue=0.3)
    grey = torch.rand(1, 1, 4, 4, generator=torch.Generator().manual_seed(0)).expand(1, 3, 4, 4)
    changed = jitter_colour(only, fixed(colour=(0.0, 0.0, 1.0, 1.0)), grey)
    torch.testing.assert_close(changed, grey, atol=1e-4, rtol=0)


def test_a_third_of_the_colour_circle_turns_red_into_green():
    only = Augmentation(**{**NO_COLOUR, "hue": 1 / 3})
    red = torch.tensor([1.0, 0.0, 0.0]).reshape(1, 3, 1, 1)
    turned = jitter_colour(only, fixed(colour=(0.0, 0.0, 0.0, 1.0)), red)
    assert turned.flatten().tolist() == pytest.approx([0.0, 1.0, 0.0], abs=1e-4)


def test_colours_stay_in_their_range():
    augmentation = Augmentation(brightness=1.0, contrast=1.0, saturation=1.0, hue=0.5)
    images = torch.rand(16, 3, 4, 4, generator=torch.Generator().manual_seed(0))
    changed = jitter_colour(augmentation, drawn(augmentation, 16), images)
    assert changed.isfinite().all()
    assert changed.min() >= 0
    assert changed.max() <= 1


def test_the_defaults_are_the_ranges_of_paper_001():
    default = Augmentation()
    assert (default.rotation_deg, default.crop_jitter, default.flip_probability) == (10.0, 0.05, 0.5)
    assert (default.brightness, default.contrast, default.saturation, default.hue) == (0.3, 0.3, 0.3, 0.1)
    turned = geometry(default, fixed(rotation=1.0), SIZE)[0, 0, 1]
    assert turned.item() == pytest.approx(math.sin(math.radians(10)))
