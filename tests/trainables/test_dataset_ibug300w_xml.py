"""ibug300w_xml reads dlib's archive of 300W exactly, keeps twins together, and refuses lists that are not dlib's."""

from collections.abc import Callable
from pathlib import Path
from xml.sax.saxutils import quoteattr

import cv2
import numpy as np
import pytest

from trainables.dataset import DataError
from trainables.datasets.ibug300w import picture_of
from trainables.datasets.ibug300w_xml import DATASET
from trainables.inspection import inspect_dataset
from trainables.listing import list_faces

POINTS = np.arange(136.0).reshape(68, 2)
BOX = (-6.0, 31.0, 447.0, 446.0)  # as in the archive, where a box may begin outside its picture
TRAIN, TEST = "labels_ibug_300W_train.xml", "labels_ibug_300W_test.xml"


def image(name: str, landmarks: np.ndarray = POINTS, box: tuple[float, ...] = BOX) -> str:
    left, top, width, height = box
    parts = "".join(
        f"      <part name='{i:02d}' x='{x!r}' y='{y!r}'/>\n" for i, (x, y) in enumerate(landmarks.tolist())
    )
    return (
        f"  <image file={quoteattr(name)} width='640' height='480'>\n"
        f"    <box top='{top:g}' left='{left:g}' width='{width:g}' height='{height:g}'>\n"
        f"{parts}    </box>\n  </image>\n"
    )


def write_lists(
    root: Path, train: list[str], test: list[str], encoding: str = "ISO-8859-1", end: str = "\n", prolog: str = ""
) -> Path:
    folder = root / "ibug_300W_large_face_landmark_dataset"
    folder.mkdir(exist_ok=True)
    for name, images in ((TRAIN, train), (TEST, test)):
        text = (
            f"<?xml version='1.0' encoding='{encoding}'?>\n"
            f"<?xml-stylesheet type='text/xsl' href='image_metadata_stylesheet.xsl'?>\n{prolog}"
            f"<dataset>\n<name>iBUG face point dataset</name>\n<comment>…</comment>\n<images>\n{''.join(images)}"
            "</images>\n</dataset>\n"
        )
        (folder / name).write_bytes(text.replace("\n", end).encode(encoding, "xmlcharrefreplace"))
    return folder


def message(root: Path, *train: str, **how: str) -> str:
    write_lists(root, list(train), [image("ibug/tested.jpg")], **how)
    with pytest.raises(DataError) as error:
        DATASET.faces(root)
    return str(error.value)


@pytest.mark.parametrize("end", ["\n", "\r\n"], ids=["unix", "windows"])
@pytest.mark.parametrize("encoding", ["ISO-8859-1", "UTF-8"])
def test_what_was_written_is_read_back_exactly(tmp_path, rendered, encoding, end):
    written = dict(
        zip(
            ("lfpw/trainset/image 0003.png", "helen/trainset/Zoë_1.png", "afw/顔&<1>.png", "ibug/image_003_1.png"),
            rendered.faces(tmp_path),
            strict=False,
        )
    )
    boxes = dict(zip(written, [(1.5, 2, 30, 40), (-6, 5, 50, 60), (0, 0, 7, 8), (9, 9, 9, 9)], strict=True))
    images = [image(name, face.landmarks, boxes[name]) for name, face in written.items()]
    folder = write_lists(tmp_path, images[:3], images[3:], encoding, end)
    for name, face in written.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(folder / name), cv2.cvtColor(face.pixels, cv2.COLOR_RGB2BGR))
    faces = DATASET.faces(tmp_path)
    assert [face.image for face in faces] == list(written)
    for face in faces:
        assert np.array_equal(face.landmarks, written[face.image].landmarks)
        assert np.array_equal(DATASET.read_image(tmp_path, face), written[face.image].pixels)
        assert face.box == boxes[face.image]
    assert [face.split == "test" for face in faces] == [False, False, False, True]


def test_parts_are_placed_by_their_name_not_by_their_order(tmp_path):
    lines = image("a.jpg").splitlines(keepends=True)
    write_lists(tmp_path, ["".join(lines[:2] + lines[2:70][::-1] + lines[70:])], [image("b.jpg")])
    assert np.array_equal(DATASET.faces(tmp_path)[0].landmarks, POINTS)


def test_a_twin_has_the_group_of_its_original_and_folders_tell_equal_names_apart():
    assert picture_of("lfpw/trainset/image_0003_mirror.jpg") == picture_of("lfpw/trainset/image_0003.png")
    assert picture_of("lfpw/trainset/image_0003.png") != picture_of("lfpw/testset/image_0003.png")
    assert picture_of("afw/1.5_mirror.jpg") == "afw/1.5"


def test_all_faces_of_a_photograph_and_their_twins_are_one_group(tmp_path):
    names = ["afw/134212_1.jpg", "afw/134212_1_mirror.jpg", "afw/134212_2.jpg", "afw/134213_1.jpg"]
    write_lists(tmp_path, [image(name) for name in names], [image("ibug/image_092 _01.jpg")])
    groups = [face.group for face in DATASET.faces(tmp_path)]
    assert groups == ["afw/134212"] * 3 + ["afw/134213", "ibug/image_092"]


def test_another_face_of_a_tested_photograph_is_refused_in_the_training_list(tmp_path):
    write_lists(tmp_path, [image("ibug/image_003_1.jpg")], [image("ibug/image_003_2.jpg")])
    with pytest.raises(DataError, match="the test list has the same photograph"):
        DATASET.faces(tmp_path)


def test_pictures_that_neither_list_names_are_told_by_folder(tmp_path):
    folder = write_lists(tmp_path, [image("helen/trainset/1.jpg")], [image("ibug/2.jpg")])
    for name in ("helen/trainset/1.jpg", "helen/trainset/3.png", "ibug/2.jpg", "lfpw/testset/4.jpg"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"1")
    assert DATASET.remarks(tmp_path) == [
        "1 picture without annotation, left out: helen/trainset/3.png",
        "1 picture without annotation, left out: lfpw/testset/4.jpg",
    ]


def test_the_training_list_is_split_nine_to_one_with_twins_on_one_side(tmp_path):
    names = [f"helen/trainset/{number}_1{end}" for end in (".png", "_mirror.jpg") for number in range(300)]
    write_lists(tmp_path, [image(name) for name in names], [image("ibug/tested.jpg")])
    groups = {(face.group, face.split) for face in list_faces(DATASET, tmp_path).faces if face.split != "test"}
    assert len(groups) == 300
    assert sum(split == "val" for _, split in groups) == 30


def test_a_twin_of_a_test_picture_is_refused_in_the_training_list(tmp_path):
    text = message(tmp_path, image("ibug/other.jpg"), image("ibug/tested_mirror.jpg"))
    assert TRAIN in text and "ibug/tested_mirror.jpg" in text and "test list" in text


def without_box(text: str) -> str:
    return f"{text.partition('<box')[0]}</image>"


def with_two_boxes(text: str) -> str:
    return text.replace("</box>", "</box><box left='0' top='0' width='1' height='1'/>")


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda text: text.replace("<part name='67' x='134.0' y='135.0'/>", ""), "67 parts, expected 68"),
        (lambda text: text.replace("name='67'", "name='68'"), "unknown part '68'"),
        (lambda text: text.replace("name='67'", "name='nose'"), "unknown part 'nose'"),
        (lambda text: text.replace("name='67'", "name='00'"), "part '00' occurs twice"),
        (without_box, "0 boxes, expected 1"),
        (with_two_boxes, "2 boxes, expected 1"),
        (lambda text: text.replace("x='134.0'", "x='left'"), "part '67': 'left' is not a finite number"),
        (lambda text: text.replace("x='134.0'", "x='nan'"), "part '67': 'nan' is not a finite number"),
        (lambda text: text.replace("x='134.0'", ""), "part '67': '' is not a finite number"),
        (lambda text: text.replace("left='-6'", "left='inf'"), "box: 'inf' is not a finite number"),
        (lambda text: text.replace("width='447'", "width='-447'"), "box: a box of -447×446 px has no area"),
        (lambda text: text.replace("top='31'", ""), "box: '' is not a finite number"),
        (lambda text: text + text, "listed twice"),
        (lambda text: text.replace('"afw', '"../afw'), "outside"),
    ],
)
def test_a_wrong_face_is_named_with_its_list_and_the_reason(tmp_path, spoil: Callable[[str], str], reason):
    text = message(tmp_path, image("helen/fine.jpg"), spoil(image("afw/a.jpg")))
    assert TRAIN in text and "afw/a.jpg" in text and reason in text


def test_an_image_without_a_name_is_told_by_its_number(tmp_path):
    assert "image 2: no image name" in message(tmp_path, image("a.jpg"), image(""))


def test_a_list_cut_off_is_refused_with_the_place(tmp_path):
    text = message(tmp_path, "  <image file='a.jpg'>\n")
    assert TRAIN in text and "not well-formed XML" in text and "line" in text


@pytest.mark.parametrize("encoding", ["UTF-8", "UTF-16"])
@pytest.mark.parametrize(
    "declaration",
    [
        "<!DOCTYPE dataset>\n",
        "<!DOCTYPE dataset [<!ENTITY file SYSTEM 'file:///etc/passwd'>]>\n",
        "<!DOCTYPE dataset [<!ENTITY a 'aaaaaaaaaa'><!ENTITY b '&a;&a;&a;&a;'>]>\n",
    ],
    ids=["plain", "a file", "nested"],
)
def test_a_list_that_declares_entities_is_refused(tmp_path, declaration, encoding):
    text = message(tmp_path, image("a.jpg"), prolog=declaration, encoding=encoding)
    assert TRAIN in text and "DOCTYPE" in text


def test_another_xml_file_is_not_taken_for_an_empty_list(tmp_path):
    assert "no <image>" in message(tmp_path)


def test_missing_lists_are_told_with_the_expected_tree(tmp_path):
    text = DATASET.missing(tmp_path)
    assert text is not None and TRAIN in text and DATASET.TREE.rstrip() in text and "MARKSWEEP_DATA" in text
    with pytest.raises(DataError, match=rf"{TRAIN}: No such file"):
        DATASET.faces(tmp_path)


def test_other_counts_than_the_published_ones_are_a_warning_that_names_both(tmp_path, rendered):
    face = rendered.faces(tmp_path)[0]
    folder = write_lists(tmp_path, [image("a.png"), image("a_mirror.png")], [image("b.png")])
    for name in ("a.png", "a_mirror.png", "b.png"):
        cv2.imwrite(str(folder / name), face.pixels)
    lines = inspect_dataset(DATASET, tmp_path).lines()
    assert "  warning: train+val: published are 6,666 faces, found 2" in lines
    assert "  warning: test: published are 1,008 faces, found 1" in lines


def test_the_digest_follows_the_lists_and_the_pictures(tmp_path):
    folder = write_lists(tmp_path, [image("a.jpg")], [image("b.jpg")])
    digests = [DATASET.digest(tmp_path)]
    (folder / "a.jpg").write_bytes(b"1")
    digests.append(DATASET.digest(tmp_path))
    write_lists(tmp_path, [image("a.jpg", POINTS + 1)], [image("b.jpg")])
    digests.append(DATASET.digest(tmp_path))
    assert len(set(digests)) == 3
