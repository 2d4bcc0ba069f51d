"""ytf68 reads both published lists and splits them by person, or as published; the rest is a pool without labels."""

import dataclasses
from pathlib import Path

import cv2
import numpy as np
import pytest

from trainables.config import ConfigError
from trainables.dataset import DataError
from trainables.datasets.ytf68 import DATASET, Ytf68
from trainables.listing import groups_on_two_sides, list_faces

OFFICIAL, WITH_POOL = Ytf68(protocol="official"), Ytf68(unlabelled=True)

HEADER = ",".join(["", *(str(index) for index in range(136))])
# sha1 mod 10 of these names, worked out apart: 5, 1, 0.
SPLIT_OF_PERSON = {"Luis_Fonsi": "train", "Ann_Lee_4": "val", "Ann_Lee_8": "test"}


def line(name: str, landmarks: np.ndarray) -> str:
    return ",".join([name, *map(repr, landmarks.ravel().tolist())])


def write_lists(root: Path, training: list[str], test: list[str], end: str = "\n") -> None:
    folder = root / "ytf68"
    folder.mkdir(exist_ok=True)
    for name, lines in (("training", training), ("test", test)):
        text = end.join([HEADER, *lines]) + end
        (folder / f"{name}_frames_keypoints.csv").write_bytes(text.encode())


def write_pictures(root: Path, names: list[str], faces) -> None:
    """As published: PNG with transparency, named .jpg."""
    for name, face in zip(names, faces, strict=True):
        _, png = cv2.imencode(".png", cv2.cvtColor(face.pixels, cv2.COLOR_RGB2BGRA))
        path = root / "ytf68" / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(png.tobytes())


@pytest.mark.parametrize("end", ["\n", "\r\n"], ids=["unix", "windows"])
def test_both_lists_are_read_back_exactly_and_split_by_person(tmp_path, rendered, end):
    faces = list(rendered.faces(tmp_path))[:4]
    names = ["Luis_Fonsi_00.jpg", "Ann_Lee_4_10.jpg", "Ann_Lee_8_00.jpg", "Luis_Fonsi_51.jpg"]
    lines = [line(name, face.landmarks) for name, face in zip(names, faces, strict=True)]
    write_lists(tmp_path, lines[:3], lines[3:], end)
    images = [f"training/{name}" for name in names[:3]] + [f"test/{names[3]}"]
    write_pictures(tmp_path, images, faces)
    found = DATASET.faces(tmp_path)
    assert [face.image for face in found] == images
    assert [face.video for face in found] == ["Luis_Fonsi_0", "Ann_Lee_4_1", "Ann_Lee_8_0", "Luis_Fonsi_5"]
    assert [face.group for face in found] == ["Luis_Fonsi", "Ann_Lee_4", "Ann_Lee_8", "Luis_Fonsi"]
    assert [face.split for face in found] == [SPLIT_OF_PERSON[face.group] for face in found]
    for read, written in zip(found, faces, strict=True):
        assert np.array_equal(read.landmarks, written.landmarks)
        assert np.array_equal(DATASET.read_image(tmp_path, read), written.pixels)


def write_pool(root: Path, rendered) -> None:
    """Two labelled pictures, and one without landmarks of each of the three persons."""
    faces = list(rendered.faces(root))
    labelled = ["Luis_Fonsi_00.jpg", "Ann_Lee_8_00.jpg"]
    write_lists(root, [line(labelled[0], faces[0].landmarks)], [line(labelled[1], faces[1].landmarks)])
    pool = [f"test/{person}_12.jpg" for person in SPLIT_OF_PERSON]
    write_pictures(root, [f"training/{labelled[0]}", f"test/{labelled[1]}", *pool], faces[:5])


def test_pictures_without_landmarks_of_training_persons_join_as_unlabelled(tmp_path, rendered):
    write_pool(tmp_path, rendered)
    *labelled, pooled = WITH_POOL.faces(tmp_path)
    assert [face.image for face in labelled] == [face.image for face in DATASET.faces(tmp_path)]
    assert (pooled.image, pooled.split, pooled.group, pooled.video) == (
        "test/Luis_Fonsi_12.jpg",
        "unlabelled",
        "Luis_Fonsi",
        "Luis_Fonsi_1",
    )
    assert pooled.box == pytest.approx((19.84, 22.784, 24.32, 24.32)) and np.isnan(pooled.landmarks).all()
    assert WITH_POOL.remarks(tmp_path) == ["2 pictures without annotation of persons who validate or test are left out"]
    assert DATASET.remarks(tmp_path) == ["3 pictures without annotation are left out"]


def test_the_official_lists_keep_their_splits_but_no_training_picture_that_is_tested(tmp_path, rendered):
    faces = list(rendered.faces(tmp_path))[:4]
    names = ["Luis_Fonsi_00.jpg", "Luis_Fonsi_01.jpg", "Ann_Lee_8_00.jpg", "Luis_Fonsi_02.jpg"]
    lines = [line(name, face.landmarks) for name, face in zip(names, faces, strict=True)]
    write_lists(tmp_path, lines[:3], lines[3:])
    # The second training picture has the pixels of the test picture.
    shown = [faces[0], faces[3], faces[2], faces[3]]
    write_pictures(tmp_path, [*(f"training/{name}" for name in names[:3]), f"test/{names[3]}"], shown)
    found = OFFICIAL.faces(tmp_path)
    assert [(face.image, face.split) for face in found] == [
        ("training/Luis_Fonsi_00.jpg", "train"),
        ("training/Ann_Lee_8_00.jpg", "train"),
        ("test/Luis_Fonsi_02.jpg", "test"),
    ]
    assert groups_on_two_sides(found) == ["Luis_Fonsi"]
    remarks = list_faces(OFFICIAL, tmp_path).remarks
    assert "1 training pictures left out, identical with test ones: training/Luis_Fonsi_01.jpg" in remarks
    assert any("the published split leaks (the same persons" in remark for remark in remarks)


def test_the_official_lists_have_no_pool(tmp_path):
    with pytest.raises(ConfigError, match="shows a person whom the official list tests"):
        Ytf68(protocol="official", unlabelled=True)


def test_the_split_by_person_without_a_pool_keeps_the_identity_that_it_had_before_there_were_others():
    neutral = {setting.name: setting.metadata["neutral"] for setting in dataclasses.fields(DATASET)}
    assert neutral == {"protocol": DATASET.protocol, "unlabelled": DATASET.unlabelled}
    assert DATASET.VERSION == 1


def test_a_name_without_a_person_is_refused(tmp_path):
    write_lists(tmp_path, [line("portrait.jpg", np.ones((68, 2)))], [])
    with pytest.raises(DataError, match=r"line 2: 'portrait\.jpg' names no person"):
        DATASET.faces(tmp_path)


def test_a_name_outside_its_folder_is_refused(tmp_path):
    write_lists(tmp_path, [line("../test/a_00.jpg", np.ones((68, 2)))], [])
    with pytest.raises(DataError, match="outside"):
        DATASET.faces(tmp_path)


def test_a_missing_list_is_told_with_the_expected_tree(tmp_path):
    write_lists(tmp_path, [], [])
    (tmp_path / "ytf68" / "test_frames_keypoints.csv").unlink()
    text = DATASET.missing(tmp_path)
    assert text is not None and "test_frames_keypoints.csv does not exist" in text and DATASET.TREE.rstrip() in text


def test_the_real_photographs_have_the_published_counts_and_share_no_person(data_root):
    if DATASET.missing(data_root):
        pytest.skip(f"needs the real photographs, and {data_root / 'ytf68'} does not exist (set MARKSWEEP_DATA)")
    faces = DATASET.faces(data_root)
    of_split = {split: [face for face in faces if face.split == split] for split in ("train", "val", "test")}
    persons = {split: {face.group for face in members} for split, members in of_split.items()}
    assert {split: len(members) for split, members in of_split.items()} == {"train": 2973, "val": 291, "test": 393}
    assert {split: len(members) for split, members in persons.items()} == {"train": 244, "val": 24, "test": 32}
    assert len(set.union(*persons.values())) == 300
    assert DATASET.read_image(data_root, faces[0]).shape[2] == 3


def test_the_real_pool_shows_training_persons_only(data_root):
    if WITH_POOL.missing(data_root):
        pytest.skip(f"needs the real photographs, and {data_root / 'ytf68'} does not exist (set MARKSWEEP_DATA)")
    faces = WITH_POOL.faces(data_root)
    pool = [face for face in faces if face.split == "unlabelled"]
    assert len(pool) == 1082
    assert groups_on_two_sides(faces) == []
    assert {face.group for face in pool} <= {face.group for face in faces if face.split == "train"}


def test_the_real_official_lists_have_the_published_counts_but_for_three_duplicates(data_root):
    if OFFICIAL.missing(data_root):
        pytest.skip(f"needs the real photographs, and {data_root / 'ytf68'} does not exist (set MARKSWEEP_DATA)")
    faces = OFFICIAL.faces(data_root)
    counts = {split: sum(face.split == split for face in faces) for split in ("train", "test")}
    assert counts == {"train": 2991 - 3, "test": 666} == {"train": OFFICIAL.COUNTS["train+val"], "test": 666}
