"""celeba is a pool of unlabelled faces; with a Parquet file of landmarks it is DIC's protocol."""

from pathlib import Path

import cv2
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from trainables.dataset import DataError
from trainables.datasets.celeba import DATASET, Celeba
from trainables.listing import list_faces

BOXES = ["000001.jpg    95  71 226 313", "000002.jpg    72  94 221 306", "000003.jpg   216  59  91 126"]
HEADER = "image_id x_1 y_1 width height"
LABELLED = Celeba(labelled=True)


def write_lists(root: Path, boxes: list[str], parts: list[str], persons: list[str] | None = None) -> Path:
    folder = root / "CelebA"
    for name in ("Anno", "Eval", "img_celeba"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    (folder / "Anno/list_bbox_celeba.txt").write_text("\n".join([str(len(boxes)), HEADER, *boxes, ""]))
    (folder / "Eval/list_eval_partition.txt").write_text("\n".join([*parts, ""]))
    if persons is not None:
        (folder / "Anno/identity_CelebA.txt").write_text("\n".join([*persons, ""]))
    return folder


@pytest.fixture
def folder(tmp_path, rendered):
    folder = write_lists(tmp_path, BOXES, ["000001.jpg 0", "000002.jpg 1", "000003.jpg 2"])
    for line, face in zip(BOXES, rendered.faces(tmp_path), strict=False):
        name = line.split()[0]
        pixels = cv2.imencode(".png", cv2.cvtColor(face.pixels, cv2.COLOR_RGB2BGR))[1]
        (folder / "img_celeba" / name).write_bytes(pixels.tobytes())
    return folder


def write_parquet(folder: Path, rendered, splits=("train", "train", "test"), **changed) -> None:
    faces = list(rendered.faces(folder))[: len(splits)]
    columns = {
        "name": [line.split()[0] for line in BOXES][: len(splits)],
        "landmarks": [face.landmarks.ravel().tolist() for face in faces],
        "box": [[1.0, 2.0, 50.0, 60.0]] * len(splits),
        "split": list(splits),
    } | changed
    pq.write_table(pa.table({name: values for name, values in columns.items() if values}), folder / "celeba_68.parquet")


def test_every_picture_with_a_box_is_an_unlabelled_face(tmp_path, folder, rendered):
    found = DATASET.faces(tmp_path)
    assert [face.image for face in found] == [f"img_celeba/{line.split()[0]}" for line in BOXES]
    assert [face.box for face in found] == [(95, 71, 226, 313), (72, 94, 221, 306), (216, 59, 91, 126)]
    assert {face.split for face in found} == {"unlabelled"}
    assert [face.tags for face in found] == [("celeba_train",), ("celeba_val",), ("celeba_test",)]
    assert [face.group for face in found] == [face.image for face in found]
    assert all(np.isnan(face.landmarks).all() for face in found)
    assert np.array_equal(DATASET.read_image(tmp_path, found[1]), rendered.faces(tmp_path)[1].pixels)
    assert DATASET.remarks(tmp_path) == []


def test_an_unlabelled_pool_can_be_listed_and_prepared(tmp_path, folder, prepared):
    listing = list_faces(DATASET, tmp_path)
    assert len(listing.faces) == 3 and np.isnan(listing.difficulty).all()
    faces = prepared(DATASET, 32, DATASET.CROP, tmp_path)
    assert faces.rows["unlabelled"].tolist() == [0, 1, 2] and len(faces.rows["train"]) == 0


def test_persons_are_the_groups_where_their_list_is_there(tmp_path):
    parts = [f"{line.split()[0]} 0" for line in BOXES]
    write_lists(tmp_path, BOXES, parts, ["000001.jpg 2880", "000002.jpg 2880"])
    groups = [face.group for face in DATASET.faces(tmp_path)]
    assert groups == ["person 2880", "person 2880", "img_celeba/000003.jpg"]


def test_a_name_may_hold_blanks(tmp_path):
    write_lists(tmp_path, ["a  b 1.jpg  95  71 226 313"], ["a  b 1.jpg 2"], ["a  b 1.jpg 2880"])
    (found,) = DATASET.faces(tmp_path)
    assert (found.image, found.group, found.box) == ("img_celeba/a  b 1.jpg", "person 2880", (95, 71, 226, 313))
    assert found.tags == ("celeba_test",)


def test_a_box_without_area_and_a_picture_without_box_are_left_out_and_told(tmp_path, folder):
    (folder / "img_celeba/000009.jpg").write_bytes(b"")
    write_lists(tmp_path, [*BOXES, "000004.jpg 0 0 0 0"], [f"00000{number}.jpg 0" for number in (1, 2, 3, 4)])
    assert len(DATASET.faces(tmp_path)) == 3
    unlisted, boxless = DATASET.remarks(tmp_path)
    assert "img_celeba/000009.jpg" in unlisted
    assert boxless == "1 boxes without area are left out"


@pytest.mark.parametrize(
    ("boxes", "parts", "told"),
    [
        (["000001.jpg 1 2 3"], ["000001.jpg 0"], r"list_bbox_celeba\.txt, line 3: 4 cells, expected 5"),
        (["000001.jpg 1 2 x 4"], ["000001.jpg 0"], r"line 3: 'x' is not a finite number"),
        (["../1.jpg 1 2 3 4"], ["../1.jpg 0"], r"line 3: image '\.\./1\.jpg' lies outside"),
        (["000001.jpg 1 2 3 4"], ["000002.jpg 0"], r"line 3: list_eval_partition\.txt does not say 0, 1 or 2"),
        (["000001.jpg 1 2 3 4"], ["000001.jpg 3"], r"line 3: list_eval_partition\.txt does not say 0, 1 or 2"),
        (["000001.jpg 1 2 3 4"], ["000001.jpg"], r"list_eval_partition\.txt, line 1: 1 cells, expected 2"),
    ],
    ids=["short", "text", "outside", "no part", "unknown part", "part without number"],
)
def test_a_wrong_line_is_told_with_file_and_place(tmp_path, boxes, parts, told):
    write_lists(tmp_path, boxes, parts)
    with pytest.raises(DataError, match=told):
        DATASET.faces(tmp_path)


def test_a_list_that_is_cut_off_is_told(tmp_path, folder):
    path = folder / "Anno/list_bbox_celeba.txt"
    path.write_text("\n".join(path.read_text().splitlines()[:-1]))
    with pytest.raises(DataError, match=r"line 1: it says 3, and 2 faces follow"):
        DATASET.faces(tmp_path)


def test_the_converted_landmarks_are_read_back_exactly(tmp_path, folder, rendered):
    write_parquet(folder, rendered)
    found = LABELLED.faces(tmp_path)
    assert [face.split for face in found] == ["train", "train", "test"]
    for read, written in zip(found, rendered.faces(tmp_path), strict=False):
        assert np.array_equal(read.landmarks, written.landmarks)
        assert np.array_equal(LABELLED.read_image(tmp_path, read), written.pixels)
    assert found[0].box == (1.0, 2.0, 50.0, 60.0)
    assert LABELLED.missing(tmp_path) is None
    assert LABELLED.remarks(tmp_path) == []
    assert DATASET.remarks(tmp_path) == ["celeba_68.parquet is there and not read: Celeba(labelled=True) reads it"]
    assert LABELLED.COUNTS == {"train+val": 168_854, "test": 1_000} and DATASET.COUNTS == {}


def test_a_person_on_both_sides_of_dics_lists_is_a_remark(tmp_path, folder, rendered):
    write_parquet(folder, rendered)
    write_lists(tmp_path, BOXES, [f"{line.split()[0]} 0" for line in BOXES], ["000001.jpg 7", "000003.jpg 7"])
    assert any("leaks" in remark for remark in list_faces(LABELLED, tmp_path).remarks)


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"landmarks": [[1.0] * 134] * 3}, r"row 0: 134 numbers in 'landmarks', expected 136"),
        ({"landmarks": [[float("nan")] * 136] * 3}, r"row 0, landmarks: 'nan' is not a finite number"),
        ({"landmarks": ["text"] * 3}, r"column 'landmarks' holds string"),
        ({"box": [[1.0, 2.0, 0.0, 4.0]] * 3}, r"row 0, box: a box of 0×4 px has no area"),
        ({"split": ["train", "tset", "test"]}, r"row 1: split 'tset' is none of the three\. Did you mean 'test'"),
        ({"name": ["a.jpg", "../b.jpg", "c.jpg"]}, r"row 1: image '\.\./b\.jpg' lies outside"),
        ({"box": None}, r"no column 'box'"),
    ],
    ids=["short", "nan", "text", "box", "split", "outside", "no box"],
)
def test_a_wrong_row_is_told_with_file_and_row(tmp_path, folder, rendered, changed, told):
    write_parquet(folder, rendered, **changed)
    with pytest.raises(DataError, match=told) as caught:
        LABELLED.faces(tmp_path)
    assert str(folder / "celeba_68.parquet") in str(caught.value)


def test_a_pickle_is_not_read_but_how_to_convert_it_is_told(tmp_path, folder):
    (folder / "celeba_68.pkl").write_bytes(b"cos\nsystem\n(S'touch never'\ntR.")
    text = LABELLED.missing(tmp_path)
    assert text is not None and "celeba_68.parquet does not exist" in text
    assert "pickle can run any code" in text and "to_parquet" in text
    (folder / "celeba_68.parquet").write_bytes((folder / "celeba_68.pkl").read_bytes())
    with pytest.raises(DataError, match=r"not the Parquet file that is expected(.|\n)*to_parquet"):
        LABELLED.faces(tmp_path)
