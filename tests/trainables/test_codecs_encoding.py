"""Gaussian heatmaps have the values worked out by hand; flip test and losses of heatmaps too."""

import math

import pytest
import torch
from torch import Tensor

from trainables.codecs.decoder import find_peaks
from trainables.codecs.flip import flip_average, shifted_right
from trainables.codecs.gaussian import Gaussian
from trainables.codecs.multilateration import Multilateration
from trainables.config import ConfigError
from trainables.losses.heatmaps import weighted_huber, weighted_mse

UNBIASED, BIASED = Gaussian(sigma=2.0), Gaussian(sigma=2.0, biased=True)


def encoded(encoder: Gaussian, x: float, y: float, height: int = 64, width: int = 64) -> tuple[Tensor, float]:
    """The one map [height, width] of a landmark, and its weight."""
    maps, weight = encoder.encode(
        torch.tensor([[[x, y]]], dtype=torch.float64), torch.ones(1, 1, dtype=torch.bool), height, width
    )
    return maps[0, 0], weight.item()


def test_an_unbiased_gaussian_has_the_values_of_its_formula():
    heatmap, weight = encoded(UNBIASED, 10.3, 20.7)
    assert weight == 1
    assert heatmap[21, 10].item() == pytest.approx(0.97775124, abs=1e-8)
    assert heatmap[20, 10].item() == heatmap[21, 11].item() == pytest.approx(0.93006575, abs=1e-8)
    assert heatmap[20, 11].item() == pytest.approx(0.88470590, abs=1e-8)
    assert heatmap.sum().item() == pytest.approx(25.1327406, abs=1e-6)  # 2πσ²
    assert heatmap.square().sum().item() == pytest.approx(math.pi * 4, abs=1e-6)  # πσ²


@pytest.mark.parametrize(("x", "y", "centre"), [(10.3, 20.7, (10, 21)), (10.5, 20.5, (11, 21)), (0.2, 62.5, (0, 63))])
def test_a_biased_gaussian_stands_on_the_cell_that_the_landmark_rounds_to(x, y, centre):
    heatmap, _ = encoded(BIASED, x, y)
    assert heatmap[centre[1], centre[0]] == 1
    assert (heatmap == 1).sum() == 1


def test_a_biased_gaussian_ends_3_sigma_from_its_centre():
    heatmap, _ = encoded(BIASED, 30.0, 20.0)
    rows, columns = heatmap.nonzero().unbind(1)
    assert (columns.min(), columns.max(), rows.min(), rows.max()) == (24, 36, 14, 26)
    assert heatmap[20, 36].item() == pytest.approx(math.exp(-36 / 8))
    narrow, _ = encoded(Gaussian(sigma=1.5, biased=True), 30.0, 20.0)
    assert (narrow[20] > 0).sum() == 9  # 4.5 cells to each side: 4 whole ones


def test_a_map_need_not_be_square():
    heatmap, weight = encoded(UNBIASED, 40.0, 5.0, height=16, width=48)
    assert heatmap.shape == (16, 48)
    assert heatmap[5, 40] == 1
    assert weight == 1


@pytest.mark.parametrize(
    ("x", "y", "weight"),
    [(-5.9, 10, 1), (-6.1, 10, 0), (68.9, 10, 1), (69.1, 10, 0), (10, -6.1, 0), (10, 68.9, 1), (float("nan"), 10, 0)],
)
def test_a_landmark_whose_3_sigma_box_holds_no_cell_has_no_weight_and_an_empty_map(x, y, weight):
    heatmap, given = encoded(UNBIASED, x, y)
    assert given == weight
    assert (heatmap.max() > 0) == bool(weight)


def test_a_missing_landmark_has_no_weight_and_an_empty_map():
    landmarks = torch.tensor([[[5.0, 5.0], [float("nan"), float("nan")], [6.0, 6.0]]])
    maps, weight = UNBIASED.encode(landmarks, torch.tensor([[True, False, False]]), 8, 8)
    assert weight.tolist() == [[1, 0, 0]]
    assert maps[0, 1:].abs().sum() == 0


def test_the_map_of_a_mirrored_picture_lies_three_quarters_of_a_cell_beside_the_mirrored_map():
    x, y = 100.4, 60.0
    of_mirrored, _ = encoded(UNBIASED, (255 - x) / 4, y / 4)
    found, _ = Multilateration().decode(of_mirrored.flip(-1)[None, None])
    assert found[0, 0, 0].item() == pytest.approx(x / 4 - 0.75, abs=1e-9)


def test_the_flip_test_moves_the_mirrored_map_one_cell_to_the_right_and_keeps_the_first_column():
    row = torch.tensor([0.0, 1.0, 2.0, 3.0]).expand(1, 1, 1, 4)
    zero = torch.zeros(1, 1, 1, 4)
    assert (2 * flip_average(zero, row, (0,), 4)).flatten().tolist() == [3, 3, 2, 1]
    assert (2 * flip_average(zero, row, (0,), 4, "none")).flatten().tolist() == [3, 2, 1, 0]


def test_the_flip_test_swaps_landmarks_and_averages():
    plain, mirrored = torch.zeros(1, 2, 1, 3), torch.zeros(1, 2, 1, 3)
    plain[0, 0, 0, 1] = 1.0
    mirrored[0, 1, 0, 1] = 0.5
    assert flip_average(plain, mirrored, (1, 0), 4, "none")[0, :, 0].tolist() == [[0, 0.75, 0], [0, 0, 0]]


@pytest.mark.parametrize("stride", [4, 8, 16])
def test_an_exact_shift_puts_the_mirrored_map_onto_the_plain_one(stride):
    x, y = 128.7, 120.0
    size = 256 // stride
    plain, _ = encoded(UNBIASED, x / stride, y / stride, size, size)
    mirrored, _ = encoded(UNBIASED, (255 - x) / stride, y / stride, size, size)
    moved = shifted_right(mirrored.flip(-1)[None, None], (stride - 1) / stride)[0, 0]
    assert (moved - plain).abs().max() < 0.005
    one = shifted_right(mirrored.flip(-1)[None, None], 1.0)[0, 0]
    assert (moved - plain).abs().max() < (one - plain).abs().max()


def test_half_precision_maps_are_averaged_in_full_precision():
    maps = torch.rand(2, 1, 4, 4, generator=torch.Generator().manual_seed(0)).half()
    assert flip_average(maps, maps, (0,), 4).dtype == torch.float32


def test_the_mse_of_two_landmarks_one_of_them_without_weight_worked_out_by_hand():
    truth = torch.zeros(1, 2, 2, 2)
    truth[0, :, 0, 0] = 1.0
    predicted = torch.full((1, 2, 2, 2), 0.5, requires_grad=True)
    loss = weighted_mse(predicted, truth, torch.tensor([[1.0, 0.0]]))
    assert loss.item() == pytest.approx(0.125)
    loss.backward()
    assert predicted.grad is not None
    assert predicted.grad[0, 1].abs().sum() == 0


@pytest.mark.parametrize(("error", "expected"), [(0.3, 0.045), (0.6, 0.18), (1.0, 0.42)])
def test_the_huber_loss_is_a_parabola_up_to_0_6_and_straight_beyond(error, expected):
    predicted = torch.full((1, 1, 2, 2), error)
    assert weighted_huber(predicted, torch.zeros(1, 1, 2, 2), torch.ones(1, 1)).item() == pytest.approx(expected)


def test_of_equal_cells_the_first_row_by_row_is_the_peak():
    maps = torch.zeros(1, 3, 4)
    maps[0, 1, 3] = maps[0, 2, 0] = maps[0, 1, 2] = 1.0
    peaks = find_peaks(maps)
    assert (peaks.x.item(), peaks.y.item()) == (2, 1)


def test_a_gaussian_without_width_is_a_mistake():
    with pytest.raises(ConfigError, match="sigma"):
        Gaussian(sigma=0)
