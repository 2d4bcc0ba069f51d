"""A network on a split: per-image, per-landmark errors and predictions, as one Arrow table."""

from dataclasses import dataclass

import cv2
import numpy as np
import pyarrow as pa
import torch
from numpy.typing import NDArray

from trainables import metrics
from trainables.dataset import MISSING
from trainables.face_cache import Faces
from trainables.method import LandmarkModel
from trainables.metrics import Array
from trainables.transforms.crop import inverse, transform

BATCH = 128  # images a forward pass; changes speed only
THUMBNAILS = 4  # pictures kept of the best, of the median and of the worst faces, each


@dataclass(frozen=True)
class Measured:
    """Predictions of one split, in image px, with what is needed to judge them. Rows follow `rows` of the data set."""

    faces: Faces
    rows: NDArray[np.int64]
    prediction: Array  # [N, K, 2] image px
    errors_px: Array  # [N, K]; NaN where the landmark is missing
    errors_crop: Array  # [N, K] in crop sides

    @property
    def norms(self) -> dict[str, Array]:
        return {name: values[self.rows] for name, values in self.faces.norms.items()}

    def summary(self) -> dict[str, tuple[float, int]]:
        """Every aggregate metric: name → (value, images behind it)."""
        return metrics.summary(self.errors_px, self.errors_crop, self.norms)


@torch.no_grad()
def measure(model: LandmarkModel, faces: Faces, split: str, device: torch.device) -> Measured:
    """Run the network over a split, without augmentation, and compare it with the truth in image px."""
    was_training = model.training
    model.eval()
    rows = faces.rows[split]
    inner = slice(faces.pad, faces.pad + faces.input_size)
    found = []
    for start in range(0, len(rows), BATCH):
        crops = faces.crops(rows[start : start + BATCH])[:, inner, inner].to(device)
        images = crops.permute(0, 3, 1, 2).float().div_(255)
        found.append(model.decode(model(images)).double().cpu().numpy())
    model.train(was_training)
    predicted_crop = np.concatenate(found) if found else np.zeros((0, faces.scheme.num_landmarks, 2))
    prediction = transform(predicted_crop, inverse(faces.crop_maps[rows]))
    missing = faces.state[rows] == MISSING

    def judged(errors: Array) -> Array:
        # A network that gives no number is infinitely wrong; only a missing landmark has no error.
        return np.where(missing, np.nan, np.where(np.isfinite(errors), errors, np.inf))

    errors_px = metrics.point_errors(prediction, faces.landmarks[rows])
    errors_crop = metrics.point_errors(predicted_crop, faces.landmarks_crop(rows)) / faces.input_size
    return Measured(faces, rows, prediction, judged(errors_px), judged(errors_crop))


def image_rows(measured: Measured) -> pa.Table:
    """One row per image, without the columns that say which evaluation it was."""
    faces, rows = measured.faces, measured.rows
    nme_io = metrics.nme(measured.errors_px, measured.norms["io"])
    pictures = _thumbnails(faces, rows, nme_io)
    columns = {
        "image": [faces.images[row] for row in rows],
        "group": [faces.groups[row] for row in rows],
        "tags": [list(faces.tags[row]) for row in rows],
        **{f"norm_{name}": values for name, values in measured.norms.items()},
        "nme_io": nme_io,
        "errors_px": list(measured.errors_px.astype(np.float32)),
        "errors_crop": list(measured.errors_crop.astype(np.float32)),
        "landmarks": list(faces.landmarks[rows].reshape(len(rows), -1).astype(np.float32)),
        "prediction": list(measured.prediction.reshape(len(rows), -1).astype(np.float32)),
        "crop": list(faces.crop_maps[rows].reshape(len(rows), 6)),
        "thumbnail": pa.array([pictures.get(position) for position in range(len(rows))], pa.binary()),
    }
    return pa.table(columns)


def _thumbnails(faces: Faces, rows: NDArray[np.int64], nme_io: Array) -> dict[int, bytes]:
    """JPEG crops of the best, median and worst images, by position in `rows`: what galleries show."""
    order = np.argsort(np.nan_to_num(nme_io, nan=np.inf), kind="stable")
    middle = max(0, len(order) // 2 - THUMBNAILS // 2)
    shown = np.concatenate([order[:THUMBNAILS], order[middle : middle + THUMBNAILS], order[-THUMBNAILS:]])
    inner = slice(faces.pad, faces.pad + faces.input_size)
    pictures = {}
    for position in shown.tolist():
        crop = faces.crops(rows[position : position + 1])[0, inner, inner].numpy()
        _, jpeg = cv2.imencode(".jpg", cv2.cvtColor(crop, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, 92])
        pictures[position] = jpeg.tobytes()
    return pictures
