"""Gradient maps of restored faces and of the faces as they are: paper 003's Fig. 4.

Source: wan2026sht Fig. 4, Eq. 3.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from reports.drawing import Face, FaceGrid, Figure
from reports.hallucinations import restored_faces
from reports.query import Results

STUDIES = ()  # none in particular: built once for each study of the ledger

BRIGHTEST = 0.99  # this share of the values of the true faces is darker than white


def build(results: Results, study: str) -> Figure | None:
    """None where the ledger keeps no restored faces."""
    known = results.study(study)
    grid = None if known is None else restored_faces(known)
    maps = None if grid is None else _maps(grid)
    if maps is None:
        return None
    return Figure(
        name=f"{study}_gradient_maps",
        title="Gradient maps",
        caption="Edges of the restored faces and of the faces as they are: in each channel √(I_x² + I_y²) with "
        "I_x = I(x+1, y) − I(x−1, y) and I_y = I(x, y+1) − I(x, y−1) (the paper's Eq. 3), then the mean of the "
        "channels; black is flat, and all faces have one scale.",
        draw="faces",
        data=maps,
        trials=tuple(dict.fromkeys(face.trial for _, faces in maps.rows for face in faces)),
    )


def gradient_map(rgb: NDArray[np.float64]) -> NDArray[np.float64]:
    """[H, W, 3] → [H, W]: the mean over channels of √(I_x² + I_y²), in units of the picture per two px.

    Source: wan2026sht Eq. 3. Departs: the last pixel goes on beyond an edge, where the loss takes black, so that a
    map has no bright frame.
    """
    around = np.pad(rgb, ((1, 1), (1, 1), (0, 0)), mode="edge")
    across = around[1:-1, 2:] - around[1:-1, :-2]
    down = around[2:, 1:-1] - around[:-2, 1:-1]
    return np.sqrt(np.square(across) + np.square(down)).mean(axis=-1)


def _maps(grid: FaceGrid) -> FaceGrid | None:
    """The same grid with maps instead of pictures; None where a picture cannot be read."""
    pictures = [[_read(face) for face in faces] for _, faces in grid.rows]
    if any(picture is None for row in pictures for picture in row):
        return None
    maps = [[gradient_map(picture) for picture in row if picture is not None] for row in pictures]
    white = max(float(np.quantile(np.concatenate([row[-1].ravel() for row in maps]), BRIGHTEST)), 1e-6)
    rows = tuple(
        (
            label,
            tuple(replace(face, picture=_png(one / white), caption="") for face, one in zip(faces, row, strict=True)),
        )
        for (label, faces), row in zip(grid.rows, maps, strict=True)
    )
    return replace(grid, rows=rows)


def _read(face: Face) -> NDArray[np.float64] | None:
    """RGB in [0, 1]."""
    import cv2  # every report imports this file, and few have such a figure

    picture = cv2.imdecode(np.frombuffer(face.picture, np.uint8), cv2.IMREAD_COLOR)
    return None if picture is None else cv2.cvtColor(picture, cv2.COLOR_BGR2RGB).astype(np.float64) / 255


def _png(brightness: NDArray[np.float64]) -> bytes:
    import cv2

    _, png = cv2.imencode(".png", np.round(255 * np.clip(brightness, 0, 1)).astype(np.uint8))
    return png.tobytes()
