"""A contact sheet shows the faces that were asked for."""

import cv2
import numpy as np
import pytest

from trainables.contact_sheet import choose, draw_contact_sheet
from trainables.dataset import DataError
from trainables.datasets.csv68 import Csv68
from trainables.datasets.synthetic import Synthetic

DATA = Synthetic(train=6, val=2, test=2, size=64)


def chosen(root, split=None, tag=None, count=24, seed=0):
    return choose(DATA, root, split, tag, count, seed)


def test_faces_are_of_the_split_and_the_easiest_come_first(tmp_path):
    shown = chosen(tmp_path, split="train")
    assert {each.face.split for each in shown} == {"train"}
    assert len(shown) == 12
    ranks = [each.difficulty for each in shown]
    assert ranks == sorted(ranks)


def test_faces_are_of_the_tag(tmp_path):
    tag = next(tag for face in DATA.faces(tmp_path) for tag in face.tags)
    shown = chosen(tmp_path, tag=tag)
    assert shown
    assert all(tag in each.face.tags for each in shown)


def test_a_seed_always_chooses_the_same_faces_and_another_one_others(tmp_path):
    names = [[each.face.name for each in chosen(tmp_path, count=5, seed=seed)] for seed in (0, 0, 1)]
    assert names[0] == names[1] != names[2]
    assert len(set(names[0])) == 5


@pytest.mark.parametrize(
    "asked, answer",
    [
        ({"split": "tests"}, "no split 'tests'. Did you mean 'test'?"),
        ({"tag": "nobody"}, "no face with the tag 'nobody' in any split"),
        ({"tag": "nobody", "split": "val"}, "no face with the tag 'nobody' in split 'val'"),
    ],
)
def test_what_there_is_not_is_answered_with_what_there_is(tmp_path, asked, answer):
    with pytest.raises(DataError) as error:
        chosen(tmp_path, **asked)
    assert answer in str(error.value)


def test_the_sheet_is_a_picture_in_which_every_face_has_its_place(tmp_path):
    path = tmp_path / "sheets" / "train.png"
    assert draw_contact_sheet(DATA, tmp_path, path, "train", count=8) == 8
    sheet = cv2.imread(str(path))
    height, width = sheet.shape[:2]
    assert width > 800
    assert height > 600
    # Four pictures in each of two rows: none of their middles is paper.
    for row in (0.34, 0.78):
        for column in range(4):
            y, x = int(row * height), int((column + 0.5) / 4 * width)
            assert sheet[y - 20 : y + 20, x - 20 : x + 20].min() < 200


def test_unreadable_pictures_boxes_and_one_face_alone_are_shown_too(tmp_path):
    face = DATA.faces(tmp_path)[0]
    row = ",".join(map(str, face.landmarks.ravel().tolist()))
    header = "name," + ",".join(map(str, range(136))) + ",box_x,box_y,box_w,box_h,split"
    lines = [header, f"$missing$.png,{row},5,5,50,50,train", f"there.png,{row},5,5,50,50,test"]
    (tmp_path / "landmarks.csv").write_text("\n".join(lines))
    cv2.imwrite(str(tmp_path / "there.png"), np.asarray(face.pixels))
    assert draw_contact_sheet(Csv68(), tmp_path, tmp_path / "two.png") == 2
    assert draw_contact_sheet(Csv68(), tmp_path, tmp_path / "one.png", split="train") == 1
