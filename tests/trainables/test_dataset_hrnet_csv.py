"""hrnet_csv reads HRNet's lists exactly, and the same faces through the original layouts have the same crops."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.trainables.layouts_lists import (
    FLAGS,
    rendered_faces,
    write_aflw19,
    write_cofw,
    write_hrnet,
    write_lines,
    write_picture,
    write_wflw,
)
from trainables.config import ConfigError
from trainables.dataset import OCCLUDED, VISIBLE, DataError, Dataset, Face
from trainables.datasets import aflw19
from trainables.datasets.aflw19 import Aflw19
from trainables.datasets.cofw import Cofw
from trainables.datasets.hrnet_csv import DATASET, HrnetCsv
from trainables.datasets.ibug300w import Ibug300w
from trainables.datasets.wflw import Wflw
from trainables.listing import list_faces

SCHEME = {"300w": "68", "wflw": "98", "cofw": "29", "aflw": "19"}
OFS = pytest.mark.parametrize("of", SCHEME)


def faces_of(of: str, folders: Sequence[str] = ("afw", "lfpw/trainset", "ibug", "lfpw/testset")) -> list[Face]:
    """Two faces to train on and two to test, one in each of the folders, which are those of 300W."""
    state = np.where(np.arange(int(SCHEME[of])) < 3, OCCLUDED, VISIBLE).astype(np.uint8)
    names = [f"{folder}/image_{number}.png" for number, folder in enumerate(folders)]
    return [
        replace(face, image=name, state=None if of in ("300w", "wflw") else np.where(number == 2, VISIBLE, state))
        for number, (face, name) in enumerate(zip(rendered_faces(SCHEME[of], 1, 1), names, strict=True))
    ]


def lists_of(of: str, faces: Sequence[Face]) -> dict[str, list[Face]]:
    """The first tested face is in the first subset, the second in the second, where there is one."""
    train, test = (list(part) for part in (faces[:2], faces[2:]))
    return {
        "300w": {"train": train, "valid": test, "valid_common": test[1:], "valid_challenge": test[:1]},
        "wflw": {"train": train, "test": test, **{f"test_{flag}": test[:1] for flag in FLAGS}},
        "cofw": {"train": train, "test": test},
        "aflw": {"train": train, "test": test, "test_frontal": test[:1]},
    }[of]


def write_csv(root: Path, of: str, faces: Sequence[Face], end: str = "\n") -> HrnetCsv:
    # HRNet's points of COFW count from 1, as the original files do.
    write_hrnet(root, of, lists_of(of, faces), boxed=of == "aflw", first_pixel=float(of == "cofw"), end=end)
    return HrnetCsv(of=of)


def write_300w(root: Path, faces: Sequence[Face]) -> Ibug300w:
    dataset = Ibug300w()
    for folder in dataset.required(root):
        folder.mkdir(parents=True, exist_ok=True)
    for face in faces:
        points = [f"{x!r} {y!r}" for x, y in face.landmarks.tolist()]
        write_lines(
            root / "300w" / Path(face.image).with_suffix(".pts"), ["version: 1", "n_points: 68", "{", *points, "}"]
        )
    return dataset


def write_native(root: Path, of: str, faces: Sequence[Face]) -> Dataset:
    if of == "300w":
        return write_300w(root, faces)
    if of == "wflw":
        write_wflw(root, faces, {faces[2].name: FLAGS})
        return Wflw()
    if of == "cofw":
        write_cofw(root, faces)
        return Cofw()
    write_aflw19(root, faces)
    return Aflw19()


def message(root: Path, dataset: HrnetCsv = DATASET) -> str:
    with pytest.raises(DataError) as error:
        dataset.faces(root)
    return str(error.value)


@OFS
@pytest.mark.parametrize("end", ["\n", "\r\n"], ids=["unix", "windows"])
def test_what_was_written_is_read_back_exactly(tmp_path, of, end):
    written = faces_of(of)
    dataset = write_csv(tmp_path, of, written, end)
    for face in written:
        write_picture(tmp_path / of / "images" / face.image, face)
    found = dataset.faces(tmp_path)
    assert [face.image for face in found] == [f"images/{face.image}" for face in written]
    assert dataset.scheme.name == SCHEME[of]
    for read, face in zip(found, written, strict=True):
        np.testing.assert_allclose(read.landmarks, face.landmarks, rtol=0, atol=1e-12 if of == "cofw" else 0)
        assert np.array_equal(dataset.read_image(tmp_path, read), face.pixels)
        assert read.split == face.split
        assert read.box == (face.box if of == "aflw" else None)


@OFS
def test_the_same_faces_in_the_original_layout_have_the_same_crops_splits_and_tags(tmp_path, monkeypatch, of):
    monkeypatch.setattr(aflw19, "TRAINING_FACES", 2)
    written = faces_of(of)
    csv, native = (
        write(tmp_path / name, of, written) for name, write in (("csv", write_csv), ("native", write_native))
    )
    assert (csv.CROP, csv.NORMALISERS, csv.COUNTS) == (native.CROP, native.NORMALISERS, native.COUNTS)
    assert (csv.SUBSETS, csv.LEAKS != "") == (native.SUBSETS, native.LEAKS != "")
    pairs = list(zip(sorted_faces(csv, tmp_path / "csv"), sorted_faces(native, tmp_path / "native"), strict=True))
    assert len(pairs) == 4
    for one, other in pairs:
        maps = [
            dataset.CROP.matrix(face.landmarks, None if face.box is None else np.array(face.box), 256)
            for dataset, face in ((csv, one), (native, other))
        ]
        corners = np.array([[0, 0, 1], [63, 0, 1], [0, 63, 1], [63, 63, 1]]).T
        np.testing.assert_allclose(maps[0] @ corners, maps[1] @ corners, rtol=0, atol=1e-3)
        assert one.split == other.split
        if one.split == "test":
            assert set(one.tags) == set(other.tags)


def sorted_faces(dataset: Dataset, root: Path) -> list[Face]:
    """In an order that both layouts have: `lfpw/testset` comes before `ibug` in the folders of 300W."""
    return sorted(dataset.faces(root), key=lambda face: face.landmarks.tolist())


def test_the_first_pixel_of_a_list_can_be_told(tmp_path):
    faces = faces_of("cofw")
    write_csv(tmp_path, "cofw", faces)
    as_the_file = HrnetCsv(of="cofw", one_based=False).faces(tmp_path)
    np.testing.assert_allclose(as_the_file[0].landmarks, faces[0].landmarks + 1, rtol=0, atol=1e-12)
    write_csv(tmp_path, "aflw", faces_of("aflw"))
    zero, one = (HrnetCsv(of="aflw", one_based=first).faces(tmp_path)[0] for first in (None, True))
    assert (zero.box[0] - one.box[0], zero.box[1] - one.box[1], zero.box[2:]) == (1, 1, one.box[2:])


@pytest.mark.parametrize(("protocol", "train"), [("private", 4), ("private_3148", 2)])
def test_the_private_protocols_test_on_the_pictures_of_the_challenge(tmp_path, protocol, train):
    write_csv(tmp_path, "300w", faces_of("300w"))
    tested = faces_of("300w", ["afw", "afw", "300W/01_Indoor/indoor", "300W/02_Outdoor/outdoor"])[2:]
    tested = [replace(face, image=face.image.replace("/image_", "_")) for face in tested]
    write_hrnet(tmp_path, "300w", {"test": tested})
    dataset = HrnetCsv(protocol=protocol)
    found = dataset.faces(tmp_path)
    assert [face.split for face in found] == ["train"] * train + ["test"] * 2
    assert [face.tags for face in found[train:]] == [("indoor",), ("outdoor",)]
    assert dataset.COUNTS == Ibug300w(protocol=protocol).COUNTS
    assert dataset.SUBSETS == Ibug300w(protocol=protocol).SUBSETS


def test_a_protocol_of_300w_is_refused_elsewhere():
    with pytest.raises(ConfigError, match="protocol 'private' is one of 300w; wflw has no other"):
        HrnetCsv(of="wflw", protocol="private")


def test_faces_of_one_picture_are_numbered_over_all_lists(tmp_path):
    faces = faces_of("wflw")
    dataset = write_csv(tmp_path, "wflw", [faces[0], *(replace(face, image="shared.jpg") for face in faces[1:])])
    found = dataset.faces(tmp_path)
    assert [face.which for face in found] == ["", "0", "1", "2"]
    assert any("the published split leaks" in remark for remark in list_faces(dataset, tmp_path).remarks)


def test_faces_that_300w_cut_from_one_photograph_stay_together(tmp_path):
    names = ["afw/134212_1.jpg", "afw/134212_2.jpg", "ibug/image_003_1.jpg", "lfpw/testset/image_0003.png"]
    named = [replace(face, image=name) for face, name in zip(faces_of("300w"), names, strict=True)]
    first, second, *others = write_csv(tmp_path, "300w", named).faces(tmp_path)
    assert first.group == second.group
    assert len({face.group for face in (first, *others)}) == 3


def test_a_box_of_two_sizes_is_told(tmp_path):
    dataset = write_csv(tmp_path, "aflw", faces_of("aflw"))
    path = tmp_path / "aflw" / "face_landmarks_aflw_train.csv"
    lines = path.read_text().splitlines()
    lines[2] = lines[2].replace(",40,", ",50,", 1)
    write_lines(path, lines)
    assert dataset.remarks(tmp_path) == [
        f"1 face with a box_size that is not 200 times the scale, such as 50 and 40 in {path}, line 3; "
        "the scale is taken"
    ]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda cells: cells.pop(), "139 columns, expected 140"),
        (lambda cells: cells.insert(2, "40"), "141 columns, expected 140"),
        (lambda cells: cells.__setitem__(7, "inf"), "'inf' is not a finite number"),
        (lambda cells: cells.__setitem__(1, ""), "'' is not a finite number"),
        (lambda cells: cells.__setitem__(0, "/a.jpg"), "outside"),
    ],
)
def test_a_wrong_line_is_named_with_its_list_and_the_reason(tmp_path, change, reason):
    dataset = write_csv(tmp_path, "300w", faces_of("300w"))
    path = tmp_path / "300w" / "face_landmarks_300w_train.csv"
    lines = path.read_text().splitlines()
    cells = lines[1].split(",")
    change(cells)
    write_lines(path, [lines[0], ",".join(cells), lines[2]])
    text = message(tmp_path, dataset)
    assert f"{path.name}, line 2" in text and reason in text and text.count("\n") == 0


def test_a_box_without_area_is_refused(tmp_path):
    faces = faces_of("aflw")
    dataset = write_csv(tmp_path, "aflw", [replace(faces[0], box=(5.0, 5.0, 0.0, 0.0)), *faces[1:]])
    assert "face_landmarks_aflw_train.csv, line 2: the rectangle" in message(tmp_path, dataset)


def test_all_mistakes_of_all_lists_are_told_at_once(tmp_path):
    dataset = write_csv(tmp_path, "300w", faces_of("300w"))
    for name in ("train", "valid_common"):
        (tmp_path / "300w" / f"face_landmarks_300w_{name}.csv").write_text("image_name,scale\na.jpg,1\nb.jpg,1\n")
    assert [line.partition(".csv, ")[2][:6] for line in message(tmp_path, dataset).splitlines()] == [
        "line 2",
        "line 3",
    ] * 2


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "no faces in it. Expected a header line"),
        (b"image_name,scale\n", "no faces in it"),
        (b"afw/a.jpg,1.0\n", "a face where the names of the columns belong"),
        ("Zoë".encode("latin-1"), "not UTF-8"),
        (b'image_name\n"' + b"a" * 200_000, "Is it a CSV file?"),
    ],
)
def test_a_list_that_is_none_is_refused(tmp_path, content, reason):
    dataset = write_csv(tmp_path, "300w", faces_of("300w"))
    (tmp_path / "300w" / "face_landmarks_300w_train.csv").write_bytes(content)
    assert reason in message(tmp_path, dataset)


def test_a_subset_of_another_release_is_refused(tmp_path):
    faces = faces_of("aflw")
    dataset = write_csv(tmp_path, "aflw", faces)
    write_hrnet(tmp_path, "aflw", {"test_frontal": [replace(faces[2], landmarks=faces[2].landmarks + 1)]}, boxed=True)
    assert "face_landmarks_aflw_test_frontal.csv, line 2: no face of the test list" in message(tmp_path, dataset)


@OFS
def test_a_missing_list_is_told_with_the_expected_tree(tmp_path, of):
    dataset = write_csv(tmp_path, of, faces_of(of))
    assert dataset.missing(tmp_path) is None
    path = tmp_path / of / f"face_landmarks_{of}_train.csv"
    path.unlink()
    text = dataset.missing(tmp_path)
    assert text is not None and f"{path} does not exist" in text and dataset.TREE.rstrip() in text
    assert f"{path}: No such file" in message(tmp_path, dataset)
    for required in dataset.required(tmp_path):
        assert required.name in dataset.TREE


def test_the_digest_follows_the_listed_pictures_and_no_others(tmp_path):
    faces = faces_of("300w")
    dataset = write_csv(tmp_path, "300w", faces)
    before = dataset.digest(tmp_path)
    write_picture(tmp_path / "300w" / "other.png", faces[0])
    assert dataset.digest(tmp_path) == before
    write_picture(tmp_path / "300w" / "images" / faces[0].image, faces[0])
    assert dataset.digest(tmp_path) != before


def test_pictures_that_no_list_names_are_told(tmp_path):
    faces = faces_of("300w")
    dataset = write_csv(tmp_path, "300w", faces)
    write_picture(tmp_path / "300w" / "images" / "afw" / "unlisted.png", faces[0])
    assert dataset.remarks(tmp_path) == ["1 picture without annotation, left out: images/afw/unlisted.png"]
