"""helen divides the annotated faces of HELEN as the protocol helen-ibug says, and says what it leaves unused."""

from pathlib import Path

import numpy as np
import pytest

from tests.trainables.layouts_pts import POINTS, write_face, write_pts
from trainables.dataset import DataError
from trainables.datasets.helen import DATASET, Helen
from trainables.listing import list_faces


def write_annotations(root, trainset: int, testset: int):
    for folder, count in (("trainset", trainset), ("testset", testset)):
        (root / "300w" / "helen" / folder).mkdir(parents=True)
        for number in range(count):
            write_pts(root / "300w" / "helen" / folder / f"{1000 + number}_1.pts", POINTS + number)


def test_what_was_written_is_read_back_exactly(tmp_path, rendered):
    names = ["trainset/100032540_1.jpg", "testset/30427236_1.jpg"]
    written = dict(zip(names, rendered.faces(tmp_path), strict=False))
    for name, face in written.items():
        write_face(tmp_path / "300w" / "helen", name, face)
    faces = DATASET.faces(tmp_path)
    assert [(face.image, face.split) for face in faces] == list(zip(written, ("train", "test"), strict=True))
    for face in faces:
        assert np.array_equal(face.landmarks, written[face.image].landmarks)
        assert np.array_equal(DATASET.read_image(tmp_path, face), written[face.image].pixels)


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> Path:
    """As many annotations as published."""
    root = tmp_path_factory.mktemp("whole")
    write_annotations(root, 2000, 330)
    return root


def test_the_last_50_of_the_testset_test_and_the_first_2005_of_the_rest_train(whole):
    faces = DATASET.faces(whole)
    train, test = ([face.image for face in faces if face.split == split] for split in ("train", "test"))
    assert train == [
        *(f"trainset/{1000 + number}_1" for number in range(2000)),
        *(f"testset/{1000 + number}_1" for number in range(5)),
    ]
    assert test == [f"testset/{1000 + number}_1" for number in range(280, 330)]


def test_the_unused_faces_are_told_with_the_name_of_the_protocol(whole):
    (remark,) = DATASET.remarks(whole)
    assert remark.startswith(
        "protocol helen-ibug: 2,005 faces to train and 50 to test; 275 annotated faces unused: 1005_1, 1006_1,"
    )
    assert remark.endswith("… and 265 more")


def test_a_small_testset_tests_whole_and_trains_nothing(tmp_path):
    write_annotations(tmp_path, 3, 2)
    assert [face.split for face in DATASET.faces(tmp_path)] == ["train"] * 3 + ["test"] * 2
    remarks = list_faces(DATASET, tmp_path).remarks
    assert remarks[0] == "protocol helen-ibug: 3 faces to train and 2 to test"
    assert "train+val: published are 2,005 faces, found 3" in remarks


def test_one_based_coordinates_are_one_px_less(tmp_path):
    write_annotations(tmp_path, 1, 1)
    assert np.array_equal(Helen(one_based=True).faces(tmp_path)[0].landmarks, POINTS - 1)


def test_wrong_files_of_both_folders_are_told_at_once(tmp_path):
    write_annotations(tmp_path, 1, 1)
    wrong = [tmp_path / "300w" / "helen" / folder / "1000_1.pts" for folder in ("trainset", "testset")]
    for path in wrong:
        path.write_text("{")
    with pytest.raises(DataError) as error:
        DATASET.faces(tmp_path)
    assert all(f"{path}, line 1" in str(error.value) for path in wrong)
