"""PSNR and SSIM of brightness give the numbers worked out by hand."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trainables import image_metrics

RAMP = np.tile(50.0 + 4 * np.arange(32), (32, 1))
seeds = st.integers(0, 2**32 - 1)


def pictures(seed: int, size: int = 32) -> tuple[np.ndarray, np.ndarray]:
    """A random RGB picture in [0, 1] and a noisy copy of it."""
    rng = np.random.default_rng(seed)
    truth = rng.uniform(0, 1, (size, size, 3))
    return np.clip(truth + rng.normal(0, rng.uniform(0.001, 0.5), truth.shape), 0, 1), truth


@pytest.mark.parametrize(
    ("rgb", "expected"),
    [
        ((255, 255, 255), 235.0),
        ((0, 0, 0), 16.0),
        ((255, 0, 0), 81.481),
        ((0, 255, 0), 144.553),
        ((0, 0, 255), 40.966),
        ((128, 64, 32), 84.266165),
    ],
)
def test_the_brightness_of_a_colour(rgb, expected):
    assert image_metrics.luma(np.array([rgb], dtype=np.float64)) == pytest.approx([expected], abs=1e-6)


@pytest.mark.parametrize(("difference", "expected"), [(10.0, 28.130804), (1.0, 48.130804)])
def test_the_psnr_of_a_constant_difference(difference, expected):
    assert image_metrics.psnr(RAMP + difference, RAMP) == pytest.approx(expected, abs=1e-6)


def test_a_grey_difference_of_10_is_one_of_8_and_a_half_in_brightness():
    grey, lighter = (image_metrics.luma(np.full((16, 16, 3), value)) for value in (100.0, 110.0))
    assert image_metrics.psnr(grey, lighter) == pytest.approx(29.452725, abs=1e-6)


def test_the_same_picture_has_an_infinite_psnr_and_an_ssim_of_1():
    assert image_metrics.psnr(RAMP, RAMP) == math.inf
    assert image_metrics.ssim(RAMP, RAMP) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("image", "truth", "expected"),
    [
        (np.full((32, 32), 100.0), np.full((32, 32), 120.0), 0.983611),
        (np.full((32, 32), 156.0), np.full((32, 32), 136.0), 0.990663),
        (RAMP, RAMP + 20, 0.984705),
        (RAMP, 0.5 * (RAMP - 50) + 80, 0.906627),
        (256 - RAMP, 256 - (RAMP + 20), 0.987612),
    ],
    ids=["constants", "constants, inverted", "lighter ramp", "half the contrast", "lighter ramp, inverted"],
)
def test_the_ssim_of_simple_pictures(image, truth, expected):
    assert image_metrics.ssim(image, truth) == pytest.approx(expected, abs=1e-5)


@settings(deadline=None, max_examples=20)
@given(seeds)
def test_both_are_symmetric_and_ssim_lies_between_minus_1_and_1(seed):
    restored, truth = pictures(seed)
    there, back = image_metrics.picture_quality(restored, truth), image_metrics.picture_quality(truth, restored)
    assert there == pytest.approx(back)
    assert -1 <= there["ssim"] <= 1


def test_8_px_at_each_edge_do_not_count():
    truth = pictures(0, 128)[1]
    restored = truth.copy()
    restored[:8], restored[-8:], restored[:, :8], restored[:, -8:] = 0, 0, 0, 0
    assert image_metrics.picture_quality(restored, truth) == {
        "psnr": math.inf,
        "ssim": pytest.approx(1.0),
        "ssim_dic": pytest.approx(1.0),
        "picture_l1": pytest.approx(np.abs(restored - truth).mean()),  # here they do
    }
    truth[8, 8], restored[8, 8] = 0.0, 1.0  # one of 112² values differs, by all 219 steps from black to white
    expected = 20 * math.log10(255 / (219 / 112))
    assert image_metrics.picture_quality(restored, truth)["psnr"] == pytest.approx(expected)


def test_values_outside_the_range_are_clipped_and_the_rest_is_rounded_to_8_bits():
    assert image_metrics.eight_bits(np.array([-0.5, 0.0, 0.4999, 1.0, 7.0])).tolist() == [0, 0, 127, 255, 255]


def test_the_inverted_brightness_has_another_ssim_and_the_same_psnr():
    restored, truth = pictures(1)
    quality = image_metrics.picture_quality(restored, truth)
    inside = slice(8, -8)
    a, b = (np.round(image_metrics.luma(np.round(255 * each)))[inside, inside] for each in (restored, truth))
    assert quality["ssim_dic"] == pytest.approx(image_metrics.ssim(256 - a, 256 - b))
    assert quality["psnr"] == pytest.approx(image_metrics.psnr(256 - a, 256 - b))
    assert quality["ssim_dic"] != pytest.approx(quality["ssim"], abs=1e-6)


def test_a_picture_smaller_than_the_window_is_refused_with_its_size():
    with pytest.raises(ValueError, match=r"at least 11 × 11 px; this one has \(10, 32\)"):
        image_metrics.ssim(RAMP[:10], RAMP[:10])
