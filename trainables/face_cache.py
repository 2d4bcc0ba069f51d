"""A prepared data set: one Arrow file of uint8 crops, landmarks and tags, memory-mapped by every trial of a node.

The file's name is the digest of all that it depends on, so a stale file is never opened; it grows beside its place and
is renamed when it is whole, so a half-written one is never seen, and a killed preparation goes on where it was. Crops
keep a margin of their surroundings, so that a rotated or shifted view of the training image needs no black corners.
"""

import fcntl
import hashlib
import json
import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np
import pyarrow as pa

from trainables.cache_file import (
    DamagedCache,
    GrowingFile,
    annotation_of,
    crop_maps_of,
    facts_of,
    read_file,
    record_batch,
    schema_of,
)
from trainables.cache_folder import (
    Refused,
    Tell,
    alone,
    is_abandoned,
    is_ours,
    partial_of,
    refusals,
    refuse_without_room,
    spare_folder,
)
from trainables.config import to_plain
from trainables.dataset import DataError, Dataset, Face, UnreadableImage
from trainables.listing import list_faces
from trainables.metrics import Array
from trainables.pictures import read_whole
from trainables.recipe import MARGIN
from trainables.transforms.crop import Crop, cut

FORMAT = 6  # raise it when the file's layout changes, or what is stored of the same faces: normalisers, difficulty
FACES_PER_RECORD_BATCH = 64  # what is cut at once, and what a killed preparation loses

log = logging.getLogger(__name__)

Progress = Callable[[int, int], None]  # faces done, faces in all


@dataclass(frozen=True)
class Part:
    """Faces that are cut at once: one record batch of the file."""

    faces: tuple[Face, ...]


@dataclass(frozen=True)
class Cutter:
    """How a `Part` becomes rows: all that a process needs to know for it."""

    dataset: Dataset
    data_root: Path
    crop: Crop
    input_size: int
    pad: int  # px of the crop
    digest: str

    @property
    def side(self) -> int:
        return self.input_size + 2 * self.pad

    def cut(self, part: Part) -> pa.RecordBatch:
        """The rows of these faces. A face whose picture cannot be read keeps its row, so that it is counted and named;
        no split lists it. Raises `DataError` where a face has nothing to crop it by."""
        pixels = np.zeros((len(part.faces), self.side, self.side, 3), dtype=np.uint8)
        unreadable: list[str | None] = [None] * len(part.faces)
        crop_maps = np.empty((len(part.faces), 2, 3))
        for index, face in enumerate(part.faces):
            crop_maps[index] = matrix = self._crop_map(face)
            shifted = matrix + np.array([[0, 0, self.pad], [0, 0, self.pad]])
            try:
                pixels[index] = cut(read_whole(self.dataset, self.data_root, face), shifted, self.side)
            except UnreadableImage as error:
                unreadable[index] = str(error)
        return record_batch(pixels, crop_maps, unreadable)

    def _crop_map(self, face: Face) -> Array:
        box = None if face.box is None else np.array(face.box, dtype=np.float64)
        if (box is None or not np.isfinite(box).all()) and not np.isfinite(face.landmarks).any():
            raise DataError(
                f"Data set {self.dataset.kind!r}: face {face.name!r} has neither a landmark nor a box to crop it by. "
                "Give it one of them, or remove it from its list."
            )
        return self.crop.matrix(face.landmarks, box, self.input_size)


Run = Callable[[Cutter, Sequence[Part]], Iterable[pa.RecordBatch]]  # what `Cutter.cut` makes of each part, in order


def run_serially(cutter: Cutter, parts: Sequence[Part]) -> Iterator[pa.RecordBatch]:
    """Cut one part after the other in this thread: what a trial does where its node has no prepared file."""
    return map(cutter.cut, parts)


def cache_path(folder: Path, dataset: Dataset, digest: str, crop: Crop, input_size: int, margin: float) -> Path:
    """Where the prepared file lies: its name changes with everything that its content depends on."""
    # A class without VERSION is at its first: Crop gets one when its pixels change.
    versions = [getattr(type(value), "VERSION", 1) for value in (dataset, crop)]
    parts = [FORMAT, margin, versions, digest, to_plain(dataset), to_plain(crop), input_size]
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
    margin: float = MARGIN,
    run: Run = run_serially,
    tell: Tell = log.warning,
    verify: bool = False,
) -> Path:
    """The prepared file, made now if it is not there or is damaged. Two processes that ask at once make it once.

    `margin`: the share of the crop's side that is kept on every edge, see `Recipe.margin`. `run` cuts the parts, for
    example in parallel. `verify`: compare the checksums of a file that is there, which reads all of it. Where `folder`
    takes no file, it lies in `spare_folder()`, and `tell` says so.
    Raises `DataError` where the data set is missing, where no face of some split can be read, where its files are not
    those of the `digest` that is asked for, or where neither folder takes the file.
    """

    def places(digest: str) -> list[Path]:
        folders = dict.fromkeys([folder, spare_folder()])
        return [cache_path(place, dataset, digest, crop, input_size, margin) for place in folders]

    if digest is not None and (known := _first_whole(places(digest), verify, tell)):
        return known
    if missing := dataset.missing(data_root):
        raise DataError(missing)
    found = dataset.digest(data_root)
    if digest is not None and digest != found:
        raise DataError(
            f"Data set {dataset.kind!r} below {data_root} is not the one that was planned with: its digest is {found}, "
            f"expected {digest}. Were files changed meanwhile, or does this node see other ones? Plan again."
        )
    if digest is None and (known := _first_whole(places(found), verify, tell)):
        return known
    cutter = Cutter(dataset, data_root, crop, input_size, round(margin * input_size), found)
    refusals = []
    for target in places(found):
        try:
            with alone(target, tell):
                if not _is_whole(target, verify):
                    _write(target, cutter, run, progress, tell)
                    _remove_left_overs(target, cutter)
            if refusals:
                tell(
                    f"{refusals[0]} The prepared file is {target} instead; "
                    "to keep it elsewhere, set MARKSWEEP_CACHE to a folder that can be written and has room."
                )
            return target
        except Refused as refused:
            # Another node may have finished it meanwhile, and filled the folder with it.
            if made := _first_whole([target], verify, tell):
                return made
            refusals.append(str(refused))
    raise DataError(
        f"No folder takes the prepared data set {dataset.kind!r}. {' '.join(refusals)} "
        "Make room, or set MARKSWEEP_CACHE to a folder that can be written and has room."
    )


def _first_whole(places: Sequence[Path], verify: bool, tell: Tell) -> Path | None:
    for path in places:
        if path.parent != spare_folder() or is_ours(path.parent):
            with suppress(PermissionError):
                if _is_whole(path, verify, tell):
                    return path
    return None


def _is_whole(path: Path, verify: bool, tell: Tell = lambda text: None) -> bool:
    """Whether the file is there and can be used. What is damaged is told."""
    if not path.exists():
        return False
    try:
        file = read_file(path)
        if verify and not file.is_intact():
            raise DamagedCache(f"The prepared file {path} is damaged (its checksums are of other crops).")
    except DamagedCache as error:
        tell(f"{error} It is made again.")
        return False
    return True


def _write(target: Path, cutter: Cutter, run: Run, progress: Progress | None, tell: Tell) -> None:
    """Write the whole file beside its place, after what a killed preparation left of it, then put it there."""
    listing = list_faces(cutter.dataset, cutter.data_root)
    total, length = len(listing.faces), FACES_PER_RECORD_BATCH
    parts = [Part(listing.faces[start : start + length]) for start in range(0, total, length)]
    schema = schema_of(
        cutter.side,
        {
            "input_size": cutter.input_size,
            "pad": cutter.pad,
            "digest": cutter.digest,
            "dataset": to_plain(cutter.dataset),
            "faces": total,
            "remarks": listing.remarks,
        },
    )
    partial = partial_of(target)
    crop_maps: list[Array] = []
    unreadable: list[str | None] = []
    try:
        with refusals(target.parent):
            file = GrowingFile(partial, schema, [len(part.faces) for part in parts])
        with closing(file):
            refuse_without_room(target.parent, total * _bytes_per_face(cutter) - file.size)
            if kept := sum(map(len, file.kept)):
                tell(f"Going on after the {kept:,} faces that a preparation left when it was ended.")
            new = map(_appended(file, target.parent), run(cutter, parts[len(file.kept) :]))
            for batch in chain(file.kept, new):
                unreadable.extend(batch["unreadable"].to_pylist())
                crop_maps.append(crop_maps_of(batch).copy())  # a view would keep the batch's pixels in memory
                if progress:
                    progress(len(unreadable), total)
            annotation = annotation_of(
                listing.faces, listing.difficulty, np.concatenate(crop_maps), unreadable, cutter.dataset.scheme
            )
            with refusals(target.parent):
                file.finish(annotation)
    except Refused:
        partial.unlink(missing_ok=True)  # it may be what filled the disk
        raise
    readable = {face.split for face, reason in zip(listing.faces, unreadable, strict=True) if reason is None}
    if lost := {face.split for face in listing.faces} - readable:
        partial.unlink()
        raise DataError(
            f"Data set {cutter.dataset.kind!r}: no image of {', '.join(sorted(lost))} can be read. Check the files "
            f"below {cutter.dataset.root(cutter.data_root)}, for example with "
            f"`marksweep data check {cutter.dataset.kind}`."
        )
    with refusals(target.parent):
        partial.replace(target)


def _bytes_per_face(cutter: Cutter) -> int:
    """Without names, which are short: pixels; position and state of each landmark."""
    return cutter.side**2 * 3 + cutter.dataset.scheme.num_landmarks * (2 * 8 + 1)


def _appended(file: GrowingFile, folder: Path) -> Callable[[pa.RecordBatch], pa.RecordBatch]:
    def append(batch: pa.RecordBatch) -> pa.RecordBatch:
        with refusals(folder):
            file.append(batch)
        return batch

    return append


def _remove_left_overs(target: Path, cutter: Cutter) -> None:
    """Remove what ended preparations left: of this file, and of this data set as it was before its files changed. What
    another node may be writing just now stays."""
    for partial in target.parent.glob(f"{cutter.dataset.kind}-*.partial"):
        own = target.with_name(partial.name.partition(".")[0] + ".arrow")
        with suppress(OSError, pa.ArrowException, ValueError, KeyError):
            if not is_abandoned(partial, own):
                continue
            if own == target:
                partial.unlink()
                continue
            facts = facts_of(pa.ipc.open_stream(str(partial)).schema)
            stale = facts["dataset"] == to_plain(cutter.dataset) and facts["digest"] != cutter.digest
            if stale:
                with own.with_suffix(".lock").open("w") as lock:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)  # fails where it is being written just now
                    partial.unlink()
