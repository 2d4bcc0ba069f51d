"""frames lists the pictures of a folder as unlabelled faces, boxed by YouTube Faces' lists or by themselves."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from trainables.dataset import DataError
from trainables.datasets.frames import DATASET, Frames
from trainables.listing import list_faces
from trainables.picture_files import picture_size


def write(root: Path, names: list[str], suffix: str = ".png", size: tuple[int, int] = (40, 30)) -> None:
    """Pictures of `size` (width, height), noise encoded as `suffix` says, whatever their names."""
    for number, name in enumerate(names):
        path = root / "frame_images_DB" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        noise = np.random.default_rng(number).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
        path.write_bytes(cv2.imencode(suffix, noise)[1].tobytes())


@pytest.mark.parametrize("suffix", [".png", ".jpg"])
def test_a_picture_without_a_list_is_its_own_box(tmp_path, suffix):
    write(tmp_path, ["anna/0/0.1.jpg", "anna/1/1.7.jpg", "clip/3.png", "alone.jpeg"], suffix)
    found = DATASET.faces(tmp_path)
    assert [(face.image, face.group, face.video) for face in found] == [
        ("alone.jpeg", "alone.jpeg", ""),
        ("anna/0/0.1.jpg", "anna", "anna/0"),
        ("anna/1/1.7.jpg", "anna", "anna/1"),
        ("clip/3.png", "clip", "clip"),
    ]
    assert {face.box for face in found} == {(0.0, 0.0, 40.0, 30.0)}
    assert {face.split for face in found} == {"unlabelled"}
    assert all(face.landmarks.shape == (68, 2) and np.isnan(face.landmarks).all() for face in found)


def test_the_lists_of_youtube_faces_give_the_boxes(tmp_path):
    write(tmp_path, ["Ann_Lee/0/0.5.jpg", "Ann_Lee/0/0.6.jpg", "Bo/1/1.1.jpg"])
    path = tmp_path / "frame_images_DB" / "Ann_Lee.labeled_faces.txt"
    path.write_text("Ann_Lee\\0\\0.5.jpg,0,20,15,10,12,0,0\r\nAnn_Lee\\0\\0.9.jpg,0,20,15,10,12,0,0\r\n")
    found = {face.image: face.box for face in DATASET.faces(tmp_path)}
    assert found == {
        "Ann_Lee/0/0.5.jpg": (15.0, 9.0, 10.0, 12.0),
        "Ann_Lee/0/0.6.jpg": (0.0, 0.0, 40.0, 30.0),
        "Ann_Lee/0/0.9.jpg": (15.0, 9.0, 10.0, 12.0),  # its picture is absent: the cache counts and names it
        "Bo/1/1.1.jpg": (0.0, 0.0, 40.0, 30.0),
    }
    (remark,) = DATASET.remarks(tmp_path)
    assert "Ann_Lee/0/0.6.jpg" in remark and "the whole picture is taken" in remark
    assert DATASET.sources(tmp_path) == [path]


def test_a_pool_without_any_labelled_face_can_be_listed_and_prepared(tmp_path, prepared):
    write(tmp_path, ["anna/0/1.jpg", "anna/0/2.jpg", "bo/0/1.jpg"])
    (tmp_path / "frame_images_DB/bo/0/broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 no picture")
    listing = list_faces(DATASET, tmp_path)
    assert len(listing.faces) == 4 and listing.remarks == ()
    faces = prepared(DATASET, 32, None, tmp_path)
    assert faces.rows["unlabelled"].tolist() == [0, 1, 2]
    assert len(faces.unreadable) == 1 and "bo/0/broken.jpg" in faces.unreadable[0]
    assert faces.videos[:2] == ["anna/0", "anna/0"]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("anna/0/1.jpg,0,20,15", r"line 2: 4 cells, expected at least 6"),
        ("anna/0/1.jpg,0,a,15,10,12,0,0", r"line 2: 'a' is not a finite number"),
        ("anna/0/1.jpg,0,20,15,0,12,0,0", r"line 2: a box of 0×12 px has no area"),
        ("..\\..\\1.jpg,0,20,15,10,12,0,0", r"line 2: image '\.\./\.\./1\.jpg' lies outside"),
        ("anna/0/0.jpg,0,20,15,10,12,0,0", r"line 2: 'anna/0/0\.jpg' is listed twice"),
    ],
    ids=["short", "text", "no area", "outside", "twice"],
)
def test_a_wrong_line_is_told_with_file_and_place(tmp_path, line, told):
    write(tmp_path, ["anna/0/1.jpg"])
    path = tmp_path / "frame_images_DB" / "anna.labeled_faces.txt"
    path.write_text(f"anna/0/0.jpg,0,20,15,10,12,0,0\n{line}\n")
    with pytest.raises(DataError, match=told) as caught:
        DATASET.faces(tmp_path)
    assert str(path) in str(caught.value)


def test_an_empty_folder_is_told(tmp_path):
    (tmp_path / "frame_images_DB").mkdir()
    with pytest.raises(DataError, match="no face below"):
        list_faces(DATASET, tmp_path)
    missing = Frames(folder="elsewhere").missing(tmp_path)
    assert missing is not None and "elsewhere does not exist" in missing


@pytest.mark.parametrize("suffix", [".png", ".jpg"])
@pytest.mark.parametrize("size", [(1, 1), (640, 3), (257, 300)], ids=str)
def test_the_size_of_a_picture_is_read_without_decoding_it(tmp_path, suffix, size):
    write(tmp_path, ["a.jpg"], suffix, size)
    assert picture_size(tmp_path / "frame_images_DB" / "a.jpg") == size


def test_what_stands_before_the_size_in_a_jpeg_is_skipped(tmp_path):
    write(tmp_path, ["a.jpg"], ".jpg")
    path = tmp_path / "frame_images_DB" / "a.jpg"
    content = path.read_bytes()
    path.write_bytes(content[:2] + b"\xff\xe1\xff\xff" + bytes(65533) + b"\xff" + content[2:])
    assert picture_size(path) == (40, 30)


@pytest.mark.parametrize("kept", [0, 1, 2, 5, 20, 30])
@pytest.mark.parametrize("suffix", [".png", ".jpg"])
def test_a_header_that_is_cut_off_has_no_size(tmp_path, suffix, kept):
    write(tmp_path, ["a.jpg"], suffix)
    path = tmp_path / "frame_images_DB" / "a.jpg"
    path.write_bytes(path.read_bytes()[: min(kept, 23) if suffix == ".png" else kept])
    assert picture_size(path) is None
    assert picture_size(path.with_name("absent.jpg")) is None
