"""coco_wholebody reads the clear faces of both published lists and counts the others."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from trainables.dataset import MISSING, OCCLUDED, VISIBLE, DataError, Face
from trainables.datasets.coco_wholebody import DATASET, CocoWholebody
from trainables.listing import list_faces
from trainables.transforms.crop import transform

LISTS = {
    "train": ("annotations/coco_wholebody_train_v1.0.json", "train2017"),
    "test": ("annotations/coco_wholebody_val_v1.0.json", "val2017"),
}
SAMPLE = CocoWholebody(folder="samples/coco_wholebody", lists=(("test", "test_coco_wholebody.json"),))


def person(face: Face, flags: float | np.ndarray = 1.0) -> dict:
    """An annotation as published; only its face matters, and the rest must not be in the way."""
    left, top = face.landmarks.min(axis=0)
    right, bottom = face.landmarks.max(axis=0)
    triples = np.column_stack([face.landmarks, np.broadcast_to(flags, 68)])
    return {
        "segmentation": [[0.0, 0.0, 9.0, 9.0]],
        "keypoints": [0] * 51,
        "lefthand_kpts": [0.0] * 63,
        "iscrowd": 0,
        "category_id": 1,
        "face_valid": True,
        "face_box": [left, top, right - left, bottom - top],
        "face_kpts": np.where(triples[:, 2:] > 0, triples, 0.0).ravel().tolist(),
    }


def nobody() -> dict:
    """A person without a clear face: everything of the face is zero."""
    return {"iscrowd": 0, "face_valid": False, "face_box": [0.0] * 4, "face_kpts": [0.0] * 204}


def write(root: Path, people: dict[str, list[list[dict]]], faces: list[Face]) -> Path:
    """`people`: split -> picture -> its annotations. The pictures are those of `faces`, in turn."""
    folder = root / "coco"
    for split, pictures in people.items():
        file, images = LISTS[split]
        (folder / "annotations").mkdir(parents=True, exist_ok=True)
        (folder / images).mkdir(exist_ok=True)
        named = [{"id": number + 100, "file_name": f"{number:012d}.jpg"} for number in range(len(pictures))]
        annotations = [
            {**one, "id": 1000 + number, "image_id": number + 100}
            for number, all_of_one in enumerate(pictures)
            for one in all_of_one
        ]
        (folder / file).write_text(json.dumps({"info": {}, "images": named, "annotations": annotations}))
        for image, face in zip(named, faces, strict=False):
            pixels = cv2.imencode(".png", cv2.cvtColor(face.pixels, cv2.COLOR_RGB2BGR))[1]
            (folder / images / image["file_name"]).write_bytes(pixels.tobytes())
    return folder


@pytest.fixture
def written(tmp_path, rendered):
    faces = list(rendered.faces(tmp_path))
    crowd = person(faces[0]) | {"iscrowd": 1}
    write(
        tmp_path,
        {
            "train": [[person(faces[0]), nobody()], [person(faces[1]), person(faces[2])], [nobody()]],
            "test": [[person(faces[0])], [crowd, person(faces[1])]],
        },
        faces,
    )
    return tmp_path, faces


def test_both_lists_are_read_back_exactly(written):
    root, faces = written
    found = DATASET.faces(root)
    expected = [("train2017", 0, "", 0), ("train2017", 1, "0", 1), ("train2017", 1, "1", 2)]
    expected += [("val2017", 0, "", 0), ("val2017", 1, "", 1)]
    assert [(face.image, face.which) for face in found] == [
        (f"{folder}/{number:012d}.jpg", which) for folder, number, which, _ in expected
    ]
    assert [face.split for face in found] == ["train"] * 3 + ["test"] * 2
    assert [face.group for face in found] == [face.image for face in found]
    for read, (*_, number) in zip(found, expected, strict=True):
        assert np.array_equal(read.landmarks, faces[number].landmarks)
        left, top = read.landmarks.min(axis=0)
        assert read.box is not None and read.box[:2] == (left, top)
    assert np.array_equal(DATASET.read_image(root, found[0]), faces[0].pixels)


def test_what_is_left_out_is_counted(written):
    root, _ = written
    assert DATASET.remarks(root) == [
        "1 annotations of crowds are left out",
        "2 annotations without a face that is clear are left out",
    ]
    assert DATASET.missing(root) is None
    assert {face.split for face in list_faces(DATASET, root).faces} >= {"train", "test"}


@pytest.mark.parametrize(
    ("flags", "states"),
    [
        ([1, 1, 1], [VISIBLE, VISIBLE, VISIBLE]),
        ([2, 1, 0], [VISIBLE, OCCLUDED, MISSING]),
        ([0, 1, 1], [MISSING, VISIBLE, VISIBLE]),
        ([2, 1.5, 2], [VISIBLE, OCCLUDED, VISIBLE]),
    ],
    ids=["as published", "all three", "partly labelled", "a fraction"],
)
def test_a_flag_of_1_means_occluded_only_in_a_face_that_has_a_2(tmp_path, rendered, flags, states):
    faces = list(rendered.faces(tmp_path))
    given = np.concatenate([flags, np.full(65, max(flags))])
    write(tmp_path, {"train": [[person(faces[0], given)]], "test": [[person(faces[1])]]}, faces)
    face = DATASET.faces(tmp_path)[0]
    assert face.state is not None and face.state[:3].tolist() == states
    assert np.isnan(face.landmarks[np.array(face.state) == MISSING]).all()
    assert np.isfinite(face.landmarks[np.array(face.state) != MISSING]).all()


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"face_kpts": [1.0] * 200}, r"200 numbers in 'face_kpts', expected 204"),
        ({"face_box": [1.0, 1.0, 0.0, 0.0]}, r"face_box: a box of 0×0 px has no area"),
        ({"face_box": None}, r"'face_box' is not a list of numbers"),
    ],
    ids=["landmarks", "box without area", "no box"],
)
def test_a_wrong_annotation_is_told_with_file_and_number(tmp_path, rendered, wrong, told):
    faces = list(rendered.faces(tmp_path))
    folder = write(tmp_path, {"train": [[person(faces[0]) | wrong]], "test": [[person(faces[0]) | wrong]]}, faces)
    with pytest.raises(DataError, match=told) as caught:
        DATASET.faces(tmp_path)
    for file, _ in LISTS.values():
        assert f"{folder / file}, annotation 1" in str(caught.value)


def test_outlines_and_bodies_are_not_kept_in_memory(written):
    root, _ = written
    path = root / "coco" / LISTS["train"][0]
    before = DATASET.digest(root)
    content = json.loads(path.read_text())
    content["annotations"][0]["segmentation"] = "whatever"
    path.write_text(json.dumps(content))
    assert len(DATASET.faces(root)) == 5
    assert DATASET.digest(root) != before


def test_the_real_sample_has_four_clear_faces_within_their_crops(data_root):
    if SAMPLE.missing(data_root):
        pytest.skip(f"needs the real samples, and {SAMPLE.root(data_root)} does not exist (set MARKSWEEP_DATA)")
    listing = list_faces(SAMPLE, data_root)
    assert len(listing.faces) == 4
    assert listing.remarks == ("10 annotations without a face that is clear are left out",)
    for face in listing.faces:
        assert face.state is not None and (face.state == VISIBLE).all()
        matrix = SAMPLE.CROP.matrix(face.landmarks, np.array(face.box), 256)
        inside = transform(face.landmarks, matrix)
        assert inside.min() > 0 and inside.max() < 256
        assert SAMPLE.read_image(data_root, face).shape[2] == 3
