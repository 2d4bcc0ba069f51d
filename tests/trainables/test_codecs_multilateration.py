"""The algebra of multilateration by hand, and what decoders make of the truth itself at every resolution."""

import math

import pytest
import torch

from trainables.codecs.dark import Dark
from trainables.codecs.decoder import Decoder
from trainables.codecs.gauss_newton import GaussNewton
from trainables.codecs.gaussian import Gaussian
from trainables.codecs.multilateration import Multilateration, squared_distances
from trainables.codecs.one_hot import OneHot
from trainables.codecs.two_hot import TwoHot
from trainables.config import ConfigError

# Anchors (10, 20), (11, 20), (10, 21), (11, 21) and the landmark (10.3, 20.7).
SQUARES = torch.tensor([[0.58, 0.98, 0.18, 0.58]], dtype=torch.float64)


def heatmap(height: int = 64) -> torch.Tensor:
    point = torch.tensor([[[10.3, 20.7]]], dtype=torch.float64)
    return Gaussian().encode(point, torch.ones(1, 1, dtype=torch.bool), height, height)[0]


def solved(decoder: Multilateration, anchor: int | None = None) -> list[float]:
    squares = SQUARES.clone()
    if anchor is not None:
        squares[0, anchor] += 0.1
    return (decoder._solve(squares)[0] + torch.tensor([10.0, 20.0])).tolist()


def test_values_tell_squared_distances():
    window = heatmap()[0, 0, 20:22, 10:12].reshape(1, 4)
    torch.testing.assert_close(squared_distances(window, 2.0), SQUARES)


@pytest.mark.parametrize("reference", ["last", "mean"])
def test_true_distances_give_the_landmark(reference):
    assert solved(Multilateration(reference=reference)) == pytest.approx((10.3, 20.7), abs=1e-12)


@pytest.mark.parametrize(
    ("reference", "anchor", "expected"),
    [
        ("last", 0, (10.316667, 20.716667)),
        ("last", 3, (10.266667, 20.666667)),
        ("mean", 0, (10.325, 20.725)),
        ("mean", 3, (10.275, 20.675)),
    ],
)
def test_a_wrong_distance_moves_the_landmark_as_worked_out_by_hand(reference, anchor, expected):
    assert solved(Multilateration(reference=reference), anchor) == pytest.approx(expected, abs=1e-6)


def test_three_anchors_leave_out_the_farthest():
    # (11, 20) is the farthest: whatever it says does not matter as long as it stays so.
    three = Multilateration(anchors="three")
    assert solved(three) == pytest.approx((10.3, 20.7), abs=1e-12)
    assert solved(three, anchor=1) == pytest.approx((10.3, 20.7), abs=1e-12)


@pytest.mark.parametrize("height", [0.5, 0.7, 1.3, 40.0])
@pytest.mark.parametrize("kernel", [2, 3, 4, 5, 6])
def test_least_squares_do_not_depend_on_the_height_of_a_map(height, kernel):
    found, _ = Multilateration(kernel=kernel).decode(height * heatmap())
    assert found.flatten().tolist() == pytest.approx((10.3, 20.7), abs=1e-6)


def test_a_map_that_is_cut_off_at_1_tells_of_no_distance():
    found, _ = Multilateration().decode((1.3 * heatmap()).clamp(max=1.0))
    assert found.flatten().tolist() == pytest.approx((10.5, 20.5), abs=1e-6)


def test_gauss_newton_depends_on_the_height_of_a_map():
    found, _ = GaussNewton().decode(0.7 * heatmap())
    assert found.flatten().tolist() == pytest.approx((10.168524, 20.831476), abs=1e-6)


def test_the_smallest_value_lies_12_9_cells_away():
    zero = squared_distances(torch.zeros(1, dtype=torch.float64), 2.0)
    assert zero.sqrt().item() == pytest.approx(12.875796, abs=1e-6)


@pytest.mark.parametrize(("kernel", "reference"), [(2, "last"), *((kernel, "mean") for kernel in range(2, 7))])
def test_a_constant_map_gives_the_middle_of_the_window(kernel, reference):
    # Not so for the last reference and more than 2×2: no point has equal distances from all, and it counts for more.
    found, _ = Multilateration(kernel=kernel, reference=reference).decode(torch.ones(1, 1, 8, 8))
    assert found.flatten().tolist() == pytest.approx([(kernel - 1) / 2] * 2, abs=1e-5)


@pytest.mark.parametrize("kernel", [5, 6])
def test_a_window_larger_than_the_map_does_not_apply(kernel):
    decoder, maps = Multilateration(kernel=kernel), heatmap(4) + torch.rand(4, 4)
    assert not decoder.applicable(4, 4)
    points, confidence = decoder.decode(maps)
    assert confidence.item() == 0
    assert torch.equal(points, TwoHot().decode(maps)[0])


def test_of_windows_with_equal_sums_the_last_is_taken():
    # A lone peak is in four 2×2 windows of the same sum; the last begins at the peak. The others' d² are equal, so the
    # landmark is on the diagonal, and beyond the peak as seen from the window's middle.
    maps = torch.full((1, 1, 8, 8), 0.5)
    maps[0, 0, 4, 4] = 0.6
    x, y = Multilateration().decode(maps)[0].flatten().tolist()
    assert x == pytest.approx(y)
    assert 4 < x < 4.5


def test_the_window_holds_the_peak_and_stays_inside_the_map():
    # The heaviest 3×3 window of this map is elsewhere, and that around the corner's peak must not leave the map.
    maps = torch.zeros(1, 1, 8, 8, dtype=torch.float64)
    maps[0, 0, 1:4, 1:4] = 0.9
    maps[0, 0, 7, 7] = 1.0
    x, y = Multilateration(kernel=3, clamp=True).decode(maps)[0].flatten().tolist()
    assert (x, y) == (7.5, 7.5)


def test_clamped_landmarks_stay_within_half_a_cell_of_the_map():
    maps = torch.rand(4, 50, 8, 8, generator=torch.Generator().manual_seed(0)) ** 8
    free = Multilateration().decode(maps)[0]
    clamped = Multilateration(clamp=True).decode(maps)[0]
    assert (free < -0.5).any()
    assert torch.equal(clamped, free.clamp(-0.5, 7.5))


@pytest.mark.parametrize("kernel", [3, 4])
def test_three_anchors_of_a_larger_window_are_a_mistake(kernel):
    with pytest.raises(ConfigError, match="in a row"):
        Multilateration(kernel=kernel, anchors="three")


# Normalised error of decoding the encoded truth: points in the middle 80 % of a 256 px crop, eyes 85 px apart.
TABLE_1: list[tuple[Decoder, dict[int, float]]] = [
    (OneHot(), {64: 0.0180, 32: 0.0364, 16: 0.0712, 8: 0.139, 4: 0.306}),
    (TwoHot(), {64: 0.0090, 32: 0.0180, 16: 0.0355, 8: 0.0952, 4: 0.291}),
    (Dark(), {64: 0.00001, 32: 0.0009, 16: 0.0224, 8: 0.114, 4: 0.306}),
    # At 16×16 the mean of 200,000 landmarks; that of 4,000 scatters by 4 %.
    (Dark(blur=1), {64: 0.0, 32: 0.0, 16: 0.0093, 8: 0.0835, 4: 0.306}),
    (Multilateration(kernel=2), dict.fromkeys((64, 32, 16, 8, 4), 0.0)),
    (Multilateration(kernel=3), dict.fromkeys((64, 32, 16, 8, 4), 0.0)),
]

# What the paper prints, where it is reproduced to the last digit. On smaller maps the border decides, which landmarks
# at other places meet otherwise.
PRINTED: dict[Decoder, dict[int, float]] = {
    OneHot(): {64: 0.018, 32: 0.036, 16: 0.071},
    TwoHot(): {64: 0.009, 32: 0.018},
    Dark(): {64: 0.0, 32: 0.001},
    Multilateration(kernel=2): dict.fromkeys((64, 32, 16, 8, 4), 0.0),
}


def nme_of_the_truth(decoder: Decoder, size: int, dtype: torch.dtype = torch.float64) -> torch.Tensor:
    faces = 100 if size > 16 else 1000  # on small maps a few landmarks at the border decide
    drawn = torch.rand(faces, 98, 2, generator=torch.Generator().manual_seed(0), dtype=dtype)
    points = 25.6 + (230.4 - 25.6) * drawn
    maps, _ = Gaussian().encode(points * size / 256, torch.ones(faces, 98, dtype=torch.bool), size, size)
    return (decoder.decode(maps)[0] * 256 / size - points).norm(dim=-1) / 85


@pytest.mark.parametrize("size", [64, 32, 16, 8, 4])
@pytest.mark.parametrize(("decoder", "expected"), TABLE_1, ids=lambda value: getattr(value, "describe", str)())
def test_decoding_the_encoded_truth_leaves_the_error_of_the_papers_first_table(decoder, expected, size):
    nme = nme_of_the_truth(decoder, size)
    # 3 %, and half of the last digit of figures that have one.
    tolerance = 5e-5 if expected[size] < 0.001 else 0.0
    assert nme.mean().item() == pytest.approx(expected[size], rel=0.03, abs=tolerance)
    if isinstance(decoder, Multilateration):
        assert nme.max() * 85 * size / 256 < 1e-6
    if (printed := PRINTED.get(decoder, {}).get(size)) is not None:
        assert round(nme.mean().item(), 3) == printed


@pytest.mark.parametrize("size", [64, 32, 16, 8, 4])
def test_multilateration_of_the_encoded_truth_is_within_a_five_hundredth_in_single_precision(size):
    for decoder in (Multilateration(kernel=2), Multilateration(kernel=3)):
        assert nme_of_the_truth(decoder, size, torch.float32).max() * 85 * size / 256 < 2e-3


def test_the_mean_error_of_one_cell_is_that_of_the_unit_square():
    # Mean distance from the middle of a square: (√2 + ln(1 + √2)) / 6 sides; two-hot leaves exactly half of it.
    theory = (math.sqrt(2) + math.log(1 + math.sqrt(2))) / 6
    assert nme_of_the_truth(OneHot(), 64).mean() * 85 / 4 == pytest.approx(theory, rel=0.02)
    assert nme_of_the_truth(TwoHot(), 64).mean() * 85 / 4 == pytest.approx(theory / 2, rel=0.02)


def test_the_straight_line_to_the_second_maximum_does_not_give_the_papers_two_hot_error():
    assert nme_of_the_truth(TwoHot(rule="second"), 64).mean().item() == pytest.approx(0.0106, rel=0.03)


def test_noise_ranks_decoders_as_published_and_4x4_anchors_are_the_best():
    generator = torch.Generator().manual_seed(0)
    points = 20 + 24 * torch.rand(15, 200, 2, generator=generator, dtype=torch.float64)
    maps, _ = Gaussian().encode(points, torch.ones(15, 200, dtype=torch.bool), 64, 64)
    maps += 0.02 * torch.randn(maps.shape, generator=generator, dtype=torch.float64)
    expected = {OneHot(): 0.407, TwoHot(): 0.222, Dark(): 0.020}
    kernels = {2: 0.112, 3: 0.063, 4: 0.054, 5: 0.059, 6: 0.082}
    expected |= {Multilateration(kernel=kernel): error for kernel, error in kernels.items()}
    for decoder, error in expected.items():
        assert (decoder.decode(maps)[0] - points).norm(dim=-1).mean() == pytest.approx(error, rel=0.05), decoder
