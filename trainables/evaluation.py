"""A network on a split: per-image, per-landmark errors and predictions, as one Arrow table."""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
import pyarrow as pa
import torch
from numpy.typing import NDArray
from torch import Tensor

from trainables import metrics
from trainables.codecs.flip import flip_average
from trainables.codecs.heatmap_model import HeatmapModel
from trainables.dataset import MISSING, DataError
from trainables.faces import Faces
from trainables.method import LandmarkModel
from trainables.metrics import Array
from trainables.transforms.crop import inverse, transform
from trainables.transforms.perturb import Perturbation, image_seed
from trainables.trial import Evaluation

BATCH = 128  # images a forward pass; changes speed only
ALL = "all"  # the subset that is the whole split
THUMBNAILS = 4  # pictures kept of the best, of the median and of the worst faces, each


@dataclass(frozen=True)
class Measured:
    """Predictions of one split, in image px, with what is needed to judge them. Rows follow `rows` of the data set."""

    faces: Faces
    rows: NDArray[np.int64]
    prediction: Array  # [N, K, 2] image px
    errors_px: Array  # [N, K]; NaN where the landmark is missing
    errors_crop: Array  # [N, K] in crop sides
    evaluation: Evaluation

    @property
    def norms(self) -> dict[str, Array]:
        return {name: values[self.rows] for name, values in self.faces.norms.items()}

    def summary(self) -> dict[str, tuple[float, int]]:
        """Every aggregate metric of the whole split: name → (value, images behind it)."""
        return metrics.summary(self.errors_px, self.errors_crop, self.norms)

    def summaries(self) -> dict[str, dict[str, tuple[float, int]]]:
        """The summary of the whole split as "all", and that of the faces with each tag: subset → name → value."""
        tags = [set(self.faces.tags[row]) for row in self.rows]
        found = {ALL: self.summary()}
        for subset in sorted(set().union(*tags) - {ALL}):
            inside = np.array([subset in mine for mine in tags])
            norms = {name: values[inside] for name, values in self.norms.items()}
            found[subset] = metrics.summary(self.errors_px[inside], self.errors_crop[inside], norms)
        return found


@torch.no_grad()
def measure(model: LandmarkModel, faces: Faces, evaluation: Evaluation, device: torch.device) -> Measured:
    """Run the network over a split, without augmentation, and compare it with the truth in image px.

    Raises ValueError where the evaluation wants heatmaps of a model that has none, and DataError for an empty split.
    """
    locate = _reader(model, evaluation, faces)
    was_training = model.training
    model.eval()
    rows = faces.rows[evaluation.split]
    if not len(rows):
        raise DataError(f"No readable {evaluation.split} face to measure on.")
    found = []
    for start in range(0, len(rows), BATCH):
        images = _inputs(faces, rows[start : start + BATCH], device, evaluation.perturbation)
        found.append(locate(images).double().cpu().numpy())
    model.train(was_training)
    predicted_crop = np.concatenate(found)
    prediction = transform(predicted_crop, inverse(faces.crop_maps[rows]))
    missing = faces.state[rows] == MISSING

    def judged(errors: Array) -> Array:
        # A network that gives no number is infinitely wrong; only a missing landmark has no error.
        return np.where(missing, np.nan, np.where(np.isfinite(errors), errors, np.inf))

    errors_px = metrics.point_errors(prediction, faces.landmarks[rows])
    errors_crop = metrics.point_errors(predicted_crop, faces.landmarks_crop(rows)) / faces.input_size
    return Measured(faces, rows, prediction, judged(errors_px), judged(errors_crop), evaluation)


def image_rows(measured: Measured) -> pa.Table:
    """One row per image, without the columns that say which evaluation it was."""
    faces, rows = measured.faces, measured.rows
    nme_io = metrics.nme(measured.errors_px, measured.norms["io"])
    pictures = _thumbnails(measured, nme_io)
    columns = {
        "image": [faces.images[row] for row in rows],
        "group": [faces.groups[row] for row in rows],
        "tags": [list(faces.tags[row]) for row in rows],
        "norm_dataset_box": pa.nulls(len(rows), pa.float64()),
        "norm_dataset_diag": pa.nulls(len(rows), pa.float64()),
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


def _reader(model: LandmarkModel, evaluation: Evaluation, faces: Faces) -> Callable[[Tensor], Tensor]:
    """Images → landmarks in px of the crop, read as the evaluation says."""
    decoder, flip_test = evaluation.decoder, evaluation.flip_test
    if decoder is None and flip_test is None:
        return lambda images: model.decode(model(images))
    if not isinstance(model, HeatmapModel):
        raise ValueError(f"{evaluation.read_by} needs heatmaps, and {type(model).__name__} has none.")

    def locate(images: Tensor) -> Tensor:
        maps = model(images)
        if flip_test is not None:
            maps = flip_average(maps, model(images.flip(-1)), faces.scheme.flip_permutation, model.stride, flip_test)
        return model.decode_with(decoder or model.decoder, maps)[0]

    return locate


def _inputs(
    faces: Faces, rows: NDArray[np.int64], device: torch.device, perturbation: Perturbation | None
) -> torch.Tensor:
    """What the network sees of these rows: RGB crops without their margin [len(rows), 3, S, S] in [0, 1]."""
    images = faces.inputs(rows, device)
    if perturbation is None:
        return images
    return perturbation.apply(images, torch.tensor([image_seed(faces.images[int(row)]) for row in rows]))


def _thumbnails(measured: Measured, nme_io: Array) -> dict[int, bytes]:
    """JPEGs of what the network saw of the best, median and worst images, by position in `rows`: for galleries."""
    order = np.argsort(np.nan_to_num(nme_io, nan=np.inf), kind="stable")
    middle = max(0, len(order) // 2 - THUMBNAILS // 2)
    shown = np.concatenate([order[:THUMBNAILS], order[middle : middle + THUMBNAILS], order[-THUMBNAILS:]])
    pictures = {}
    for position in shown.tolist():
        row = measured.rows[position : position + 1]
        seen = _inputs(measured.faces, row, torch.device("cpu"), measured.evaluation.perturbation)[0]
        crop = seen.mul(255).round().to(torch.uint8).permute(1, 2, 0).numpy()
        _, jpeg = cv2.imencode(".jpg", cv2.cvtColor(crop, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, 92])
        pictures[position] = jpeg.tobytes()
    return pictures
