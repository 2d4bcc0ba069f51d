"""A network on a split: per-image, per-landmark errors and predictions, as one Arrow table."""

from collections.abc import Sequence
from dataclasses import dataclass
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
from trainables.made_pictures import MadePictures, png
from trainables.method import LandmarkModel
from trainables.metrics import Array
from trainables.pulse import beat
from trainables.recipe import Pairs
from trainables.second_views import SecondViews
from trainables.transforms.crop import inverse, transform
from trainables.transforms.perturb import Perturbation, image_seed
from trainables.trial import Evaluation

BATCH = 128  # images a forward pass; changes speed only
PAIRS = 16  # the same of transfers, which keep several maps as large as the picture for each landmark
ALL = "all"  # the subset that is the whole split
THUMBNAILS = 4  # pictures kept of the best, of the median and of the worst faces, each


@dataclass(frozen=True)
class Measured:
    """Predictions of one split, in image px, with what is needed to judge them. Rows follow `rows` of the data set."""

    faces: Faces
    rows: NDArray[np.int64]
    prediction: Array  # [N, K, 2] image px; NaN where the network finds no landmarks
    errors_px: Array  # [N, K]; NaN where the landmark is missing, or is not looked for
    errors_crop: Array  # [N, K] in crop sides
    evaluation: Evaluation
    pictures: MadePictures  # that the network makes, if it makes any
    finds_landmarks: bool

    @property
    def norms(self) -> dict[str, Array]:
        return {name: values[self.rows] for name, values in self.faces.norms.items()}

    def summary(self) -> dict[str, tuple[float, int]]:
        """Every aggregate metric of the whole split: name → (value, images behind it)."""
        return self._known(metrics.aggregate(self._by_image()))

    def summaries(self) -> dict[str, dict[str, tuple[float, int]]]:
        """The summary of the whole split as "all", and that of the faces with each tag: subset → name → value."""
        tags = [set(self.faces.tags[row]) for row in self.rows]
        by_image = self._by_image()
        found = {ALL: self._known(metrics.aggregate(by_image))}
        for subset in sorted(set().union(*tags) - {ALL}):
            inside = np.array([subset in mine for mine in tags])
            found[subset] = self._known(metrics.aggregate({name: values[inside] for name, values in by_image.items()}))
        return found

    def _known(self, found: dict[str, tuple[float, int]]) -> dict[str, tuple[float, int]]:
        """Of a network that finds no landmarks, only what is known of its pictures."""
        if self.finds_landmarks:
            return found
        return {name: value for name, value in found.items() if name in self.pictures.quality}

    def _by_image(self) -> dict[str, Array]:
        return metrics.by_image(self.errors_px, self.errors_crop, self.norms) | self.pictures.quality


def measure(
    model: LandmarkModel, faces: Faces, evaluation: Evaluation, device: torch.device, parts: int = 1
) -> Measured:
    """Run the network over a split, without augmentation, and compare it with the truth in image px.

    `parts`: so many times fewer pictures go through the network at once, where memory is short.
    Raises ValueError where the evaluation wants heatmaps of a model that has none, and DataError for an empty split.
    """
    return measure_all(model, faces, [evaluation], device, parts)[0]


@torch.no_grad()
def measure_all(
    model: LandmarkModel, faces: Faces, evaluations: Sequence[Evaluation], device: torch.device, parts: int = 1
) -> list[Measured]:
    """Evaluations of which the network sees the same (see `same_pictures`), in one pass. `parts`, and what it raises:
    as `measure` does."""
    split, perturbation, pairs = same_pictures(evaluations[0])
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
    found: list[list[Array | None]] = [[] for _ in evaluations]
    pictures, second = MadePictures(len(rows)), pairs and SecondViews(pairs, faces, rows)
    size = max(1, (BATCH if second is None else PAIRS) // parts)
    for start in range(0, len(rows), size):
        beat()
        batch = rows[start : start + size]
        answer = _Answer(model, _inputs(faces, batch, device, perturbation), faces, batch)
        if second is None:
            made, conditions = answer.restored(), None
        else:
            shown = second.beside(answer.images, slice(start, start + size))
            made, conditions = model.transferred(shown), shown.second_view
        if made is not None:
            pictures.add(start, made, faces.inputs(batch, device), conditions)
        for evaluation, points in zip(evaluations, found, strict=True):
            points.append(answer.landmarks(evaluation))
    model.train(was_training)
    return [
        _compared(faces, rows, points, evaluation, pictures)
        for evaluation, points in zip(evaluations, found, strict=True)
    ]


def same_pictures(evaluation: Evaluation) -> tuple[str, Perturbation | None, Pairs | None]:
    """Equal for evaluations on one data set in which a network sees and makes the same pictures, however it is read."""
    return evaluation.split, evaluation.perturbation, evaluation.pairs


def _compared(
    faces: Faces,
    rows: NDArray[np.int64],
    found: Sequence[Array | None],
    evaluation: Evaluation,
    pictures: MadePictures,
) -> Measured:
    """Landmarks of each batch [B, K, 2] in px of the crop, None where the network finds none, against the truth."""
    known = [points for points in found if points is not None]
    finds_landmarks = bool(known)
    truth = faces.landmarks[rows]
    predicted_crop = np.concatenate(known) if known else np.full_like(truth, np.nan)
    prediction = transform(predicted_crop, inverse(faces.crop_maps[rows]))
    missing = (faces.state[rows] == MISSING) | (not finds_landmarks)

    def judged(errors: Array) -> Array:
        # A network that gives no number is infinitely wrong; only a missing landmark has no error.
        return np.where(missing, np.nan, np.where(np.isfinite(errors), errors, np.inf))

    errors_px = metrics.point_errors(prediction, truth)
    errors_crop = metrics.point_errors(predicted_crop, faces.landmarks_crop(rows)) / faces.input_size
    errors = judged(errors_px), judged(errors_crop)
    return Measured(faces, rows, prediction, *errors, evaluation, pictures, finds_landmarks)


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
        "thumbnail": _binary(pictures, len(rows)),
        "restored": _binary({place: png(each) for place, each in measured.pictures.made.items()}, len(rows)),
        "condition": _binary({place: png(each) for place, each in measured.pictures.conditions.items()}, len(rows)),
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

    def restored(self) -> Tensor | None:
        """The pictures that it makes of these, where it makes any."""
        return self.model.restored(self.output)

    def landmarks(self, evaluation: Evaluation) -> Array | None:
        """[B, K, 2] in px of the crop, read as the evaluation says; None where the model finds none."""
        found = self._found(evaluation)
        return None if found is None else found.double().cpu().numpy()

    def _found(self, evaluation: Evaluation) -> Tensor | None:
        model, flip_test = self.model, evaluation.flip_test
        if not model.finds_landmarks:
            return None
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


def _binary(contents: dict[int, bytes], count: int) -> pa.Array:
    """A column of `count` rows with these contents by position, else null."""
    return pa.array([contents.get(position) for position in range(count)], pa.binary())


def _thumbnails(measured: Measured, nme_io: Array) -> dict[int, bytes]:
    """What the network saw of the best, median and worst images, by position in `rows`, as JPEGs: for galleries. Beside
    pictures that it made, as PNGs, without loss."""
    known = np.flatnonzero(~np.isnan(nme_io))  # without eye corners a face is neither good nor bad
    order = known[np.argsort(nme_io[known], kind="stable")] if len(known) else np.arange(len(nme_io))
    middle = max(0, len(order) // 2 - THUMBNAILS // 2)
    picked = [order[:THUMBNAILS], order[middle : middle + THUMBNAILS], order[-THUMBNAILS:]]
    # Few faces are among the best, the median and the worst at once. Those of made pictures are shown beside them.
    shown = np.unique(np.concatenate([*picked, np.array(list(measured.pictures.made), dtype=int)]))
    seen = _inputs(measured.faces, measured.rows[shown], torch.device("cpu"), measured.evaluation.perturbation)
    crops = seen.mul(255).round().to(torch.uint8).permute(0, 2, 3, 1).numpy()
    pictures = {}
    for position, crop in zip(shown.tolist(), crops, strict=True):
        if position in measured.pictures.made:
            pictures[position] = png(crop)
            continue
        _, jpeg = cv2.imencode(".jpg", cv2.cvtColor(crop, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, 92])
        pictures[position] = jpeg.tobytes()
    return pictures
