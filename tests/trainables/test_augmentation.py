"""Augmentation moves landmarks and pictures alike, from numbers that are drawn for the whole global batch."""

import math
from dataclasses import fields, replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from trainables.recipe import MARGIN, WIDE_MARGIN, Recipe
from trainables.schemes import SCHEMES
from trainables.transforms.augmentation import (
    AUGMENTATIONS,
    Augmentation,
    Draws,
    angles,
    augment,
    geometry,
    jitter_colour,
    occluder_rectangles,
    reach,
    side_factors,
)
from trainables.transforms.geometric import move_landmarks, warp

SIZE, PAD = 48, 24
NO_COLOUR = {"brightness": 0.0, "contrast": 0.0, "saturation": 0.0, "hue": 0.0}
STILL = Augmentation(rotation_deg=0, crop_jitter=0, flip_probability=0, **NO_COLOUR)
GEOMETRIES = {
    "rotation": replace(STILL, rotation_deg=30),
    "crop jitter": replace(STILL, crop_jitter=0.05),
    "flip": replace(STILL, flip_probability=1),
    "scale": replace(STILL, scale=0.3),
    "shift": replace(STILL, shift=0.1),
}


def drawn(augmentation: Augmentation, batch: int, seed: int = 0) -> Draws:
    return Draws.of(augmentation, batch, torch.Generator().manual_seed(seed))


def fixed(flip: bool = False, **given) -> Draws:
    """One face's draws, all in the middle of their ranges but those that are given."""
    middle = Draws(
        rotation=torch.zeros(1),
        edges=torch.zeros(1, 4),
        flip=torch.tensor([flip]),
        colour=torch.zeros(1, 4),
        rotates=torch.tensor([True]),
        scale=torch.zeros(1),
        shift=torch.zeros(1, 2),
        gains=torch.zeros(1, 3),
        occludes=torch.tensor([False]),
        noisy=torch.tensor([False]),
        occluder=torch.full((1, 4), 0.5),
        noise_seed=0,
    )
    return replace(middle, **{name: torch.tensor([value]) for name, value in given.items()})


def tensors(draws: Draws) -> dict[str, torch.Tensor]:
    return {each.name: getattr(draws, each.name) for each in fields(draws) if each.name != "noise_seed"}


def faces(count: int, landmarks: int = 5, size: int = SIZE, pad: int = PAD, seed: int = 0) -> tuple[torch.Tensor, ...]:
    """Random crops, landmarks, and which of them are present, and visible."""
    generator = torch.Generator().manual_seed(seed)
    side = size + 2 * pad
    crops = torch.randint(0, 256, (count, side, side, 3), generator=generator, dtype=torch.uint8)
    points = torch.rand(count, landmarks, 2, generator=generator) * size
    present = torch.rand(count, landmarks, generator=generator) < 0.9
    visible = present & (torch.rand(count, landmarks, generator=generator) < 0.8)
    return crops, points, present, visible


def augmented(augmentation: Augmentation, draws: Draws, given: tuple[torch.Tensor, ...]) -> tuple[torch.Tensor, ...]:
    """`augment` for `faces`, the first two of whose landmarks are a pair."""
    crops, landmarks, present, visible = given
    permutation = (1, 0, *range(2, landmarks.shape[1]))
    return augment(augmentation, draws, crops, landmarks, present, visible, permutation, SIZE)


@pytest.mark.parametrize("name", SCHEMES)
@pytest.mark.parametrize("kind", [*GEOMETRIES, *AUGMENTATIONS])
@settings(deadline=None, max_examples=3)
@given(seed=st.integers(0, 2**31))
def test_a_bright_pixel_stays_within_1_px_of_its_landmark(name, kind, seed):
    permutation = SCHEMES[name].flip_permutation
    # No colours or occluders: the dot must stay the brightest.
    augmentation = replace((GEOMETRIES | AUGMENTATIONS)[kind], **NO_COLOUR, channel_gain=0, occlusion_probability=0)
    count = 12  # image k shows landmark shown[k] alone, none near the border: a rotation may carry it out of the crop
    generator = torch.Generator().manual_seed(seed)
    shown = torch.randint(0, len(permutation), (count,), generator=generator)
    landmarks = torch.randint(16, SIZE - 16, (count, len(permutation), 2), generator=generator).float()
    crops = torch.zeros(count, SIZE + 2 * PAD, SIZE + 2 * PAD, 3, dtype=torch.uint8)
    column, row = landmarks[range(count), shown].long().unbind(1)
    # 3 px wide, with the brightest pixel in the middle: a single one may fall between the pixels of a smaller picture.
    for across in (-1, 0, 1):
        for down in (-1, 0, 1):
            crops[range(count), row + PAD + down, column + PAD + across] = 255 - 80 * abs(across) - 80 * abs(down)
    draws = drawn(augmentation, count, seed)
    only_shown = torch.zeros(count, len(permutation), dtype=torch.bool)
    only_shown[range(count), shown] = True
    images, moved, present, visible = augment(
        augmentation, draws, crops, landmarks, only_shown, only_shown, permutation, SIZE
    )
    assert torch.equal(present, visible)
    assert present.sum(dim=1).tolist() == [1] * count
    brightest = images[:, 0].flatten(1).argmax(dim=1)
    found = torch.stack([brightest % SIZE, brightest // SIZE], dim=1)
    # A shift and a rotation together carry a few out of the crop.
    inside = ((moved[present] > 0) & (moved[present] < SIZE - 1)).all(dim=1)
    assert inside.float().mean() > 0.5
    assert (found - moved[present])[inside].abs().max() <= 1.0


def test_a_positive_angle_turns_the_picture_counter_clockwise_as_in_001():
    maps = geometry(Augmentation(rotation_deg=30), fixed(rotation=1.0), SIZE)
    centre = (SIZE - 1) / 2
    point = torch.tensor([[[0.25, -0.1]]], dtype=torch.float64) * SIZE + centre
    moved = move_landmarks(point, maps, torch.tensor([False]), torch.tensor([0]))
    assert ((moved - centre) / SIZE).flatten().tolist() == pytest.approx([0.166506, -0.211603], abs=1e-6)


def test_a_crop_whose_edges_move_by_its_jitter_stretches_the_picture():
    # 5 % of 40 px: left +2, top −2, right +1, bottom 0, so the new crop is (2, −2)…(41, 40).
    maps = geometry(Augmentation(crop_jitter=0.05), fixed(edges=[1.0, -1.0, 0.5, 0.0]), 40)
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


def test_flipping_twice_gives_the_same_picture():
    images = torch.rand(2, 3, SIZE, SIZE, generator=torch.Generator().manual_seed(0))
    maps = geometry(GEOMETRIES["flip"], drawn(GEOMETRIES["flip"], 2), SIZE)
    torch.testing.assert_close(warp(warp(images, maps, 0, SIZE), maps, 0, SIZE), images, atol=1e-4, rtol=0)


def test_no_geometry_leaves_the_inner_crop_as_it_is():
    images = torch.rand(2, 3, SIZE + 2 * PAD, SIZE + 2 * PAD, generator=torch.Generator().manual_seed(0))
    draws = drawn(STILL, 2)
    inner = images[:, :, PAD : PAD + SIZE, PAD : PAD + SIZE]
    torch.testing.assert_close(warp(images, geometry(STILL, draws, SIZE), PAD, SIZE), inner, atol=1e-4, rtol=0)
    assert jitter_colour(STILL, draws, inner) is inner


def test_the_resampling_is_that_of_kornia():
    from kornia.geometry.transform import warp_affine

    images = torch.rand(4, 3, SIZE + 2 * PAD, SIZE + 2 * PAD, generator=torch.Generator().manual_seed(0))
    augmentation = AUGMENTATIONS["keyposs_coco"]
    maps = geometry(augmentation, drawn(augmentation, 4), SIZE)
    offset = torch.tensor([[1.0, 0, -PAD], [0, 1, -PAD], [0, 0, 1]], dtype=torch.float64)
    expected = warp_affine(images, (maps @ offset)[:, :2].float(), (SIZE, SIZE), align_corners=True)
    torch.testing.assert_close(warp(images, maps, PAD, SIZE), expected, atol=1e-5, rtol=0)


@settings(deadline=None, max_examples=30)
@given(
    seed=st.integers(0, 2**31),
    rotation_deg=st.floats(0, 180),
    crop_jitter=st.floats(0, 0.3),
    scale=st.floats(0, 0.9),
    shift=st.floats(0, 0.5),
)
def test_every_geometry_has_an_inverse_that_brings_the_landmarks_back(seed, rotation_deg, crop_jitter, scale, shift):
    augmentation = Augmentation(rotation_deg=rotation_deg, crop_jitter=crop_jitter, scale=scale, shift=shift)
    draws = drawn(augmentation, 4, seed)
    landmarks = torch.rand(4, 19, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(seed)) * SIZE
    permutation = torch.tensor(SCHEMES["19"].flip_permutation)
    maps = geometry(augmentation, draws, SIZE)
    there = move_landmarks(landmarks, maps, draws.flip, permutation)
    back = move_landmarks(there, torch.linalg.inv(maps), draws.flip, permutation)
    torch.testing.assert_close(back, landmarks, atol=1e-6, rtol=0)


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 2**31), name=st.sampled_from(sorted(AUGMENTATIONS)))
def test_the_one_map_is_the_composition_of_crop_jitter_shift_rotation_with_scale_and_flip(seed, name):
    augmentation = replace(AUGMENTATIONS[name], crop_jitter=0.1)
    draws = drawn(augmentation, 3, seed)
    points = torch.rand(3, 7, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(seed)) * SIZE
    found = move_landmarks(points, geometry(augmentation, draws, SIZE), torch.zeros(3).bool(), torch.arange(7))
    first, last = (draws.edges.double() * 0.1 * SIZE).reshape(3, 1, 2, 2).unbind(2)
    stretched = (points - first) * SIZE / (SIZE + last - first)
    shifted = stretched - (draws.shift * augmentation.shift * SIZE)[:, None]
    angle, centre = angles(augmentation, draws)[:, None], (SIZE - 1) / 2
    x, y = ((shifted - centre) / side_factors(augmentation, draws)[:, None, None]).unbind(2)
    turned = torch.stack([x * angle.cos() + y * angle.sin(), y * angle.cos() - x * angle.sin()], dim=2) + centre
    expected = torch.where(draws.flip[:, None], SIZE - 1 - turned[..., 0], turned[..., 0])
    torch.testing.assert_close(found, torch.stack([expected, turned[..., 1]], dim=2), atol=1e-9, rtol=0)


def test_the_same_seed_draws_the_same_numbers_and_another_seed_others():
    one, same, other = (drawn(AUGMENTATIONS["hrmlff"], 16, seed) for seed in (3, 3, 4))
    assert one.noise_seed == same.noise_seed != other.noise_seed
    for name, values in tensors(one).items():
        assert torch.equal(values, tensors(same)[name])
        # Those that are always so, at a probability of 0 or 1, are the same with any seed.
        assert torch.equal(values, tensors(other)[name]) == (name in ("rotates", "occludes") and values.all().item())


def test_the_first_numbers_of_a_seed_stay_what_they_were_before_scale_shift_and_occluders_came():
    draws = drawn(Augmentation(), 2, seed=7)
    uniform = torch.rand(2, 10, generator=torch.Generator().manual_seed(7))
    assert torch.equal(draws.rotation, 2 * uniform[:, 0] - 1)
    assert torch.equal(draws.edges, 2 * uniform[:, 1:5] - 1)
    assert torch.equal(draws.colour, 2 * uniform[:, 5:9] - 1)
    assert torch.equal(draws.flip, uniform[:, 9] < 0.5)


def test_a_share_of_a_batch_gets_its_part_of_the_whole_batchs_draws():
    whole = drawn(Augmentation(), 7)
    parts = [whole.part(slice(0, 3)), whole.part(slice(3, 7))]
    assert {part.noise_seed for part in parts} == {whole.noise_seed}
    for name, values in tensors(whole).items():
        assert torch.equal(torch.cat([tensors(part)[name] for part in parts]), values)


@pytest.mark.parametrize("name", AUGMENTATIONS)
def test_two_workers_together_make_the_images_that_one_makes(name):
    augmentation = AUGMENTATIONS[name]
    whole, draws = faces(9), drawn(augmentation, 9)
    one = augmented(augmentation, draws, whole)
    shares = [slice(0, 5), slice(5, 9)]
    two = [augmented(augmentation, draws.part(share), tuple(each[share] for each in whole)) for share in shares]
    for parts, together in zip(zip(*two, strict=True), one, strict=True):
        torch.testing.assert_close(torch.cat(parts), together)


def test_draws_keep_to_their_range_and_happen_about_as_often_as_asked():
    augmentation = Augmentation(flip_probability=0.25, rotation_probability=0.6, shift=0.1, shift_probability=0.3)
    draws = drawn(replace(augmentation, occlusion_probability=0.5, occluder_noise=0.2), 4000)
    numbers = torch.cat([draws.rotation[:, None], draws.edges, draws.colour, draws.scale[:, None], draws.gains], dim=1)
    assert numbers.abs().max() <= 1
    assert numbers.mean(dim=0).abs().max() < 0.05  # the mean of 4000 of them has a standard deviation of .009
    shifted = (draws.shift != 0).all(dim=1)
    for happens, share in ((draws.flip, 0.25), (draws.rotates, 0.6), (shifted, 0.3), (draws.noisy, 0.2)):
        assert happens.float().mean().item() == pytest.approx(share, abs=0.03)
    assert draws.occludes.float().mean().item() == pytest.approx(0.5, abs=0.03)


def test_a_normal_angle_and_scale_have_their_deviation_and_are_clipped_to_their_range():
    augmentation = AUGMENTATIONS["sht"]  # two deviations: of normal numbers 4.55 % lie beyond
    draws = drawn(augmentation, 20_000)
    degrees, factors = angles(augmentation, draws).rad2deg(), side_factors(augmentation, draws)
    assert degrees.abs().max().item() == pytest.approx(30)
    assert (factors.min().item(), factors.max().item()) == pytest.approx((0.8, 1.2))
    for values, centre, limit in ((degrees, 0.0, 30.0), (factors, 1.0, 0.2)):
        clipped = ((values - centre).abs() > limit - 1e-6).double().mean().item()
        assert clipped == pytest.approx(0.0455, abs=0.006)
        within_one = ((values - centre).abs() < limit / 2).double().mean().item()
        assert within_one == pytest.approx(0.6827, abs=0.015)


def test_a_uniform_angle_and_scale_fill_their_range_evenly():
    augmentation = AUGMENTATIONS["hrmlff"]
    draws = drawn(augmentation, 20_000)
    for values in (angles(augmentation, draws).rad2deg() / 30, (side_factors(augmentation, draws) - 1) / 0.2):
        assert values.abs().max() <= 1
        assert values.abs().mean().item() == pytest.approx(0.5, abs=0.01)


def test_a_face_that_does_not_rotate_keeps_its_angle():
    augmentation = AUGMENTATIONS["fan_official"]
    draws = drawn(augmentation, 4000)
    still = angles(augmentation, draws) == 0
    assert torch.equal(still, ~draws.rotates)
    assert still.float().mean().item() == pytest.approx(0.6, abs=0.03)


def test_a_larger_side_makes_the_face_smaller():
    augmentation = replace(STILL, scale=0.25)
    maps = geometry(augmentation, fixed(scale=1.0), SIZE)
    assert maps[0, 0, 0].item() == pytest.approx(1 / 1.25)
    centre = torch.full((1, 1, 2), (SIZE - 1) / 2, dtype=torch.float64)
    torch.testing.assert_close(move_landmarks(centre, maps, torch.tensor([False]), torch.tensor([0])), centre)


def test_a_shifted_crop_leaves_the_face_behind_by_that_share_of_its_side():
    maps = geometry(replace(STILL, shift=0.1), fixed(shift=[1.0, -0.5]), 40)
    point = torch.tensor([[[20.0, 20.0]]], dtype=torch.float64)
    assert move_landmarks(point, maps, torch.tensor([False]), torch.tensor([0])).flatten().tolist() == [16.0, 22.0]


def darkest_of_white(augmentation: Augmentation, draws: Draws, margin: float, size: int = 64) -> torch.Tensor:
    """The darkest pixel of views of a white picture with this margin: below 1 where black corners come in."""
    pad = round(margin * size)
    white = torch.ones(len(draws.rotation), 1, size + 2 * pad, size + 2 * pad)
    return warp(white, geometry(augmentation, draws, size), pad, size).flatten(1).min(dim=1).values


def farthest(augmentation: Augmentation) -> tuple[Augmentation, Draws]:
    """Every draw at an end of its range, the angle at 45° if it can be: all combinations, about."""
    augmentation = replace(augmentation, rotation_deg=min(augmentation.rotation_deg, 45), rotation_sd_deg=0)
    draws = drawn(replace(augmentation, rotation_probability=1, shift_probability=1), 1000)
    draws = replace(draws, rotation=draws.rotation.sign(), edges=draws.edges.sign(), shift=draws.shift.sign())
    return augmentation, replace(draws, scale=torch.ones(1000))


@pytest.mark.parametrize("kind", AUGMENTATIONS)
def test_within_its_reach_no_view_has_black_corners_and_with_less_some_have(kind):
    augmentation, draws = farthest(AUGMENTATIONS[kind])
    far = reach(augmentation)
    assert darkest_of_white(augmentation, draws, far + 0.01).min() > 0.99  # a margin has whole pixels
    assert darkest_of_white(augmentation, draws, far - 0.04).min() < 0.5


@pytest.mark.parametrize("kind", AUGMENTATIONS)
def test_within_the_margin_of_its_recipe_no_view_of_an_augmentation_has_black_corners(kind):
    augmentation = AUGMENTATIONS[kind]
    margin = Recipe(augmentation=augmentation).margin
    whole = (darkest_of_white(augmentation, drawn(augmentation, 2000), margin) > 0.999).float().mean().item()
    # Only the shift of the one can look farther than the wider margin, and it seldom does.
    assert (margin < reach(augmentation)) == (kind == "keyposs_coco")
    assert whole > 0.99 if kind == "keyposs_coco" else whole == 1


def test_the_margin_is_the_narrower_one_that_covers_the_reach():
    assert Recipe().margin == MARGIN
    margins = {name: Recipe(augmentation=augmentation).margin for name, augmentation in AUGMENTATIONS.items()}
    assert margins == dict.fromkeys(AUGMENTATIONS, WIDE_MARGIN) | {"resnet18": MARGIN}
    assert Recipe(augmentation=GEOMETRIES["rotation"]).margin == MARGIN


def test_the_reach_is_that_of_the_farthest_corner():
    assert reach(STILL) == 0
    assert reach(replace(STILL, rotation_deg=45)) == pytest.approx(math.sqrt(0.5) - 0.5)
    assert reach(replace(STILL, rotation_deg=170)) == reach(replace(STILL, rotation_deg=45))
    assert reach(replace(STILL, scale=0.2)) == pytest.approx(0.1)
    assert reach(replace(STILL, shift=0.16)) == pytest.approx(0.16)
    assert reach(replace(STILL, crop_jitter=0.05)) == pytest.approx(0.05)


def test_an_occluder_hides_the_landmarks_that_it_covers_and_only_those():
    augmentation = replace(STILL, occlusion_probability=1, occluder_noise=0)
    crops, landmarks, present, visible = faces(40, landmarks=30)
    landmarks[0, 0] = torch.nan
    draws = drawn(augmentation, 40)
    images, moved, still_present, seen = augmented(augmentation, draws, (crops, landmarks, present, visible))
    assert torch.equal(still_present, present)
    inner = (crops[:, PAD:-PAD, PAD:-PAD].permute(0, 3, 1, 2) / 255 - images).abs().amax(dim=1) > 1e-3
    boxes = occluder_rectangles(augmentation, draws, SIZE)
    for image in range(40):
        left, top, right, bottom = boxes[image].tolist()
        changed = torch.zeros(SIZE, SIZE, dtype=torch.bool)
        changed[top:bottom, left:right] = True
        assert not inner[image][~changed].any()
        assert images[image][:, changed].std(dim=1).max() < 1e-6  # one colour: the mean of what was there
        for index, (x, y) in enumerate(moved[image].tolist()):
            hidden = left - 0.5 <= x < right - 0.5 and top - 0.5 <= y < bottom - 0.5
            assert seen[image, index] == (visible[image, index] and not hidden)


def test_an_occluder_of_mean_colour_has_the_mean_of_the_picture():
    augmentation = replace(STILL, occlusion_probability=1, occluder_noise=0)
    draws = drawn(augmentation, 3)
    shown = faces(3)
    images = augmented(augmentation, draws, shown)[0]
    left, top, *_ = occluder_rectangles(augmentation, draws, SIZE)[1].tolist()
    mean = shown[0][1, PAD:-PAD, PAD:-PAD].float().mean(dim=(0, 1)) / 255
    torch.testing.assert_close(images[1, :, top, left], mean, atol=1e-4, rtol=0)


def test_an_occluder_of_noise_is_uniform_in_every_pixel_and_channel():
    augmentation = replace(STILL, occlusion_probability=1, occluder_noise=1, occluder_area_min=0.2)
    draws = drawn(augmentation, 6)
    grey = torch.full((6, 3 * SIZE, 3 * SIZE, 3), 128, dtype=torch.uint8)
    points, flags = torch.zeros(6, 1, 2), torch.ones(6, 1, dtype=torch.bool)
    images = augment(augmentation, draws, grey, points, flags, flags, (0,), SIZE)[0]
    left, top, right, bottom = occluder_rectangles(augmentation, draws, SIZE)[0].tolist()
    inside = images[0, :, top:bottom, left:right].flatten()
    assert inside.mean().item() == pytest.approx(0.5, abs=0.03)
    assert inside.std().item() == pytest.approx(math.sqrt(1 / 12), abs=0.02)


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 2**31), low=st.floats(0, 1), extent=st.floats(0, 1))
def test_occluders_lie_inside_the_crop_and_have_their_area(seed, low, extent):
    high = low + (1 - low) * extent
    augmentation = replace(STILL, occlusion_probability=1, occluder_area_min=low, occluder_area_max=high)
    left, top, right, bottom = occluder_rectangles(augmentation, drawn(augmentation, 50, seed), 256).unbind(1)
    assert min(left.min(), top.min()) >= 0
    assert max(right.max(), bottom.max()) <= 256
    width, height = right - left, bottom - top
    assert min(width.min(), height.min()) >= 1
    area = (width * height) / 256**2
    assert area.min() >= low - 2 / 256
    assert area.max() <= high + 2 / 256


def test_channel_gains_multiply_each_colour_by_its_own():
    augmentation = replace(STILL, channel_gain=0.3)
    images = torch.tensor([0.5, 0.5, 0.9]).reshape(1, 3, 1, 1)
    changed = jitter_colour(augmentation, fixed(gains=[1.0, -1.0, 1.0]), images)
    assert changed.flatten().tolist() == pytest.approx([0.65, 0.35, 1.0])


def test_brightness_is_a_factor_clamped_to_white():
    only = Augmentation(**{**NO_COLOUR, "brightness": 0.5})
    images = torch.tensor([0.2, 0.4, 0.8]).reshape(1, 3, 1, 1)
    brighter = jitter_colour(only, fixed(colour=[1.0, 0.0, 0.0, 0.0]), images)
    assert brighter.flatten().tolist() == pytest.approx([0.3, 0.6, 1.0])


def test_contrast_stretches_about_the_mean_of_the_picture():
    only = Augmentation(**{**NO_COLOUR, "contrast": 0.5})
    grey = torch.tensor([0.4, 0.6]).expand(1, 3, 1, 2)
    stretched = jitter_colour(only, fixed(colour=[0.0, 1.0, 0.0, 0.0]), grey)
    assert stretched[0, 0, 0].tolist() == pytest.approx([0.35, 0.65], abs=1e-6)


def test_saturation_and_hue_leave_grey_as_it_is():
    only = Augmentation(brightness=0.0, contrast=0.0, saturation=0.5, hue=0.3)
    grey = torch.rand(1, 1, 4, 4, generator=torch.Generator().manual_seed(0)).expand(1, 3, 4, 4)
    changed = jitter_colour(only, fixed(colour=[0.0, 0.0, 1.0, 1.0]), grey)
    torch.testing.assert_close(changed, grey, atol=1e-4, rtol=0)


def test_a_third_of_the_colour_circle_turns_red_into_green():
    only = Augmentation(**{**NO_COLOUR, "hue": 1 / 3})
    red = torch.tensor([1.0, 0.0, 0.0]).reshape(1, 3, 1, 1)
    turned = jitter_colour(only, fixed(colour=[0.0, 0.0, 0.0, 1.0]), red)
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


def test_the_recipes_of_the_papers_have_their_published_ranges():
    assert AUGMENTATIONS["resnet18"] == Augmentation()
    ranges = {
        name: (each.rotation_deg, each.rotation_sd_deg, each.rotation_probability, each.scale, each.scale_sd)
        for name, each in AUGMENTATIONS.items()
    }
    assert ranges == {
        "hrmlff": (30, 0, 1, 0.2, 0),
        "resnet18": (10, 0, 1, 0, 0),
        "keyposs": (60, 30, 0.6, 0.25, 0.25),
        "keyposs_coco": (60, 30, 0.6, 0.25, 0.25),
        "sht": (30, 15, 1, 0.2, 0.1),
        "hrnet_official": (30, 0, 0.6, 0.25, 0),
        "fan_official": (60, 30, 0.4, 0.3, 0.3),
    }
    assert {each.flip_probability for each in AUGMENTATIONS.values()} == {0.5}
    occluded = {name for name, each in AUGMENTATIONS.items() if each.occlusion_probability}
    assert occluded == {"hrmlff"}
    assert AUGMENTATIONS["keyposs_coco"].shift == 0.16
