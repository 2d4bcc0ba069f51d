"""mmpose_json reads the COCO-style lists of five data sets, each with its scheme, boxes, states and subsets."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from trainables.config import ConfigError, from_plain, to_plain
from trainables.dataset import DataError, Face
from trainables.datasets._pts import read_pts
from trainables.datasets.mmpose_json import DATASET, MmposeJson
from trainables.datasets.synthetic import Synthetic
from trainables.listing import list_faces

SCHEME = {"300w": "68", "wflw": "98", "cofw": "29", "aflw": "19", "300vw": "68"}
WFLW = "annotations/face_landmarks_wflw_{}.json"
TRAIN_AND_TEST = {
    "300w": ("annotations/face_landmarks_300w_train.json", "annotations/face_landmarks_300w_valid.json"),
    "wflw": (WFLW.format("train"), WFLW.format("test")),
    "cofw": ("annotations/cofw_train.json", "annotations/cofw_test.json"),
    "aflw": ("annotations/face_landmarks_aflw_train.json", "annotations/face_landmarks_aflw_test.json"),
    "300vw": ("train_300vw.json", "test_300vw.json"),
}
SUBSETS = {
    "300w": {
        "common": "annotations/face_landmarks_300w_valid_common.json",
        "challenging": "annotations/face_landmarks_300w_valid_challenge.json",
    },
    "wflw": {
        tag: WFLW.format(f"test_{tag}")
        for tag in ("largepose", "expression", "illumination", "makeup", "occlusion", "blur")
    },
    "aflw": {"frontal": "annotations/face_landmarks_aflw_test_frontal.json"},
}


def entry(face: Face, of: str) -> dict:
    """The annotation of a face as the lists of `of` write it."""
    states = np.ones(len(face.landmarks)) if of != "cofw" else np.array([0, 2, 1])[np.asarray(face.state)]
    keypoints = np.column_stack([face.landmarks, states]).ravel().tolist()
    left, top = face.landmarks.min(axis=0)
    right, bottom = face.landmarks.max(axis=0)
    made = {"keypoints": keypoints, "iscrowd": 0, "area": 1.0, "category_id": 1}
    if of != "300vw":
        made["bbox"] = [left, top, right - left, bottom - top]
    if of == "aflw":
        made |= {"center": [30.0, 32.5], "scale": 0.2, "box_size": 40.0}
    return made


def write_list(path: Path, entries: list[tuple[str, dict]]) -> None:
    """One list: the annotations and the names of their pictures."""
    names = list(dict.fromkeys(name for name, _ in entries))
    images = [{"id": number, "file_name": name, "width": 64, "height": 64} for number, name in enumerate(names)]
    annotations = [{**made, "id": number, "image_id": names.index(name)} for number, (name, made) in enumerate(entries)]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"categories": [], "images": images, "annotations": annotations}))


def write_picture(path: Path, face: Face) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path.with_suffix(".png")), cv2.cvtColor(face.pixels, cv2.COLOR_RGB2BGR))
    path.with_suffix(".png").rename(path)  # lossless, whatever the name says


@pytest.fixture(scope="module")
def faces_of(tmp_path_factory):
    return {
        scheme: list(
            Synthetic(train=2, val=1, test=1, size=64, landmarks=scheme).faces(tmp_path_factory.mktemp("none"))
        )
        for scheme in ("68", "98", "29", "19")
    }


def names_of(of: str) -> list[str]:
    """Pictures of eight faces, two for each video or photograph; the last four are tested."""
    if of == "300vw":
        return [f"{video}/imgs/{frame:06d}.png" for video in ("001", "002", "114", "203") for frame in (1, 2)]
    return [f"part/{number}.jpg" for number in range(6)] + ["part/6.jpg"] * 2


def write(root: Path, of: str, faces: list[Face]) -> Path:
    """Everything that mmpose expects below `root`; the subsets name the first and the last test face in turn."""
    folder = root / of
    entries = [(name, entry(face, of)) for name, face in zip(names_of(of), faces, strict=True)]
    train, test = TRAIN_AND_TEST[of]
    write_list(folder / train, entries[:4])
    write_list(folder / test, entries[4:])
    for number, file in enumerate(SUBSETS.get(of, {}).values()):
        write_list(folder / file, [entries[4], entries[7]][number % 2 : number % 2 + 1])
    for (name, _), face in zip(entries, faces, strict=True):
        write_picture(folder / ("" if of == "300vw" else "images") / name, face)
    return folder


@pytest.mark.parametrize("of", SCHEME)
def test_every_list_is_read_back_exactly(tmp_path, faces_of, of):
    faces = faces_of[SCHEME[of]]
    write(tmp_path, of, faces)
    dataset = MmposeJson(of=of)
    found = dataset.faces(tmp_path)
    assert dataset.scheme.name == SCHEME[of]
    assert dataset.missing(tmp_path) is None
    assert [face.split for face in found] == ["train"] * 4 + ["test"] * 4
    prefix = "" if of == "300vw" else "images/"
    assert [face.image for face in found] == [prefix + name for name in names_of(of)]
    assert len({face.name for face in found}) == 8
    for read, written in zip(found, faces, strict=True):
        assert np.array_equal(read.landmarks, written.landmarks)
        assert read.state is None if of != "cofw" else np.array_equal(read.state, written.state)
    assert np.array_equal(dataset.read_image(tmp_path, found[0]), faces[0].pixels)


@pytest.mark.parametrize("of", SCHEME)
def test_lists_with_their_published_names_can_be_listed_for_training(tmp_path, faces_of, of):
    write(tmp_path, of, faces_of[SCHEME[of]])
    listing = list_faces(MmposeJson(of=of), tmp_path)
    assert {face.split for face in listing.faces} >= {"train", "test"}
    assert any("published are" in remark for remark in listing.remarks)
    assert not any("left out" in remark for remark in listing.remarks)


@pytest.mark.parametrize("of", SUBSETS)
def test_the_lists_of_subsets_become_tags_of_test_faces(tmp_path, faces_of, of):
    write(tmp_path, of, faces_of[SCHEME[of]])
    found = MmposeJson(of=of).faces(tmp_path)
    tags = list(SUBSETS[of])
    assert found[4].tags == tuple(tags[0::2])
    assert found[7].tags == tuple(tags[1::2])
    assert all(face.tags == () for face in (*found[:4], *found[5:7]))
    assert set(MmposeJson(of=of).SUBSETS) == set(tags)


def test_frames_of_one_video_are_one_group_and_their_category_is_a_tag(tmp_path, faces_of):
    write(tmp_path, "300vw", faces_of["68"])
    found = MmposeJson(of="300vw").faces(tmp_path)
    assert [face.group for face in found] == ["001", "001", "002", "002", "114", "114", "203", "203"]
    assert [face.video for face in found] == [face.group for face in found]
    assert [face.tags for face in found[3:]] == [(), *[("category1",)] * 2, *[("category2",)] * 2]
    assert all(face.box is None for face in found)


def test_two_faces_of_one_picture_have_names_of_their_own_and_one_group(tmp_path, faces_of):
    write(tmp_path, "wflw", faces_of["98"])
    found = MmposeJson(of="wflw").faces(tmp_path)
    assert [face.which for face in found] == [""] * 6 + ["0", "1"]
    assert found[6].group == found[7].group == found[6].image


def test_the_face_box_of_aflw_is_the_square_about_its_centre(tmp_path, faces_of):
    write(tmp_path, "aflw", faces_of["19"])
    assert MmposeJson(of="aflw").faces(tmp_path)[0].box == (10.0, 12.5, 40.0, 40.0)


def test_the_share_of_occluded_landmarks_is_how_hard_a_face_of_cofw_is(tmp_path, faces_of):
    write(tmp_path, "cofw", faces_of["29"])
    dataset = MmposeJson(of="cofw")
    for face, written in zip(dataset.faces(tmp_path), faces_of["29"], strict=True):
        assert dataset.hardness(face) == pytest.approx(np.mean(written.state == 2))


def test_the_protocols_of_300w_train_and_test_on_their_lists(tmp_path, faces_of):
    faces = faces_of["68"]
    folder = write(tmp_path, "300w", faces)
    private = [
        (f"Test/{place}/{place[3:].lower()}_001.png", entry(faces[0], "300w")) for place in ("01_Indoor", "02_Outdoor")
    ]
    write_list(folder / "annotations/face_landmarks_300w_test.json", private)
    for name, _ in private:
        write_picture(folder / "images" / name, faces[0])
    splits = {
        protocol: [face.split for face in MmposeJson(protocol=protocol).faces(tmp_path)]
        for protocol in ("full", "private", "private_3148")
    }
    assert splits["full"] == ["train"] * 4 + ["test"] * 4
    assert splits["private"] == ["train"] * 8 + ["test"] * 2
    assert splits["private_3148"] == ["train"] * 4 + ["test"] * 2
    assert [face.tags for face in MmposeJson(protocol="private").faces(tmp_path)[8:]] == [("indoor",), ("outdoor",)]
    assert MmposeJson().remarks(tmp_path) == []
    assert MmposeJson(protocol="private").COUNTS == {"train+val": 3837, "test": 600}


def test_a_picture_that_no_list_names_and_an_annotation_without_landmarks_are_told(tmp_path, faces_of):
    faces = faces_of["68"]
    folder = write(tmp_path, "300w", faces)
    write_picture(folder / "images/part/extra.jpg", faces[0])
    train = folder / TRAIN_AND_TEST["300w"][0]
    content = json.loads(train.read_text())
    content["annotations"][0]["keypoints"] = [0] * 204
    content["annotations"][1]["iscrowd"] = 1
    train.write_text(json.dumps(content))
    assert len(DATASET.faces(tmp_path)) == 6
    first, second = DATASET.remarks(tmp_path)
    assert first.startswith("2 annotations")
    assert "images/part/extra.jpg" in second


def test_a_landmark_that_is_not_labelled_is_missing(tmp_path, faces_of):
    folder = write(tmp_path, "cofw", faces_of["29"])
    train = folder / TRAIN_AND_TEST["cofw"][0]
    content = json.loads(train.read_text())
    content["annotations"][0]["keypoints"][:3] = [0, 0, 0]
    train.write_text(json.dumps(content))
    face = MmposeJson(of="cofw").faces(tmp_path)[0]
    assert np.isnan(face.landmarks[0]).all() and face.state is not None and face.state[0] == 0
    assert np.isfinite(face.landmarks[1:]).all()


def with_change(content: dict, change: str) -> dict:
    first = content["annotations"][0]
    match change:
        case "short":
            first["keypoints"] = first["keypoints"][:-3]
        case "text":
            first["keypoints"][0] = "12"
        case "none":
            del first["keypoints"]
        case "nan":
            first["keypoints"][0] = float("nan")
        case "huge":
            first["keypoints"][0] = 10**400
        case "flag":
            first["keypoints"][2] = 7
        case "box":
            first["bbox"] = [1, 2, 0, 5]
        case "picture":
            first["image_id"] = 99
        case "twice":
            content["images"][1]["id"] = content["images"][0]["id"]
        case "outside":
            content["images"][0]["file_name"] = "../../secret.jpg"
        case "nameless":
            del content["images"][0]["file_name"]
        case "empty":
            content["annotations"] = []
        case "other":
            content = {"frames": []}
    return content


@pytest.mark.parametrize(
    ("change", "told"),
    {
        "short": r"annotation 1 \(part/0\.jpg\): 201 numbers in 'keypoints', expected 204",
        "text": r"annotation 1 .*'keypoints' is not a list of numbers",
        "none": r"'keypoints' is not a list of numbers",
        "nan": r"a number that is not finite",
        "huge": r"'keypoints' is not a list of numbers",
        "flag": r"third number in 'keypoints' is not within 0 and 2",
        "box": r"annotation 1 .*bbox: a box of 0×5 px has no area",
        "picture": r"annotation 1: no picture has its image_id 99",
        "twice": r"image 2: its id 0 is that of 'part/0\.jpg' too",
        "outside": r"image 1: image '\.\./\.\./secret\.jpg' lies outside",
        "nameless": r"image 1: 'file_name' is missing",
        "empty": r"no annotation in it",
        "other": r"no lists 'images' and 'annotations' in it",
    }.items(),
)
def test_a_wrong_list_is_told_with_file_and_place(tmp_path, faces_of, change, told):
    path = write(tmp_path, "300w", faces_of["68"]) / TRAIN_AND_TEST["300w"][0]
    path.write_text(json.dumps(with_change(json.loads(path.read_text()), change)))
    with pytest.raises(DataError, match=told) as caught:
        DATASET.faces(tmp_path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b'{"images": [', "not JSON from line 1, column 13"),
        (b"\xff\xfe\xfa", "not "),
        (b"[" * 100_000, "nests too deeply"),
    ],
    ids=["cut off", "not text", "nested"],
)
def test_a_file_that_is_no_json_is_told(tmp_path, faces_of, content, told):
    path = write(tmp_path, "300w", faces_of["68"]) / TRAIN_AND_TEST["300w"][0]
    path.write_bytes(content)
    with pytest.raises(DataError, match=told) as caught:
        DATASET.faces(tmp_path)
    assert str(path) in str(caught.value) and "unpacked whole" in str(caught.value)


def test_all_mistakes_are_told_at_once(tmp_path, faces_of):
    folder = write(tmp_path, "300w", faces_of["68"])
    for file in TRAIN_AND_TEST["300w"]:
        path = folder / file
        path.write_text(json.dumps(with_change(json.loads(path.read_text()), "short")))
    with pytest.raises(DataError) as caught:
        DATASET.faces(tmp_path)
    assert str(caught.value).count("201 numbers") == 2


def test_a_subset_that_names_an_unknown_face_is_told(tmp_path, faces_of):
    folder = write(tmp_path, "300w", faces_of["68"])
    write_list(folder / SUBSETS["300w"]["common"], [("part/0.jpg", entry(faces_of["68"][0], "300w"))])
    with pytest.raises(DataError, match=r"no face of the test list has this picture"):
        DATASET.faces(tmp_path)


def test_what_is_missing_is_told_with_the_tree_of_that_data_set(tmp_path):
    text = MmposeJson(of="wflw").missing(tmp_path)
    assert text is not None
    assert "wflw/\n  annotations/face_landmarks_wflw_train.json" in text
    assert "images/<pictures>" in text and "300w" not in text.partition("Expected")[2]


def test_a_protocol_or_a_list_that_cannot_be_is_refused_where_it_is_declared():
    with pytest.raises(ConfigError, match="protocol 'private' is one of 300w, not of 'wflw'"):
        MmposeJson(of="wflw", protocol="private")
    with pytest.raises(ConfigError, match="outside its folder"):
        MmposeJson(folder="../elsewhere")
    with pytest.raises(ConfigError, match="outside its folder"):
        MmposeJson(lists=(("test", "/etc/list.json"),))


def test_lists_of_ones_own_survive_plain_data():
    dataset = MmposeJson(of="cofw", folder="own", images="", lists=(("train", "a.json"), ("test", "b.json")))
    assert from_plain(json.loads(json.dumps(to_plain(dataset)))) == dataset
    assert dataset.COUNTS == {} and dataset.SUBSETS == {}


SAMPLES = {
    "300w": ("test_300w.json", 2),
    "wflw": ("test_wflw.json", 4),
    "cofw": ("test_cofw.json", 2),
    "aflw": ("test_aflw.json", 2),
    "300vw": ("anno_300vw.json", 3),
}


def sample(of: str) -> MmposeJson:
    return MmposeJson(of=of, folder=f"samples/{of}", images="", lists=(("test", SAMPLES[of][0]),))


@pytest.mark.parametrize("of", SAMPLES)
def test_real_samples_load_and_their_crops_hold_every_landmark(data_root, of):
    dataset = sample(of)
    if dataset.missing(data_root):
        pytest.skip(f"needs the real samples, and {dataset.root(data_root)} does not exist (set MARKSWEEP_DATA)")
    faces = list_faces(dataset, data_root).faces
    assert len(faces) == SAMPLES[of][1]
    for face in faces:
        height, width = dataset.read_image(data_root, face).shape[:2]
        assert ((face.landmarks > -1) & (face.landmarks < [width, height])).all()
        matrix = dataset.CROP.matrix(face.landmarks, None if face.box is None else np.array(face.box), 256)
        inside = face.landmarks @ matrix[:, :2].T + matrix[:, 2]
        assert inside.min() > 0 and inside.max() < 256


def test_real_samples_of_cofw_and_aflw_have_the_states_and_boxes_of_their_lists(data_root):
    if sample("cofw").missing(data_root) or sample("aflw").missing(data_root):
        pytest.skip(f"needs the real samples, and {data_root / 'samples'} does not have them (set MARKSWEEP_DATA)")
    states = [face.state for face in sample("cofw").faces(data_root)]
    assert [int((state == 2).sum()) for state in states if state is not None] == [6, 9]
    assert sample("aflw").faces(data_root)[0].box == (268.0, 140.0, 362.0, 362.0)


def test_real_frames_have_the_landmarks_of_their_pts_files(data_root):
    dataset = sample("300vw")
    if dataset.missing(data_root):
        pytest.skip(f"needs the real samples, and {dataset.root(data_root)} does not exist (set MARKSWEEP_DATA)")
    for face in dataset.faces(data_root):
        path = dataset.root(data_root) / face.image.replace("imgs", "annot").replace(".jpg", ".pts")
        assert np.allclose(face.landmarks, read_pts(path, 68), atol=1e-9)
    assert dataset.remarks(data_root) == ["1 picture without annotation, left out: 401/imgs/000731.jpg"]
