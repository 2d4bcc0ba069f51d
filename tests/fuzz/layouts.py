"""One small data set in every layout that is read. Each function writes it below a folder, and says how it is read."""

from dataclasses import replace
from functools import cache, partial
from pathlib import Path

import cv2
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from tests.trainables import test_dataset_coco_wholebody as coco
from tests.trainables import test_dataset_ibug300vw as films
from tests.trainables import test_dataset_ibug300w_xml as xml
from tests.trainables import test_dataset_menpo as menpo
from tests.trainables import test_dataset_mmpose_json as mmpose
from tests.trainables.layouts_lists import (
    cofw_variables,
    write_aflw19,
    write_cofw,
    write_hdf5,
    write_hrnet,
    write_lines,
    write_version5,
    write_wflw,
)
from tests.trainables.layouts_pts import write_pts
from trainables.dataset import VISIBLE, Dataset, Face, split_of_group
from trainables.datasets.aflw19 import Aflw19
from trainables.datasets.celeba import Celeba
from trainables.datasets.coco_wholebody import CocoWholebody
from trainables.datasets.cofw import Cofw
from trainables.datasets.csv68 import Csv68
from trainables.datasets.frames import Frames
from trainables.datasets.hrnet_csv import HrnetCsv
from trainables.datasets.ibug300vw import Ibug300vw
from trainables.datasets.ibug300w import Ibug300w
from trainables.datasets.ibug300w_xml import Ibug300wXml
from trainables.datasets.menpo import Menpo
from trainables.datasets.mmpose_json import MmposeJson
from trainables.datasets.synthetic import Synthetic
from trainables.datasets.wflw import Wflw
from trainables.datasets.ytf68 import Ytf68


@cache
def _faces(landmarks: str = "68") -> list[Face]:
    """Eight, half of them to train on, half to test on."""
    found = Synthetic(train=2, val=1, test=2, size=32, landmarks=landmarks).faces(Path("/nowhere"))
    every = [replace(face, tags=()) for face in found if face.split != "val"]
    return [replace(face, box=(4.0 + number, 3.0, 24.0, 25.0)) for number, face in enumerate(every)]


def _picture(path: Path, face: Face) -> None:
    """As its name says: JPEG or PNG."""
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), cv2.cvtColor(face.pixels, cv2.COLOR_RGB2BGR))


def _named(faces: list[Face], folder: str = "", suffix: str = ".png") -> list[Face]:
    return [replace(face, image=f"{folder}{number}{suffix}") for number, face in enumerate(faces)]


def csv68(root: Path) -> Dataset:
    lines = ["name," + ",".join(map(str, range(136))) + ",box_x,box_y,box_w,box_h,group,split"]
    for number, face in enumerate(_named(_faces())):
        name = face.image.replace(".png", ".jpg") if number % 2 else face.image
        _picture(root / name, face)
        cells = [name, *face.landmarks.round(3).ravel().tolist(), *face.box, f"person {number}", face.split]
        lines.append(",".join(map(str, cells)))
    write_lines(root / "landmarks.csv", lines)
    return Csv68()


def ytf68(root: Path) -> Dataset:
    persons = {split: name for name in map("Ann_{}".format, range(40)) for split in (split_of_group(name),)}
    for folder in ("training", "test"):
        lines = ["," + ",".join(map(str, range(136)))]
        for number, face in enumerate(_faces()[:6]):
            name = f"{persons[('train', 'val', 'test')[number % 3]]}_{number // 3}{folder[0] == 'e'}.jpg"
            _picture(root / "ytf68" / folder / name, face)
            lines.append(",".join([name, *map(str, face.landmarks.round(1).ravel().tolist())]))
        write_lines(root / "ytf68" / f"{folder}_frames_keypoints.csv", lines)
    return Ytf68()


def frames(root: Path) -> Dataset:
    lines = []
    for number, face in enumerate(_faces()[:6]):
        name = f"Bo/{number // 2}/{number}.{'jpg' if number % 2 else 'png'}"
        _picture(root / "frame_images_DB" / name, face)
        if number < 4:
            lines.append(f"{name},0,16,15,10,12,0,0".replace("/", "\\"))
    write_lines(root / "frame_images_DB" / "Bo.labeled_faces.txt", lines)
    return Frames()


def pts_and_ljson(root: Path) -> Dataset:
    for number, face in enumerate(_faces()):
        place = f"{face.split}/{number}"
        _picture(root / "menpo" / f"{place}.{'jpg' if number % 2 else 'png'}", face)
        if number % 4:
            menpo.write_ljson(root, menpo.ljson(face.landmarks.round(2), number % 4), place)
        else:
            write_pts(root / "menpo" / f"{place}.pts", face.landmarks.round(2))
    return Menpo()


def pts(root: Path) -> Dataset:
    dataset = Ibug300w()
    for folder in dataset.required(root):
        for number, face in enumerate(_faces()[:2]):
            _picture(folder / f"{folder.parent.name}{number}.png", face)
            write_pts(folder / f"{folder.parent.name}{number}.pts", face.landmarks.round(2))
    return dataset


def dlib_xml(root: Path) -> Dataset:
    faces = _named(_faces(), "ibug/picture")
    images = [xml.image(face.image, face.landmarks.round(1), face.box) for face in faces]
    folder = xml.write_lists(root, images[:4], images[4:])
    for face in faces:
        _picture(folder / face.image, face)
    return Ibug300wXml()


def film(root: Path) -> Dataset:
    for video in ("001", "002", "114"):
        for number, face in enumerate(_faces()[:3], start=1):
            write_pts(root / films.FOLDER / video / "annot" / f"{number:06d}.pts", face.landmarks.round(2))
        films.write_film(root, video, [face.pixels for face in _faces()[:3]])
    return Ibug300vw()


def wflw(root: Path) -> Dataset:
    faces = _named([replace(face, landmarks=face.landmarks.round(2)) for face in _faces("98")], "0--Event/")
    folder = write_wflw(root, faces, {face.name: ("blur", "makeup") for face in faces})
    for face in faces:
        _picture(folder / "WFLW_images" / face.image, face)
    return Wflw()


def cofw(version: int, root: Path) -> Dataset:
    faces = [replace(face, pixels=np.ascontiguousarray(face.pixels[::2, ::2])) for face in _faces("29")]
    write_cofw(root, faces, grey=[1], write=write_hdf5 if version == 7 else write_version5)
    if version == 6:  # without compression nothing tells that a byte is another one
        import scipy.io

        content = cofw_variables(faces[:4], "Tr")
        content["IsTr"] = np.array([*content["IsTr"], None], dtype=object)[:-1].reshape(-1, 1)
        scipy.io.savemat(root / "COFW" / "COFW_train_color.mat", content)
    return Cofw()


def aflw(version: int, root: Path) -> Dataset:
    faces = [replace(face, state=np.full(19, VISIBLE, np.uint8)) for face in _named(_faces("19"), "0/image")]
    folder = write_aflw19(root, faces, write_hdf5 if version == 7 else write_version5)
    for face in faces:
        _picture(folder / "data" / "flickr" / face.image, face)
    return Aflw19()


def celeba(labelled: bool, root: Path) -> Dataset:
    folder, faces = root / "CelebA", _named(_faces(), suffix=".jpg")
    for face in faces:
        _picture(folder / "img_celeba" / face.image, face)
    write_lines(folder / "Anno/identity_CelebA.txt", [f"{face.image} {n}" for n, face in enumerate(faces)])
    if labelled:
        columns = {
            "name": [face.image for face in faces],
            "landmarks": [face.landmarks.ravel().tolist() for face in faces],
            "box": [list(face.box) for face in faces],
            "split": [face.split for face in faces],
        }
        pq.write_table(pa.table(columns), folder / "celeba_68.parquet")
    else:
        boxes = [f"{face.image}  3 4 20 21" for face in faces]
        write_lines(folder / "Anno/list_bbox_celeba.txt", [str(len(boxes)), "image_id x_1 y_1 width height", *boxes])
        write_lines(folder / "Eval/list_eval_partition.txt", [f"{face.image} {n % 3}" for n, face in enumerate(faces)])
    return Celeba(labelled=labelled)


def coco_json(root: Path) -> Dataset:
    faces = [replace(face, landmarks=face.landmarks.round(2)) for face in _faces()]
    people = [[coco.person(face)] for face in faces]
    coco.write(root, {"train": people[:4], "test": [*people[4:], [coco.nobody()]]}, faces)
    return CocoWholebody()


def mmpose_lists(of: str, root: Path) -> Dataset:
    faces = [replace(face, landmarks=face.landmarks.round(2)) for face in _faces(mmpose.SCHEME[of])]
    mmpose.write(root, of, faces)
    return MmposeJson(of=of)


def hrnet_lists(of: str, root: Path) -> Dataset:
    faces = _named([replace(f, landmarks=f.landmarks.round(2)) for f in _faces({"wflw": "98", "aflw": "19"}[of])])
    faces = [replace(face, box=(4.0, 4.0, 24.0, 24.0)) for face in faces]
    subsets = ("test_frontal",) if of == "aflw" else tuple(f"test_{flag}" for flag in Wflw.SUBSETS)
    lists = {"train": faces[:4], "test": faces[4:], **dict.fromkeys(subsets, faces[4:6])}
    folder = write_hrnet(root, of, lists, boxed=of == "aflw")
    for face in faces:
        _picture(folder / "images" / face.image, face)
    return HrnetCsv(of=of)


ALL = (
    *(csv68, ytf68, frames, pts_and_ljson, pts, dlib_xml, film, wflw, coco_json),
    *(partial(cofw, version) for version in (5, 6, 7)),
    *(partial(aflw, version) for version in (5, 7)),
    *(partial(celeba, labelled) for labelled in (False, True)),
    *(partial(mmpose_lists, of) for of in ("cofw", "aflw", "300w")),
    *(partial(hrnet_lists, of) for of in ("wflw", "aflw")),
)
