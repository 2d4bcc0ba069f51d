"""Distribution-aware decoding is its definition, followed on the whole map, one map at a time."""

import cv2
import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from trainables.codecs.dark import Dark
from trainables.codecs.gaussian import Gaussian

BLURS = (1, 3, 7, 11)


def by_definition(heatmap: NDArray[np.float64], blur: int) -> NDArray[np.float64]:
    """(x, y) of one map: blur with zeros around it, raise to the old height, cut off, logarithm, Newton step.

    Source: zhang2020dark (public code).
    """
    height, width = heatmap.shape
    y, x = np.unravel_index(heatmap.argmax(), heatmap.shape)
    peak = np.array([x, y], dtype=np.float64)
    if not (1 < x < width - 2 and 1 < y < height - 2):
        return peak
    sigma = 0.3 * ((blur - 1) / 2 - 1) + 0.8
    blurred = cv2.GaussianBlur(np.pad(heatmap, blur), (blur, blur), sigma)[blur:-blur, blur:-blur]
    logs = np.log(np.maximum(blurred * (heatmap.max() / blurred.max()), 1e-10))
    gradient = np.array([logs[y, x + 1] - logs[y, x - 1], logs[y + 1, x] - logs[y - 1, x]]) / 2
    dxx = (logs[y, x + 2] - 2 * logs[y, x] + logs[y, x - 2]) / 4
    dyy = (logs[y + 2, x] - 2 * logs[y, x] + logs[y - 2, x]) / 4
    dxy = (logs[y + 1, x + 1] - logs[y - 1, x + 1] - logs[y + 1, x - 1] + logs[y - 1, x - 1]) / 4
    if dxx * dyy - dxy**2 == 0:
        return peak
    return peak - np.linalg.inv([[dxx, dxy], [dxy, dyy]]) @ gradient


def assert_as_defined(maps: Tensor, blur: int) -> None:
    """Of maps [K, height, width] in float64; relative, because a bend of nearly 0 makes a step of any length."""
    expected = np.array([by_definition(heatmap, blur) for heatmap in maps.numpy()])
    found = Dark(blur=blur).decode(maps[None])[0][0].numpy()
    np.testing.assert_allclose(found, expected, rtol=1e-7, atol=1e-9)


def noise(*shape: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def bumps(count: int, height: int, width: int, sigma: float = 2.0) -> Tensor:
    """Gaussians anywhere on the map, borders too."""
    size = torch.tensor([width - 1, height - 1])
    points = torch.rand(1, count, 2, generator=torch.Generator().manual_seed(1), dtype=torch.float64) * size
    return Gaussian(sigma=sigma).encode(points, torch.ones(1, count, dtype=torch.bool), height, width)[0][0]


@pytest.mark.parametrize("blur", BLURS)
@pytest.mark.parametrize(("height", "width"), [(64, 64), (16, 48), (12, 12), (8, 20), (5, 5)])
def test_a_bump_with_a_little_noise_is_decoded_as_defined(blur, height, width):
    assert_as_defined(bumps(300, height, width) + 0.002 * noise(300, height, width), blur)


@pytest.mark.parametrize("height", [1e-12, 1e-9, 1e-3, 1e6])
def test_a_map_of_any_height_is_decoded_as_defined(height):
    assert_as_defined(height * (bumps(100, 32, 32) + 0.002 * noise(100, 32, 32)), 11)


@pytest.mark.parametrize("blur", BLURS)
@pytest.mark.parametrize("level", [-3.0, -0.5, 0.0])
@pytest.mark.parametrize("size", [64, 9])
def test_where_a_value_beside_the_peak_is_cut_off_the_height_of_the_whole_map_decides(blur, level, size):
    # From level −3 on the blur of all of a map is negative, and the factor that raises it too.
    assert_as_defined(noise(200, size, size) + level, blur)


def test_a_spike_whose_neighbours_are_cut_off_is_decoded_as_defined():
    assert_as_defined(bumps(300, 16, 16, sigma=0.3), 1)
    assert_as_defined(1e-9 * bumps(300, 16, 16, sigma=0.8), 3)


def test_a_cell_of_minus_infinity_counts_where_the_kernel_reaches_it():
    maps = bumps(200, 32, 32)
    maps[:, 4, 20] = -torch.inf
    assert_as_defined(maps, 5)


def test_more_maps_than_are_decoded_at_once_are_decoded_as_few_are():
    maps = (bumps(2000, 64, 64) + 0.002 * noise(2000, 64, 64)).float()
    few = Dark().decode(maps[None, -50:])[0]
    torch.testing.assert_close(Dark().decode(maps.unflatten(0, (20, 100)))[0].flatten(0, 1)[-50:], few[0])


@pytest.mark.parametrize("precision", [torch.float16, torch.bfloat16])
def test_half_precision_maps_are_decoded_in_single_precision(precision):
    maps = bumps(200, 32, 32)[None].to(precision)
    found, confidence = Dark().decode(maps)
    assert found.dtype == confidence.dtype == torch.float32
    assert torch.equal(found, Dark().decode(maps.float())[0])
