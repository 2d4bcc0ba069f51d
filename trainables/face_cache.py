"""A prepared data set: one Arrow file of uint8 crops, landmarks and tags, memory-mapped by every trial of a node.

The file's name is the digest of all that it depends on, so a stale file is never opened; it is written aside and
renamed, so a half-written one is never seen. Crops keep a margin of their surroundings, so that a rotated or shifted
view of the training image needs no black corners.
"""

import fcntl
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import numpy as np
import pyarrow as pa
import torch
from numpy.typing import NDArray

from trainables.config import to_plain
from trainables.dataset import MISSING, VISIBLE, DataError, Dataset, Face, UnreadableImage
from trainables.metrics import Array, normalisers
from trainables.schemes import Scheme
from trainables.transforms.crop import Crop, cut, transform

FORMAT = 2  # raise it when the file's layout changes, and Crop.VERSION with it when the pixels do
MARGIN = 0.25  # of the crop's side, kept on every edge: covers ±30° of rotation, or ±10° with 5 % of crop jitter
FACES_PER_RECORD_BATCH = 256

Progress = Callable[[int, int], None]  # faces done, faces in all


@dataclass(frozen=True)
class Faces:
    """A prepared data set in memory: arrays that map the file, so that opening it twice costs no memory.

    `pixels` [N, S+2·pad, S+2·pad, 3] uint8 RGB; landmarks [N, K, 2] in image px; `crop_maps` [N, 2, 3] image px → crop
    px of the S×S network input; `norms` in image px.
    """

    scheme: Scheme
    input_size: int
    pad: int
    pixels: list[NDArray[np.uint8]]  # one view for each record batch
    landmarks: Array
    state: NDArray[np.uint8]
    crop_maps: Array
    norms: dict[str, Array]
    images: list[str]
    groups: list[str]
    tags: list[tuple[str, ...]]
    rows: dict[str, NDArray[np.int64]]  # split -> its rows
    unreadable: tuple[str, ...]
    boxed: float  # share of faces whose box the data set gives
    digest: str

    def landmarks_crop(self, rows: NDArray[np.int64]) -> Array:
        """True landmarks of these rows in px of the network's input [len(rows), K, 2]."""
        return transform(self.landmarks[rows], self.crop_maps[rows])

    def crops(self, rows: NDArray[np.int64]) -> torch.Tensor:
        """Crops with their margin [len(rows), S+2·pad, S+2·pad, 3] uint8, copied out of the file."""
        batch, offset = np.divmod(rows, FACES_PER_RECORD_BATCH)
        return torch.from_numpy(np.stack([self.pixels[b][o] for b, o in zip(batch, offset, strict=True)]))


def cache_path(folder: Path, dataset: Dataset, digest: str, crop: Crop, input_size: int) -> Path:
    """Where the prepared file lies: its name changes with everything that its content depends on."""
    parts = [FORMAT, MARGIN, type(dataset).VERSION, digest, to_plain(dataset), to_plain(crop), input_size]
    key = hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]
    return folder / f"{dataset.kind}-{input_size}px-{key}.arrow"


def prepare(
    dataset: Dataset,
    data_root: Path,
    crop: Crop,
    input_size: int,
    folder: Path,
    progress: Progress | None = None,
    digest: str | None = None,
) -> Path:
    """The prepared file, made now if it is not there. Two processes that ask at once make it once.

    Raises `DataError` where the data set is missing, where no face of some split can be read, or where its files are
    not those of the `digest` that is asked for.
    """
    if digest is not None and (known := cache_path(folder, dataset, digest, crop, input_size)).exists():
        return known
    missing = dataset.missing(data_root)
    if missing:
        raise DataError(missing)
    folder.mkdir(parents=True, exist_ok=True)
    found = dataset.digest(data_root)
    if digest is not None and digest != found:
        raise DataError(
            f"Data set {dataset.kind!r} below {data_root} is not the one that was planned with: its digest is {found}, "
            f"expected {digest}. Were files changed meanwhile, or does this node see other ones? Plan again."
        )
    target = cache_path(folder, dataset, found, crop, input_size)
    if target.exists():
        return target
    with target.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not target.exists():
            # A name of its own: between nodes that share this folder the lock may not hold.
            partial = target.with_suffix(f".{uuid4().hex}.partial")
            _write(partial, dataset, data_root, crop, input_size, found, progress)
            partial.replace(target)
    return target


def open_faces(path: Path, scheme: Scheme) -> Faces:
    """Map a prepared file. Its pixels stay on disk (and in the node's page cache) until they are read."""
    with pa.memory_map(str(path)) as source:
        table = pa.ipc.open_file(source).read_all()
    facts = json.loads(table.schema.metadata[b"marksweep"])
    count, side = table.num_rows, facts["input_size"] + 2 * facts["pad"]
    pixels = [
        np.frombuffer(chunk.buffers()[1], dtype=np.uint8, count=len(chunk) * side * side * 3).reshape(-1, side, side, 3)
        for chunk in table["pixels"].chunks
    ]
    landmarks = _matrix(table["landmarks"], np.float64).reshape(count, scheme.num_landmarks, 2)
    split = np.array(table["split"].to_pylist())
    unreadable = table["unreadable"].to_pylist()
    readable = np.array([reason is None for reason in unreadable])
    return Faces(
        scheme=scheme,
        input_size=facts["input_size"],
        pad=facts["pad"],
        pixels=pixels,
        landmarks=landmarks,
        state=_matrix(table["state"], np.uint8).reshape(count, scheme.num_landmarks),
        crop_maps=_matrix(table["crop"], np.float64).reshape(count, 2, 3),
        norms=normalisers(landmarks, scheme),
        images=table["image"].to_pylist(),
        groups=table["group"].to_pylist(),
        tags=[tuple(tags) for tags in table["tags"].to_pylist()],
        rows={name: np.flatnonzero((split == name) & readable) for name in ("train", "val", "test")},
        unreadable=tuple(reason for reason in unreadable if reason),
        boxed=float(np.mean(table["boxed"].to_numpy())),
        digest=facts["digest"],
    )


def _matrix(column: pa.ChunkedArray, dtype: type) -> NDArray:
    return column.combine_chunks().values.to_numpy(zero_copy_only=False).astype(dtype, copy=False)


def _write(
    target: Path, dataset: Dataset, root: Path, crop: Crop, input_size: int, digest: str, progress: Progress | None
) -> None:
    faces = dataset.faces(root)
    pad = round(MARGIN * input_size)
    facts = {"input_size": input_size, "pad": pad, "digest": digest}
    schema = _schema(dataset.scheme.num_landmarks, input_size + 2 * pad).with_metadata({"marksweep": json.dumps(facts)})
    splits: set[str] = set()
    readable: set[str] = set()
    rows: list[dict] = []
    with pa.OSFile(str(target), "wb") as sink, pa.ipc.new_file(sink, schema) as writer:
        for done, face in enumerate(faces, start=1):
            rows.append(_row(dataset, root, face, crop, input_size, pad))
            splits.add(face.split)
            if rows[-1]["unreadable"] is None:
                readable.add(face.split)
            if len(rows) == FACES_PER_RECORD_BATCH or done == len(faces):
                writer.write_batch(pa.RecordBatch.from_pylist(rows, schema=schema))
                rows = []
            if progress and (done % 64 == 0 or done == len(faces)):
                progress(done, len(faces))
    lost = splits - readable
    if lost or not readable:
        target.unlink()
        raise DataError(
            f"Data set {dataset.kind!r}: no image of {', '.join(sorted(lost)) or 'any split'} can be read. "
            f"Check the files below {dataset.root(root)}, for example with `marksweep data check {dataset.kind}`."
        )


def _row(dataset: Dataset, root: Path, face: Face, crop: Crop, input_size: int, pad: int) -> dict:
    matrix = crop.matrix(face.landmarks, None if face.box is None else np.array(face.box), input_size)
    side, unreadable = input_size + 2 * pad, None
    try:
        pixels = cut(dataset.read_image(root, face), matrix + np.array([[0, 0, pad], [0, 0, pad]]), side).tobytes()
    except UnreadableImage as error:
        # The face keeps its row, so that it is counted and named; no split lists it.
        pixels, unreadable = bytes(side * side * 3), str(error)
    state = np.full(len(face.landmarks), VISIBLE, dtype=np.uint8) if face.state is None else face.state
    return {
        "pixels": pixels,
        "unreadable": unreadable,
        "landmarks": face.landmarks.ravel().tolist(),
        "state": np.where(np.isfinite(face.landmarks).all(axis=1), state, MISSING).tolist(),
        "crop": matrix.ravel().tolist(),
        "image": face.image,
        "split": face.split,
        "group": face.group,
        "boxed": face.box is not None,
        "tags": list(face.tags),
    }


def _schema(num_landmarks: int, side: int) -> pa.Schema:
    return pa.schema(
        [
            ("pixels", pa.binary(side * side * 3)),
            ("unreadable", pa.string()),  # why the image could not be read, or null
            ("landmarks", pa.list_(pa.float64(), 2 * num_landmarks)),
            ("state", pa.list_(pa.uint8(), num_landmarks)),
            ("crop", pa.list_(pa.float64(), 6)),
            ("image", pa.string()),
            ("split", pa.string()),
            ("group", pa.string()),
            ("boxed", pa.bool_()),  # does the data set give its box?
            ("tags", pa.list_(pa.string())),
        ]
    )
