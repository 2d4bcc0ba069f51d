"""Crops: the published maps, their exact inverses, and pictures that follow their points."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from trainables.transforms.crop import CONVENTIONS, Crop, cut, inverse, transform
from trainables.transforms.resize import resize_bicubic

# Extents 442.7 × 476.2. Floor and ceil give the box (268, 265)…(711, 742): centre (489.5, 503.5), side 477 = 200·2.385.
CHECKED_FACE = np.array([[268.0, 398.882], [710.7, 500.0], [400.0, 265.3], [500.0, 741.5]])


def spot(height: int, width: int, x: float, y: float, sigma: float = 6.0) -> np.ndarray:
    """A bright Gaussian spot on black, RGB."""
    rows, columns = np.mgrid[:height, :width]
    value = 255 * np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / (2 * sigma**2))
    return np.repeat(value[..., None], 3, axis=2).round().astype(np.uint8)


def centroid(image: np.ndarray) -> np.ndarray:
    weight = image[..., 0].astype(np.float64)
    rows, columns = np.mgrid[: image.shape[0], : image.shape[1]]
    return np.array([(columns * weight).sum(), (rows * weight).sum()]) / weight.sum()


def test_the_default_crop_of_the_checked_face_maps_its_point_as_hrnet_does():
    matrix = Crop().matrix(CHECKED_FACE, None, 256)
    in_crop = transform(CHECKED_FACE, matrix)[0]
    assert in_crop == pytest.approx([32.898952, 83.082251], abs=1e-6)
    assert in_crop / 4 == pytest.approx([8.224738, 20.770563], abs=1e-6)
    assert transform(np.array([[489.5, 503.5]]), matrix)[0] == pytest.approx([128.0, 128.0])


def test_a_point_comes_back_from_the_crop_exactly():
    matrix = Crop().matrix(CHECKED_FACE, None, 256)
    assert transform(np.array([[32.898952, 83.082251]]), inverse(matrix))[0] == pytest.approx([268, 398.882], abs=1e-4)


coordinate = st.floats(-2000, 2000)
faces = st.lists(st.tuples(coordinate, coordinate), min_size=2, max_size=8).map(np.array)


@settings(deadline=None, max_examples=100)
@given(faces, st.booleans(), st.floats(0.5, 3), st.sampled_from([16, 64, 256]))
def test_the_inverse_of_any_crop_brings_every_point_back(landmarks, square, scale, size):
    matrix = Crop(square=square, scale=scale).matrix(landmarks, None, size)
    back = transform(transform(landmarks, matrix), inverse(matrix))
    np.testing.assert_allclose(back, landmarks, atol=1e-6)


BOX = np.array([240.0, 230.0, 500.0, 560.0])


def region(crop: Crop, box: np.ndarray | None = BOX) -> list[float]:
    """Left, top, width and height of what is cropped."""
    back = inverse(crop.matrix(CHECKED_FACE, box, 100))
    (left, top), (right, bottom) = transform(np.array([[0.0, 0.0], [100.0, 100.0]]), back)
    return [left, top, right - left, bottom - top]


@pytest.mark.parametrize(
    "name, expected",
    {
        # Landmarks (268, 265.3)…(710.7, 741.5): 442.7 × 476.2.
        "hrnet": [489.5 - 596.25 / 2, 503.5 - 596.25 / 2, 596.25, 596.25],
        # Side 200·(442.7 + 476.2)/195 = 942.461538; centre (489.35, 503.4 − 57.144).
        "fan": [489.35 - 471.230769, 446.256 - 471.230769, 942.461538, 942.461538],
        "pipnet_300w": [268 - 0.05 * 442.7, 265.3 - 0.05 * 476.2, 1.1 * 442.7, 1.1 * 476.2],
        # Box 500 × 560 about (490, 510).
        "pipnet_wflw": [190.0, 174.0, 600.0, 672.0],
        "dlib": [240.0, 230.0, 500.0, 560.0],
        "coco_wholebody": [140.0, 160.0, 700.0, 700.0],
        "aflw": [140.0, 160.0, 700.0, 700.0],
    }.items(),
)
def test_each_convention_crops_its_region(name, expected):
    assert region(CONVENTIONS[name]) == pytest.approx(expected, abs=1e-5)


def test_every_convention_says_what_it_is_in_its_own_words():
    words = {name: crop.describe(boxed=1.0) for name, crop in CONVENTIONS.items()}
    assert words == {
        "hrnet": "ground-truth box ×1.25, square",
        "fan": "unrounded ground-truth box ×2.05128, square of the mean side, raised by 12% of its height",
        "pipnet_300w": "unrounded ground-truth box ×1.1, stretched",
        "pipnet_wflw": "data set's box ×1.2, stretched",
        "dlib": "data set's box ×1, stretched",
        "coco_wholebody": "data set's box ×1.25, square",
        "aflw": "data set's box ×1.25, square",
    }


@settings(deadline=None, max_examples=100)
@given(faces, st.sampled_from(sorted(CONVENTIONS)), st.booleans(), st.sampled_from([64, 224, 256]))
def test_every_convention_has_an_exact_inverse(landmarks, name, boxed, size):
    box = np.array([-30.0, 12.5, 77.0, 130.0]) if boxed else None
    matrix = CONVENTIONS[name].matrix(landmarks, box, size)
    np.testing.assert_allclose(transform(transform(landmarks, matrix), inverse(matrix)), landmarks, atol=1e-6)


def test_a_batch_of_maps_moves_each_face_by_its_own():
    rng = np.random.default_rng(0)
    landmarks = rng.uniform(0, 300, (3, 5, 2))
    matrices = np.stack([Crop().matrix(face, None, 64) for face in landmarks])
    one_by_one = np.stack([transform(face, matrix) for face, matrix in zip(landmarks, matrices, strict=True)])
    np.testing.assert_allclose(transform(landmarks, matrices), one_by_one)
    np.testing.assert_allclose(transform(one_by_one, inverse(matrices)), landmarks)


def test_a_box_of_the_data_set_is_taken_as_it_is_and_stretched():
    crop = Crop(source="dataset", square=False, scale=1.2)
    matrix = crop.matrix(CHECKED_FACE, np.array([10.0, 20.0, 40.0, 80.0]), 100)
    assert transform(np.array([[10.0, 20.0], [50.0, 100.0]]), matrix).tolist() == [[0.0, 0.0], [100.0, 100.0]]


def test_a_box_of_the_data_set_is_enlarged_about_its_centre_where_the_crop_says_so():
    crop = Crop(source="dataset", square=False, scale=1.5, enlarge_dataset_box=True)
    matrix = crop.matrix(CHECKED_FACE, np.array([10.0, 20.0, 40.0, 80.0]), 120)
    # 60 × 120 px about (30, 60)
    assert transform(np.array([[0.0, 0.0], [60.0, 120.0]]), matrix) == pytest.approx(np.array([[0, 0], [120, 120]]))


def test_a_face_without_a_box_falls_back_to_its_landmarks():
    with_box_wanted = Crop(source="dataset", scale=1.25).matrix(CHECKED_FACE, None, 64)
    assert with_box_wanted.tolist() == Crop().matrix(CHECKED_FACE, None, 64).tolist()


def test_missing_landmarks_do_not_shape_the_box():
    with_missing = np.vstack([CHECKED_FACE, [[np.nan, np.nan]]])
    assert Crop().matrix(with_missing, None, 64).tolist() == Crop().matrix(CHECKED_FACE, None, 64).tolist()


def test_a_square_crop_uses_the_larger_side_for_both():
    matrix = Crop(scale=1.0).matrix(np.array([[10.0, 50.0], [30.0, 90.0]]), None, 80)  # 20 × 40 about (20, 70)
    assert transform(np.array([[0.0, 50.0], [40.0, 90.0]]), matrix).tolist() == [[0.0, 0.0], [80.0, 80.0]]


@pytest.mark.parametrize("side", [20, 60, 150, 260], ids=lambda side: f"box_of_{side}px")
@pytest.mark.parametrize("square", [True, False])
def test_a_bright_spot_of_the_picture_lies_where_the_map_puts_it(side, square):
    # Boxes of 20 to 260 px to 32 px: enlarged, reduced bilinearly, and reduced by areas first.
    x, y = 161.0, 143.0
    image = spot(300, 320, x, y, sigma=side / 12)
    box = np.array([x - 0.6 * side, y - 0.45 * side, side, 0.8 * side])
    matrix = Crop(source="dataset", square=square).matrix(np.zeros((2, 2)), box, 32)
    found = centroid(cut(image, matrix, 32))
    assert found == pytest.approx(transform(np.array([[x, y]]), matrix)[0], abs=0.1)


@pytest.mark.parametrize("column", range(200, 216))
def test_a_line_of_1_px_survives_a_reduction_of_8_times_wherever_it_lies(column):
    image = np.zeros((512, 512, 3), dtype=np.uint8)
    image[:, column] = 255
    matrix = Crop(source="dataset").matrix(np.zeros((2, 2)), np.array([0.0, 0.0, 512.0, 512.0]), 64)
    # Averaged, an eighth of its brightness lands in each row: 31.9. Sampling would give 255 at one column of 8, else 0.
    assert cut(image, matrix, 64)[32, :, 0].sum() == pytest.approx(255 / 8, rel=0.3)


@pytest.mark.parametrize("side", [130, 150, 190, 260, 300, 370])
def test_reduced_more_than_twice_a_bright_dot_stays_within_half_a_pixel(side):
    rng = np.random.default_rng(side)
    for x, y in rng.uniform(120, 200, (10, 2)):
        image = spot(320, 320, x, y, sigma=1.0)
        box = np.array([x - 0.4 * side, y - 0.45 * side, side, side])
        matrix = Crop(source="dataset").matrix(np.zeros((2, 2)), box, 64)
        found = centroid(cut(image, matrix, 64))
        assert np.abs(found - transform(np.array([[x, y]]), matrix)[0]).max() < 0.5


@pytest.mark.parametrize("period", [2, 3, 4])
@pytest.mark.parametrize("shrink", [2.01, 2.5, 2.97, 3.05, 3.5, 4.0, 6.3])
def test_reduced_more_than_twice_a_grid_too_fine_to_show_loses_most_of_its_contrast(period, shrink):
    # What is left is moiré. Sampling alone keeps 80 to 100 % of it.
    columns = np.arange(512)
    wave = 127.5 + 127.5 * np.cos(2 * np.pi * columns / period)
    image = np.broadcast_to(wave.round().astype(np.uint8)[None, :, None], (512, 512, 3)).copy()
    box = np.array([31.3, 17.7, 64 * shrink, 64 * shrink])
    matrix = Crop(source="dataset").matrix(np.zeros((2, 2)), box, 64)
    left = cut(image, matrix, 64)[..., 0].astype(np.float64).std()
    assert left < 0.45 * wave.std()


@pytest.mark.parametrize("low, high", [(16, 128), (64, 256)])
def test_bicubic_is_that_of_pillow_within_one_grey_level_down_and_up(low, high):
    rng = np.random.default_rng(0)
    # Not as far as black and white: Pillow cuts overshoots off between its two passes, too.
    noise = Image.fromarray(rng.integers(48, 208, (high // 4, high // 4, 3), dtype=np.uint8))
    smooth = noise.resize((high, high), Image.Resampling.BICUBIC)
    for image, size in ((smooth, low), (smooth.resize((low, low), Image.Resampling.BICUBIC), high)):
        ours = resize_bicubic(torch.from_numpy(np.array(image)).permute(2, 0, 1)[None].float() / 255, (size, size))
        theirs = np.array(image.resize((size, size), Image.Resampling.BICUBIC)).astype(np.float64)
        assert np.abs((ours[0].permute(1, 2, 0) * 255).round().numpy() - theirs).max() <= 1


def test_bicubic_values_stay_in_their_range_at_an_edge():
    edge = torch.zeros(1, 1, 8, 8)
    edge[..., 4:] = 1.0
    larger = resize_bicubic(edge, (32, 32))
    assert (larger.min(), larger.max()) == (0, 1)


def test_outside_the_picture_a_crop_is_black():
    white = np.full((10, 10, 3), 255, dtype=np.uint8)
    matrix = Crop(source="dataset").matrix(np.zeros((2, 2)), np.array([-10.0, 0.0, 20.0, 20.0]), 20)
    cropped = cut(white, matrix, 20)
    assert cropped[:10, 10:].min() == 255
    assert cropped[:, :9].max() == 0
    assert cropped[11:].max() == 0


def test_a_box_far_larger_than_its_picture_still_gives_a_crop():
    tiny = np.full((3, 5, 3), 255, dtype=np.uint8)
    matrix = Crop(source="dataset").matrix(np.zeros((2, 2)), np.array([0.0, 0.0, 10_000.0, 10_000.0]), 16)
    assert cut(tiny, matrix, 16).shape == (16, 16, 3)


def test_a_crop_describes_its_protocol_in_words():
    assert Crop().describe(boxed=1.0) == "ground-truth box ×1.25, square"
    given = Crop(source="dataset", scale=1.2, square=False)
    assert given.describe(boxed=0.0) == "ground-truth box ×1.2, stretched"
    assert given.describe(boxed=1.0) == "data set's box ×1, stretched"
    assert given.describe(boxed=0.75) == "data set's box ×1, for 25.0% without one ground-truth box ×1.2, stretched"
