"""One data set in several layouts is one data set: the same photographs, splits, tags and crops."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.trainables import test_dataset_ibug300w_xml as xml
from tests.trainables import test_dataset_mmpose_json as mmpose
from tests.trainables.layouts_lists import rendered_faces, write_hrnet
from tests.trainables.test_dataset_hrnet_csv import faces_of, lists_of, write_300w, write_native
from trainables.dataset import Dataset, Face
from trainables.datasets import aflw19
from trainables.datasets.hrnet_csv import HrnetCsv
from trainables.datasets.ibug300w import Ibug300w
from trainables.datasets.ibug300w_xml import Ibug300wXml
from trainables.datasets.mmpose_json import MmposeJson
from trainables.listing import list_faces
from trainables.transforms.crop import CONVENTIONS, Crop

CORNERS = np.array([[0, 0, 1], [63, 0, 1], [0, 63, 1], [63, 63, 1]]).T
MMPOSE = "annotations/face_landmarks_{}_{}.json"


def write_mmpose(root: Path, of: str, lists: Mapping[str, Sequence[Face]]) -> MmposeJson:
    for name, faces in lists.items():
        entries = [(face.image, mmpose.entry(face, of)) for face in faces]
        if of == "aflw":
            for (_, made), face in zip(entries, faces, strict=True):
                left, top, side, _ = face.box
                made |= {"center": [left + side / 2, top + side / 2], "box_size": side}
        file = f"annotations/cofw_{name}.json" if of == "cofw" else MMPOSE.format(of, name)
        mmpose.write_list(root / of / file, entries)
    return MmposeJson(of=of)


def crop_corners(crop: Crop, face: Face) -> np.ndarray:
    """Where the corners of a picture lie in the crop of its face, px."""
    return crop.matrix(face.landmarks, None if face.box is None else np.array(face.box), 256) @ CORNERS


@pytest.fixture(scope="module")
def of_300w() -> list[Face]:
    """40 faces to train on, of AFW and HELEN some in one photograph, and 6 to test."""
    names = [
        *(f"afw/{1000 + number // 3}_{number % 3 + 1}.jpg" for number in range(15)),
        *(f"helen/trainset/{2000 + number // 2}_{number % 2 + 1}.jpg" for number in range(10)),
        *(f"lfpw/trainset/image_{number:04d}.png" for number in range(15)),
        *("ibug/image_003_1.jpg", "ibug/image_003_2.jpg", "ibug/image_092 _01.jpg", "ibug/image_092 _02.jpg"),
        *("helen/testset/2000_1.jpg", "lfpw/testset/image_0003.png"),
    ]
    faces = rendered_faces("68", 20, 3)
    return [replace(face, image=name, box=None) for face, name in zip(faces, names, strict=True)]


@pytest.fixture(scope="module")
def layouts_of_300w(tmp_path_factory, of_300w) -> dict[str, tuple[Dataset, Path]]:
    roots = {kind: tmp_path_factory.mktemp(kind) for kind in ("pts", "xml", "hrnet_csv", "mmpose_json")}
    train, test = ([face for face in of_300w if face.split == split] for split in ("train", "test"))
    hard = [face for face in test if face.image.startswith("ibug")]
    lists = {
        "train": train,
        "valid": test,
        "valid_common": [face for face in test if not face.image.startswith("ibug")],
        "valid_challenge": hard,
    }
    write_300w(roots["pts"], of_300w)
    xml.write_lists(
        roots["xml"], *([xml.image(face.image, face.landmarks) for face in faces] for faces in (train, test))
    )
    write_hrnet(roots["hrnet_csv"], "300w", lists)
    for kind, folder in (("hrnet_csv", "300w/images"), ("mmpose_json", "300w/images")):
        (roots[kind] / folder).mkdir(parents=True, exist_ok=True)
    write_mmpose(roots["mmpose_json"], "300w", lists)
    datasets = {"pts": Ibug300w(), "xml": Ibug300wXml(), "hrnet_csv": HrnetCsv(), "mmpose_json": MmposeJson()}
    return {kind: (dataset, roots[kind]) for kind, dataset in datasets.items()}


def by_landmarks(faces: Sequence[Face]) -> list[Face]:
    """In an order that all layouts have."""
    return sorted(faces, key=lambda face: face.landmarks.tolist())


@pytest.mark.parametrize("kind", ["xml", "hrnet_csv", "mmpose_json"])
def test_every_layout_of_300w_holds_out_the_same_photographs_and_crops_the_same(layouts_of_300w, kind):
    listed = {name: by_landmarks(list_faces(*layouts_of_300w[name]).faces) for name in ("pts", kind)}
    pts, other = listed["pts"], listed[kind]
    assert [face.group for face in pts] == [face.group for face in other]
    assert [face.split for face in pts] == [face.split for face in other]
    held_out = {face.group for face in other if face.split == "val"}
    assert 0 < len(held_out) < 6
    assert len({face.group for face in other}) == 5 + 5 + 15 + 4
    for one, same in zip(pts, other, strict=True):
        corners = [crop_corners(CONVENTIONS["hrnet"], face) for face in (one, same)]
        np.testing.assert_allclose(*corners, rtol=0, atol=1e-3)
    if kind != "xml":  # which is cropped as dlib does, and has no subsets
        native, dataset = layouts_of_300w["pts"][0], layouts_of_300w[kind][0]
        assert native.CROP == dataset.CROP == CONVENTIONS["hrnet"]
        assert native.NORMALISERS == dataset.NORMALISERS
        assert [face.tags for face in pts] == [face.tags for face in other]


@pytest.mark.parametrize("of", ["wflw", "cofw", "aflw"])
def test_the_lists_of_mmpose_crop_split_and_tag_as_the_original_layout_does(tmp_path, monkeypatch, of):
    monkeypatch.setattr(aflw19, "TRAINING_FACES", 2)
    written = faces_of(of)
    native = write_native(tmp_path / "native", of, written)
    lists = write_mmpose(tmp_path / "mmpose", of, lists_of(of, written))
    assert (lists.CROP, lists.NORMALISERS, lists.COUNTS) == (native.CROP, native.NORMALISERS, native.COUNTS)
    assert (lists.SUBSETS, lists.LEAKS != "") == (native.SUBSETS, native.LEAKS != "")
    found = [by_landmarks(dataset.faces(tmp_path / name)) for dataset, name in ((lists, "mmpose"), (native, "native"))]
    assert len(found[0]) == 4
    for one, other in zip(*found, strict=True):
        np.testing.assert_allclose(crop_corners(lists.CROP, one), crop_corners(native.CROP, other), rtol=0, atol=1e-3)
        assert one.split == other.split
        if one.split == "test":
            assert set(one.tags) == set(other.tags)
