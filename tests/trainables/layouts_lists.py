"""Writers of the official layouts of WFLW, COFW and AFLW-19, and of HRNet's CSV lists, for faces of any making."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import h5py
import numpy as np
import scipy.io

from trainables.dataset import VISIBLE, Face
from trainables.datasets.synthetic import Synthetic

FLAGS = ("largepose", "expression", "illumination", "makeup", "occlusion", "blur")


def rendered_faces(landmarks: str, train: int = 2, test: int = 2) -> list[Face]:
    """Rendered faces, each twice in `train` and `test`, landmarks at odd places after the comma."""
    found = Synthetic(train=train, val=1, test=test, size=64, landmarks=landmarks).faces(Path("/nowhere"))
    return [
        replace(face, landmarks=face.landmarks + 0.1, box=(10.0 + number, 8.0, 40.0, 40.0), tags=())
        for number, face in enumerate(found)
        if face.split != "val"
    ]


def write_picture(path: Path, face: Face) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), cv2.cvtColor(face.pixels, cv2.COLOR_RGB2BGR))


def numbers(values: np.ndarray) -> list[str]:
    return [repr(value) for value in values.ravel().tolist()]


def write_lines(path: Path, lines: Sequence[str], end: str = "\n") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes("".join(line + end for line in lines).encode())


# WFLW


def wflw_line(face: Face, flags: Sequence[str] = ()) -> str:
    x, y, width, height = face.box
    corners = [f"{value:g}" for value in (x, y, x + width, y + height)]
    return " ".join([*numbers(face.landmarks), *corners, *(str(int(flag in flags)) for flag in FLAGS), face.image])


def write_wflw(
    root: Path,
    faces: Sequence[Face],
    flags: Mapping[str, Sequence[str]] | None = None,
    subsets: Mapping[str, Sequence[str]] | None = None,
    end: str = "\n",
) -> Path:
    """`faces` named <event>/<picture>.jpg; `flags`: name -> its flags; `subsets`: the same as the lists say it."""
    folder = root / "WFLW"
    flags = flags or {}
    subsets = flags if subsets is None else subsets
    (folder / "WFLW_images").mkdir(parents=True, exist_ok=True)
    lists = folder / "WFLW_annotations"
    for split in ("train", "test"):
        lines = [wflw_line(face, flags.get(face.name, ())) for face in faces if face.split == split]
        write_lines(lists / "list_98pt_rect_attr_train_test" / f"list_98pt_rect_attr_{split}.txt", lines, end)
    tested = [face for face in faces if face.split == "test"]
    for flag in FLAGS:
        lines = [
            " ".join([*numbers(face.landmarks), face.image]) for face in tested if flag in subsets.get(face.name, ())
        ]
        write_lines(lists / "list_98pt_test" / f"list_98pt_test_{flag}.txt", lines, end)
    return folder


# MATLAB


def write_hdf5(path: Path, variables: Mapping[str, object]) -> None:
    """A file of version 7.3 as MATLAB writes it: axes reversed, cells as references, a header of 512 bytes.

    A variable is a matrix [rows, columns], or a list: of texts or of arrays, an N×1 cell array.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with h5py.File(path, "w", userblock_size=512) as file:
        cells = file.create_group("#refs#")
        for name, value in variables.items():
            if isinstance(value, list):
                references = np.empty((1, len(value)), dtype=h5py.ref_dtype)
                for index, cell in enumerate(value):
                    text = isinstance(cell, str)
                    content = np.array([[ord(letter) for letter in cell]], dtype=np.uint16) if text else cell
                    stored = cells.create_dataset(f"{name}{index}", data=content.T)
                    stored.attrs["MATLAB_class"] = np.bytes_("char" if text else content.dtype.name)
                    references[0, index] = stored.ref
                stored = file.create_dataset(name, data=references, dtype=h5py.ref_dtype)
                stored.attrs["MATLAB_class"] = np.bytes_("cell")
            else:
                file.create_dataset(name, data=np.asarray(value).T).attrs["MATLAB_class"] = np.bytes_("double")
    with path.open("r+b") as raw:
        raw.write(b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(124) + bytes([0, 2]) + b"IM")


def write_version5(path: Path, variables: Mapping[str, object]) -> None:
    """The same in a file of version 5, compressed as by `save -v7`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    content = {}
    for name, value in variables.items():
        if isinstance(value, list):
            content[name] = np.empty((len(value), 1), dtype=object)
            for index, cell in enumerate(value):
                content[name][index, 0] = cell
        else:
            content[name] = np.asarray(value)
    scipy.io.savemat(path, content, do_compression=True)


# COFW: points and boxes counted from 1


def cofw_variables(faces: Sequence[Face], suffix: str, grey: Sequence[int] = ()) -> dict[str, object]:
    rows = [
        np.concatenate([face.landmarks[:, 0] + 1, face.landmarks[:, 1] + 1, face.state != VISIBLE]) for face in faces
    ]
    boxes = [np.add(face.box, [1, 1, 0, 0]) for face in faces]
    pictures = [face.pixels[:, :, 0] if index in grey else face.pixels for index, face in enumerate(faces)]
    return {f"Is{suffix}": pictures, f"phis{suffix}": np.array(rows), f"bboxes{suffix}": np.array(boxes)}


def write_cofw(root: Path, faces: Sequence[Face], grey: Sequence[int] = (), write=write_hdf5) -> Path:
    """`grey`: which faces of each file are stored without colour."""
    for split, suffix in (("train", "Tr"), ("test", "T")):
        of_split = [face for face in faces if face.split == split]
        write(root / "COFW" / f"COFW_{split}_color.mat", cofw_variables(of_split, suffix, grey))
    return root / "COFW"


# AFLW-19


def aflw_variables(faces: Sequence[Face]) -> dict[str, object]:
    """`faces` named as below flickr/; training faces first in `ra`."""
    order = [index for split in ("train", "test") for index, face in enumerate(faces) if face.split == split]
    return {
        "nameList": [face.image for face in faces],
        "data": np.array([np.concatenate([face.landmarks[:, 0], face.landmarks[:, 1]]) for face in faces]),
        "mask_new": np.array([face.state == VISIBLE for face in faces], dtype=np.float64),
        "bbox": np.array([(x, x + width, y, y + height) for x, y, width, height in (face.box for face in faces)]),
        "ra": np.array([[index + 1 for index in order]], dtype=np.float64),
    }


def write_aflw19(root: Path, faces: Sequence[Face], write=write_version5) -> Path:
    (root / "AFLW" / "data" / "flickr").mkdir(parents=True, exist_ok=True)
    write(root / "AFLW" / "AFLWinfo_release.mat", aflw_variables(faces))
    return root / "AFLW"


# HRNet


def hrnet_line(face: Face, boxed: bool = False, first_pixel: float = 0.0) -> str:
    """The box is the face's own (`boxed`) or that of its landmarks; the lists tell it by a centre and a scale."""
    landmarks = face.landmarks + first_pixel
    if boxed:
        left, top, side, _ = face.box
        centre = np.array([left, top]) + side / 2 + first_pixel
    else:
        low, high = np.floor(landmarks.min(axis=0)), np.ceil(landmarks.max(axis=0))
        side, centre = (high - low).max(), (low + high) / 2
    cells = [face.image, repr(float(side) / 200), *([f"{side:g}"] if boxed else []), *numbers(centre)]
    return ",".join([*cells, *numbers(landmarks)])


def write_hrnet(
    root: Path,
    of: str,
    lists: Mapping[str, Sequence[Face]],
    boxed: bool = False,
    first_pixel: float = 0.0,
    end: str = "\n",
) -> Path:
    """`lists`: what stands between face_landmarks_<of>_ and .csv -> its faces."""
    (root / of / "images").mkdir(parents=True, exist_ok=True)
    for name, faces in lists.items():
        count = max((len(face.landmarks) for each in lists.values() for face in each), default=0)
        points = [f"original_{index}_{axis}" for index in range(count) for axis in "xy"]
        header = ["image_name", "scale", *(["box_size"] if boxed else []), "center_w", "center_h", *points]
        lines = [hrnet_line(face, boxed, first_pixel) for face in faces]
        write_lines(root / of / f"face_landmarks_{of}_{name}.csv", [",".join(header), *lines], end)
    return root / of
