"""wflw reads the published lists exactly, and says where the lists of the subsets and the flags differ."""

from dataclasses import replace

import numpy as np
import pytest

from tests.trainables.layouts_lists import FLAGS, rendered_faces, write_lines, write_picture, write_wflw
from trainables.dataset import DataError
from trainables.datasets.wflw import DATASET
from trainables.inspection import inspect_dataset
from trainables.listing import list_faces

TRAIN, TEST = "list_98pt_rect_attr_train.txt", "list_98pt_rect_attr_test.txt"
SET = {"train": ("blur", "makeup"), "test": ("largepose", "occlusion", "blur")}


@pytest.fixture(scope="module")
def written():
    """Four faces to train on and four to test, the last two of each in one picture."""
    faces = rendered_faces("98")
    numbers = [0, 1, 2, 2, 0, 1, 2, 2]
    return [
        replace(face, image=f"{number}--Event/{face.split}_{number}.png", which=which)
        for face, number, which in zip(faces, numbers, ["", "", "0", "1"] * 2, strict=True)
    ]


@pytest.fixture
def flags(written):
    return {face.name: SET[face.split] for face in written[::2]}


def spoil(root, name, number, change):
    """Change the words of one line, counted from 1, of a list."""
    path = next(root.rglob(name))
    lines = path.read_text().splitlines()
    words = lines[number - 1].split()
    change(words)
    lines[number - 1] = " ".join(words)
    write_lines(path, lines)


def message(root) -> str:
    with pytest.raises(DataError) as error:
        DATASET.faces(root)
    return str(error.value)


@pytest.mark.parametrize("end", ["\n", "\r\n", " \n\n"], ids=["unix", "windows", "blank lines"])
def test_what_was_written_is_read_back_exactly(tmp_path, written, flags, end):
    folder = write_wflw(tmp_path, written, flags, end=end)
    for face in written:
        write_picture(folder / "WFLW_images" / face.image, face)
    shown = {face.image: face.pixels for face in written}  # the last that was written under a name
    found = DATASET.faces(tmp_path)
    assert [face.image for face in found] == [f"WFLW_images/{face.image}" for face in written]
    for read, face in zip(found, written, strict=True):
        assert np.array_equal(read.landmarks, face.landmarks)
        assert np.array_equal(DATASET.read_image(tmp_path, read), shown[face.image])
        assert (read.split, read.which, read.box, read.state) == (face.split, face.which, face.box, None)
        assert set(read.tags) == set(flags.get(face.name, ()))


def test_faces_of_one_picture_are_numbered_and_stay_together(tmp_path, written):
    write_wflw(tmp_path, written)
    found = DATASET.faces(tmp_path)
    assert [face.which for face in found] == ["", "", "0", "1"] * 2
    assert found[2].group == found[3].group != found[1].group


def test_a_photograph_on_both_sides_of_the_published_split_is_told(tmp_path, written):
    write_wflw(tmp_path, [written[0], replace(written[4], image=written[0].image)])
    assert any("the published split leaks" in remark for remark in list_faces(DATASET, tmp_path).remarks)


def test_the_lists_of_the_subsets_decide_and_a_different_flag_is_told_with_both_numbers(tmp_path, written):
    flags = {face.name: ("blur",) for face in written[4:7]}
    folder = write_wflw(tmp_path, written, flags, subsets={written[7].name: ("blur",)})
    for face in written:
        write_picture(folder / "WFLW_images" / face.image, face)
    assert [face.tags for face in DATASET.faces(tmp_path)[4:]] == [(), (), (), ("blur",)]
    assert DATASET.remarks(tmp_path) == [
        "subset 'blur': 1 in its list, 3 with the flag in the test list (4 in one only); the list is taken"
    ]


def test_a_name_may_hold_blanks(tmp_path, written, flags):
    named = [replace(face, image=face.image.replace("--Event/", "--Two  words/a ")) for face in written]
    write_wflw(tmp_path, named, {face.name: SET[face.split] for face in named[::2]})
    found = DATASET.faces(tmp_path)
    assert [face.image for face in found] == [f"WFLW_images/{face.image}" for face in named]
    assert [bool(face.tags) for face in found] == [True, False] * 4


def test_hardness_is_the_number_of_flags(tmp_path, written, flags):
    write_wflw(tmp_path, written, flags)
    assert [DATASET.hardness(face) for face in DATASET.faces(tmp_path)] == [2, 0, 2, 0, 3, 0, 3, 0]


def test_the_published_counts_are_checked_for_splits_and_subsets(tmp_path, written):
    write_wflw(tmp_path, written)
    remarks = list_faces(DATASET, tmp_path).remarks
    assert "train+val: published are 7,500 faces, found 4" in remarks
    assert "test: published are 2,500 faces, found 4" in remarks
    published = dict(zip(FLAGS, (326, 314, 698, 206, 736, 773), strict=True))
    for flag, count in published.items():
        assert f"subset '{flag}': published are {count} faces, found 0" in remarks


def test_a_picture_in_no_list_and_a_face_without_picture_are_both_told(tmp_path, written):
    folder = write_wflw(tmp_path, written)
    for face in written[1:]:
        write_picture(folder / "WFLW_images" / face.image, face)
    write_picture(folder / "WFLW_images" / "9--Other" / "unlisted.jpg", written[0])
    lines = "\n".join(inspect_dataset(DATASET, tmp_path).lines())
    assert "1 picture without annotation, left out: WFLW_images/9--Other/unlisted.jpg" in lines
    assert "WFLW_images/0--Event/train_0.png: no such file" in lines


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda words: words.pop(0), "206 cells, expected 207"),
        (lambda words: words.insert(3, "1.0"), "a flag is 0 or 1"),
        (lambda words: words.__setitem__(5, "nan"), "'nan' is not a finite number"),
        (lambda words: words.__setitem__(200, "2"), "largepose = '2'; a flag is 0 or 1"),
        (lambda words: words.__setitem__(205, "1.0"), "blur = '1.0'"),
        (lambda words: words.__setitem__(198, words[196]), "has no area"),
        (lambda words: words.__setitem__(206, "../a.jpg"), "outside"),
    ],
)
def test_a_wrong_line_is_named_with_its_list_and_the_reason(tmp_path, written, change, reason):
    write_wflw(tmp_path, written)
    spoil(tmp_path, TRAIN, 2, change)
    text = message(tmp_path)
    assert f"{TRAIN}, line 2" in text and reason in text and text.count("\n") == 0


def test_all_mistakes_of_all_lists_are_told_at_once(tmp_path, written, flags):
    write_wflw(tmp_path, written, flags)
    spoil(tmp_path, TRAIN, 1, lambda words: words.pop())
    spoil(tmp_path, TEST, 4, lambda words: words.__setitem__(0, "x"))
    spoil(tmp_path, "list_98pt_test_blur.txt", 1, lambda words: words.pop())
    assert [line.partition(".txt, ")[2][:6] for line in message(tmp_path).splitlines()] == [
        "line 1",
        "line 4",
        "line 1",
    ]


def test_a_subset_of_another_release_is_refused(tmp_path, written, flags):
    write_wflw(tmp_path, written, flags)
    spoil(tmp_path, "list_98pt_test_blur.txt", 2, lambda words: words.__setitem__(0, "3.5"))
    text = message(tmp_path)
    assert "list_98pt_test_blur.txt, line 2" in text and "no face of the test list" in text


@pytest.mark.parametrize("content", [b"", "Zoë".encode("latin-1")], ids=["empty", "not UTF-8"])
def test_a_list_that_is_none_is_refused(tmp_path, written, content):
    folder = write_wflw(tmp_path, written)
    next(folder.rglob(TEST)).write_bytes(content)
    assert TEST in message(tmp_path)


def test_a_missing_list_and_missing_pictures_are_told_with_the_expected_tree(tmp_path, written):
    folder = write_wflw(tmp_path, written)
    assert DATASET.missing(tmp_path) is None
    (folder / "WFLW_images").rmdir()
    text = DATASET.missing(tmp_path)
    assert text is not None and "WFLW_images does not exist" in text and DATASET.TREE.rstrip() in text
    next(folder.rglob(TRAIN)).unlink()
    assert f"{TRAIN}: No such file" in message(tmp_path)
