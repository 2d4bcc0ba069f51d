"""Faces written as the .pts data sets publish them: a picture, and a file of its name beside it."""

from pathlib import Path

import cv2
import numpy as np

from trainables.dataset import Face

POINTS = np.arange(136.0).reshape(68, 2)


def pts_text(landmarks: np.ndarray) -> str:
    rows = "".join(f"{x!r} {y!r}\n" for x, y in landmarks.tolist())
    return f"version: 1\nn_points:  {len(landmarks)}\n{{\n{rows}}}\n"


def write_pts(path: Path, landmarks: np.ndarray = POINTS, end: str = "\n", before: str = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes((before + pts_text(landmarks)).replace("\n", end).encode())
    return path


def write_picture(path: Path, pixels: np.ndarray | None) -> None:
    """Exactly, whatever the suffix says: PNG bytes."""
    assert pixels is not None
    path.parent.mkdir(parents=True, exist_ok=True)
    _, encoded = cv2.imencode(".png", cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR))
    path.write_bytes(encoded.tobytes())


def write_face(folder: Path, picture: str, face: Face, annotation: str = "", end: str = "\n") -> None:
    path = folder / picture
    write_picture(path, face.pixels)
    write_pts(path.with_name(annotation) if annotation else path.with_suffix(".pts"), face.landmarks, end)
