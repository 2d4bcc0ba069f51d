"""What an epoch shows: every face once or as a curriculum opens them, shared by workers without loss, in pairs."""

import dataclasses
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.trainables.conftest import DrawnTriangles
from tests.trainables.small_trials import CPU, Rival, trial_of
from trainables.batches import epoch_rows, load_batch, shares_of_batch, shown_in
from trainables.config import config
from trainables.dataset import MISSING, OCCLUDED, VISIBLE, DataError, Face
from trainables.placement import Placement
from trainables.recipe import Pairs
from trainables.training import train
from trainables.transforms.augmentation import Augmentation
from trainables.transforms.crop import Crop
from trainables.transforms.curriculum import Curriculum, open_share


@config
class Dots(DrawnTriangles):
    """Black pictures, one of which validates, with a red, a green and a blue dot at landmarks 0, 1 and 2.

    Landmark 0 is occluded; landmark 1 of every other picture is missing.
    """

    kind: ClassVar[str] = "dots_of_tests"

    def faces(self, data_root: Path) -> list[Face]:
        made, rng = [], np.random.default_rng(0)
        for number in range(17):
            landmarks = np.array([[20, 22], [42, 20], [30, 40]]) + rng.integers(-4, 5, (3, 2))
            pixels = np.zeros((64, 64, 3), dtype=np.uint8)
            pixels[landmarks[:, 1], landmarks[:, 0], range(3)] = 255
            made.append(
                Face(
                    image=f"{number}",
                    landmarks=landmarks.astype(np.float64),
                    state=np.array([OCCLUDED, (VISIBLE, MISSING)[number % 2], VISIBLE], dtype=np.uint8),
                    split="train" if number < 16 else "val",
                    group=f"{number}",
                    box=(0.0, 0.0, 63.0, 63.0),
                    pixels=pixels,
                )
            )
        return made


@config
class Frames(DrawnTriangles):
    """Training frames of three videos, one of a single frame, and two faces of none; the greys tell them apart."""

    kind: ClassVar[str] = "frames_of_tests"
    of_videos: bool = True

    def faces(self, data_root: Path) -> list[Face]:
        videos = ["long"] * 8 + ["short"] * 3 + ["", "", "single"] + ["validating"]
        return [
            Face(
                image=f"{number}",
                landmarks=np.array([[20.0, 22], [42, 20], [30, 40]]) + number / 4,
                state=np.array([VISIBLE, VISIBLE, (VISIBLE, MISSING)[number % 2]], dtype=np.uint8),
                split="train" if number < 14 else "val",
                group=f"{number}",
                video=video if self.of_videos else "",
                box=(0.0, 0.0, 63.0, 63.0),
                pixels=np.full((64, 64, 3), 10 * (number + 1), dtype=np.uint8),
            )
            for number, video in enumerate(videos)
        ]


@settings(deadline=None, max_examples=100)
@given(st.integers(1, 200), st.integers(1, 64), st.integers(1, 5))
def test_the_workers_shares_cover_each_global_batch_exactly_once(images, batch_size, world):
    whole = shares_of_batch(images, batch_size, 0, 1)
    by_rank = [shares_of_batch(images, batch_size, rank, world) for rank in range(world)]
    size = min(batch_size, images)
    for position, (start, share) in enumerate(whole):
        assert start == position * size
        assert share == slice(0, size)
        taken = [index for shares in by_rank for index in range(size)[shares[position][1]]]
        assert {shares[position][0] for shares in by_rank} == {start}
        assert taken == list(range(size))
    assert len(whole) == images // size
    assert all(len(shares) == len(whole) for shares in by_rank)


@pytest.mark.parametrize("curriculum", [None, Curriculum()], ids=["plain", "curriculum"])
def test_the_images_that_two_workers_see_are_those_of_one_worker(curriculum, faces, rendered):
    trial = trial_of(rendered, Rival(), batch_size=7, curriculum=curriculum)
    (start, whole), *_ = shares_of_batch(8, 7, 0, 1)
    shares = [shares_of_batch(8, 7, rank, 2)[0][1] for rank in range(2)]
    one = load_batch(trial, faces, shown_in(trial, faces, 3), start, whole, CPU)
    two = [load_batch(trial, faces, shown_in(trial, faces, 3), start, share, CPU) for share in shares]
    assert [len(part.images) for part in two] == [3, 4]
    for name in ("images", "landmarks", "present", "visible", "normaliser", "difficulty", "weight"):
        parts = torch.cat([getattr(part, name) for part in two])
        torch.testing.assert_close(parts, getattr(one, name), atol=1e-5, rtol=0)


def test_an_epoch_shows_every_face_once_and_each_epoch_in_another_order(faces, rendered):
    trial = trial_of(rendered, Rival(), augmentation=None)
    truth = faces.landmarks_crop(faces.rows["train"])

    def order(epoch: int) -> list[int]:
        batches = [
            load_batch(trial, faces, shown_in(trial, faces, epoch), start, share, CPU)
            for start, share in shares_of_batch(8, 4, 0, 1)
        ]
        shown = torch.cat([batch.landmarks for batch in batches]).numpy()
        return [int(np.abs(truth - one).max(axis=(1, 2)).argmin()) for one in shown]

    assert sorted(order(1)) == sorted(order(2)) == list(range(8))
    assert order(1) != order(2)
    assert order(1) == order(1)


def test_without_a_curriculum_the_order_is_a_permutation_drawn_from_the_seed_and_the_epoch(faces, rendered):
    trial = trial_of(rendered, Rival())
    for epoch in (1, 2):
        expected = np.random.default_rng([trial.seed, epoch]).permutation(faces.rows["train"])
        assert np.array_equal(epoch_rows(trial, faces, epoch), expected)


def test_with_a_curriculum_only_open_training_faces_are_shown_with_their_difficulty(faces, rendered):
    trial = trial_of(rendered, Rival(), batch_size=8, augmentation=None, curriculum=Curriculum(epochs=3))
    for epoch in (1, 2, 4):
        rows = epoch_rows(trial, faces, epoch)
        batch = load_batch(trial, faces, shown_in(trial, faces, epoch), 0, slice(0, 8), CPU)
        assert set(rows.tolist()) <= set(faces.rows["train"].tolist())
        assert batch.difficulty.max() <= open_share(Curriculum(epochs=3), epoch - 1)
        np.testing.assert_allclose(batch.difficulty, faces.difficulty[rows], atol=1e-7)
        np.testing.assert_allclose(batch.landmarks, faces.landmarks_crop(rows), atol=1e-4)


@pytest.mark.parametrize(
    ("curriculum", "epoch", "of_occluded"), [(None, 1, 1.0), (Curriculum(), 1, 0.5), (Curriculum(), 22, 0.75)]
)
def test_a_missing_landmark_weighs_nothing_and_an_occluded_one_less_early_in_a_curriculum(
    curriculum, epoch, of_occluded, prepared
):
    faces = prepared(Dots(), 64, Crop(source="dataset"))
    trial = trial_of(Dots(), Rival(), curriculum=curriculum)
    batch = load_batch(trial, faces, shown_in(trial, faces, epoch), 0, slice(0, 4), CPU)
    occluded = batch.present & ~batch.visible
    assert occluded.sum() == 4
    assert (batch.weight[~batch.present] == 0).all()
    assert (batch.weight[batch.visible] == 1).all()
    assert (batch.weight[occluded] == of_occluded).all()


def test_a_batch_without_augmentation_is_the_stored_crop(faces, rendered):
    trial = trial_of(rendered, Rival(), augmentation=None, batch_size=8)
    batch = load_batch(trial, faces, shown_in(trial, faces, 1), 0, slice(0, 8), CPU)
    truth = faces.landmarks_crop(faces.rows["train"])
    row = int(np.abs(truth - batch.landmarks[0].numpy()).max(axis=(1, 2)).argmin())
    stored = faces.crops(faces.rows["train"][row : row + 1])[0, 8:-8, 8:-8]
    torch.testing.assert_close(batch.images[0].permute(1, 2, 0) * 255, stored.float())
    left, right = faces.scheme.outer_eye_corners
    expected = (batch.landmarks[:, left] - batch.landmarks[:, right]).norm(dim=1)
    torch.testing.assert_close(batch.normaliser, expected)


def test_augmentation_moves_the_landmarks_of_a_batch_and_their_visibility_with_the_picture(prepared):
    faces = prepared(Dots(), 64, Crop(source="dataset"))
    geometry_only = Augmentation(rotation_deg=30, brightness=0, contrast=0, saturation=0, hue=0)
    trial = trial_of(Dots(), Rival(), batch_size=16, augmentation=geometry_only)
    batch = load_batch(trial, faces, shown_in(trial, faces, 1), 0, slice(0, 16), CPU)
    index_of_red = (
        (batch.present & ~batch.visible).long().argmax(dim=1)
    )  # the occluded one: 0, or 1 in a mirrored picture
    assert set(index_of_red.tolist()) == {0, 1}
    for image, landmarks, red in zip(batch.images, batch.landmarks, index_of_red, strict=True):
        for channel, index in enumerate((red, 1 - red, 2)):
            row, column = divmod(int(image[channel].argmax()), 64)
            assert abs(column - landmarks[index, 0]) <= 1
            assert abs(row - landmarks[index, 1]) <= 1
    without_green = batch.present.sum(dim=1) == 2
    assert without_green.sum() == 8
    assert not batch.present[without_green, 1 - index_of_red[without_green]].any()
    assert not batch.visible[without_green, 1 - index_of_red[without_green]].any()
    assert batch.visible[:, 2].all()


def similarity(source: np.ndarray, target: np.ndarray) -> tuple[float, float, float]:
    """Angle in degrees and scale of the similarity without reflection that fits best, and the largest error in px."""
    x, y = (points @ np.array([1, 1j]) for points in (source, target))
    x, y = x - x.mean(), y - y.mean()
    factor = (x.conj() @ y) / (x.conj() @ x)
    return float(np.degrees(np.angle(factor))), abs(factor), float(np.abs(y - factor * x).max())


@pytest.mark.parametrize(
    "augmentation", [None, Augmentation(rotation_deg=30, crop_jitter=0)], ids=["plain", "mirrored"]
)
def test_a_second_view_is_another_similarity_of_the_same_picture_mirrored_as_the_first(augmentation, faces, rendered):
    trial = trial_of(rendered, Rival(), pairs=Pairs(), augmentation=augmentation, batch_size=8)
    turns = []
    for epoch in range(1, 30):
        batch = load_batch(trial, faces, shown_in(trial, faces, epoch), 0, slice(0, 8), CPU)
        assert batch.second_view is not None
        assert batch.second_view.shape == batch.images.shape
        assert batch.second_landmarks is not None
        for one, other in zip(batch.landmarks.double().numpy(), batch.second_landmarks.double().numpy(), strict=True):
            angle, scale, error = similarity(one, other)
            assert error < 1e-3
            turns.append(angle)
            if augmentation is None:
                assert abs(angle) <= 30 + 1e-3
                assert 1 / 1.2 - 1e-4 <= scale <= 1 / 0.8 + 1e-4  # the crop's side is 0.8…1.2 times as long
    assert np.abs(turns).max() > 25


def test_the_landmarks_of_a_second_view_lie_where_its_picture_shows_them(prepared):
    faces = prepared(Dots(), 64, Crop(source="dataset"))
    colourless = Augmentation(rotation_deg=10, brightness=0, contrast=0, saturation=0, hue=0)
    trial = trial_of(Dots(), Rival(), batch_size=16, pairs=Pairs(), augmentation=colourless)
    batch = load_batch(trial, faces, shown_in(trial, faces, 1), 0, slice(0, 16), CPU)
    assert batch.second_view is not None
    assert batch.second_landmarks is not None
    assert (batch.second_landmarks.isnan().any(dim=2) == ~batch.present).all()
    for image, landmarks in zip(batch.second_view, batch.second_landmarks, strict=True):
        row, column = divmod(int(image[2].argmax()), 64)  # the blue dot is landmark 2, mirrored or not
        assert abs(column - landmarks[2, 0]) <= 1
        assert abs(row - landmarks[2, 1]) <= 1


@pytest.mark.parametrize("source", ["image", "video"])
def test_the_pairs_that_two_workers_see_are_those_of_one_worker_and_the_first_views_are_as_without_pairs(
    source, prepared
):
    faces = prepared(Frames(), 32, Crop(source="dataset"))
    trial, plain = (trial_of(Frames(), Rival(), batch_size=7, pairs=pairs) for pairs in (Pairs(source=source), None))
    one = load_batch(trial, faces, shown_in(trial, faces, 3), 7, slice(0, 7), CPU)
    two = [load_batch(trial, faces, shown_in(trial, faces, 3), 7, share, CPU) for share in (slice(0, 3), slice(3, 7))]
    for name in ("images", "landmarks", "second_view", "second_landmarks"):
        parts = torch.cat([getattr(part, name) for part in two])
        torch.testing.assert_close(parts, getattr(one, name), atol=1e-5, rtol=0, equal_nan=True)
    without = load_batch(plain, faces, shown_in(plain, faces, 3), 7, slice(0, 7), CPU)
    assert without.second_view is None is without.second_landmarks
    assert torch.equal(without.images, one.images)
    assert torch.equal(without.landmarks, one.landmarks)
    another = load_batch(trial, faces, shown_in(trial, faces, 4), 7, slice(0, 7), CPU)
    assert another.second_landmarks is not None
    assert one.second_landmarks is not None
    assert not torch.equal(another.second_landmarks, one.second_landmarks)


def test_a_pair_of_a_video_is_any_other_training_frame_of_it_and_a_face_of_none_is_paired_with_itself(prepared):
    faces = prepared(Frames(), 32, Crop(source="dataset"))
    trial = trial_of(Frames(), Rival(), pairs=Pairs(source="video"))
    seen = {row: set() for row in faces.rows["train"].tolist()}
    for epoch in range(1, 100):
        shown = shown_in(trial, faces, epoch)
        assert shown.seconds is not None
        assert sorted(shown.rows.tolist()) == faces.rows["train"].tolist()
        for row, second in zip(shown.rows.tolist(), shown.seconds.tolist(), strict=True):
            seen[row].add(second)
    frames = {"long": set(), "short": set()}
    for row in seen:
        frames.get(faces.videos[row], set()).add(row)
    assert {video: len(rows) for video, rows in frames.items()} == {"long": 8, "short": 3}
    for row, seconds in seen.items():
        assert seconds == (frames.get(faces.videos[row], {row, -1}) - {row} if faces.videos[row] in frames else {row})


def test_the_second_view_of_a_frame_shows_the_other_frame(prepared):
    faces = prepared(Frames(), 32, Crop(source="dataset"))
    trial = trial_of(Frames(), Rival(), batch_size=14, augmentation=None, pairs=Pairs(source="video"))
    shown = shown_in(trial, faces, 1)
    assert shown.seconds is not None
    batch = load_batch(trial, faces, shown, 0, slice(0, 14), CPU)
    assert batch.second_view is not None
    grey = (batch.second_view[:, 0, 16, 16] * 255 / 10).round().int() - 1
    assert grey.tolist() == [int(faces.images[row]) for row in shown.seconds]


def test_within_a_curriculum_the_other_frame_is_one_that_the_epoch_shows(prepared):
    faces = prepared(Frames(), 32, Crop(source="dataset"))
    faces = dataclasses.replace(faces, difficulty=np.linspace(0, 1, 15))
    trial = trial_of(Frames(), Rival(), pairs=Pairs(source="video"), curriculum=Curriculum())
    shown = shown_in(trial, faces, 1)
    assert shown.seconds is not None
    assert len(set(shown.rows.tolist())) < 14
    assert set(shown.seconds.tolist()) <= set(shown.rows.tolist())


def test_pairs_of_videos_are_refused_where_no_video_has_two_frames(prepared):
    data = Frames(of_videos=False)
    faces = prepared(data, 32, Crop(source="dataset"))
    with pytest.raises(DataError, match="has no two readable train faces of one video to pair"):
        next(train(trial_of(data, Rival(), pairs=Pairs(source="video")), faces, Placement()))
