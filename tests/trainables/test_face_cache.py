"""A prepared data set is made once, mapped by all, and never seen half-written."""

import json
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

import cv2
import numpy as np
import pyarrow as pa
import pytest

from tests.trainables.conftest import TRIANGLE, DrawnTriangles
from trainables import face_cache
from trainables.config import config
from trainables.dataset import MISSING, OCCLUDED, VISIBLE, DataError, Dataset, Face
from trainables.face_cache import prepare
from trainables.faces import open_faces
from trainables.metrics import normalisers
from trainables.schemes import Scheme
from trainables.transforms.crop import Crop, transform

SPLITS = ("train", "train", "train", "val", "test")
CROP = Crop(scale=1.5)
listings: list[str] = []  # one entry for each time that a data set was read through


@config
class Triangles(Dataset):
    """Pictures with three bright pixels, one of each colour, at the landmarks; listed in faces.json."""

    kind: ClassVar[str] = "triangles_of_tests"
    SCHEME: ClassVar[Scheme] = TRIANGLE
    FOLDER: ClassVar[str | None] = "triangles"
    TREE: ClassVar[str] = "triangles/faces.json\n"
    number: int = 0

    def faces(self, data_root: Path) -> list[Face]:
        listings.append(threading.current_thread().name)
        rows = json.loads(self.sources(data_root)[0].read_text())
        return [
            Face(
                image=row["image"],
                landmarks=np.array(row["landmarks"], dtype=np.float64),
                split=row["split"],
                group=row["image"],
                state=np.array([VISIBLE, OCCLUDED, VISIBLE], dtype=np.uint8),
                tags=("rendered", row["split"]),
            )
            for row in rows
        ]

    def sources(self, data_root: Path) -> Sequence[Path]:
        return [self.root(data_root) / "faces.json"]


@config
class Boxed(DrawnTriangles):
    """Three triangles with a box."""

    kind: ClassVar[str] = "boxed_triangles_of_tests"

    def faces(self, data_root: Path) -> list[Face]:
        shapes = np.random.default_rng(0).uniform(5, 45, (3, 3, 2))
        picture = np.zeros((50, 50, 3), dtype=np.uint8)
        return [
            Face(f"{split}.png", shape, split, split, box=(1.0, 2.0, 30.0, 40.0), pixels=picture)
            for split, shape in zip(("train", "val", "test"), shapes, strict=True)
        ]


@pytest.fixture
def root(tmp_path) -> Path:
    """Five pictures of 60 × 50 px."""
    rng, rows = np.random.default_rng(0), []
    (tmp_path / "data" / "triangles").mkdir(parents=True)
    for number, split in enumerate(SPLITS):
        landmarks = np.array([[15, 12], [44, 14], [30, 38]]) + rng.integers(-3, 4, (3, 2))
        picture = np.zeros((50, 60, 3), dtype=np.uint8)
        for channel, (x, y) in enumerate(landmarks):
            picture[y, x, 2 - channel] = 255  # OpenCV writes BGR
        cv2.imwrite(str(tmp_path / "data" / "triangles" / f"{number}.png"), picture)
        rows.append({"image": f"{number}.png", "landmarks": landmarks.tolist(), "split": split})
    write_list(tmp_path / "data", rows)
    return tmp_path / "data"


def read_list(root: Path) -> list[dict]:
    return json.loads((root / "triangles" / "faces.json").read_text())


def write_list(root: Path, rows: list[dict]) -> None:
    (root / "triangles" / "faces.json").write_text(json.dumps(rows))


def prepared(root: Path, dataset: Dataset | None = None, size: int = 48, **given) -> Path:
    return prepare(dataset or Triangles(), root, given.pop("crop", CROP), size, root.parent / "cache", **given)


def test_landmarks_states_tags_and_splits_come_back(root):
    faces = open_faces(prepared(root), TRIANGLE)
    truth = np.array([row["landmarks"] for row in read_list(root)], dtype=np.float64)
    assert np.array_equal(faces.landmarks, truth)
    assert {split: rows.tolist() for split, rows in faces.rows.items()} == {
        "train": [0, 1, 2],
        "val": [3],
        "test": [4],
        "unlabelled": [],
    }
    assert faces.images == faces.groups == [f"{number}.png" for number in range(5)]
    assert faces.tags[3] == ("rendered", "val")
    assert faces.state.tolist() == [[VISIBLE, OCCLUDED, VISIBLE]] * 5
    assert faces.digest == Triangles().digest(root)
    np.testing.assert_allclose(faces.norms["io"], np.linalg.norm(truth[:, 0] - truth[:, 1], axis=1))
    expected = np.stack([transform(face, CROP.matrix(face, None, 48)) for face in truth])
    np.testing.assert_allclose(faces.landmarks_crop(np.arange(5)), expected)


def test_the_crops_show_each_landmark_where_it_should_be_with_a_margin_around(root):
    faces = open_faces(prepared(root), TRIANGLE)
    crops = faces.crops(np.arange(5)).numpy()
    assert crops.shape == (5, 48 + 2 * 12, 48 + 2 * 12, 3)  # a quarter of 48 on every side
    for face in range(5):
        for channel, (x, y) in enumerate(faces.landmarks_crop(np.array([face]))[0]):
            row, column = np.unravel_index(crops[face, ..., channel].argmax(), crops.shape[1:3])
            assert abs(column - faces.pad - x) <= 1
            assert abs(row - faces.pad - y) <= 1


def test_faces_of_several_record_batches_are_found_by_their_row(root, monkeypatch):
    whole = open_faces(prepared(root), TRIANGLE).crops(np.arange(5))
    monkeypatch.setattr(face_cache, "FACES_PER_RECORD_BATCH", 2)
    monkeypatch.setattr(face_cache, "FORMAT", face_cache.FORMAT + 1)  # another file
    faces = open_faces(prepared(root), TRIANGLE)
    assert [len(chunk) for chunk in faces.pixels] == [2, 2, 1]
    rows = np.array([4, 1, 1, 2])
    assert np.array_equal(faces.crops(rows), whole[rows])


def test_a_data_set_is_prepared_once(root):
    before = len(listings)
    first, second = prepared(root), prepared(root)
    assert first == second
    assert len(listings) == before + 1


def test_opening_maps_the_file_and_copies_neither_pixels_nor_annotation(root):
    path = prepared(root)
    allocated = pa.total_allocated_bytes()
    for faces in (open_faces(path, TRIANGLE), open_faces(path, TRIANGLE)):
        annotation = [faces.landmarks, faces.state, faces.crop_maps, faces.difficulty, *faces.norms.values()]
        for array in [*faces.pixels, *annotation]:
            assert not array.flags.owndata
            assert not array.flags.writeable
    assert pa.total_allocated_bytes() == allocated


def test_the_stored_normalisers_are_those_of_the_stored_landmarks(tmp_path):
    data = Boxed()
    path = prepare(data, tmp_path, data.CROP, 32, tmp_path)
    faces = open_faces(path, TRIANGLE)
    landmarks, boxes = np.stack([face.landmarks for face in data.faces(tmp_path)]), np.array([(1.0, 2, 30, 40)] * 3)
    expected = normalisers(landmarks, TRIANGLE, boxes)
    assert list(faces.norms) == list(expected)
    for name, lengths in expected.items():
        np.testing.assert_array_equal(faces.norms[name], lengths)
    assert faces.norms["dataset_diag"].tolist() == [50, 50, 50]
    assert faces.boxed == 1


def test_texts_are_sequences_that_are_decoded_row_by_row(root):
    faces = open_faces(prepared(root), TRIANGLE)
    names = [f"{number}.png" for number in range(5)]
    assert len(faces.images) == 5 and list(faces.images) == names
    assert faces.images[-1] == faces.images[np.arange(5)[4]] == "4.png"
    assert faces.images[1:3] == names[1:3] and faces.images[::-2] == names[::-2]
    assert "3.png" in faces.images and faces.images != names[:4] and faces.images != 5
    assert set(faces.tags) == {("rendered", split) for split in SPLITS}
    assert repr(faces.images) == "Lazy(['0.png', '1.png', '2.png'], …)"
    with pytest.raises(IndexError):
        faces.images[5]


def test_threads_that_ask_at_once_make_it_once(root):
    before, ready, paths = len(listings), threading.Barrier(4), []

    def ask() -> None:
        ready.wait()
        paths.append(prepared(root))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(paths) == 4
    assert len(set(paths)) == 1
    assert len(listings) == before + 1


def test_a_corrupt_picture_is_counted_and_named_and_left_out(root):
    (root / "triangles" / "1.png").write_bytes(b"not a picture")
    (root / "triangles" / "2.png").unlink()
    faces = open_faces(prepared(root), TRIANGLE)
    assert faces.unreadable == ("1.png: not a readable image", "2.png: no such file")
    assert faces.rows["train"].tolist() == [0]
    assert faces.rows["val"].tolist() == [3]


def test_a_picture_outside_the_data_set_is_not_read(root):
    (root / "secret.png").write_bytes((root / "triangles" / "0.png").read_bytes())
    rows = read_list(root)
    rows[0]["image"] = "../secret.png"
    write_list(root, rows)
    faces = open_faces(prepared(root), TRIANGLE)
    assert len(faces.unreadable) == 1
    assert faces.unreadable[0].startswith("../secret.png: lies outside")
    assert faces.rows["train"].tolist() == [1, 2]


def test_a_split_without_a_readable_picture_is_an_error_that_names_it_and_leaves_no_file(root):
    (root / "triangles" / "3.png").write_bytes(b"")
    with pytest.raises(DataError, match=r"no image of val can be read\..*data check triangles_of_tests"):
        prepared(root)
    assert {path.suffix for path in (root.parent / "cache").iterdir()} <= {".lock"}


def test_a_data_set_without_faces_is_an_error(root):
    write_list(root, [])
    with pytest.raises(DataError, match="no face below"):
        prepared(root)


def test_a_missing_data_set_names_the_file_and_the_tree_that_is_expected(tmp_path):
    with pytest.raises(DataError, match=r"(?s)faces\.json does not exist.*triangles/faces\.json.*--data-root"):
        prepared(tmp_path / "empty")


def test_a_missing_landmark_is_marked_and_shapes_no_crop(root):
    rows = read_list(root)
    whole = open_faces(prepared(root), TRIANGLE)
    rows[0]["landmarks"][2] = [float("nan"), float("nan")]
    write_list(root, rows)
    faces = open_faces(prepared(root), TRIANGLE)
    assert faces.state[0].tolist() == [VISIBLE, OCCLUDED, MISSING]
    assert np.isnan(faces.landmarks[0, 2]).all()
    assert np.isfinite(faces.crop_maps).all()
    assert np.array_equal(faces.crop_maps[1:], whole.crop_maps[1:])


@pytest.mark.parametrize(
    "change", ["annotation", "picture", "crop", "size", "setting", "version", "crop version", "format"]
)
def test_whatever_the_content_depends_on_changes_the_files_name(change, root, monkeypatch):
    before, given = prepared(root), {}
    if change == "annotation":
        rows = read_list(root)
        rows[0]["landmarks"][0][0] += 0.5
        write_list(root, rows)
    elif change == "picture":
        cv2.imwrite(str(root / "triangles" / "0.png"), np.full((50, 60, 3), 99, dtype=np.uint8))
    elif change == "crop":
        given["crop"] = Crop(scale=1.25)
    elif change == "size":
        given["size"] = 32
    elif change == "setting":
        given["dataset"] = Triangles(number=77)
    elif change == "version":
        monkeypatch.setattr(Triangles, "VERSION", 2)
    elif change == "crop version":
        monkeypatch.setattr(Crop, "VERSION", 1, raising=False)
        assert prepared(root) == before  # a class without one is at its first
        monkeypatch.setattr(Crop, "VERSION", 2)
    else:
        monkeypatch.setattr(face_cache, "FORMAT", face_cache.FORMAT + 1)
    assert prepared(root, **given) != before


def test_progress_is_told_up_to_the_last_face(root):
    told = []
    prepared(root, progress=lambda done, total: told.append((done, total)))
    assert told == [(5, 5)]


def test_a_face_with_nothing_to_crop_it_by_is_an_error_that_names_it(root):
    rows = read_list(root)
    rows[1]["landmarks"] = [[float("nan")] * 2] * 3
    write_list(root, rows)
    with pytest.raises(DataError, match=r"face '1\.png' has neither a landmark nor a box"):
        prepared(root)
