"""menpo reads .pts and every version of .ljson, splits by name or by folder, and names what is wrong."""

import json
from pathlib import Path

import numpy as np
import pytest

from tests.trainables.layouts_pts import POINTS, pts_text, write_face, write_picture, write_pts
from trainables.dataset import DataError, split_of_group
from trainables.datasets.menpo import DATASET, Menpo
from trainables.inspection import inspect_dataset
from trainables.listing import list_faces


def ljson(landmarks: np.ndarray, version: int) -> dict:
    """As menpo writes it: y before x, null for what is missing."""
    points = [[None if np.isnan(value) else value for value in point] for point in landmarks[:, ::-1].tolist()]
    labels = [{"label": "all", "mask": list(range(len(points)))}]
    if version == 1:
        parts = {"jaw": points[:17], "rest": points[17:]}
        groups = [{"label": name, "landmarks": [{"point": p} for p in part]} for name, part in parts.items()]
        return {"version": 1, "groups": groups}
    group = {"landmarks": {"points": points, "connectivity": [[0, 1]]}, "labels": labels}
    if version == 2:
        return {"version": 2, **group}
    pupils = {"landmarks": {"points": [[1.0, 2.0], [3.0, 4.0]], "connectivity": []}, "labels": []}
    return {"version": 3, "groups": {"PTS": group, "pupils": pupils}}


def write_ljson(root: Path, content: object, name: str = "a") -> Path:
    path = root / "menpo" / f"{name}.ljson"
    path.parent.mkdir(exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def message(root: Path, dataset: Menpo = DATASET) -> str:
    with pytest.raises(DataError) as error:
        dataset.faces(root)
    return str(error.value)


@pytest.mark.parametrize("version", [1, 2, 3])
def test_what_was_written_is_read_back_exactly_in_every_version(tmp_path, rendered, version):
    face = rendered.faces(tmp_path)[0]
    write_ljson(tmp_path, ljson(face.landmarks, version), "Zoë 1")
    write_picture(tmp_path / "menpo" / "Zoë 1.PNG", face.pixels)
    (found,) = DATASET.faces(tmp_path)
    assert found.image == "Zoë 1.PNG"
    assert np.array_equal(found.landmarks, face.landmarks)
    assert np.array_equal(DATASET.read_image(tmp_path, found), face.pixels)


@pytest.mark.parametrize("version", [1, 2, 3])
def test_points_without_a_position_are_missing(tmp_path, version):
    landmarks = POINTS.copy()
    landmarks[[0, 67]] = np.nan
    write_ljson(tmp_path, ljson(landmarks, version))
    assert np.array_equal(DATASET.faces(tmp_path)[0].landmarks, landmarks, equal_nan=True)


def test_pictures_are_split_by_their_names(tmp_path):
    names = [f"face{number}" for number in range(40)]
    for name in names:
        write_pts(tmp_path / "menpo" / f"{name}.pts")
    faces = DATASET.faces(tmp_path)
    assert {face.split for face in faces} == {"train", "val", "test"}
    assert all(face.split == split_of_group(face.group) for face in faces)
    assert sorted(face.group for face in faces) == sorted(names)


def test_a_mirrored_twin_stays_with_its_original(tmp_path):
    for number in range(40):
        for end in ("", "_mirror"):
            write_pts(tmp_path / "menpo" / f"face{number:02d}{end}.pts")
    faces = DATASET.faces(tmp_path)
    assert [face.group for face in faces] == [f"face{number:02d}" for number in range(40) for _ in range(2)]
    assert all(face.split == split_of_group(face.group) for face in faces)


def test_folders_named_as_splits_are_the_splits(tmp_path, rendered):
    for name, face in zip(("train/a.jpg", "train/deep/a.jpg", "test/a.png"), rendered.faces(tmp_path), strict=False):
        write_face(tmp_path / "menpo", name, face)
    faces = DATASET.faces(tmp_path)
    assert {face.image: face.split for face in faces} == {
        "train/a.jpg": "train",
        "train/deep/a.jpg": "train",
        "test/a.png": "test",
    }
    assert list_faces(DATASET, tmp_path).faces


@pytest.mark.parametrize("name", ["a.pts", "other/a.pts", "train.pts"])
def test_an_annotation_beside_the_folders_of_the_splits_is_refused(tmp_path, name):
    write_pts(tmp_path / "menpo" / "train" / "a.pts")
    path = write_pts(tmp_path / "menpo" / name)
    text = message(tmp_path)
    assert text.startswith(f"{path}: ")
    assert "Move it into one of them" in text


def test_the_folder_may_have_another_name_and_hidden_ones_are_not_read(tmp_path, rendered):
    write_face(tmp_path / "mine" / "2024", "a.jpg", rendered.faces(tmp_path)[0])
    write_pts(tmp_path / "mine" / ".trash" / "b.pts")
    assert [face.image for face in Menpo(folder="mine").faces(tmp_path)] == ["2024/a.jpg"]


@pytest.mark.parametrize("folder", ["../elsewhere", "/etc", "a/../../b"])
def test_a_folder_outside_the_data_root_is_refused(tmp_path, folder):
    assert "outside the data root" in message(tmp_path, Menpo(folder=folder))


def test_one_based_concerns_pts_only(tmp_path):
    write_pts(tmp_path / "menpo" / "a.pts")
    write_ljson(tmp_path, ljson(POINTS, 3), "b")
    first, second = Menpo(one_based=True).faces(tmp_path)
    assert np.array_equal(first.landmarks, POINTS - 1)
    assert np.array_equal(second.landmarks, POINTS)


def test_a_picture_without_annotation_is_left_out_and_named(tmp_path, rendered):
    write_face(tmp_path / "menpo", "a.jpg", rendered.faces(tmp_path)[0])
    write_picture(tmp_path / "menpo" / "b.jpg", rendered.faces(tmp_path)[0].pixels)
    write_picture(tmp_path / "menpo" / "deep" / "c.jpg", rendered.faces(tmp_path)[0].pixels)
    assert len(DATASET.faces(tmp_path)) == 1
    assert DATASET.remarks(tmp_path) == [
        "1 picture without annotation, left out: b.jpg",
        "deep: 1 picture without annotation, left out: c.jpg",
    ]


def test_an_annotation_without_its_picture_is_kept_and_counted_as_unreadable(tmp_path):
    write_ljson(tmp_path, ljson(POINTS, 2))
    assert inspect_dataset(DATASET, tmp_path).unreadable == ["a: no such file"]


def test_one_picture_with_both_formats_is_refused(tmp_path):
    write_ljson(tmp_path, ljson(POINTS, 3))
    write_pts(tmp_path / "menpo" / "a.pts")
    text = message(tmp_path)
    assert "a.ljson" in text and "a.pts" in text and "Keep one of them" in text


def with_points(points: object) -> dict:
    return {"landmarks": {"points": points}, "labels": []}


def two_faces() -> dict:
    group = ljson(POINTS, 3)["groups"]["PTS"]
    return {"version": 3, "groups": {"left face": group, "right face": group}}


WHOLE = POINTS.tolist()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("{", "not well-formed JSON"),
        ("", "not well-formed JSON"),
        ("[" * 100_000, "not well-formed JSON"),
        ("[]", "not landmarks as menpo writes them"),
        ("{}", "not landmarks as menpo writes them (KeyError: 'landmarks')"),
        ({"groups": {"PTS": {}}}, "not landmarks as menpo writes them"),
        ({"groups": [{"label": "all"}]}, "not landmarks as menpo writes them"),
        ({"groups": 3}, "not landmarks as menpo writes them"),
        (with_points(3), "not landmarks as menpo writes them"),
        (with_points(WHOLE[:49]), "0 groups with 68 points, expected 1. Its groups: 'landmarks' with 49 points"),
        (two_faces(), "2 groups with 68 points, expected 1. Its groups: 'left face' with 68"),
        (with_points([*WHOLE[:67], [1.0, 2.0, 3.0]]), "point 67: [1.0, 2.0, 3.0] is not y and x"),
        (with_points([*WHOLE[:67], 4]), "point 67: 4 is not y and x"),
        (with_points([[None, 1.0], *WHOLE[1:]]), "point 0: 'None' is not a finite number"),
        (with_points([[True, 1.0], *WHOLE[1:]]), "point 0: 'True' is not a finite number"),
        (with_points([[float("nan"), 1.0], *WHOLE[1:]]), "point 0: 'nan' is not a finite number"),
        (with_points([[{}, 1.0], *WHOLE[1:]]), "point 0: '{}' is not a finite number"),
        (with_points([[None, None]] * 68), "no landmark has a position"),
    ],
)
def test_a_wrong_ljson_is_named_with_the_place_and_the_reason(tmp_path, content, reason):
    path = write_ljson(tmp_path, content)
    text = message(tmp_path)
    assert text.startswith(str(path))
    assert reason in text


def test_all_wrong_files_are_told_at_once(tmp_path):
    wrong = [write_ljson(tmp_path, "{", name) for name in ("a", "b")]
    wrong.append(write_pts(tmp_path / "menpo" / "deep" / "c.pts", POINTS[:5]))
    text = message(tmp_path)
    assert all(str(path) in text for path in wrong)


def test_the_digest_follows_both_kinds_of_annotation(tmp_path):
    digests = []
    for text in (pts_text(POINTS), pts_text(POINTS + 1)):
        write_pts(tmp_path / "menpo" / "a.pts").write_text(text)
        digests.append(DATASET.digest(tmp_path))
    write_ljson(tmp_path, ljson(POINTS, 1), "b")
    digests.append(DATASET.digest(tmp_path))
    assert len(set(digests)) == 3


def test_the_real_photographs_have_their_points_on_the_face(data_root):
    folder = data_root / "samples" / "menpo"
    if not folder.is_dir():
        pytest.skip(f"needs the real photographs, and {folder} does not exist (set MARKSWEEP_DATA)")
    faces = {face.group: face for face in Menpo(folder="samples/menpo").faces(data_root)}
    assert set(faces) == {"breakingbad", "einstein", "lenna"}
    sizes = {"breakingbad": (1080, 1920), "einstein": (1024, 817), "lenna": (512, 512)}
    for name, face in faces.items():
        assert DATASET.read_image(data_root / "samples", face).shape == (*sizes[name], 3)
        left, right = face.landmarks[list(DATASET.scheme.outer_eye_corners)]
        assert left[0] < right[0]
        assert face.landmarks[8, 1] > max(left[1], right[1])  # the chin is below the eyes
    # First points as the files have them: x before y in .pts, after it in .ljson.
    assert faces["breakingbad"].landmarks[0].tolist() == [1283.598566, 276.387616]
    assert faces["lenna"].landmarks[0].tolist() == [200.534483, 268.62069]
