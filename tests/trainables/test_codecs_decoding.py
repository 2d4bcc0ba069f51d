"""Every decoder finds what was encoded, and has an answer where nothing can be found."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from trainables.codecs.dark import Dark
from trainables.codecs.decoder import Decoder
from trainables.codecs.gauss_newton import GaussNewton
from trainables.codecs.gaussian import Gaussian
from trainables.codecs.multilateration import Multilateration
from trainables.codecs.one_hot import OneHot
from trainables.codecs.soft_argmax import SoftArgmax
from trainables.codecs.two_hot import TwoHot
from trainables.config import ConfigError, from_plain, to_plain

KERNELS = [Multilateration(kernel=kernel) for kernel in range(2, 7)]
MEAN = Multilateration(kernel=3, reference="mean")
THREE = Multilateration(anchors="three")
EXACT: list[Decoder] = [*KERNELS, MEAN, THREE, Multilateration(clamp=True), GaussNewton()]
LOCAL: list[Decoder] = [OneHot(), TwoHot(), TwoHot(rule="second"), Dark(), Dark(blur=1), *EXACT]
ALL: list[Decoder] = [*LOCAL, SoftArgmax(), SoftArgmax(sharpness=20.0)]
decoders = pytest.mark.parametrize("decoder", ALL, ids=lambda decoder: decoder.describe())
exact = pytest.mark.parametrize("decoder", EXACT, ids=lambda decoder: decoder.describe())


def maps_of(points: Tensor, height: int = 64, width: int = 64, sigma: float = 2.0, biased: bool = False) -> Tensor:
    """Heatmaps [1, K, height, width] of points [K, 2]."""
    present = torch.ones(1, len(points), dtype=torch.bool)
    return Gaussian(sigma=sigma, biased=biased).encode(points[None], present, height, width)[0]


def decoded(decoder: Decoder, x: float, y: float, height: int = 64, width: int = 64, **how) -> list[float]:
    maps = maps_of(torch.tensor([[x, y]], dtype=torch.float64), height, width, **how)
    return decoder.decode(maps)[0].flatten().tolist()


@pytest.mark.parametrize(
    ("decoder", "expected", "tolerance"),
    [
        (OneHot(), (10, 21), 0),
        (TwoHot(), (10.25, 20.75), 0),
        (TwoHot(rule="second"), (10, 20.75), 0),
        (Dark(blur=1), (10.3, 20.7), 1e-9),
        (Dark(), (10.299845, 20.700155), 1e-5),
        *((decoder, (10.3, 20.7), 1e-6) for decoder in EXACT),
    ],
)
def test_a_noiseless_gaussian_at_10_3_and_20_7(decoder, expected, tolerance):
    assert decoded(decoder, 10.3, 20.7) == pytest.approx(expected, abs=tolerance)


def test_the_printed_sign_of_the_second_maximum_leads_away_from_the_landmark():
    (x, y), (towards_x, towards_y) = decoded(OneHot(), 10.3, 20.7), decoded(TwoHot(rule="second"), 10.3, 20.7)
    printed = (2 * x - towards_x, 2 * y - towards_y)
    assert printed == (10, 21.25)
    assert math.dist(printed, (10.3, 20.7)) > math.dist((x, y), (10.3, 20.7))


@pytest.mark.parametrize("where", [(0.2, 63.4), (63.9, 10.5)])
def test_beside_the_border_only_multilateration_is_exact(where):
    cell = [min(round(where[0]), 63), int(where[1])]
    for decoder in (OneHot(), TwoHot(), Dark()):
        assert decoded(decoder, *where) == cell
    for decoder in KERNELS:
        assert decoded(decoder, *where) == pytest.approx(where, abs=1e-6)


@pytest.mark.parametrize(
    ("decoder", "expected", "tolerance"),
    [(OneHot(), (31, 31), 0), (TwoHot(), (31.25, 31.25), 0), (Dark(), (31.49966, 31.49966), 1e-5)],
)
def test_between_four_cells_the_first_is_the_peak(decoder, expected, tolerance):
    assert decoded(decoder, 31.5, 31.5) == pytest.approx(expected, abs=tolerance)


@pytest.mark.parametrize(
    ("decoder", "expected", "tolerance"),
    [(OneHot(), (5, 3), 0), (TwoHot(), (5.25, 2.75), 0), (Dark(), (5.48966, 2.61836), 1e-5)],
)
def test_a_blur_that_reaches_the_border_moves_dark(decoder, expected, tolerance):
    assert decoded(decoder, 5.49, 2.51) == pytest.approx(expected, abs=tolerance)


def test_on_a_4x4_map_one_hot_has_a_cell_and_multilateration_the_landmark():
    assert decoded(OneHot(), 3.6, 0.4, 4, 4) == [3, 0]
    for decoder in (Multilateration(), GaussNewton()):
        assert decoded(decoder, 3.6, 0.4, 4, 4) == pytest.approx((3.6, 0.4), abs=1e-6)


def test_a_rounded_gaussian_is_decoded_as_the_cell_it_was_rounded_to():
    for decoder in (Multilateration(), Dark()):
        assert decoded(decoder, 10.3, 20.7, biased=True) == pytest.approx((10, 21), abs=1e-6)


@exact
@given(x=st.floats(-0.49, 31.49), y=st.floats(-0.49, 19.49), sigma=st.sampled_from([1.5, 2.0, 3.0]))
@settings(max_examples=40, deadline=None)
def test_multilateration_is_exact_on_noiseless_maps_at_any_position(decoder, x, y, sigma):
    decoder = from_plain(to_plain(decoder) | {"sigma": sigma})
    assert decoded(decoder, x, y, 20, 32, sigma=sigma) == pytest.approx((x, y), abs=1e-6)


@exact
def test_multilateration_is_exact_to_a_thousandth_in_single_precision(decoder):
    points = torch.rand(500, 2, generator=torch.Generator().manual_seed(0)) * 63
    found, _ = decoder.decode(maps_of(points))
    assert found.dtype == torch.float32
    assert (found[0] - points).abs().max() < 1e-3


@exact
@pytest.mark.parametrize("precision", [torch.float16, torch.bfloat16])
def test_half_precision_maps_are_decoded_in_single_precision(decoder, precision):
    points = 5 + torch.rand(200, 2, generator=torch.Generator().manual_seed(0)) * 54
    maps = maps_of(points).to(precision)
    found, confidence = decoder.decode(maps)
    assert found.dtype == confidence.dtype == torch.float32
    assert torch.equal(found, decoder.decode(maps.float())[0])


@pytest.mark.parametrize("decoder", LOCAL, ids=lambda decoder: decoder.describe())
@given(x=st.floats(12, 40), y=st.floats(12, 40), dx=st.integers(-4, 20), dy=st.integers(-4, 20))
@settings(max_examples=15, deadline=None)
def test_a_shifted_map_is_decoded_as_the_shifted_landmark(decoder, x, y, dx, dy):
    heatmap = maps_of(torch.tensor([[x, y]], dtype=torch.float64), 72, 72)[:, :, 4:60, 4:60]
    moved = torch.zeros(1, 1, 90, 90, dtype=torch.float64)
    moved[:, :, 10 + dy : 66 + dy, 10 + dx : 66 + dx] = heatmap
    plain = torch.zeros_like(moved)
    plain[:, :, 10:66, 10:66] = heatmap
    shift = torch.tensor([dx, dy], dtype=torch.float64)
    assert torch.allclose(decoder.decode(moved)[0], decoder.decode(plain)[0] + shift, atol=1e-9)


@decoders
def test_a_mirrored_map_is_decoded_as_the_mirrored_landmark(decoder):
    points = 4 + torch.rand(300, 2, generator=torch.Generator().manual_seed(1), dtype=torch.float64) * 56
    maps = maps_of(points)
    mirrored = decoder.decode(maps.flip(-1))[0]
    mirrored[..., 0] = 63 - mirrored[..., 0]
    assert (mirrored - decoder.decode(maps)[0]).abs().max() < 1e-9


@decoders
def test_a_map_can_be_higher_than_wide_and_landmarks_are_independent(decoder):
    points = torch.tensor([[5.3, 30.2], [11.0, 4.0], [8.6, 20.9]], dtype=torch.float64)
    together = decoder.decode(maps_of(points, 40, 16))[0][0]
    alone = [decoder.decode(maps_of(point[None], 40, 16))[0][0, 0] for point in points]
    # Matrix products round differently for other numbers of rows, by the processor.
    assert (together - torch.stack(alone)).abs().max() < 1e-12
    assert (together - points).abs().max() < 1.01


@decoders
@pytest.mark.parametrize("height", [0.0, 0.25, -1.0, 3e5])
def test_a_constant_map_has_an_answer_without_confidence(decoder, height):
    points, confidence = decoder.decode(torch.full((1, 2, 16, 16), height))
    assert points.isfinite().all()
    assert confidence.tolist() == [[0, 0]]


@decoders
@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_map_with_a_value_that_is_no_number_is_read_as_zeros_without_confidence(decoder, value):
    maps = maps_of(torch.tensor([[5.3, 8.2], [9.1, 3.3]]), 16, 16)
    expected = decoder.decode(maps)
    maps[0, 0, 15, 15] = value
    points, confidence = decoder.decode(maps)
    of_zeros, _ = decoder.decode(torch.zeros(1, 2, 16, 16))
    assert torch.equal(points[0, 0], of_zeros[0, 0])
    assert confidence[0, 0] == 0
    assert torch.equal(points[0, 1], expected[0][0, 1])
    assert confidence[0, 1] == expected[1][0, 1] > 0


@decoders
def test_values_of_minus_infinity_leave_the_answer_finite(decoder):
    maps = torch.full((1, 2, 16, 16), -torch.inf)
    maps[0, 0, 8, 8] = 0.7
    maps[0, 1, 0, 15] = 0.7
    points, confidence = decoder.decode(maps)
    assert points.isfinite().all()
    assert confidence.tolist() == [[pytest.approx(0.7)] * 2]


@decoders
@pytest.mark.parametrize(("height", "width"), [(1, 1), (1, 5), (2, 2), (3, 3), (4, 4), (5, 2), (7, 3)])
def test_every_map_size_has_an_answer(decoder, height, width):
    maps = torch.rand(2, 3, height, width, generator=torch.Generator().manual_seed(0))
    points, confidence = decoder.decode(maps)
    assert points.shape == (2, 3, 2)
    assert points.isfinite().all()
    if not decoder.applicable(height, width):
        assert confidence.abs().sum() == 0


@decoders
def test_peaks_in_corners_have_an_answer_with_confidence(decoder):
    points = torch.tensor([[0.0, 0.0], [15.0, 0.0], [0.0, 15.0], [15.0, 15.0]])
    found, confidence = decoder.decode(maps_of(points, 16, 16))
    assert confidence.tolist() == [[1, 1, 1, 1]]
    # The mean position under a quarter of a bump lies inside the map, and so does the second cell.
    tolerance = 3 if isinstance(decoder, SoftArgmax) else 0.25 if decoder == TwoHot(rule="second") else 1e-3
    assert (found[0] - points).abs().max() <= tolerance


@decoders
@pytest.mark.parametrize("shape", [(0, 3), (2, 0), (1, 1)])
def test_no_picture_no_landmark_and_one_landmark_are_fine(decoder, shape):
    points, confidence = decoder.decode(torch.rand(*shape, 8, 8))
    assert points.shape == (*shape, 2)
    assert confidence.shape == shape


@decoders
def test_a_large_batch_is_decoded_as_its_parts_are(decoder):
    maps = torch.rand(3, 70, 64, 64, generator=torch.Generator().manual_seed(0))
    parts = torch.cat([decoder.decode(some)[0] for some in maps.split(1)])
    torch.testing.assert_close(decoder.decode(maps)[0], parts, atol=1e-4, rtol=1e-4)


@decoders
def test_confidence_is_the_height_of_the_peak_within_0_and_1(decoder):
    maps = maps_of(torch.tensor([[5.0, 8.0], [9.0, 3.0], [4.0, 4.0]]), 16, 16)
    maps = maps * torch.tensor([0.5, 1.5, -1.0])[None, :, None, None]
    assert decoder.decode(maps)[1].tolist() == [[0.5, 1.0, 0.0]]


@decoders
def test_a_decoder_survives_being_written_down(decoder):
    assert from_plain(to_plain(decoder)) == decoder


def test_every_decoder_says_something_else_of_itself():
    assert len({decoder.describe() for decoder in ALL}) == len(ALL)


def test_soft_argmax_finds_the_middle_of_a_bump_and_has_a_gradient():
    maps = maps_of(torch.tensor([[20.3, 30.7]], dtype=torch.float64)).requires_grad_()
    points, _ = SoftArgmax().decode(maps)
    assert points.flatten().tolist() == pytest.approx((20.3, 30.7), abs=1e-4)
    points.sum().backward()
    assert maps.grad is not None
    assert maps.grad.abs().sum() > 0


def test_soft_argmax_of_a_map_without_a_positive_value_is_its_middle():
    assert SoftArgmax().decode(torch.zeros(1, 1, 5, 9))[0].flatten().tolist() == [4, 2]


def test_a_blur_without_a_middle_cell_is_a_mistake():
    with pytest.raises(ConfigError, match="odd"):
        Dark(blur=10)
