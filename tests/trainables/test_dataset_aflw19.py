"""aflw19 reads AFLWinfo_release.mat exactly in both versions of MATLAB's format, and splits by its permutation."""

from dataclasses import replace

import numpy as np
import pytest

from tests.trainables.layouts_lists import (
    aflw_variables,
    rendered_faces,
    write_aflw19,
    write_hdf5,
    write_picture,
    write_version5,
)
from trainables.dataset import OCCLUDED, VISIBLE, DataError
from trainables.datasets import aflw19
from trainables.datasets.aflw19 import DATASET
from trainables.face_cache import prepare
from trainables.faces import open_faces
from trainables.inspection import inspect_dataset
from trainables.listing import list_faces

FILE = "AFLWinfo_release.mat"
FORMATS = pytest.mark.parametrize("write", [write_version5, write_hdf5], ids=["version 5", "version 7.3"])


@pytest.fixture(scope="module")
def written():
    """Training and test faces in turn, every other one with two hidden landmarks; the last two in one picture."""
    faces = rendered_faces("19")
    mixed = [face for pair in zip(faces[:4], faces[4:], strict=True) for face in pair]
    hidden = np.where(np.arange(19) < 2, OCCLUDED, VISIBLE).astype(np.uint8)
    return [
        replace(
            face,
            image=f"{(0, 2, 3)[min(number, 6) % 3]}/image{min(number, 6):05d}.png",
            state=hidden if number % 4 < 2 else np.full(19, VISIBLE, dtype=np.uint8),
            which=str(number - 6) if number >= 6 else "",
        )
        for number, face in enumerate(mixed)
    ]


@pytest.fixture(autouse=True)
def few_training_faces(monkeypatch):
    monkeypatch.setattr(aflw19, "TRAINING_FACES", 4)


def message(root) -> str:
    with pytest.raises(DataError) as error:
        DATASET.faces(root)
    return str(error.value)


@FORMATS
def test_what_was_written_is_read_back_exactly(tmp_path, written, write):
    folder = write_aflw19(tmp_path, written, write)
    for face in written:
        write_picture(folder / "data" / "flickr" / face.image, face)
    shown = {face.image: face.pixels for face in written}
    found = DATASET.faces(tmp_path)
    assert [face.image for face in found] == [f"data/flickr/{face.image}" for face in written]
    for read, face in zip(found, written, strict=True):
        assert np.array_equal(read.landmarks, face.landmarks)
        assert np.array_equal(read.state, face.state)
        assert np.array_equal(DATASET.read_image(tmp_path, read), shown[face.image])
        assert (read.split, read.which, read.box, read.group) == (face.split, face.which, face.box, read.image)


def test_test_faces_whose_landmarks_are_all_visible_are_frontal(tmp_path, written):
    write_aflw19(tmp_path, written)
    for face in DATASET.faces(tmp_path):
        assert face.tags == (("frontal",) if face.split == "test" and (face.state == VISIBLE).all() else ())
    assert sum(face.tags == ("frontal",) for face in DATASET.faces(tmp_path)) == 2


def test_the_permutation_splits_and_not_the_order_of_the_file(tmp_path, written):
    write_aflw19(tmp_path, written)
    permuted = {**aflw_variables(written), "ra": np.array([[8, 1, 7, 2, 3, 4, 5, 6]])}
    write_version5(tmp_path / "AFLW" / FILE, permuted)
    assert [face.split for face in DATASET.faces(tmp_path)] == ["train", "train", *["test"] * 4, "train", "train"]


def test_hidden_landmarks_have_positions_that_count(tmp_path, written):
    write_aflw19(tmp_path, written)
    for face in DATASET.faces(tmp_path):
        assert np.isfinite(face.landmarks).all()


def test_a_photograph_on_both_sides_is_the_known_leak_of_the_split(tmp_path, written):
    write_aflw19(tmp_path, written)
    remarks = list_faces(DATASET, tmp_path).remarks
    assert any("the published split leaks (the permutation divides faces" in remark for remark in remarks)
    assert "subset 'frontal': published are 1,314 faces, found 2" in remarks


def test_errors_can_be_divided_by_every_length_of_the_literature(tmp_path, written):
    folder = write_aflw19(tmp_path, written)
    for face in written:
        write_picture(folder / "data" / "flickr" / face.image, face)
    faces = open_faces(prepare(DATASET, tmp_path, DATASET.CROP, 32, tmp_path / "cache"), DATASET.scheme)
    assert set(DATASET.NORMALISERS) <= set(faces.norms)
    np.testing.assert_allclose(faces.norms["dataset_box"], 40)
    assert faces.boxed == 1
    assert DATASET.CROP.describe(faces.boxed) == "data set's box ×1.25, square"


def test_a_picture_without_face_and_a_face_without_picture_are_both_told(tmp_path, written):
    folder = write_aflw19(tmp_path, written)
    for face in written[1:]:
        write_picture(folder / "data" / "flickr" / face.image, face)
    write_picture(folder / "data" / "flickr" / "2" / "image99999.jpg", written[0])
    lines = "\n".join(inspect_dataset(DATASET, tmp_path).lines())
    assert "1 picture without annotation, left out: data/flickr/2/image99999.jpg" in lines
    assert "data/flickr/0/image00000.png: no such file" in lines


@FORMATS
@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"data": np.zeros((8, 37))}, "data: 8×37 numbers, expected 38"),
        ({"data": np.full((8, 38), np.inf)}, "face 1: a coordinate is not a finite number"),
        ({"mask_new": np.full((8, 19), 0.5)}, "face 1: a value of mask_new is neither 0 nor 1"),
        ({"bbox": np.zeros((8, 4))}, "face 1, bbox: the rectangle from (0, 0) to (0, 0) has no area"),
        ({"ra": np.arange(8.0)[None]}, "ra: not a permutation of 1 to 8"),
        ({"ra": np.ones((1, 8))}, "ra: not a permutation of 1 to 8"),
        ({"ra": np.arange(1.0, 8)[None]}, "8 names, 8 rows of data, 8 of mask_new, 8 of bbox and 7 of ra"),
        ({"nameList": np.zeros((8, 1))}, "nameList: not a cell array"),
        ({"nameList": [np.zeros((1, 1))] * 8}, "nameList: not a cell array of texts"),
        ({"nameList": ["../a.jpg"] * 8}, "face 1: image '../a.jpg' lies outside"),
        ({"nameList": [""] * 8}, "face 1: no image name"),
    ],
)
def test_a_wrong_variable_is_named_with_its_file_and_the_reason(tmp_path, written, write, changes, reason):
    write_aflw19(tmp_path, written)
    write(tmp_path / "AFLW" / FILE, {**aflw_variables(written), **changes})
    text = message(tmp_path)
    assert FILE in text and reason in text


@FORMATS
def test_a_file_cut_off_is_told(tmp_path, written, write):
    folder = write_aflw19(tmp_path, written, write)
    content = (folder / FILE).read_bytes()
    (folder / FILE).write_bytes(content[: len(content) // 2])
    text = message(tmp_path)
    assert FILE in text and ("fetch it again" in text or "no variable" in text)


def test_missing_parts_are_told_with_the_expected_tree(tmp_path, written):
    folder = write_aflw19(tmp_path, written)
    assert DATASET.missing(tmp_path) is None
    (folder / "data" / "flickr").rmdir()
    text = DATASET.missing(tmp_path)
    assert text is not None and "flickr does not exist" in text and DATASET.TREE.rstrip() in text
    (folder / FILE).unlink()
    assert f"{FILE}: No such file" in message(tmp_path)
