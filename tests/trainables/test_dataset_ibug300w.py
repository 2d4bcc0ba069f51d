"""ibug300w reads the official folders exactly in each protocol, pairs files by name, and names what is wrong."""

import unicodedata
from pathlib import Path

import numpy as np
import pytest

from tests.trainables.layouts_pts import POINTS, pts_text, write_face, write_picture, write_pts
from trainables.dataset import DataError, UnreadableImage
from trainables.datasets.ibug300w import DATASET, FOLDERS, Ibug300w, picture_of
from trainables.datasets.ibug300w_xml import Ibug300wXml
from trainables.inspection import inspect_dataset
from trainables.listing import list_faces
from trainables.transforms.crop import Crop, cut, transform

LAYOUT = {  # picture -> its annotation, as the archives have them: mixed suffixes, a blank, letters with accents
    "afw/134212_1.jpg": "134212_1.pts",
    "helen/trainset/Zoë_1.JPG": "Zoë_1.PTS",
    "lfpw/trainset/image_0003.png": "image_0003.pts",
    "helen/testset/30427236_1.jpeg": "30427236_1.pts",
    "lfpw/testset/image_0003.PNG": "image_0003.Pts",
    "ibug/image_092 _01.jpg": "image_092 _01.pts",
    "Test/01_Indoor/indoor_001.png": "indoor_001.pts",
    "Test/02_Outdoor/outdoor_001.png": "outdoor_001.pts",
}


def write_layout(root: Path, faces, end: str = "\n") -> dict:
    written = dict(zip(LAYOUT, faces, strict=False))
    for picture, face in written.items():
        write_face(root / "300w", picture, face, LAYOUT[picture], end)
    return written


def write_folders(root: Path) -> Path:
    for folder in FOLDERS:
        (root / "300w" / folder).mkdir(parents=True, exist_ok=True)
    return root / "300w"


def message(root: Path) -> str:
    with pytest.raises(DataError) as error:
        DATASET.faces(root)
    return str(error.value)


SPLITS = {
    "full": ["train", "train", "train", "test", "test", "test", "", ""],
    "private": ["train", "train", "train", "train", "train", "train", "test", "test"],
    "private_3148": ["train", "train", "train", "", "", "", "test", "test"],
}
TAGS = ["", "", "", "common", "common", "challenging", "indoor", "outdoor"]


@pytest.mark.parametrize("end", ["\n", "\r\n"], ids=["unix", "windows"])
@pytest.mark.parametrize("protocol", SPLITS)
def test_what_was_written_is_read_back_exactly_in_every_protocol(tmp_path, rendered, protocol, end):
    written = write_layout(tmp_path, rendered.faces(tmp_path), end)
    dataset = Ibug300w(protocol=protocol)
    assert dataset.missing(tmp_path) is None
    faces = dataset.faces(tmp_path)
    expected = [
        (picture, split, (tag,) if split == "test" else ())
        for picture, split, tag in zip(LAYOUT, SPLITS[protocol], TAGS, strict=True)
        if split
    ]
    assert [(face.image, face.split, face.tags) for face in faces] == expected
    for face in faces:
        assert np.array_equal(face.landmarks, written[face.image].landmarks)
        assert np.array_equal(dataset.read_image(tmp_path, face), written[face.image].pixels)
        assert face.box is None
    assert dataset.remarks(tmp_path) == []


@pytest.mark.parametrize(
    ("protocol", "counts", "subsets"),
    [
        ("full", {"train+val": 3148, "test": 689}, {"common": 554, "challenging": 135}),
        ("private", {"train+val": 3837, "test": 600}, {"indoor": 300, "outdoor": 300}),
        ("private_3148", {"train+val": 3148, "test": 600}, {"indoor": 300, "outdoor": 300}),
    ],
)
def test_every_protocol_states_its_published_counts(protocol, counts, subsets):
    dataset = Ibug300w(protocol=protocol)
    published = {**dataset.COUNTS, **dataset.SUBSETS}
    assert published == {**counts, **subsets}


def test_other_counts_than_the_published_ones_are_a_warning_that_names_both(tmp_path, rendered):
    write_layout(tmp_path, rendered.faces(tmp_path))
    lines = inspect_dataset(DATASET, tmp_path).lines()
    assert "  warning: train+val: published are 3,148 faces, found 3" in lines
    assert "  warning: subset 'common': published are 554 faces, found 2" in lines
    assert "  warning: subset 'challenging': published are 135 faces, found 1" in lines


def test_the_challenge_folders_are_needed_only_where_they_test(tmp_path, rendered):
    write_layout(tmp_path, list(rendered.faces(tmp_path))[:6])
    assert DATASET.missing(tmp_path) is None
    assert "01_Indoor does not exist" in str(Ibug300w(protocol="private").missing(tmp_path))


def test_a_tenth_of_the_training_faces_validates_and_faces_of_one_photograph_stay_together(tmp_path):
    folder = write_folders(tmp_path)
    for number in range(60):
        for which in (1, 2):
            write_pts(folder / "afw" / f"{number + 100}_{which}.pts", POINTS + number)
    write_pts(folder / "ibug" / "image_003_1.pts")
    sides = {(face.group, face.split) for face in list_faces(DATASET, tmp_path).faces}
    assert len(sides) == 61
    assert sum(split == "val" for _, split in sides) == 6


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("afw/134212_1", "afw/134212_2"),
        ("ibug/image_092 _01", "ibug/image_092_02"),
        ("helen/trainset/100040721_1", "helen/trainset/100040721_2"),
        ("lfpw/trainset/image_0003", "lfpw/trainset/image_0003_mirror"),
    ],
)
def test_faces_of_one_photograph_have_one_group(one, other):
    assert picture_of(one) == picture_of(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("lfpw/trainset/image_0003", "lfpw/trainset/image_0004"),
        ("lfpw/trainset/image_0003", "lfpw/testset/image_0003"),
        ("Test/01_Indoor/indoor_001", "Test/01_Indoor/indoor_002"),
        ("afw/134212_1", "afw/134213_1"),
    ],
)
def test_other_photographs_have_other_groups(one, other):
    assert picture_of(one) != picture_of(other)


def test_one_based_coordinates_are_one_px_less(tmp_path, rendered):
    write_layout(tmp_path, rendered.faces(tmp_path))
    as_they_are, shifted = DATASET.faces(tmp_path), Ibug300w(one_based=True).faces(tmp_path)
    for face, moved in zip(as_they_are, shifted, strict=True):
        assert np.array_equal(face.landmarks - 1, moved.landmarks)


@pytest.mark.parametrize("one_based", [False, True])
def test_the_same_faces_in_both_forms_of_300w_have_the_same_crops(tmp_path, rendered, one_based):
    faces, names = list(rendered.faces(tmp_path))[:2], ["lfpw/trainset/image_0003.png", "ibug/image_003_1.jpg"]
    xml, pts = tmp_path / "ibug_300W_large_face_landmark_dataset", write_folders(tmp_path)
    xml.mkdir()
    for name, face, split in zip(names, faces, ("train", "test"), strict=True):
        landmarks = face.landmarks.round(6)  # as the .pts files have them
        parts = "".join(f"<part name='{i:02d}' x='{x}' y='{y}'/>" for i, (x, y) in enumerate(landmarks.tolist()))
        box = f"<box top='1' left='1' width='9' height='9'>{parts}</box>"
        text = f"<dataset><images><image file='{name}'>{box}</image></images></dataset>"
        (xml / f"labels_ibug_300W_{split}.xml").write_text(text)
        write_pts((pts / name).with_suffix(".pts"), landmarks + one_based)
        for folder in (xml, pts):
            write_picture(folder / name, face.pixels)
    readers = Ibug300w(one_based=one_based), Ibug300wXml()
    for one, other in zip(*(reader.faces(tmp_path) for reader in readers), strict=True):
        maps = [Crop().matrix(face.landmarks, None, 64) for face in (one, other)]
        points = [transform(face.landmarks, matrix) for face, matrix in zip((one, other), maps, strict=True)]
        crops = [
            cut(reader.read_image(tmp_path, face), matrix, 64)
            for reader, face, matrix in zip(readers, (one, other), maps, strict=True)
        ]
        assert one.image == other.image
        assert np.abs(points[0] - points[1]).max() < 1e-3
        assert np.array_equal(crops[0], crops[1])


def test_letters_with_accents_are_the_same_however_the_system_stores_them(tmp_path, rendered):
    folder = write_folders(tmp_path)
    write_picture(folder / "afw" / f"{unicodedata.normalize('NFD', 'Zoë')}.jpg", rendered.faces(tmp_path)[0].pixels)
    write_pts(folder / "afw" / f"{unicodedata.normalize('NFC', 'Zoë')}.pts")
    (face,) = DATASET.faces(tmp_path)
    assert DATASET.read_image(tmp_path, face).shape == (64, 64, 3)
    assert face.group == f"afw/{unicodedata.normalize('NFC', 'Zoë')}"


def test_a_picture_without_annotation_is_left_out_and_named(tmp_path, rendered):
    folder = write_folders(tmp_path)
    for number in range(12):
        write_picture(folder / "ibug" / f"image_{number:03d}.jpg", rendered.faces(tmp_path)[0].pixels)
    write_pts(folder / "ibug" / "image_000.pts")
    (remark,) = DATASET.remarks(tmp_path)
    assert len(DATASET.faces(tmp_path)) == 1
    assert remark.startswith("ibug: 11 pictures without annotation, left out: image_001.jpg, image_002.jpg")
    assert remark.endswith("image_010.jpg, … and 1 more")


def test_an_annotation_without_its_picture_is_kept_and_counted_as_unreadable(tmp_path):
    write_pts(write_folders(tmp_path) / "afw" / "134212_1.pts")
    (face,) = DATASET.faces(tmp_path)
    with pytest.raises(UnreadableImage, match="afw/134212_1: no such file"):
        DATASET.read_image(tmp_path, face)
    assert inspect_dataset(DATASET, tmp_path).unreadable == ["afw/134212_1: no such file"]


def test_a_picture_that_cannot_be_decoded_is_counted_as_unreadable(tmp_path):
    folder = write_folders(tmp_path)
    write_pts(folder / "afw" / "1_1.pts")
    (folder / "afw" / "1_1.jpg").write_bytes(b"GIF89a")
    assert inspect_dataset(DATASET, tmp_path).unreadable == ["afw/1_1.jpg: not a readable image"]


def test_hidden_files_beside_the_pictures_are_no_faces(tmp_path):
    (write_folders(tmp_path) / "afw" / "._134212_1.pts").write_bytes(b"\0\5\x16\7")
    assert DATASET.faces(tmp_path) == []


@pytest.mark.parametrize("suffixes", [(".jpg", ".png"), (".jpg", ".JPG"), (".pts", ".PTS")])
def test_two_files_of_one_name_are_refused(tmp_path, suffixes):
    folder = write_folders(tmp_path)
    write_pts(folder / "afw" / "1_1.pts")
    for suffix in suffixes:
        (folder / "afw" / f"1_1{suffix}").write_bytes(pts_text(POINTS).encode())
    text = message(tmp_path)
    assert all(f"1_1{suffix}" in text for suffix in suffixes)
    assert "Keep one of them" in text


@pytest.mark.parametrize(
    "text",
    [
        "\ufeff" + pts_text(POINTS),
        pts_text(POINTS).replace(" ", " \t "),
        pts_text(POINTS).replace("{\n", "{\n\n   \n").replace("}", "\n  }"),
        pts_text(POINTS).replace("{\n", "{"),
        pts_text(POINTS).replace("\n", "\r"),
        pts_text(POINTS).replace("version: 1", "version: 1.0  näive"),
        pts_text(POINTS).rstrip(),
    ],
    ids=["BOM", "tabs", "blank lines", "point beside the brace", "old Mac", "another header", "no last line end"],
)
def test_the_points_are_what_stands_between_the_braces(tmp_path, text):
    write_pts(write_folders(tmp_path) / "afw" / "1_1.pts").write_bytes(text.encode())
    assert np.array_equal(DATASET.faces(tmp_path)[0].landmarks, POINTS)


@pytest.mark.parametrize(
    ("spoil", "place", "reason"),
    [
        (lambda text: text.replace("134.0 135.0\n", ""), "line 71", "67 points, expected 68"),
        (lambda text: text.replace("}", "1 2\n}"), "line 73", "69 points, expected 68"),
        (lambda text: text.replace("0.0 1.0\n", "nan 1.0\n", 1), "line 4", "'nan' is not a finite number"),
        (lambda text: text.replace("2.0 3.0\n", "2.0 inf\n", 1), "line 5", "'inf' is not a finite number"),
        (lambda text: text.replace("2.0 3.0\n", "2.0,3.0\n", 1), "line 5", "1 numbers, expected x and y"),
        (lambda text: text.replace("2.0 3.0\n", "2.0 3.0 4.0\n", 1), "line 5", "3 numbers, expected x and y"),
        (lambda text: text.replace("2.0 3.0\n", "2.0 left\n", 1), "line 5", "'left' is not a finite number"),
        (lambda text: text.replace("}", ""), "line 3", "cut off"),
        (lambda text: text[:700], "line 3", "cut off"),
        (lambda text: text.replace("{", ""), "line 1", "no '{'"),
        (lambda text: "", "line 1", "no '{'"),
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n"], ids=["unix", "windows"])
def test_a_wrong_file_is_named_with_its_line_and_the_reason(tmp_path, spoil, place, reason, end):
    path = write_pts(write_folders(tmp_path) / "ibug" / "image_003_1.pts")
    path.write_bytes(spoil(pts_text(POINTS)).replace("\n", end).encode())
    text = message(tmp_path)
    assert f"{path}, {place}: " in text
    assert reason in text


def test_all_wrong_files_of_all_folders_are_told_at_once(tmp_path):
    folder = write_folders(tmp_path)
    wrong = [folder / "afw" / "1_1.pts", folder / "afw" / "2_1.pts", folder / "ibug" / "image_003_1.pts"]
    for path in wrong:
        path.write_text("{")
    text = message(tmp_path)
    assert all(str(path) in text for path in wrong)


def test_the_digest_follows_the_annotations_and_the_pictures(tmp_path, rendered):
    written = write_layout(tmp_path, rendered.faces(tmp_path))
    digests = [DATASET.digest(tmp_path)]
    write_pts(tmp_path / "300w" / "afw" / "134212_1.pts", next(iter(written.values())).landmarks + 1)
    digests.append(DATASET.digest(tmp_path))
    (tmp_path / "300w" / "afw" / "new.jpg").write_bytes(b"1")
    digests.append(DATASET.digest(tmp_path))
    assert len(set(digests)) == 3
