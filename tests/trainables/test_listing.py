"""What every consumer of a data set is given: checked, ranked, split."""

from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trainables.config import config
from trainables.dataset import LABELLED_SPLITS, UNLABELLED, DataError, Dataset, Face
from trainables.datasets import ytf68
from trainables.difficulty import difficulty, shape_residuals
from trainables.listing import groups_on_two_sides, hold_out, list_faces, videos_on_two_sides
from trainables.schemes import SCHEME_68, Scheme


@config
class Shapes(Dataset):
    """Random shapes without pictures: `persons` with three faces each, half of the faces tested where asked."""

    kind: ClassVar[str] = "shapes_of_tests"
    SCHEME: ClassVar[Scheme] = SCHEME_68
    COUNTS: ClassVar[dict[str, int]] = {"train+val": 900, "test": 1}
    persons: int = 300
    leaking: bool = False

    def faces(self, data_root: Path) -> list[Face]:
        random = np.random.default_rng(0)
        made = [
            Face(f"{person}_{number}.jpg", random.normal(size=(68, 2)) * 10 + 100, "train", f"{person}")
            for person in range(self.persons)
            for number in range(3)
        ]
        if self.leaking:
            made[0] = replace(made[0], split="test")
        return made

    def sources(self, data_root: Path) -> list[Path]:
        return []


@config
class WithPool(Shapes):
    """One person in ten of `Shapes` has an unlabelled picture too."""

    kind: ClassVar[str] = "shapes_with_pool_of_tests"
    COUNTS: ClassVar[dict[str, int]] = {}

    def faces(self, data_root: Path) -> list[Face]:
        nothing = np.full((68, 2), np.nan)
        pool = [Face(f"{person}_x.jpg", nothing, UNLABELLED, f"{person}") for person in range(0, self.persons, 10)]
        return [*pool, *super().faces(data_root)]


def plain_faces(sizes: list[int], split: str = "train") -> list[Face]:
    """Faces without shape: a group of each of the sizes."""
    shape = np.zeros((68, 2))
    return [Face(f"{g}_{n}", shape, split, f"{split}{g}") for g, size in enumerate(sizes) for n in range(size)]


def test_a_tenth_is_held_out_by_whole_groups_and_evenly_over_the_tertiles_of_difficulty():
    listing = list_faces(Shapes(), Path("/nowhere"))
    held = [face.split == "val" for face in listing.faces]
    assert sum(held) == pytest.approx(90, abs=6)
    assert groups_on_two_sides(listing.faces) == []
    persons = {face.group for face in listing.faces if face.split == "val"}
    assert len(persons) * 3 == sum(held)
    of_person = np.sort(
        [np.mean([r for r, f in zip(listing.difficulty, listing.faces, strict=True) if f.group == p]) for p in persons]
    )
    assert len(of_person) >= 27 and of_person[8] < 0.5 < of_person[-9]


def test_the_split_is_the_same_every_time_and_does_not_depend_on_the_order_of_the_list():
    listing = list_faces(Shapes(), Path("/nowhere"))
    plain = Shapes().faces(Path("/nowhere"))
    order = np.random.default_rng(1).permutation(len(plain))
    again = hold_out([plain[index] for index in order], listing.difficulty[order])
    of = {face.image: face.split for face in again}
    assert {face.image: face.split for face in listing.faces} == of


@settings(deadline=None)
@given(st.lists(st.integers(1, 5), min_size=2, max_size=60), st.integers(0, 9))
def test_whatever_the_groups_none_stands_on_two_sides_and_some_face_validates_and_some_trains(sizes, seed):
    faces = [*plain_faces(sizes), *plain_faces([2, 1], "test")]
    divided = hold_out(faces, np.random.default_rng(seed).random(len(faces)))
    splits = [face.split for face in divided]
    assert groups_on_two_sides(divided) == []
    assert 0 < splits.count("val") < sum(sizes)
    assert splits.count("test") == 3


def test_a_picture_and_its_mirror_image_stay_together():
    faces = [
        replace(face, image=f"{face.group}{'_mirror' * number}.jpg")
        for face in plain_faces([1] * 100)
        for number in range(2)
    ]
    divided = hold_out(faces, np.random.default_rng(0).random(200))
    assert sum(face.split == "val" for face in divided) == pytest.approx(20, abs=3)
    assert all(one.split == mirrored.split for one, mirrored in zip(divided[::2], divided[1::2], strict=True))


def test_of_too_few_groups_one_of_middle_difficulty_is_held_out():
    divided = hold_out(plain_faces([1] * 5), np.array([0.9, 0.5, 0.1, 0.0, 1.0]))
    assert [face.split for face in divided] == ["train", "val", "train", "train", "train"]


def test_a_published_validation_list_is_left_alone():
    faces = [*plain_faces([1] * 50), *plain_faces([1], "val")]
    assert hold_out(faces, np.full(51, 0.5)) == faces


def test_difficulty_refers_to_the_training_faces_and_not_to_a_published_validation_list():
    @config
    class Listed(Shapes):
        kind: ClassVar[str] = "listed_shapes_of_tests"

        def faces(self, data_root: Path) -> list[Face]:
            return [replace(face, split="train" if int(face.group) % 2 else "val") for face in super().faces(data_root)]

    listing = list_faces(Listed(persons=40), Path("/nowhere"))
    ranks = [rank for rank, face in zip(listing.difficulty, listing.faces, strict=True) if face.split == "train"]
    np.testing.assert_allclose(sorted(ranks), np.linspace(0, 1, 60))


def test_unlabelled_pictures_of_persons_that_are_held_out_are_left_out_and_counted():
    listing = list_faces(WithPool(), Path("/nowhere"))
    pool = [face.group for face in listing.faces if face.split == UNLABELLED]
    held_out = {face.group for face in listing.faces if face.split == "val"}
    lost = 30 - len(pool)
    assert lost == len(held_out & {f"{person}" for person in range(0, 300, 10)}) > 0
    assert listing.remarks == (f"{lost} unlabelled faces are left out: their groups are held out to validate on",)
    assert len(listing.faces) == len(listing.difficulty) == 900 + len(pool)
    assert np.array_equal(np.isnan(listing.difficulty), [face.split == UNLABELLED for face in listing.faces])


def test_real_persons_stand_on_one_side_and_every_side_has_easy_and_hard_faces(data_root):
    if ytf68.DATASET.missing(data_root):
        pytest.skip(f"needs the real photographs, and {data_root / 'ytf68'} does not exist (set MARKSWEEP_DATA)")
    listing = list_faces(ytf68.DATASET, data_root)
    assert groups_on_two_sides(listing.faces) == []
    persons = {split: {face.group for face in listing.faces if face.split == split} for split in LABELLED_SPLITS}
    assert len(set.union(*persons.values())) == sum(len(members) for members in persons.values())
    for split in LABELLED_SPLITS:
        ranks = listing.difficulty[[face.split == split for face in listing.faces]]
        assert 0.1 < (ranks <= 1 / 3).mean() < 0.6
        assert 0.1 < (ranks > 2 / 3).mean() < 0.6


def test_a_person_on_two_sides_is_an_error_that_names_it():
    with pytest.raises(DataError, match=r"1 groups stand on two sides of the split, such as '0'\. Give each person"):
        list_faces(Shapes(leaking=True), Path("/nowhere"))


def test_a_video_on_two_sides_leaks_and_faces_of_no_video_do_not():
    faces = plain_faces([2, 1]) + plain_faces([2], "test")
    assert videos_on_two_sides(faces) == []
    filmed = [replace(face, video=video) for face, video in zip(faces, "vwxvy", strict=True)]
    assert groups_on_two_sides(filmed) == []
    assert videos_on_two_sides(filmed) == ["v"]


def test_unlabelled_pictures_of_tested_persons_leak_too():
    face = Face("a.jpg", np.zeros((68, 2)), "test", "anna")
    assert groups_on_two_sides([face, replace(face, image="b.jpg", split="unlabelled")]) == ["anna"]


def test_other_counts_than_the_published_are_a_remark_with_both_numbers():
    assert list_faces(Shapes(persons=2), Path("/nowhere")).remarks == (
        "train+val: published are 900 faces, found 6",
        "test: published are 1 faces, found 0",
    )


def test_a_shape_that_is_only_moved_turned_and_scaled_has_no_residual(rendered, tmp_path):
    mean = rendered.faces(tmp_path)[0].landmarks
    turned = mean @ (2.5 * np.array([[0.6, 0.8], [-0.8, 0.6]])) + [30, -10]
    bent = mean + np.outer(np.linspace(-1, 1, 68) ** 2, [3.0, 0.0])
    missing = turned.copy()
    missing[5] = np.nan
    shapes = np.stack([mean, turned, bent, missing])
    residual = shape_residuals(shapes, np.array([True, True, False, False]), SCHEME_68)
    assert residual[[0, 1, 3]] == pytest.approx(0, abs=1e-9)
    assert residual[2] > 0.01


def test_a_shape_of_two_landmarks_fits_any_mean_and_has_no_rank_while_one_of_three_has(rendered, tmp_path):
    mean = rendered.faces(tmp_path)[0].landmarks
    shapes = np.stack([mean, mean, mean])
    shapes[1, 2:] = np.nan
    shapes[2, 3:] = np.nan
    ranks = difficulty(shapes, np.zeros(3), np.array([True, False, False]), SCHEME_68)
    assert np.isnan(ranks).tolist() == [False, True, False]


def test_shapes_with_missing_landmarks_shape_the_mean_too(rendered, tmp_path):
    mean = rendered.faces(tmp_path)[0].landmarks
    odd = mean * [1.0, 1.6]  # the only whole shape, and unlike all others
    others = np.stack([mean] * 20)
    others[np.arange(20), np.arange(20)] = np.nan
    residual = shape_residuals(np.stack([odd, *others]), np.ones(21, dtype=bool), SCHEME_68)
    assert residual[0] > 5 * residual[1:].max()


def test_difficulty_ranks_by_what_the_data_set_says_and_then_by_shape(rendered, tmp_path):
    mean = rendered.faces(tmp_path)[0].landmarks
    random = np.random.default_rng(0)
    shapes = np.stack([mean + random.normal(size=mean.shape) * noise for noise in (0, 1, 2, 3, 9)])
    training = np.array([True, True, True, True, False])
    ranks = difficulty(shapes, np.array([1.0, 0, 0, 0, 0]), training, SCHEME_68)
    assert ranks[0] == 1.0
    assert ranks[1:4] == pytest.approx([0, 1 / 3, 2 / 3])
    assert ranks[4] == pytest.approx(0.83, abs=0.17)  # harder than every training face without a flag
