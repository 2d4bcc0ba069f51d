"""`data check` finds what is missing, broken, doubled or on two sides, and what of it makes a data set unusable."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import cv2
import numpy as np
import pytest

from tests.trainables.layouts_csv68 import write_csv68
from trainables.config import config
from trainables.dataset import DataError, Dataset, Face
from trainables.datasets.csv68 import Csv68
from trainables.datasets.synthetic import Synthetic
from trainables.inspection import Inspection, inspect_dataset
from trainables.look_alikes import look_alikes, thumbnail
from trainables.schemes import SCHEME_68, Scheme


@pytest.fixture(scope="module")
def written(tmp_path_factory) -> Path:
    """8 training, 4 validation and 4 test faces as PNG files with a list."""
    root = tmp_path_factory.mktemp("faces")
    faces = Synthetic(train=4, val=2, test=2, size=64).faces(root)
    return write_csv68(root, [replace(face, landmarks=np.clip(face.landmarks, 0, 63)) for face in faces], ".png")


@pytest.fixture
def root(written, tmp_path) -> Path:
    return shutil.copytree(written, tmp_path / "data")


def picture(number: int, view: int = 0) -> str:
    return f"identity{number:05d}_view{view}.png"


TRAIN, TRAIN_TOO, VALIDATION, TEST = picture(0), picture(1), picture(4), picture(6)


def found_after(change: Callable[[Path], object], root: Path) -> Inspection:
    change(root)
    return inspect_dataset(Csv68(), root)


def test_a_data_set_that_is_whole_has_no_problem(root):
    found = inspect_dataset(Csv68(), root)
    assert found.problems() == []
    assert found.counts == {"train": 8, "val": 4, "test": 4}
    assert found.lines() == [
        "csv68: 16 faces, 68 landmarks",
        "  train: 8 faces in 8 groups",
        "  val: 4 faces in 4 groups",
        "  test: 4 faces in 4 groups",
        "  0 unreadable images",
        "  0 images with landmarks outside them (kept)",
        "  0 pairs of identical images in one split",
        "  0 pairs of identical or mirrored images in two splits",
        "  0 groups in more than one split",
        "  0 videos in more than one split",
    ]


def test_progress_is_told_up_to_the_last_face(root):
    told = []
    inspect_dataset(Csv68(), root, lambda done, total: told.append((done, total)))
    assert told == [(done, 16) for done in range(1, 17)]


def test_unreadable_images_are_named_with_the_reason(root):
    (root / TRAIN).unlink()
    (root / TRAIN_TOO).write_bytes((root / TRAIN_TOO).read_bytes()[:-100])
    found = inspect_dataset(Csv68(), root)
    assert found.unreadable == [f"{TRAIN}: no such file", f"{TRAIN_TOO}: not a readable image"]
    assert found.problems() == []


def test_a_jpeg_that_was_cut_off_is_unreadable(root):
    pixels = cv2.imread(str(root / TRAIN))
    content = cv2.imencode(".jpg", pixels)[1].tobytes()
    (root / TRAIN).write_bytes(content)
    assert inspect_dataset(Csv68(), root).unreadable == []
    (root / TRAIN).write_bytes(content[: len(content) * 3 // 4])
    assert inspect_dataset(Csv68(), root).unreadable == [f"{TRAIN}: the file ends before its picture does"]


def test_a_split_of_which_nothing_can_be_read_makes_it_unusable(root):
    for number, view in ((4, 0), (4, 1), (5, 0), (5, 1)):
        (root / picture(number, view)).write_bytes(b"")
    assert inspect_dataset(Csv68(), root).problems() == ["no image of val can be read"]


def test_a_split_that_is_empty_makes_it_unusable(root):
    path = root / "landmarks.csv"
    path.write_text("\n".join(line for line in path.read_text().splitlines() if not line.endswith("train")))
    assert inspect_dataset(Csv68(), root).problems() == ["no face of train"]


WARNING = "  warning: no face of test: nothing can be evaluated on this data set"


def test_a_data_set_without_test_faces_is_warned_of(root):
    path = root / "landmarks.csv"
    assert WARNING not in inspect_dataset(Csv68(), root).lines()
    path.write_text("\n".join(line for line in path.read_text().splitlines() if not line.endswith("test")))
    found = inspect_dataset(Csv68(), root)
    assert WARNING in found.lines()
    assert found.problems() == []


def test_a_pool_without_labels_needs_neither_training_nor_test_faces(root, monkeypatch):
    @config
    class Pool(Csv68):
        def faces(self, data_root: Path) -> list[Face]:
            nothing = np.full((68, 2), np.nan)
            return [
                replace(face, landmarks=nothing, box=(0.0, 0.0, 64.0, 64.0), split="unlabelled")
                for face in super().faces(data_root)
            ]

    found = inspect_dataset(Pool(), root)
    assert found.counts == {"unlabelled": 16}
    assert found.problems() == []
    assert WARNING not in found.lines()


def test_landmarks_outside_their_image_are_counted_and_kept(root):
    path = root / "landmarks.csv"
    header, first, *others = path.read_text().splitlines()
    cells = first.split(",")
    cells[1] = "64.0"
    path.write_text("\n".join([header, ",".join(cells), *others]))
    found = inspect_dataset(Csv68(), root)
    assert found.outside == [TRAIN]
    assert found.counts["train"] == 8
    assert found.problems() == []


def test_identical_images_of_one_split_are_told_and_are_no_problem(root):
    found = found_after(lambda folder: shutil.copy(folder / TRAIN, folder / TRAIN_TOO), root)
    assert found.duplicates == [f"{TRAIN} = {TRAIN_TOO}"]
    assert found.problems() == []


@pytest.mark.parametrize("other, split", [(VALIDATION, "val"), (TEST, "test")])
def test_identical_images_of_two_splits_are_a_leak(root, other, split):
    found = found_after(lambda folder: shutil.copy(folder / TRAIN, folder / other), root)
    assert found.leaking_pictures == [f"train {TRAIN} = {split} {other}"]
    assert found.duplicates == []
    (problem,) = found.problems()
    assert problem.startswith("1 pairs of pictures stand in more than one split: train ")


def test_a_mirrored_twin_in_another_split_is_a_leak(root):
    def mirror(folder: Path) -> None:
        cv2.imwrite(str(folder / TEST), cv2.imread(str(folder / TRAIN))[:, ::-1])

    assert found_after(mirror, root).leaking_pictures == [f"train {TRAIN} = mirrored test {TEST}"]


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("how", ["stored as JPEG", "in another size"])
def test_a_twin_that_was_stored_anew_in_another_split_is_a_leak_though_its_pixels_differ(root, mirrored, how):
    def store(folder: Path) -> None:
        pixels = cv2.imread(str(folder / TRAIN))
        pixels = np.ascontiguousarray(pixels[:, ::-1]) if mirrored else pixels
        if how == "in another size":
            pixels = cv2.resize(pixels, (96, 96))
        quality = [cv2.IMWRITE_JPEG_QUALITY, 80]
        (folder / TEST).write_bytes(cv2.imencode(".jpg", pixels, quality)[1].tobytes())

    found = found_after(store, root)
    assert found.leaking_pictures == [f"train {TRAIN} {'= mirrored' if mirrored else '='} test {TEST}"]
    assert "  1 pairs of identical or mirrored images in two splits" in "\n".join(found.lines())
    assert len(found.problems()) == 1


def test_plain_pictures_and_faces_of_other_persons_do_not_look_alike(tmp_path):
    faces = Synthetic(train=30, val=1, test=1, size=64).faces(tmp_path)
    thumbnails = [thumbnail(face.pixels) for face in faces if face.pixels is not None]
    assert look_alikes(thumbnails[:30], thumbnails[30:]) == []
    plain = [thumbnail(np.full((40, 40, 3), level, dtype=np.uint8)) for level in (7, 90)]
    assert look_alikes(plain, plain) == []
    assert look_alikes([], thumbnails) == look_alikes(thumbnails, []) == []


def test_of_several_pictures_the_likest_is_told(tmp_path):
    thumbnails = [thumbnail(face.pixels) for face in Synthetic(train=4, val=1, test=1, size=64).faces(tmp_path)]
    wanted = [thumbnails[3], thumbnails[5][:, ::-1]]
    assert look_alikes(wanted, thumbnails) == [(0, 3, False), (1, 5, True)]


def test_an_image_of_which_two_splits_have_a_face_is_a_leak_of_that_image(tmp_path):
    found = inspect_dataset(TwoSides(), tmp_path)
    assert found.leaking_pictures == ["train street = test street"]


@config
class TwoSides(Dataset):
    """One picture with two faces, which stand in two splits; one video whose frames do, under other groups."""

    kind: ClassVar[str] = "two_sides_of_tests"
    SCHEME: ClassVar[Scheme] = SCHEME_68
    LEAKS: ClassVar[str] = "the authors drew frames"
    COUNTS: ClassVar[dict[str, int]] = {"train": 2, "test": 3}
    SUBSETS: ClassVar[dict[str, int]] = {"common": 1, "challenging": 7}

    def faces(self, data_root: Path) -> list[Face]:
        random = np.random.default_rng(0)

        def face(image: str, split: str, **given) -> Face:
            pixels = np.full((40, 40, 3), sum(map(ord, image)) % 251, dtype=np.uint8)
            pixels[:20, :20] += 4  # else a picture is its own mirror image
            return Face(image=image, landmarks=random.uniform(5, 35, (68, 2)), split=split, pixels=pixels, **given)

        return [
            face("street", "train", which="left", group="a"),
            face("street", "test", which="right", group="b", tags=("common",)),
            face("frame1", "train", group="c", video="v"),
            face("frame2", "test", group="d", video="v", tags=("challenging", "night")),
            face("other", "val", group="e"),
        ]

    def sources(self, data_root: Path) -> list[Path]:
        return []


def test_a_video_on_two_sides_is_a_leak_though_its_groups_are_not(tmp_path, monkeypatch):
    monkeypatch.setattr(TwoSides, "LEAKS", "")
    with pytest.raises(DataError, match="1 videos stand on two sides of the split, such as 'v'"):
        inspect_dataset(TwoSides(), tmp_path)


def test_leaks_that_the_data_set_itself_tells_of_do_not_make_it_unusable(tmp_path):
    found = inspect_dataset(TwoSides(), tmp_path)
    assert (found.leaking, found.leaking_videos) == ([], ["v"])
    assert found.leaking_pictures == ["train street = test street"]
    assert found.problems() == []
    told = "the published split leaks (the authors drew frames): 1 videos stand on two sides of the split, such as 'v'"
    assert told in found.remarks


def test_counts_of_splits_and_subsets_stand_beside_the_published_ones(tmp_path):
    lines = inspect_dataset(TwoSides(), tmp_path).lines()
    assert lines[1:6] == [
        "  train: 2 faces in 2 groups, as published",
        "  val: 1 faces in 1 groups",
        "  test: 2 faces in 2 groups, published 3",
        "  subset common of test: 1 faces, as published",
        "  subset challenging of test: 1 faces, published 7",
    ]
    assert "  other tags of test: night 1" in lines


def test_splits_that_are_published_together_are_compared_together(tmp_path, monkeypatch):
    monkeypatch.setattr(TwoSides, "COUNTS", {"train+val": 3, "test": 2})
    assert "  train+val: 3 faces, as published" in inspect_dataset(TwoSides(), tmp_path).lines()


@pytest.mark.slow
def test_the_real_ytf68_is_usable_and_its_doubled_frames_are_told(data_root):
    from trainables.datasets.ytf68 import DATASET

    found = inspect_dataset(DATASET, data_root)
    assert found.problems() == []
    assert found.counts == {"train": 2973, "val": 291, "test": 393}
    assert len(found.duplicates) == 4
    assert len(found.outside) == 4


def with_landmarks(root: Path, image: str, number: str) -> None:
    """All coordinates of one face become the same number."""
    lines = (root / "landmarks.csv").read_text().splitlines()
    moved = [
        ",".join([image, *[number] * 136, line.rpartition(",")[2]]) if line.startswith(image) else line
        for line in lines
    ]
    (root / "landmarks.csv").write_text("\n".join(moved))


def test_a_face_outside_its_picture_or_without_size_is_a_problem(root):
    with_landmarks(root, TEST, "-20")
    with_landmarks(root, VALIDATION, "30")
    outside, without_size = inspect_dataset(Csv68(), root).problems()
    assert outside == f"1 faces lie wholly outside their pictures, correct or remove them: {TEST}"
    assert without_size.startswith("2 faces have no distance between the eyes") and VALIDATION in without_size
