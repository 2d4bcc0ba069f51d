"""A hand-made ledger: tables built straight from the schemas, with numbers that a test can work out."""

import hashlib
import json
from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime
from typing import Any

import cv2
import numpy as np
import pyarrow as pa
import pytest

from orchestrator.schema import TABLES
from reports.query import Results
from trainables import metrics

NUM_IMAGES = 40
NUM_EPOCHS = 30
THUMBNAIL_PX = 128


class FakeLedger:
    """Rows per table, and `read` as in orchestrator.ledger.Ledger."""

    def __init__(self) -> None:
        self.rows: dict[str, list[dict[str, Any]]] = {name: [] for name in TABLES}
        self.reads: list[str] = []

    def add(self, name: str, **row: Any) -> None:
        self.rows[name].append({column: row.get(column) for column in TABLES[name].names})

    def read(self, name: str, only: Collection[str] | None = None, columns: Collection[str] | None = None) -> pa.Table:
        self.reads.append(name)
        key = {"evaluations": "evaluation", "images": "evaluation", "studies": "study"}.get(name, "trial")
        rows = [row for row in self.rows[name] if only is None or row[key] in only]
        table = pa.Table.from_pylist(rows, schema=TABLES[name])
        return table if columns is None else table.select([one for one in TABLES[name].names if one in columns])

    def declare(
        self,
        study: str,
        label: str,
        seed: int,
        splits: Sequence[str] = ("val", "test"),
        baseline: bool = False,
        perturbation: str = "",
        decoder: str = "",
    ) -> str:
        """The study asks for this trial and its evaluations; returns the trial's id."""
        variant = identity(study, label)
        trial = identity(variant, seed)
        for split in splits:
            self.add(
                "studies", study=study, question="Does augmentation help on real photographs?",
                command=f"marksweep run {study}", label=label, variant=variant, trial=trial, seed=seed,
                evaluation=identity(trial, split + perturbation + decoder), split=split, baseline=baseline,
                perturbation=perturbation, decoder=decoder,
            )  # fmt: skip
        return trial

    def trial(self, trial: str, seed: int, state: str = "finished", **columns: Any) -> None:
        defaults: dict[str, Any] = {
            "method": "resnet18", "dataset": "ytf68", "data_digest": "d1ge57aa00112233", "config": "{}", "attempts": 1,
            "error": "", "traceback": "", "seconds": 1260.0, "epochs_run": NUM_EPOCHS, "workers": 0,
            "updated_at": datetime(2026, 11, 20, 12, 0, tzinfo=UTC), "hardware": "2 × Intel Xeon 2.10 GHz, no GPU",
            "git_commit": "0123456789abcdef0123456789abcdef01234567", "git_dirty": False,
            "versions": json.dumps({"marksweep": "0.1.0", "python": "3.11.9", "torch": "2.9.0", "ray": "2.51.0"}),
        }  # fmt: skip
        self.add("trials", **{**defaults, "trial": trial, "seed": seed, "state": state, **columns})

    def measure(self, trial: str, split: str, values: dict[str, float], **columns: Any) -> None:
        defaults: dict[str, Any] = {
            "dataset": "ytf68", "data_digest": "d1ge57aa00112233", "subset": "all", "config": "{}",
            "protocol": "box of the landmarks × 1.25", "images": NUM_IMAGES,
        }  # fmt: skip
        for metric, value in values.items():
            evaluation = identity(trial, split + columns.get("perturbation", "") + columns.get("decoder", ""))
            row = {**defaults, "evaluation": evaluation, "trial": trial, "split": split, **columns}
            self.add("evaluations", **row, metric=metric, value=value)

    def read_maps(self, study: str, label: str, decoder: str, per_seed: Sequence[Sequence[float]], **how: Any) -> None:
        """Finished trials whose maps one decoder has read, see `add_seeds`."""
        self.add_seeds(study, label, per_seed, method="keyposs", decoder=decoder, **how)

    def add_seeds(
        self,
        study: str,
        label: str,
        per_seed: Sequence[Sequence[float]],
        metric: str = "nme_io",
        split: str = "test",
        method: str = "hrmlff",
        baseline: bool = False,
        values: Callable[[np.ndarray], dict[str, float]] | None = None,
        subset: str = "all",
        perturbation: str = "",
        decoder: str = "",
        **columns: Any,
    ) -> None:
        """Finished trials that were measured in one way: an error for each seed and image, two images a person.

        `metric` is the mean of the errors; `values`, where given, makes the metrics from the errors of a seed instead.
        `columns` are added to the rows of the images, of which a subset has none.
        """
        for seed, errors in enumerate(per_seed):
            trial = identity(identity(study, label), seed)
            evaluation = identity(trial, split + perturbation + decoder)
            if not any(row["evaluation"] == evaluation for row in self.rows["studies"]):
                self.declare(study, label, seed, (split,), baseline, perturbation, decoder)
            if not any(row["trial"] == trial for row in self.rows["trials"]):
                self.trial(trial, seed, method=method, parameters=9_654_398, macs=296_587_968)
            found = values(np.asarray(errors)) if values else {metric: float(np.mean(errors))}
            self.measure(trial, split, found, subset=subset, perturbation=perturbation, decoder=decoder)
            for place, error in enumerate(errors if subset == "all" else ()):
                self.add(
                    "images", evaluation=evaluation, trial=trial, image=f"{place}.jpg", group=f"person {place // 2}",
                    tags=[], nme_io=error, **columns,
                )  # fmt: skip


def identity(*parts: object) -> str:
    return hashlib.sha256("/".join(map(str, parts)).encode()).hexdigest()[:16]


@pytest.fixture
def ledger() -> FakeLedger:
    return FakeLedger()


@pytest.fixture
def three_seeds(ledger: FakeLedger) -> Callable[..., Results]:
    """Studies of finished trials from numbers: label → one value per seed; the first label is the baseline."""

    def make(values: dict[str, Sequence[float]], study: str = "demo", metric: str = "nme_io") -> Results:
        for place, (label, per_seed) in enumerate(values.items()):
            for seed, value in enumerate(per_seed):
                trial = ledger.declare(study, label, seed, baseline=place == 0)
                ledger.trial(trial, seed)
                ledger.measure(trial, "test", {metric: value})
        return Results(ledger)

    return make


@pytest.fixture(scope="session")
def realistic() -> FakeLedger:
    """Two variants × three seeds with epochs, 40 test faces and pictures; one more variant failed and one is due."""
    ledger = FakeLedger()
    study = "resnet18_ytf68"
    for label, error in (("plain", 0.030), ("augmented", 0.021)):
        for seed in range(3):
            trial = ledger.declare(study, label, seed, splits=("train", "val", "test"), baseline=label == "plain")
            ledger.trial(trial, seed)
            _add_epochs(ledger, trial, seed, error)
            _add_evaluations(ledger, trial, seed, error)
    for seed in range(3):
        trial = ledger.declare(study, "colour_jitter only", seed, splits=("train", "val", "test"))
        if seed == 0:
            _add_evaluations(ledger, trial, seed, 0.027)
            _add_epochs(ledger, trial, seed, 0.027)
            ledger.trial(trial, seed)
        elif seed == 1:
            error = "RuntimeError: DataLoader worker (pid 4711) was killed by signal: Killed <b>&"
            ledger.trial(trial, seed, "failed", error=error, traceback=f"Traceback (most recent call last):\n{error}")
    return ledger


def mean_face() -> np.ndarray:
    """68 landmarks of a schematic face in a unit square."""
    jaw = np.linspace(np.pi * 0.97, np.pi * 0.03, 17)
    contour = np.stack([0.5 + 0.36 * np.cos(jaw), 0.42 + 0.44 * np.sin(jaw)], axis=1)
    brow = np.stack([np.linspace(0.22, 0.42, 5), 0.31 - 0.03 * np.sin(np.linspace(0, np.pi, 5))], axis=1)
    bridge = np.stack([np.full(4, 0.5), np.linspace(0.40, 0.56, 4)], axis=1)
    nostrils = np.stack([np.linspace(0.43, 0.57, 5), 0.60 + 0.015 * np.sin(np.linspace(0, np.pi, 5))], axis=1)
    around = np.deg2rad([180, 240, 300, 0, 60, 120])
    eye = np.stack([0.325 + 0.055 * np.cos(around), 0.40 + 0.025 * np.sin(around)], axis=1)
    right_eye = eye + np.array([0.35, 0.0])
    outer = np.deg2rad(np.arange(180, 540, 30))
    lips = np.stack([0.5 + 0.12 * np.cos(outer), 0.71 + 0.055 * np.sin(outer)], axis=1)
    inner = np.deg2rad(np.arange(180, 540, 45))
    mouth = np.stack([0.5 + 0.08 * np.cos(inner), 0.71 + 0.018 * np.sin(inner)], axis=1)
    right_brow = np.stack([1.0 - brow[::-1, 0], brow[::-1, 1]], axis=1)
    return np.concatenate([contour, brow, right_brow, bridge, nostrils, eye, right_eye, lips, mouth])


def draw_face(landmarks_px: np.ndarray, size: int, generator: np.random.Generator) -> np.ndarray:
    """A face that one can recognise, from its landmarks."""
    background = generator.uniform(40, 190, size=3)
    image = np.ones((size, size, 3)) * background + generator.normal(0, 6, (size, size, 3))
    image = np.clip(image, 0, 255).astype(np.uint8)
    points = (landmarks_px * 16).round().astype(np.int32)
    skin = generator.uniform(0.45, 1.0) * np.array([150, 180, 225])
    forehead = points[26:16:-1] - [0, int(size * 1.6)]
    cv2.fillPoly(image, [np.concatenate([points[:17], forehead])], skin.tolist(), cv2.LINE_AA, 4)
    for part, colour, closed in (
        (slice(17, 22), (40, 50, 70), False),
        (slice(22, 27), (40, 50, 70), False),
        (slice(27, 31), skin * 0.75, False),
        (slice(31, 36), skin * 0.6, False),
        (slice(36, 42), (250, 250, 250), True),
        (slice(42, 48), (250, 250, 250), True),
        (slice(48, 60), (80, 80, 190), True),
        (slice(60, 68), (40, 30, 90), True),
    ):
        colour = tuple(float(channel) for channel in colour)
        if closed:
            cv2.fillPoly(image, [points[part]], colour, cv2.LINE_AA, 4)
        else:
            cv2.polylines(image, [points[part]], False, colour, 3, cv2.LINE_AA, 4)
    for eye in (slice(36, 42), slice(42, 48)):
        centre = tuple(int(value) for value in points[eye].mean(axis=0))
        cv2.circle(image, centre, 3 * 16, (60, 40, 20), -1, cv2.LINE_AA, 4)
    return cv2.GaussianBlur(image, (0, 0), 0.7)


def _add_epochs(ledger: FakeLedger, trial: str, seed: int, error: float) -> None:
    generator = np.random.default_rng(seed)
    epochs = NUM_EPOCHS - 4 * seed if error < 0.025 else NUM_EPOCHS
    for epoch in range(1, epochs + 1):
        decay = 0.02 * np.exp(-epoch / 5.0)
        floor = error**2 * (0.35 if error > 0.025 else 0.7)
        values = {"train_mse": decay + floor, "val_mse": decay * 1.1 + error**2, "learning_rate": 1e-3}
        for metric, value in values.items():
            ledger.add("epochs", trial=trial, epoch=epoch, metric=metric, value=value * generator.uniform(0.9, 1.1))


def _add_evaluations(ledger: FakeLedger, trial: str, seed: int, error: float) -> None:
    """Errors drawn in crop sides around a face of about a third of the crop between the eyes."""
    for split, factor in (("train", 0.7), ("val", 1.0), ("test", 1.05)):
        faces = np.random.default_rng({"train": 1, "val": 2, "test": 3}[split])
        noise = np.random.default_rng([seed, int(error * 1e4), len(split)])
        shapes = mean_face() + faces.normal(0, 0.012, (NUM_IMAGES, 68, 2)) * [1.0, 0.6]
        difficulty = np.random.default_rng(7).gamma(4.0, 0.25, (NUM_IMAGES, 1, 1))
        offsets = noise.normal(0, error * factor * 0.7, (NUM_IMAGES, 68, 2)) * difficulty
        offsets += noise.normal(0, error * factor * 0.5, (NUM_IMAGES, 1, 2)) * difficulty
        scale_px, origin_px = 300.0, np.array([80.0, 50.0])  # of the crop in its image
        truth, prediction = shapes * scale_px + origin_px, (shapes + offsets) * scale_px + origin_px
        norms = _norms(truth)
        errors_px = metrics.point_errors(prediction, truth)
        summary = metrics.summary(errors_px, errors_px / scale_px, norms)
        ledger.measure(trial, split, {name: value for name, (value, _) in summary.items()})
        if split != "test":
            continue
        matrix = np.array([[1.0, 0.0, -origin_px[0]], [0.0, 1.0, -origin_px[1]]]) * (THUMBNAIL_PX / scale_px)
        for index in range(NUM_IMAGES):
            thumbnail = None
            if index < 24:
                picture = draw_face(shapes[index] * THUMBNAIL_PX, THUMBNAIL_PX, np.random.default_rng(index))
                thumbnail = cv2.imencode(".jpg", picture)[1].tobytes()
            ledger.add(
                "images", evaluation=identity(trial, split), trial=trial, image=f"person_{index:02d}.jpg",
                group=f"person_{index:02d}", tags=[], nme_io=float(metrics.nme(errors_px, norms["io"])[index]),
                errors_px=errors_px[index], landmarks=truth[index].ravel(), prediction=prediction[index].ravel(),
                crop=matrix.ravel(), thumbnail=thumbnail, norm_io=float(norms["io"][index]),
            )  # fmt: skip


def _norms(truth: np.ndarray) -> dict[str, np.ndarray]:
    width, height = np.moveaxis(np.ptp(truth, axis=1), -1, 0)
    pupils = truth[:, 36:42].mean(axis=1) - truth[:, 42:48].mean(axis=1)
    return {
        "io": np.linalg.norm(truth[:, 36] - truth[:, 45], axis=-1),
        "ip": np.linalg.norm(pupils, axis=-1),
        "box": np.sqrt(width * height),
        "diag": np.hypot(width, height),
    }
