"""Crops: the map of CHECKS §6, its exact inverse, and pictures that follow their points."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trainables.transforms.crop import Crop, cut, inverse, transform

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
