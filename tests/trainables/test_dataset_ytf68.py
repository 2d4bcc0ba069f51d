"""ytf68 reads both published lists and splits them by person."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from trainables.dataset import DataError
from trainables.datasets.ytf68 import DATASET

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


@pytest.mark.parametrize("end", ["\n", "\r\n"], ids=["unix", "windows"])
def test_both_lists_are_read_back_exactly_and_split_by_person(tmp_path, rendered, end):
    faces = list(rendered.faces(tmp_path))[:4]
    names = ["Luis_Fonsi_00.jpg", "Ann_Lee_4_10.jpg", "Ann_Lee_8_00.jpg", "Luis_Fonsi_51.jpg"]
    lines = [line(name, face.landmarks) for name, face in zip(names, faces, strict=True)]
    write_lists(tmp_path, lines[:3], lines[3:], end)
    for folder, name, face in zip(["training"] * 3 + ["test"], names, faces, strict=True):
        # As published: PNG with transparency, named .jpg.
        _, png = cv2.imencode(".png", cv2.cvtColor(face.pixels, cv2.COLOR_RGB2BGRA))
        (tmp_path / "ytf68" / folder).mkdir(exist_ok=True)
        (tmp_path / "ytf68" / folder / name).write_bytes(png.tobytes())
    found = DATASET.faces(tmp_path)
    assert [face.image for face in found] == [f"training/{name}" for name in names[:3]] + [f"test/{names[3]}"]
    assert [face.group for face in found] == ["Luis_Fonsi", "Ann_Lee_4", "Ann_Lee_8", "Luis_Fonsi"]
    assert [face.split for face in found] == [SPLIT_OF_PERSON[face.group] for face in found]
    for read, written in zip(found, faces, strict=True):
        assert np.array_equal(read.landmarks, written.landmarks)
        assert np.array_equal(DATASET.read_image(tmp_path, read), written.pixels)


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
