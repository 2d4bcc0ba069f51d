"""A network on a split: per-image, per-landmark errors and predictions, as one Arrow table."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import cv2
import numpy as np
import pyarrow as pa
import torch
from numpy.typing import NDArray
from torch import Tensor

from trainables import metrics
from trainables.codecs.flip import flip_average
from trainables.codecs.heatmap_model import HeatmapModel, TruthModel
from trainables.dataset import MISSING, DataError
from trainables.faces import Faces
from trainables.image_metrics import picture_quality
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
    quality: dict[str, Array] = field(default_factory=dict)  # of restored pictures [N], where there are any

    @property
    def norms(self) -> dict[str, Array]:
        return {name: values[self.rows] for name, values in self.faces.norms.items()}

    def summary(self) -> dict[str, tuple[float, int]]:
        """Every aggregate metric of the whole split: name → (value, images behind it)."""
        return metrics.aggregate(self._by_image())

    def summaries(self) -> dict[str, dict[str, tuple[float, int]]]:
        """The summary of the whole split as "all", and that of the faces with each tag: subset → name → value."""
        tags = [set(self.faces.tags[row]) for row in self.rows]
        by_image = self._by_image()
        found = {ALL: metrics.aggregate(by_image)}
        for subset in sorted(set().union(*tags) - {ALL}):
            inside = np.array([subset in mine for mine in tags])
            found[subset] = metrics.aggregate({name: values[inside] for name, values in by_image.items()})
        return found

    def _by_image(self) -> dict[str, Array]:
        return metrics.by_image(self.errors_px, self.errors_crop, self.norms) | self.quality


def measure(model: LandmarkModel, faces: Faces, evaluation: Evaluation, device: torch.device) -> Measured:
    """Run the network over a split, without augmentation, and compare it with the truth in image px.

    Raises ValueError where the evaluation wants heatmaps of a model that has none, and DataError for an empty split.
    """
    return measure_all(model, faces, [evaluation], device)[0]


@torch.no_grad()
def measure_all(
    model: LandmarkModel, faces: Faces, evaluations: Sequence[Evaluation], device: torch.device
) -> list[Measured]:
    """Evaluations of which the network sees the same (see `same_pictures`), in one pass. Raises as `measure` does."""
    split, perturbation = same_pictures(evaluations[0])
    for evaluation in evaluations:
        if evaluation.heatmaps_read_by and not isinstance(model, HeatmapModel):
            raise ValueError(f"{evaluation.heatmaps_read_by} needs heatmaps, and {type(model).__name__} has none.")
        if evaluation.flip_test is not None and isinstance(model, TruthModel):
            raise ValueError("The truth is the same in a mirror. Measure it without flip_test.")
    was_training = model.training
    model.eval()
    rows = faces.rows[split]
    if not len(rows):
        raise DataError(f"No readable {split} face to measure on.")
    found: list[list[Array]] = [[] for _ in evaluations]
    quality: list[dict[str, float]] = []
    for start in range(0, len(rows), BATCH):
        batch = rows[start : start + BATCH]
        answer = _Answer(model, _inputs(faces, batch, device, perturbation), faces, batch)
        quality += answer.quality()
        for evaluation, points in zip(evaluations, found, strict=True):
            points.append(answer.landmarks(evaluation).double().cpu().numpy())
    model.train(was_training)
    qualities = {name: np.array([each[name] for each in quality]) for name in (quality[0] if quality else ())}
    return [
        _compared(faces, rows, np.concatenate(points), evaluation, qualities)
        for evaluation, points in zip(evaluations, found, strict=True)
    ]


def same_pictures(evaluation: Evaluation) -> tuple[str, Perturbation | None]:
    """Equal for evaluations on one data set of which a network sees the same pictures, however it is read."""
    return evaluation.split, evaluation.perturbation


def _compared(
    faces: Faces,
    rows: NDArray[np.int64],
    predicted_crop: Array,
    evaluation: Evaluation,
    quality: dict[str, Array],
) -> Measured:
    """Landmarks [N, K, 2] in px of the crop against the truth."""
    prediction = transform(predicted_crop, inverse(faces.crop_maps[rows]))
    missing = faces.state[rows] == MISSING

    def judged(errors: Array) -> Array:
        # A network that gives no number is infinitely wrong; only a missing landmark has no error.
        return np.where(missing, np.nan, np.where(np.isfinite(errors), errors, np.inf))

    errors_px = metrics.point_errors(prediction, faces.landmarks[rows])
    errors_crop = metrics.point_errors(predicted_crop, faces.landmarks_crop(rows)) / faces.input_size
    return Measured(faces, rows, prediction, judged(errors_px), judged(errors_crop), evaluation, quality)


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


@dataclass(frozen=True)
class _Answer:
    """What a network says of one batch of pictures: computed when it is first asked for, and once."""

    model: LandmarkModel
    images: Tensor
    faces: Faces
    rows: NDArray[np.int64]

    @cached_property
    def output(self) -> Any:
        if isinstance(self.model, TruthModel):
            present = torch.from_numpy(self.faces.state[self.rows] != MISSING)
            landmarks = torch.from_numpy(self.faces.landmarks_crop(self.rows))
            return self.model.maps_of_truth(landmarks.to(self.images), present.to(self.images.device))
        return self.model(self.images)

    @cached_property
    def of_mirror_images(self) -> Any:
        return self.model(self.images.flip(-1))

    def quality(self) -> list[dict[str, float]]:
        """How close each restored picture is to the crop as it is; empty where the model restores none."""
        restored = self.model.restored(self.output)
        if restored is None:
            return []
        truth = self.faces.inputs(self.rows, self.images.device)
        pairs = zip(*(each.permute(0, 2, 3, 1).double().cpu().numpy() for each in (restored, truth)), strict=True)
        return [picture_quality(one, other) for one, other in pairs]

    def landmarks(self, evaluation: Evaluation) -> Tensor:
        """[B, K, 2] in px of the crop, read as the evaluation says."""
        model, flip_test = self.model, evaluation.flip_test
        if not evaluation.heatmaps_read_by:
            return model.decode(self.output)
        assert isinstance(model, HeatmapModel)
        maps = model.heatmaps(self.output)
        if flip_test is not None:
            permutation = self.faces.scheme.flip_permutation
            maps = flip_average(maps, model.heatmaps(self.of_mirror_images), permutation, model.stride, flip_test)
        return model.decode_with(evaluation.decoder or model.decoder, maps)[0]


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
    known = np.flatnonzero(~np.isnan(nme_io))  # without eye corners a face is neither good nor bad
    order = known[np.argsort(nme_io[known], kind="stable")] if len(known) else np.arange(len(nme_io))
    middle = max(0, len(order) // 2 - THUMBNAILS // 2)
    # Few faces are among the best, the median and the worst at once.
    shown = np.unique(np.concatenate([order[:THUMBNAILS], order[middle : middle + THUMBNAILS], order[-THUMBNAILS:]]))
    seen = _inputs(measured.faces, measured.rows[shown], torch.device("cpu"), measured.evaluation.perturbation)
    crops = seen.mul(255).round().to(torch.uint8).permute(0, 2, 3, 1).numpy()
    pictures = {}
    for position, crop in zip(shown.tolist(), crops, strict=True):
        _, jpeg = cv2.imencode(".jpg", cv2.cvtColor(crop, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, 92])
        pictures[position] = jpeg.tobytes()
    return pictures
