"""Faces written as `csv68` reads them: their pictures, and one list beside them."""

from collections.abc import Iterable
from pathlib import Path

import cv2

from trainables.dataset import Face


def write_csv68(root: Path, faces: Iterable[Face], suffix: str = ".jpg") -> Path:
    """The folder, with a picture of this kind for each face."""
    root.mkdir(parents=True, exist_ok=True)
    lines = ["name," + ",".join(map(str, range(136))) + ",split"]
    for face in faces:
        cv2.imwrite(str(root / f"{face.image}{suffix}"), cv2.cvtColor(face.pixels, cv2.COLOR_RGB2BGR))
        lines.append(f"{face.image}{suffix},{','.join(map(str, face.landmarks.ravel().tolist()))},{face.split}")
    (root / "landmarks.csv").write_text("\n".join(lines))
    return root
