"""cofw reads pictures and annotation out of MATLAB's files exactly, and tells what is damaged."""

from dataclasses import replace

import h5py
import numpy as np
import pytest

from tests.trainables.layouts_lists import (
    cofw_variables,
    rendered_faces,
    write_cofw,
    write_hdf5,
    write_version5,
)
from trainables.dataset import OCCLUDED, VISIBLE, DataError, UnreadableImage
from trainables.datasets.cofw import DATASET, Cofw
from trainables.listing import list_faces

TRAIN, TEST = "COFW_train_color.mat", "COFW_test_color.mat"


@pytest.fixture(scope="module")
def written():
    """Four faces to train on and four to test, of which number i has i occluded landmarks; no picture is square."""
    return [
        replace(
            face,
            state=np.where(np.arange(29) < number, OCCLUDED, VISIBLE).astype(np.uint8),
            pixels=np.ascontiguousarray(face.pixels[: 64 - number, : 50 + number]),
        )
        for number, face in enumerate(rendered_faces("29"))
    ]


def message(root, dataset: Cofw = DATASET) -> str:
    with pytest.raises(DataError) as error:
        dataset.faces(root)
    return str(error.value)


def write_train(root, written, **changes) -> None:
    """A correct test file, and a training file with other variables."""
    write_cofw(root, written)
    write_hdf5(root / "COFW" / TRAIN, {**cofw_variables(written[:4], "Tr"), **changes})


@pytest.mark.parametrize("write", [write_hdf5, write_version5], ids=["version 7.3", "version 5"])
def test_what_was_written_is_read_back_exactly(tmp_path, written, write):
    write_cofw(tmp_path, written, grey=[1], write=write)
    found = DATASET.faces(tmp_path)
    assert [face.image for face in found] == [f"{split}/{n:04d}" for split in ("train", "test") for n in range(1, 5)]
    for index, (read, face) in enumerate(zip(found, written, strict=True)):
        np.testing.assert_allclose(read.landmarks, face.landmarks, rtol=0, atol=1e-12)
        pixels = np.repeat(face.pixels[:, :, :1], 3, axis=2) if index % 4 == 1 else face.pixels
        assert np.array_equal(DATASET.read_image(tmp_path, read), pixels)
        assert np.array_equal(read.state, face.state)
        assert (read.split, read.box, read.group) == (face.split, face.box, read.image)


def test_pixels_may_be_taken_as_counted_in_the_file(tmp_path, written):
    write_cofw(tmp_path, written)
    for zero, one in zip(DATASET.faces(tmp_path), Cofw(one_based=False).faces(tmp_path), strict=True):
        np.testing.assert_allclose(one.landmarks - zero.landmarks, 1, rtol=0, atol=1e-12)
        assert (one.box[0] - zero.box[0], one.box[1] - zero.box[1], one.box[2:]) == (1, 1, zero.box[2:])


def test_hardness_is_the_share_of_occluded_landmarks(tmp_path, written):
    write_cofw(tmp_path, written)
    assert [DATASET.hardness(face) for face in DATASET.faces(tmp_path)] == [number / 29 for number in range(8)]


def test_a_face_held_out_to_validate_still_finds_its_picture(tmp_path, written):
    write_cofw(tmp_path, written * 5)
    held = next(face for face in list_faces(DATASET, tmp_path).faces if face.split == "val")
    assert DATASET.read_image(tmp_path, held).shape[2] == 3


def test_the_published_counts_are_checked(tmp_path, written):
    write_cofw(tmp_path, written)
    remarks = list_faces(DATASET, tmp_path).remarks
    assert "train+val: published are 1,345 faces, found 4" in remarks
    assert "test: published are 507 faces, found 4" in remarks


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"phisTr": np.zeros((4, 86))}, "phisTr: 4×86 numbers, expected 87"),
        ({"phisTr": np.zeros((3, 87))}, "4 pictures, 3 annotations and 4 boxes"),
        ({"phisTr": np.full((4, 87), np.nan)}, "face 1: a coordinate is not a finite number"),
        ({"phisTr": np.full((4, 87), 2.0)}, "face 4: an occlusion is neither 0 nor 1"),
        ({"phisTr": ["a", "b"]}, "phisTr: not a matrix of numbers"),
        ({"bboxesTr": np.zeros((4, 4))}, "face 2: the rectangle from (-1, -1) to (-1, -1) has no area"),
        ({"IsTr": np.zeros((4, 4))}, "IsTr: not a cell array"),
    ],
)
def test_a_wrong_variable_is_named_with_its_file_and_the_reason(tmp_path, written, changes, reason):
    write_train(tmp_path, written, **changes)
    text = message(tmp_path)
    assert TRAIN in text and reason in text


def test_a_file_without_a_variable_lists_those_that_it_has(tmp_path, written):
    write_cofw(tmp_path, written)
    write_hdf5(tmp_path / "COFW" / TRAIN, {"IsT": [], "phisT": np.zeros((4, 87))})
    assert "no variable 'phisTr'. It has: IsT, phisT." in message(tmp_path)


def test_both_files_are_judged_at_once(tmp_path, written):
    folder = write_cofw(tmp_path, written)
    (folder / TRAIN).write_bytes(b"not MATLAB")
    (folder / TEST).unlink()
    first, second = message(tmp_path).splitlines()
    assert f"{TRAIN}: not a readable MATLAB file" in first and f"{TEST}: No such file" in second


@pytest.mark.parametrize("write", [write_hdf5, write_version5], ids=["version 7.3", "version 5"])
@pytest.mark.parametrize("share", [0, 0.01, 0.5, 0.9])
def test_a_file_cut_off_is_told_and_never_a_traceback(tmp_path, written, write, share):
    folder = write_cofw(tmp_path, written, write=write)
    content = (folder / TRAIN).read_bytes()
    (folder / TRAIN).write_bytes(content[: int(share * len(content))])
    text = message(tmp_path)
    assert TRAIN in text and ("fetch it again" in text or "no variable" in text)


@pytest.mark.parametrize("write", [write_hdf5, write_version5], ids=["version 7.3", "version 5"])
def test_bytes_that_changed_on_the_way_are_told_or_do_no_harm(tmp_path, written, write):
    folder = write_cofw(tmp_path, written, write=write)
    content = (folder / TRAIN).read_bytes()
    random = np.random.default_rng(0)
    for _ in range(40):
        damaged = np.frombuffer(content, dtype=np.uint8).copy()
        damaged[random.integers(512, len(damaged), size=20)] = random.integers(0, 256, size=20)
        (folder / TRAIN).write_bytes(damaged.tobytes())
        try:
            for face in DATASET.faces(tmp_path):
                DATASET.read_image(tmp_path, face)
        except (DataError, UnreadableImage) as error:
            assert TRAIN in str(error) or "train/" in str(error)


def test_a_cell_that_is_no_picture_is_an_unreadable_image(tmp_path, written):
    write_train(tmp_path, written, IsTr=[np.zeros((4, 4)), np.zeros((4, 4, 2), np.uint8), "text", written[0].pixels])
    faces = DATASET.faces(tmp_path)
    for face in faces[:3]:
        with pytest.raises(UnreadableImage, match=rf"{face.image}: .*no picture of 8 bits"):
            DATASET.read_image(tmp_path, face)
    assert np.array_equal(DATASET.read_image(tmp_path, faces[3]), written[0].pixels)


def test_values_that_lie_in_another_file_are_not_read(tmp_path, written):
    folder = write_cofw(tmp_path, written)
    (tmp_path / "secret").write_bytes(bytes(8 * 87 * 4))
    with h5py.File(folder / TRAIN, "r+") as file:
        del file["phisTr"]
        external = [(str(tmp_path / "secret"), 0, 8 * 87 * 4)]
        file.create_dataset("phisTr", shape=(87, 4), dtype="f8", external=external)
    assert "values lie in another file" in message(tmp_path)
    with h5py.File(folder / TRAIN, "r+") as file:
        del file["phisTr"]
        file["phisTr"] = h5py.ExternalLink(TEST, "phisT")
    assert "no variable 'phisTr'" in message(tmp_path)


def test_a_size_that_the_file_does_not_hold_does_not_fill_the_memory(tmp_path, written):
    folder = write_cofw(tmp_path, written)
    with h5py.File(folder / TRAIN, "r+") as file:
        del file["phisTr"]
        file.create_dataset("phisTr", shape=(87, 10**12), dtype="f8")
    assert "phisTr: it claims 696,000,000,000,000 bytes of values, but holds 0" in message(tmp_path)


def test_missing_files_are_told_with_the_expected_tree(tmp_path):
    text = DATASET.missing(tmp_path)
    assert text is not None and TRAIN in text and DATASET.TREE.rstrip() in text


def test_the_digest_follows_the_files(tmp_path, written):
    write_cofw(tmp_path, written)
    before = DATASET.digest(tmp_path)
    write_train(tmp_path, written, IsTr=[face.pixels + 1 for face in written[:4]])
    assert DATASET.digest(tmp_path) != before
