"""Scattered points are where they were drawn, in the picture and in its crop."""

from pathlib import Path

import numpy as np
import pytest
import torch

from trainables.dataset import Face
from trainables.datasets.scattered import DATASET, EYES, HIGH, LOW, SIZE, Scattered
from trainables.schemes import SCHEME_68

FEW = Scattered(train=3, val=2, test=4)
NOWHERE = Path("/nowhere")


def landmarks(faces: list[Face]) -> np.ndarray:
    return np.stack([face.landmarks for face in faces])


def test_splits_have_the_sizes_that_were_asked_for_and_share_no_picture():
    faces = FEW.faces(NOWHERE)
    assert [face.split for face in faces] == ["train"] * 3 + ["val"] * 2 + ["test"] * 4
    assert len({face.group for face in faces}) == len(faces)


def test_there_are_thousands_of_points_to_test_on():
    assert DATASET.test * SCHEME_68.num_landmarks >= 4000


def test_every_point_leaves_a_tenth_of_the_picture_free():
    points = landmarks(DATASET.faces(NOWHERE))
    assert pytest.approx((25.6, 230.4)) == (LOW, HIGH)
    assert points.min() >= 25.6
    assert points.max() <= 230.4


def test_points_are_spread_evenly_over_the_square():
    points = landmarks(DATASET.faces(NOWHERE)).reshape(-1, 2)
    counts, _, _ = np.histogram2d(*points.T, bins=4, range=[[25.6, 230.4]] * 2)
    np.testing.assert_allclose(counts, len(points) / 16, rtol=0.1)


def test_outer_eye_corners_are_85_px_apart_in_all_directions(prepared):
    points = landmarks(DATASET.faces(NOWHERE))
    left, right = (points[:, index] for index in SCHEME_68.outer_eye_corners)
    np.testing.assert_allclose(np.linalg.norm(right - left, axis=1), EYES)
    assert EYES == 85
    quarters = np.unique((right - left) > 0, axis=0)
    assert len(quarters) == 4
    np.testing.assert_allclose(prepared(FEW, SIZE, FEW.CROP).norms["io"], 85)


def test_the_crop_is_the_picture_itself(prepared):
    faces = prepared(FEW, SIZE, FEW.CROP)
    rows = np.arange(len(faces.images))
    drawn = FEW.faces(NOWHERE)
    np.testing.assert_allclose(faces.landmarks_crop(rows), landmarks(drawn), atol=1e-3)
    inputs = (faces.inputs(rows, torch.device("cpu")) * 255).round().byte().permute(0, 2, 3, 1).numpy()
    np.testing.assert_array_equal(inputs, np.stack([face.pixels for face in drawn]))


def test_every_point_is_a_white_pixel_of_a_black_picture():
    face = FEW.faces(NOWHERE)[0]
    x, y = np.rint(face.landmarks).astype(int).T
    assert face.pixels.shape == (256, 256, 3)
    assert (face.pixels[y, x] == 255).all()
    assert (face.pixels.any(axis=2)).sum() == len(np.unique(np.stack([x, y]), axis=1).T)


def test_the_same_seed_draws_the_same_points_however_many_are_asked_for():
    one, same = FEW.faces(NOWHERE), Scattered(train=3, val=2, test=9).faces(NOWHERE)
    np.testing.assert_array_equal(landmarks(one), landmarks(same[: len(one)]))
    other = Scattered(train=3, val=2, test=4, seed=1).faces(NOWHERE)
    assert not (landmarks(one) == landmarks(other)).any()


def test_the_digest_follows_the_settings():
    digests = {dataset.digest(NOWHERE) for dataset in (FEW, Scattered(train=3, val=2, test=5), Scattered(seed=1))}
    assert len(digests) == 3
    assert FEW.digest(NOWHERE) == Scattered(train=3, val=2, test=4).digest(NOWHERE)
