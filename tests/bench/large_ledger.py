"""A ledger of 10,000 trials as studies leave it: each trial's own files, gathered, with numbers that fit each other.

One study of five networks is measured on 2,500 photographs by each seed, and so is what a search has found; eight
studies of 200 variants are measured on a few faces each. Errors are drawn, every metric is computed from them.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import cv2
import numpy as np
import pyarrow as pa

from orchestrator.ledger import Ledger
from orchestrator.recorder import canonical_json, record_evaluation, record_study
from orchestrator.schema import TABLES
from orchestrator.storage import Storage
from trainables import metrics
from trainables.schemes import SCHEMES

HEADLINE = "hrmlff_300w"  # whose networks the paper's tables know
NETWORKS = {"HR-MLFF": 0.030, "HRNet": 0.033, "FAN": 0.036, "Stacked hourglass": 0.034, "HR-MLFF, fusion off": 0.032}
SEARCH = "search_loss_weights"
SETTINGS = {"method.loss.width": (0.01, 10.0), "recipe.optimizer.lr": (1e-5, 1e-2)}
GRIDS = tuple(f"grid_{number}" for number in range(1, 9))
VARIANTS, SEEDS = 200, 5
TRIALS = 10_000
IN_SEARCH = TRIALS - SEEDS * (len(NETWORKS) + VARIANTS * len(GRIDS) + 2)  # two variants are what it confirms
EPOCHS_EACH = 100
IMAGES, FEW_IMAGES = 2500, 20
THUMBNAILS = 12  # of which the ledger keeps pictures
ONE_IN = 100  # trials failed
THUMBNAIL_PX = 128
START = datetime(2026, 11, 20, tzinfo=UTC)


@dataclass(frozen=True)
class Faces:
    """A test set. `truth` [N, 68, 2] in px of the image, `columns` those of the table "images"."""

    truth: np.ndarray
    norms: dict[str, np.ndarray]
    columns: dict[str, Any]

    @property
    def tags(self) -> np.ndarray:
        return np.array([tags[0] for tags in self.columns["tags"]])


def fill(storage: Storage) -> None:
    """One study after the other, each gathered at its end as a run does it."""
    many, few = faces_of(IMAGES), faces_of(FEW_IMAGES)
    _add_study(storage, HEADLINE, NETWORKS, many)
    for number in range(IN_SEARCH):
        _add_trial(storage, SEARCH, _point(number), 0, 0.03 + _chosen(number)["method.loss.width"] / 1000)
    _add_study(storage, SEARCH, {"default": 0.033, "best found": 0.031}, many, also=_searched())
    for study in GRIDS:
        _add_study(storage, study, {_setting(number): 0.03 + 1e-5 * number for number in range(VARIANTS)}, few)


def _add_study(
    storage: Storage, study: str, errors: Mapping[str, float], faces: Faces, also: Sequence[dict[str, Any]] = ()
) -> None:
    """`errors`: label of a variant -> about its NME. `also`: rows of the study that are of no variant."""
    for label, error in errors.items():
        for seed in range(SEEDS):
            _add_trial(storage, study, label, seed, error, faces)
    record_study(storage, study, [*_asked(study, errors), *also])
    Ledger(storage).compact()


def faces_of(count: int) -> Faces:
    generator = np.random.default_rng(count)
    angles = np.linspace(0, 2 * np.pi, 68, endpoint=False)
    shape = np.stack([np.cos(angles), np.sin(angles)], axis=1) * [80, 100] + 150
    truth = shape + generator.normal(0, 4, (count, 68, 2))
    crops = np.tile([THUMBNAIL_PX / 300, 0, 0, 0, THUMBNAIL_PX / 300, 0], (count, 1)).astype(np.float64)
    pictures = [_picture(truth[number]) if number < THUMBNAILS else None for number in range(count)]
    norms = metrics.normalisers(truth, SCHEMES["68"])
    columns = {
        "image": [f"faces/{number:05d}.jpg" for number in range(count)],
        "group": [f"person {number // 2:04d}" for number in range(count)],
        "tags": [["challenging" if number % 5 == 0 else "common"] for number in range(count)],
        **{f"norm_{name}": values for name, values in norms.items()},
        "landmarks": list(truth.reshape(count, -1).astype(np.float32)),
        "crop": list(crops),
        "thumbnail": pictures,
    }
    return Faces(truth, norms, columns)


def identity(*parts: object) -> str:
    return hashlib.sha256("/".join(map(str, parts)).encode()).hexdigest()[:16]


def _picture(truth: np.ndarray) -> bytes:
    image = np.full((THUMBNAIL_PX, THUMBNAIL_PX, 3), 90, np.uint8)
    outline = (truth * THUMBNAIL_PX / 300).astype(np.int32)
    cv2.fillPoly(image, [outline], (150, 180, 225), cv2.LINE_AA)
    noise = np.random.default_rng(0).integers(0, 12, image.shape, dtype=np.uint8)
    return cv2.imencode(".jpg", image + noise)[1].tobytes()


def _add_trial(storage: Storage, study: str, label: str, seed: int, error: float, faces: Faces | None = None) -> None:
    """Its rows as a recorder writes them; without faces it is not measured."""
    variant = identity(study, label)
    trial = identity(variant, seed)
    generator = np.random.default_rng(int(trial, 16))
    fails = generator.integers(ONE_IN) == 0 and study != HEADLINE
    folder = storage.trial(trial)
    storage.write(f"{folder}/trial.parquet", _trial_row(trial, variant, study, label, seed, fails))
    storage.write(f"{folder}/epochs.parquet", _epochs(trial, error, generator))
    if faces is None or fails:
        return
    difficulty = generator.gamma(4.0, 0.25, (len(faces.truth), 1, 1))
    spread = error * generator.uniform(0.95, 1.05) * 0.8 * faces.norms["io"][:, None, None]
    prediction = faces.truth + generator.normal(0, 1, faces.truth.shape) * difficulty * spread
    errors_px = metrics.point_errors(prediction, faces.truth)
    by_image = metrics.by_image(errors_px, errors_px / 300, faces.norms)
    summaries = {"all": metrics.aggregate(by_image)}
    for subset in ("common", "challenging"):
        inside = faces.tags == subset
        summaries[subset] = metrics.aggregate({name: values[inside] for name, values in by_image.items()})
    images = {
        **faces.columns,
        "nme_io": by_image["nme_io"],
        "errors_px": list(errors_px.astype(np.float32)),
        "errors_crop": list((errors_px / 300).astype(np.float32)),
        "prediction": list(prediction.reshape(len(prediction), -1).astype(np.float32)),
    }
    facts = {
        "evaluation": _evaluation(trial), "trial": trial, "dataset": "ibug300w", "data_digest": "d1ge57aa00112233",
        "split": "test", "perturbation": "", "decoder": "", "protocol": "box of the landmarks × 1.25", "config": "{}",
    }  # fmt: skip
    record_evaluation(storage, facts, summaries, _images(images, len(prediction)))


def _evaluation(trial: str) -> str:
    return identity(trial, "test")


def _images(columns: Mapping[str, Any], count: int) -> pa.Table:
    unknown = {"norm_dataset_box": pa.float64(), "norm_dataset_diag": pa.float64()}
    unknown |= {"restored": pa.binary(), "condition": pa.binary()}
    return pa.table({**columns, **{name: pa.nulls(count, kind) for name, kind in unknown.items()}})


def _trial_row(trial: str, variant: str, study: str, label: str, seed: int, fails: bool) -> pa.Table:
    started = START + timedelta(minutes=int(trial, 16) % 10_000)
    row = {
        "trial": trial, "variant": variant, "seed": seed, "method": "hrmlff", "dataset": "ibug300w",
        "data_digest": "d1ge57aa00112233", "config": _CONFIG.replace("LABEL", label), "attempts": 1, "failures": 0,
        "state": "failed" if fails else "finished", "error": "RuntimeError: CUDA error 700" if fails else "",
        "traceback": "Traceback (most recent call last):\n" * 20 if fails else "", "started_at": started,
        "updated_at": started + timedelta(hours=1), "seconds": 3600.0, "epochs_run": EPOCHS_EACH,
        "selected_epoch": EPOCHS_EACH - 5, "parameters": 9_654_398, "macs": 4_750_000_000,
        "training_macs": 4_750_000_000, "peak_memory_mb": 6100.0, "unreadable_images": [], "training_images": 3148,
        "parts": 1, "workers": 2, "cpus": 2, "gpus": 1.0, "host": f"node{int(trial, 16) % 8}",
        "hardware": "1 × NVIDIA A100", "git_commit": "0123456789abcdef0123456789abcdef01234567", "git_dirty": False,
        "versions": json.dumps({"marksweep": "0.1.0", "python": "3.11.9", "torch": "2.9.0", "ray": "2.60.0"}),
    }  # fmt: skip
    return pa.Table.from_pylist([row], schema=TABLES["trials"])


def _epochs(trial: str, error: float, generator: np.random.Generator) -> pa.Table:
    decay = np.exp(-np.arange(1, EPOCHS_EACH + 1) / 20)
    wobble = generator.uniform(0.95, 1.05, (4, EPOCHS_EACH))
    values = {
        "train_loss": (decay + 0.1) * wobble[0],
        "train_mse": (decay * 0.02 + error**2 / 2) * wobble[1],
        "val_mse": (decay * 0.02 + error**2) * wobble[2],
        "val_nme_io": (decay * 0.2 + error) * wobble[3],
        "learning_rate": np.full(EPOCHS_EACH, 7e-4),
        "seconds": np.full(EPOCHS_EACH, 36.0),
    }
    columns = [
        pa.repeat(pa.scalar(trial), EPOCHS_EACH * len(values)),
        np.repeat(np.arange(1, EPOCHS_EACH + 1), len(values)),
        list(values) * EPOCHS_EACH,
        np.stack(list(values.values()), axis=1).ravel(),
    ]
    return pa.table(columns, schema=TABLES["epochs"])


def _asked(study: str, labels: Iterable[str]) -> list[dict[str, Any]]:
    """A baseline is the first of the headline's networks, of a search's two, and of every other grid's variants."""
    rows = []
    for place, label in enumerate(labels):
        variant = identity(study, label)
        for seed in range(SEEDS):
            trial = identity(variant, seed)
            rows.append(
                {
                    "question": "Which is better?", "command": f"marksweep run {study}", "label": label,
                    "variant": variant, "trial": trial, "seed": seed, "stages": [], "evaluation": _evaluation(trial),
                    "split": "test", "perturbation": "", "decoder": "",
                    "baseline": place == 0 and study not in GRIDS[::2],
                }
            )  # fmt: skip
    return rows


def _setting(number: int) -> str:
    return f"batch size {2 ** (number % 10)}, learning rate {1e-5 * (number // 10 + 1):.2g}"


def _point(number: int) -> str:
    return f"point {number}" if number else "the base"


def _chosen(number: int) -> dict[str, float]:
    generator = np.random.default_rng(number)
    return {path: low * (high / low) ** float(generator.uniform()) for path, (low, high) in SETTINGS.items()}


def _searched() -> list[dict[str, Any]]:
    described = {
        "objectives": [{"metric": "val_nme_io", "minimize": True}],
        "domains": {path: {"kind": "log", "low": low, "high": high} for path, (low, high) in SETTINGS.items()},
        "trials": IN_SEARCH,
    }
    rows = []
    for number in range(IN_SEARCH):
        variant = identity(SEARCH, _point(number))
        rows.append(
            {
                "question": "Which weights?", "command": f"marksweep run {SEARCH}", "label": _point(number),
                "variant": variant, "trial": identity(variant, 0), "seed": 0, "stages": [], "baseline": False,
                "number": number, "point": canonical_json(_chosen(number)), "search": canonical_json(described),
            }
        )  # fmt: skip
    return rows


# About as long as those of trials are.
_CONFIG = canonical_json({"label": "LABEL", "method": {f"setting_{number}": number / 7 for number in range(60)}})
