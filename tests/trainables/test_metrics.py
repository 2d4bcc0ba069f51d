"""The metrics give the numbers worked out by hand, and keep their bounds."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trainables import metrics
from trainables.evaluation import Measured
from trainables.made_pictures import MadePictures
from trainables.schemes import SCHEMES, Scheme
from trainables.trial import Evaluation

SQUARE = Scheme(
    name="square",
    num_landmarks=4,
    flip_pairs=((0, 1), (2, 3)),
    outer_eye_corners=(0, 1),
    pupils=((0,), (1,)),
    parts={"all": (0, 1, 2, 3)},
)
TRUTH = np.array([[[0.0, 0.0], [10.0, 0.0], [0.0, 10.0], [10.0, 10.0]]])
PREDICTION = TRUTH + np.array([[3.0, 4.0], [0.0, 0.0], [0.0, 1.0], [1.0, 0.0]])
ERRORS = np.array([[5.0, 0.0, 1.0, 1.0]])
FOUR_NMES = np.array([0.02, 0.05, 0.12, 0.08])

nmes = st.lists(st.floats(0.0, 2.0), min_size=1, max_size=20).map(np.array)
thresholds = st.floats(0.01, 0.5)


def test_point_errors_are_euclidean_distances():
    assert metrics.point_errors(PREDICTION, TRUTH).tolist() == ERRORS.tolist()


def test_the_normalisers_of_a_square_of_10_px_are_its_side_and_its_diagonal():
    lengths = metrics.normalisers(TRUTH, SQUARE)
    assert {name: value.tolist() for name, value in lengths.items()} == {
        "io": [10.0],
        "ip": [10.0],
        "box": [10.0],
        "diag": [pytest.approx(np.sqrt(200.0))],
        "width": [10.0],
    }


def test_a_pupil_is_the_mean_of_the_landmarks_of_its_eye():
    scheme = SCHEMES["68"]
    landmarks = np.zeros((1, 68, 2))
    landmarks[0, 36:42, 0] = [0, 1, 2, 3, 4, 5]  # mean 2.5
    landmarks[0, 42:48, 0] = [30, 31, 32, 33, 34, 35]  # mean 32.5
    landmarks[0, 42:48, 1] = 40.0
    assert metrics.normalisers(landmarks, scheme)["ip"].tolist() == [50.0]  # 30 and 40: a 3-4-5 triangle


@pytest.mark.parametrize(("name", "expected"), [("io", 0.175), ("ip", 0.175), ("box", 0.175), ("diag", 0.1237437)])
def test_the_nme_of_errors_5_0_1_1_on_a_10_px_square(name, expected):
    lengths = metrics.normalisers(TRUTH, SQUARE)
    assert metrics.nme(ERRORS, lengths[name]) == pytest.approx([expected], abs=1e-6)


def test_the_rmse_over_the_width_of_errors_5_0_1_1_on_a_10_px_square():
    width = metrics.normalisers(TRUTH, SQUARE)["width"]
    assert metrics.nrmse(ERRORS, width) == pytest.approx([0.2598076], abs=1e-7)  # √(27/4) = 2.598076
    assert metrics.nme(ERRORS, width) == pytest.approx([0.175])


@settings(deadline=None, max_examples=50)
@given(st.lists(st.floats(0.0, 100.0), min_size=1, max_size=20), st.floats(0.1, 100.0))
def test_an_rmse_is_never_below_the_mean_error(errors, width):
    one = np.array([errors])
    assert metrics.nrmse(one, np.array([width])) >= metrics.nme(one, np.array([width])) - 1e-9


def test_a_pooled_mean_counts_an_image_by_its_landmarks():
    errors = np.array([[1.0, 1.0, 1.0], [5.0, np.nan, np.nan], [np.nan, np.nan, np.nan], [7.0, 7.0, 7.0]])
    normalised = metrics.normalised_errors(errors, np.array([10.0, 10.0, 10.0, 0.0]))
    assert metrics.pooled(normalised) == (pytest.approx((3 * 0.1 + 0.5) / 4), 2)
    assert metrics.mean_of_images(metrics.nme(errors, np.array([10.0, 10.0, 10.0, 0.0]))) == (pytest.approx(0.3), 2)


def test_a_landmark_is_erroneous_strictly_above_5_percent_of_the_eye_distance():
    norms = {"io": np.array([100.0, np.nan])}
    errors = np.array([[5.0, 5.1, np.nan, 1.0], [90.0, 90.0, 90.0, 90.0]])
    assert metrics.summary(errors, errors / 224, norms)["erroneous_landmarks"] == (pytest.approx(1 / 3), 1)


def test_the_full_set_of_554_common_and_135_challenging_faces_weighs_them_by_their_numbers():
    assert metrics.mean_of_subsets((2.46, 4.07), (554, 135)) == pytest.approx(2.775457, abs=5e-7)


@pytest.mark.parametrize("common", [1, 4, 7])
def test_the_nme_of_all_faces_is_that_of_disjoint_subsets_weighed_by_their_numbers_of_images(common, faces):
    rows = np.arange(8)
    tags = [("common",) if row < common else ("challenging", "also") for row in range(len(faces.images))]
    errors = np.random.default_rng(0).uniform(0, 20, (8, faces.scheme.num_landmarks))
    tagged = dataclasses.replace(faces, tags=tags)
    landmarks, pictures = faces.landmarks[rows], MadePictures(len(rows))
    measured = Measured(tagged, rows, landmarks, errors, errors / 100, Evaluation(), pictures, finds_landmarks=True)
    found = measured.summaries()
    for name in ("nme_io", "nme_box", "fr_io_10", "auc_io_10"):
        values, images = zip(*(found[subset][name] for subset in ("common", "challenging")), strict=True)
        assert images == (common, 8 - common)
        assert metrics.mean_of_subsets(values, images) == pytest.approx(found["all"][name][0])


def test_landmarks_shifted_by_3_4_have_an_nme_of_5_over_the_normaliser():
    truth = np.random.default_rng(0).uniform(0, 100, (1, 68, 2))
    errors = metrics.point_errors(truth + np.array([3.0, 4.0]), truth)
    assert metrics.nme(errors, np.array([50.0])) == pytest.approx([0.1])
    assert metrics.nme(errors, np.array([36.0])) == pytest.approx([0.138889], abs=1e-6)


def test_the_mse_of_errors_5_0_1_1_in_a_crop_of_100_px():
    assert metrics.mse(ERRORS / 100) == pytest.approx(0.0003375)


def test_accuracy_counts_an_error_that_equals_the_threshold():
    assert metrics.accuracy_within(ERRORS, 3.0) == 0.75
    assert metrics.accuracy_within(ERRORS, 5.0) == 1.0
    assert metrics.accuracy_within(ERRORS, np.nextafter(5.0, 0.0).item()) == 0.75


@pytest.mark.parametrize(("threshold", "expected"), [(0.10, 0.375), (0.08, 0.28125), (0.07, 0.25), (0.05, 0.15)])
def test_the_auc_of_four_images(threshold, expected):
    assert metrics.auc(FOUR_NMES, threshold) == pytest.approx(expected)


@pytest.mark.parametrize(("threshold", "expected"), [(0.10, 0.25), (0.08, 0.25), (0.07, 0.5)])
def test_the_failure_rate_counts_only_errors_strictly_above_the_threshold(threshold, expected):
    assert metrics.failure_rate(FOUR_NMES, threshold) == expected


def test_the_common_trapezoid_rule_gives_a_slightly_larger_auc():
    levels = np.arange(1001) / 10_000  # step 1e-4 up to 0.10
    trapezoid = np.trapezoid(metrics.ced(FOUR_NMES, levels), levels) / 0.10
    assert trapezoid == pytest.approx(0.375375, abs=1e-9)
    assert abs(trapezoid - metrics.auc(FOUR_NMES, 0.10)) <= 1e-4 / (2 * 0.10)


@settings(deadline=None, max_examples=100)
@given(nmes, thresholds)
def test_the_auc_is_at_least_1_minus_the_mean_over_the_threshold(values, threshold):
    assert metrics.auc(values, threshold) >= 1 - values.mean() / threshold - 1e-9


def test_the_bound_of_four_images_at_10_percent_is_325():
    assert 1 - FOUR_NMES.mean() / 0.10 == pytest.approx(0.325)


def test_an_infinite_error_fails_and_adds_nothing_to_the_auc():
    values = np.array([0.05, np.inf])
    assert metrics.auc(values, 0.1) == pytest.approx(0.25)
    assert metrics.failure_rate(values, 0.1) == 0.5
    assert metrics.mean_of_images(values) == (np.inf, 2)


@settings(deadline=None, max_examples=50)
@given(nmes, thresholds)
def test_the_auc_is_the_area_under_the_ced(values, threshold):
    edges = np.unique(np.concatenate([[0.0, threshold], values[values < threshold]]))
    heights = metrics.ced(values, edges[:-1])  # F is constant between two errors
    assert metrics.auc(values, threshold) == pytest.approx((heights * np.diff(edges)).sum() / threshold)


@settings(deadline=None, max_examples=50)
@given(nmes, thresholds)
def test_failures_and_the_ced_add_up_to_all_images(values, threshold):
    assert metrics.failure_rate(values, threshold) + metrics.ced(values, [threshold])[0] == pytest.approx(1.0)


def test_the_ced_counts_the_images_up_to_each_level():
    assert metrics.ced(FOUR_NMES, [0.0, 0.02, 0.0499, 0.08, 0.2]).tolist() == [0.0, 0.25, 0.25, 0.75, 1.0]


def test_missing_landmarks_do_not_count():
    errors = np.array([[5.0, np.nan, 1.0, np.nan]])
    assert metrics.nme(errors, np.array([10.0])) == pytest.approx([0.3])  # (5 + 1) / 2 / 10
    assert metrics.mse(errors / 100) == pytest.approx((0.05**2 + 0.01**2) / 2 / 2)
    assert metrics.accuracy_within(errors, 3.0) == 0.5


def test_an_image_without_normaliser_or_without_landmarks_is_dropped_and_counted():
    errors = np.array([[5.0, 1.0], [5.0, 1.0], [5.0, 1.0], [np.nan, np.nan]])
    per_image = metrics.nme(errors, np.array([10.0, 0.0, np.nan, 10.0]))
    assert np.isfinite(per_image).tolist() == [True, False, False, False]
    assert metrics.mean_of_images(per_image) == (pytest.approx(0.3), 1)
    assert metrics.auc(per_image, 0.4) == pytest.approx(0.25)
    assert metrics.failure_rate(per_image, 0.2) == 1.0
    assert metrics.ced(per_image, [0.2, 0.4]).tolist() == [0.0, 1.0]


def test_no_image_at_all_has_no_mean():
    mean, images = metrics.mean_of_images(np.array([np.nan]))
    assert np.isnan(mean)
    assert images == 0


@pytest.mark.parametrize("name", SCHEMES)
def test_a_mirrored_prediction_has_the_nme_of_the_original(name):
    scheme, rng, width = SCHEMES[name], np.random.default_rng(0), 200
    truth = rng.uniform(0, width, (3, scheme.num_landmarks, 2))
    prediction = truth + rng.normal(0, 5, truth.shape)

    def mirrored(landmarks):
        return (landmarks * [-1, 1] + [width - 1, 0])[:, list(scheme.flip_permutation)]

    of_original = metrics.normalisers(truth, scheme)
    of_mirrored = metrics.normalisers(mirrored(truth), scheme)
    errors = metrics.point_errors(prediction, truth)
    mirrored_errors = metrics.point_errors(mirrored(prediction), mirrored(truth))
    for norm in ("io", "ip", "box", "diag"):
        expected = metrics.nme(errors, of_original[norm])
        assert metrics.nme(mirrored_errors, of_mirrored[norm]) == pytest.approx(expected)


def test_the_summary_of_a_split_names_each_metric_and_the_images_behind_it():
    errors = np.vstack([ERRORS, ERRORS])
    norms = {name: np.repeat(value, 2) for name, value in metrics.normalisers(TRUTH, SQUARE).items()}
    norms["io"][1] = 0.0  # the second image has no inter-ocular distance
    summary = metrics.summary(errors, errors / 100, norms)
    assert summary["nme_io"] == (pytest.approx(0.175), 1)
    assert summary["nme_box"] == (pytest.approx(0.175), 2)
    assert summary["nme_diag"] == (pytest.approx(0.1237437, abs=1e-6), 2)
    assert summary["nme_crop_diag"] == (pytest.approx(0.0175 / np.sqrt(2)), 2)  # mean error .0175 crop sides
    assert summary["mse"] == (pytest.approx(0.0003375), 2)
    # In the 224-px crop of paper 001 the errors are 11.2, 0, 2.24 and 2.24 px.
    assert summary["accuracy_3px"] == (0.75, 2)
    assert summary["accuracy_5px"] == (0.75, 2)
    assert summary["auc_io_10"] == (0.0, 1)
    assert summary["fr_io_8"] == (1.0, 1)
    assert summary["nrmse_width"] == (pytest.approx(0.2598076, abs=1e-7), 2)
    assert summary["nme_io_pooled"] == (pytest.approx(0.175), 1)
    assert summary["erroneous_landmarks"] == (0.75, 1)  # .5, 0, .1 and .1 of the eye distance
    assert summary["fr_ip_10"] == (1.0, 2)


def test_a_subset_of_the_rows_gives_the_bits_of_a_summary_of_those_images_alone():
    rng = np.random.default_rng(3)
    errors = rng.gamma(1.0, 4.0, (40, 68))
    errors[rng.random(errors.shape) < 0.1] = np.nan
    errors[rng.random(errors.shape) < 0.01] = np.inf
    norms = {name: rng.uniform(20, 200, 40) for name in ("io", "ip", "box", "diag", "width", "dataset_box")}
    norms["io"][::7], norms["ip"][::5] = np.nan, 0.0
    rows = metrics.by_image(errors, errors / 100, norms)
    for inside in (np.arange(40) < 1, np.arange(40) % 3 == 0, np.isnan(norms["io"])):
        alone = metrics.summary(errors[inside], errors[inside] / 100, {name: of[inside] for name, of in norms.items()})
        found = metrics.aggregate({name: of[inside] for name, of in rows.items()})
        assert list(found) == list(alone)
        np.testing.assert_array_equal(list(found.values()), list(alone.values()))


def test_what_needs_the_data_sets_boxes_is_only_there_with_them():
    errors = np.array([[5.0, 0.0, 1.0, 1.0]])
    boxes = np.array([[0.0, 0.0, 25.0, 49.0]])
    without = metrics.summary(errors, errors / 100, metrics.normalisers(TRUTH, SQUARE))
    found = metrics.summary(errors, errors / 100, metrics.normalisers(TRUTH, SQUARE, boxes))
    assert set(found) - set(without) == {"nme_dataset_box", "nme_dataset_diag", "auc_dataset_box_7", "fr_dataset_box_7"}
    assert found["nme_dataset_box"] == (pytest.approx(0.05), 1)  # 1.75 / √(25·49)
    assert found["nme_dataset_diag"] == (pytest.approx(1.75 / np.hypot(25, 49)), 1)
    assert found["auc_dataset_box_7"] == (pytest.approx(2 / 7), 1)
    assert found["fr_dataset_box_7"] == (0.0, 1)
