"""csv68 reads a user's own faces exactly, and says of every wrong line where it is and what to do."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from trainables.dataset import DataError, UnreadableImage, split_of_group
from trainables.datasets.csv68 import Csv68

HEADER = ",".join(["", *(str(index) for index in range(136))])
POINTS = ",".join(["10.5", "20"] * 68)
BOXES = ",box_x,box_y,box_w,box_h"


def write_list(folder: Path, *lines: str, header: str = HEADER, end: str = "\n", encoding: str = "utf-8") -> Csv68:
    (folder / "landmarks.csv").write_bytes((end.join([header, *lines]) + end).encode(encoding))
    return Csv68()


def message(folder: Path, *lines: str, **how: str) -> str:
    with pytest.raises(DataError) as error:
        write_list(folder, *lines, **how).faces(folder)
    return str(error.value)


@pytest.fixture
def pictures(tmp_path, rendered):
    """Four rendered faces on disk: image name → the face."""
    names = ("plain.png", "with two blanks.png", "Zoë Łukasz 顔.png", "below/deep/a..b.png")
    faces = dict(zip(names, rendered.faces(tmp_path), strict=False))
    for name, face in faces.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(tmp_path / name), cv2.cvtColor(face.pixels, cv2.COLOR_RGB2BGR))
    return faces


@pytest.mark.parametrize("end", ["\n", "\r\n"], ids=["unix", "windows"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"], ids=["plain", "with a byte order mark"])
def test_what_was_written_is_read_back_exactly(tmp_path, pictures, end, encoding):
    lines = [",".join([name, *map(repr, face.landmarks.ravel().tolist())]) for name, face in pictures.items()]
    dataset = write_list(tmp_path, *lines, end=end, encoding=encoding)
    faces = dataset.faces(tmp_path)
    assert [face.image for face in faces] == list(pictures)
    for face in faces:
        assert np.array_equal(face.landmarks, pictures[face.image].landmarks)
        assert np.array_equal(dataset.read_image(tmp_path, face), pictures[face.image].pixels)
        assert face.box is None and face.state is None


def test_without_optional_columns_every_image_is_its_own_group_with_a_split_of_its_own(tmp_path):
    faces = write_list(tmp_path, *(f"{number}.png,{POINTS}" for number in range(40))).faces(tmp_path)
    assert [face.group for face in faces] == [face.image.removesuffix(".png") for face in faces]
    assert [face.split for face in faces] == [split_of_group(face.group) for face in faces]
    assert {face.split for face in faces} == {"train", "val", "test"}


def test_a_mirrored_twin_stays_with_its_original_where_no_group_is_given(tmp_path):
    names = [f"below/{number}{end}" for number in range(40) for end in (".png", "_mirror.jpg")]
    lines = [f"{name},{POINTS}" for name in names]
    faces = write_list(tmp_path, *lines).faces(tmp_path)
    assert {face.split for face in faces} == {"train", "val", "test"}
    assert all(one.split == twin.split for one, twin in zip(faces[::2], faces[1::2], strict=True))
    grouped = write_list(
        tmp_path,
        *(f"{line},{group}" for line, group in zip(lines, ["", "Ann"] * 40, strict=True)),
        header=f"{HEADER},group",
    )
    assert [face.group for face in grouped.faces(tmp_path)[:2]] == ["below/0", "Ann"]


def test_pictures_that_the_list_does_not_name_are_told_where_it_names_others(tmp_path):
    dataset = write_list(tmp_path, f"./a.png,{POINTS}", f"own/b.png,{POINTS}")
    for name in ("a.png", "own/b.png", "own/c.JPG", "d.png", "own/deep/e.png", "other data set/f.png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"1")
    assert dataset.remarks(tmp_path) == ["2 pictures without annotation, left out: d.png, own/c.JPG"]


def test_a_group_stays_on_one_side_of_the_split(tmp_path):
    lines = [f"{person}{frame}.png,{POINTS},{person}" for person in "abcdefghijklmnop" for frame in range(3)]
    faces = write_list(tmp_path, *lines, header=f"{HEADER},group").faces(tmp_path)
    assert len({(face.group, face.split) for face in faces}) == len({face.group for face in faces}) == 16


def test_box_group_and_split_are_read_in_any_order(tmp_path):
    header = f"{HEADER},split,group,box_w,box_h,box_x,box_y"
    lines = (f"a.png,{POINTS},val,Ann,30,40,-5.5,6", f"b.png,{POINTS},train,Bob,,,,")
    first, second = write_list(tmp_path, *lines, header=header).faces(tmp_path)
    assert (first.split, first.group, first.box) == ("val", "Ann", (-5.5, 6.0, 30.0, 40.0))
    assert (second.split, second.group, second.box) == ("train", "Bob", None)


def test_an_unknown_split_is_named_with_its_line_and_the_nearest_right_one(tmp_path):
    text = message(tmp_path, f"a.png,{POINTS},train", f"b.png,{POINTS},valid", header=f"{HEADER},split")
    assert "landmarks.csv, line 3" in text and "'valid'" in text and "Did you mean 'val'" in text


def test_an_empty_split_is_not_drawn_by_chance(tmp_path):
    assert "split ''" in message(tmp_path, f"a.png,{POINTS},", header=f"{HEADER},split")


@pytest.mark.parametrize(
    ("box", "reason"),
    [
        ("1,2,-3,4", "-3×4 px has no area"),
        ("1,2,3,0", "3×0 px has no area"),
        ("1,2,inf,4", "'inf' is not a finite number"),
        ("nan,2,3,4", "'nan' is not a finite number"),
        ("1,two,3,4", "'two' is not a finite number"),
        ("1,2,3,", "Fill all of box_x, box_y, box_w, box_h, or none"),
    ],
)
def test_a_wrong_box_is_refused(tmp_path, box, reason):
    text = message(tmp_path, f"a.png,{POINTS},{box}", header=HEADER + BOXES)
    assert "line 2" in text and reason in text


@pytest.mark.parametrize("number", ["nan", "inf", "", "1;2"])
def test_a_coordinate_that_is_no_number_is_refused_with_its_line(tmp_path, number):
    text = message(tmp_path, f"a.png,{POINTS}", f"b.png,{number},{POINTS.partition(',')[2]}")
    assert "landmarks.csv, line 3" in text and f"{number!r} is not a finite number" in text


@pytest.mark.parametrize(("points", "found"), [(POINTS + ",1", 138), (POINTS.rpartition(",")[0], 136), ("1,2", 3)])
def test_a_wrong_number_of_columns_is_refused_with_both_numbers(tmp_path, points, found):
    assert f"line 2: {found} columns, expected 137" in message(tmp_path, f"a.png,{points}")


def test_a_list_of_98_landmarks_is_not_read_as_one_of_68(tmp_path):
    header = ",".join(["name", *(str(index) for index in range(196))])
    assert "another scheme" in message(tmp_path, "a.png," + ",".join(["1"] * 196), header=header)


def test_a_misspelt_column_is_not_skipped(tmp_path):
    text = message(tmp_path, f"a.png,{POINTS},Ann", header=f"{HEADER},goup")
    assert "line 1" in text and "'goup'" in text and "Did you mean 'group'" in text


def test_a_missing_header_does_not_cost_a_face(tmp_path):
    assert "Add a header line" in message(tmp_path, header=f"a.png,{POINTS}")


@pytest.mark.parametrize("name", ["../a.png", "below/../../a.png", "/etc/a.png"])
def test_a_name_outside_the_folder_is_refused(tmp_path, name):
    text = message(tmp_path, f"{name},{POINTS}")
    assert "line 2" in text and name in text and "outside" in text


def test_a_link_that_leads_outside_the_folder_is_not_followed(tmp_path, pictures):
    home = tmp_path / "home"
    home.mkdir()
    (home / "linked.png").symlink_to(tmp_path / "plain.png")
    dataset = write_list(home, f"linked.png,{POINTS}")
    with pytest.raises(UnreadableImage, match="outside"):
        dataset.read_image(home, dataset.faces(home)[0])


def test_an_absent_or_broken_picture_is_named(tmp_path):
    dataset = write_list(tmp_path, f"absent.png,{POINTS}", f"broken.png,{POINTS}")
    (tmp_path / "broken.png").write_bytes(b"\x89PNG\r\n")
    for face, reason in zip(dataset.faces(tmp_path), ("no such file", "not a readable image"), strict=True):
        with pytest.raises(UnreadableImage, match=f"{face.image}: {reason}"):
            dataset.read_image(tmp_path, face)


def test_a_picture_stands_for_one_face(tmp_path):
    text = message(tmp_path, f"a.png,{POINTS}", f"b.png,{POINTS}", f"a.png,{POINTS}")
    assert "line 4" in text and "line 2 too" in text


@pytest.mark.parametrize("header", ["", HEADER], ids=["empty file", "header alone"])
def test_a_list_without_faces_is_refused(tmp_path, header):
    assert "no faces" in message(tmp_path, header=header)


def test_a_list_that_is_not_utf8_is_refused_with_its_path(tmp_path):
    text = message(tmp_path, f"Zoë.png,{POINTS}", encoding="latin-1")
    assert "landmarks.csv: not UTF-8" in text


def test_a_missing_list_is_told_with_the_expected_tree(tmp_path):
    text = Csv68().missing(tmp_path)
    assert text is not None and "landmarks.csv" in text and Csv68.TREE.rstrip() in text and "MARKSWEEP_DATA" in text
    with pytest.raises(DataError, match=r"landmarks\.csv: No such file"):
        Csv68().faces(tmp_path)


def test_the_list_itself_must_lie_below_the_data_root(tmp_path):
    with pytest.raises(DataError, match="outside the data root"):
        Csv68(file="../landmarks.csv").faces(tmp_path)


def test_the_digest_follows_the_listed_pictures_and_no_others(tmp_path, pictures):
    dataset = write_list(tmp_path, f"plain.png,{POINTS}")
    before = dataset.digest(tmp_path)
    (tmp_path / "another data set.png").write_bytes(b"1")
    assert dataset.digest(tmp_path) == before
    (tmp_path / "plain.png").write_bytes(b"1")
    assert dataset.digest(tmp_path) != before
