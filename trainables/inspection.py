"""What there is to know of a method or a data set before anything is trained."""

import dataclasses
import hashlib
import inspect
import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torchinfo
from numpy.typing import NDArray

from trainables import registry
from trainables.complexity import frames_per_second, multiply_accumulates, parameter_count, weights_mb
from trainables.config import is_config
from trainables.dataset import LABELLED_SPLITS, UNLABELLED, Dataset, Face, UnreadableImage
from trainables.listing import groups_on_two_sides, list_faces, videos_on_two_sides
from trainables.look_alikes import look_alikes, thumbnail
from trainables.metrics import Array
from trainables.papers import PAPERS
from trainables.pictures import in_any_order, read_whole
from trainables.schemes import SCHEMES

_EXAMPLES = 3  # how many names a finding lists


def describe_method(name: str) -> str:
    """Front page, settings, recipes, and what the network costs for 68 landmarks."""
    method = registry.find_method(name)
    model = method.build(SCHEMES["68"])
    macs = multiply_accumulates(model, method.input_size)
    paper = PAPERS.get(type(method).PAPER or "")
    lines = [inspect.cleandoc(registry.method_module(name).__doc__ or ""), ""]
    if paper:
        lines += [f"{paper.key}: {paper.authors}: {paper.title}. {paper.venue}, {paper.year}.", ""]
    lines += ["Settings", *_settings(method)]
    for recipe_name, recipe in type(method).recipes().items():
        lines += ["", f"Recipe {recipe_name!r}", *_settings(recipe)]
    lines += [
        "",
        f"68 landmarks at {method.input_size}×{method.input_size}: {parameter_count(model):,} parameters, "
        f"{macs / 1e9:.6f} G multiply-accumulates",
    ]
    return "\n".join(lines)


def describe_modules(name: str) -> str:
    """The modules of a method's network for 68 landmarks, three levels deep: output shapes and parameters."""
    method = registry.find_method(name)
    image = (1, 3, method.input_size, method.input_size)
    described = torchinfo.summary(
        method.build(SCHEMES["68"]),
        input_size=image,
        device="cpu",
        depth=3,
        col_names=("output_size", "num_params"),
        row_settings=("var_names",),
        verbose=0,
    )
    return str(described)


def measure_speed(name: str) -> Iterator[str]:
    """What the network of a method does on this machine, alone: images a second, in batches of 1 and of 64."""
    method = registry.find_method(name)
    device = torch.device("cuda:0" if torch.cuda.is_available() else "cpu")
    model = method.build(SCHEMES["68"]).to(device)
    yield f"weights: {weights_mb(model):.2f} MiB"
    where = torch.cuda.get_device_name(device) if device.type == "cuda" else f"{torch.get_num_threads()} CPU threads"
    warm_up, passes = (100, 1000) if device.type == "cuda" else (1, 3)
    for batch in (1, 64):
        speed = frames_per_second(model, method.input_size, batch, device, warm_up, passes)
        yield f"{speed:,.1f} images/s in batches of {batch} ({where}, {passes} passes after {warm_up})"


def _settings(config: Any, indent: str = "  ") -> list[str]:
    lines = []
    for field in dataclasses.fields(config):
        value = getattr(config, field.name)
        if is_config(value):
            lines += [f"{indent}{field.name}: {type(value).__name__}", *_settings(value, indent + "  ")]
        else:
            lines.append(f"{indent}{field.name} = {value}")
    return lines


@dataclass(frozen=True)
class Inspection:
    """What `data check` found. Lists hold names of images, groups or videos, pairs of them as `a = b`."""

    dataset: Dataset
    counts: dict[str, int]
    groups: dict[str, int]
    tags: dict[str, int]  # of the test faces
    unreadable: list[str]
    lost: list[str]  # splits without a readable picture
    outside: list[str]  # faces with landmarks outside their picture
    elsewhere: list[str]  # faces with all landmarks outside their picture
    without_size: list[str]  # faces whose eyes' distance is 0, so that no error can be divided by it
    duplicates: list[str]  # identical pictures on one side
    leaking: list[str]  # groups that stand in more than one split
    leaking_videos: list[str]
    leaking_pictures: list[str]  # pictures, identical ones or mirror images, on two sides
    remarks: tuple[str, ...]

    def problems(self) -> list[str]:
        """Why it should not be used as it is; what the data set's own `LEAKS` tells of is no reason.

        Groups and videos on two sides are none either: without `LEAKS` they are errors of the list.
        """
        found = [f"no face of {split}" for split in sorted(self._promised) if not self.counts.get(split)]
        found += [f"no image of {split} can be read" for split in self.lost]
        for faces, what in (
            (self.elsewhere, "faces lie wholly outside their pictures, correct or remove them"),
            (
                self.without_size,
                "faces have no distance between the eyes, so that their errors cannot be divided by it",
            ),
        ):
            found += [f"{len(faces):,} {what}: {_some(faces)}"] if faces else []
        pictures = self.leaking_pictures
        if pictures and not self.dataset.LEAKS:
            found.append(f"{len(pictures):,} pairs of pictures stand in more than one split: {_some(pictures)}")
        return found

    @property
    def _promised(self) -> set[str]:
        """The splits that have to be there."""
        if not self.dataset.COUNTS:
            return set() if set(self.counts) == {UNLABELLED} else {"train", "val"}
        return {split for together in self.dataset.COUNTS for split in together.split("+")}

    def lines(self) -> list[str]:
        faces, landmarks = sum(self.counts.values()), self.dataset.scheme.num_landmarks
        lines = [f"{self.dataset.kind}: {faces:,} faces, {landmarks} landmarks"]
        published = self.dataset.COUNTS
        for split, count in self.counts.items():
            told = _compared(count, published.get(split))
            lines.append(f"  {split}: {count:,} faces in {self.groups[split]:,} groups{told}")
        for together in (name for name in published if "+" in name):
            count = sum(self.counts.get(split, 0) for split in together.split("+"))
            lines.append(f"  {together}: {count:,} faces{_compared(count, published[together])}")
        for tag, count in self.dataset.SUBSETS.items():
            lines.append(
                f"  subset {tag} of test: {self.tags.get(tag, 0):,} faces{_compared(self.tags.get(tag, 0), count)}"
            )
        if set(self.counts) != {UNLABELLED} and not self.counts.get("test"):
            lines.append("  warning: no face of test: nothing can be evaluated on this data set")
        lines += [f"  warning: {remark}" for remark in self.remarks]
        lines += _finding("unreadable images", self.unreadable)
        lines += _finding("images with landmarks outside them (kept)", self.outside)
        lines += _finding("pairs of identical images in one split", self.duplicates)
        lines += _finding("pairs of identical or mirrored images in two splits", self.leaking_pictures)
        lines += _finding("groups in more than one split", self.leaking)
        lines += _finding("videos in more than one split", self.leaking_videos)
        others = [f"{tag} {count:,}" for tag, count in sorted(self.tags.items()) if tag not in self.dataset.SUBSETS]
        if others:
            lines.append(f"  other tags of test: {', '.join(others)}")
        return lines


def inspect_dataset(
    dataset: Dataset, data_root: Path, progress: Callable[[int, int], None] = lambda done, total: None
) -> Inspection:
    """Read every face and picture. Raises DataError where files are missing or malformed.

    Pictures of one split are compared pixel by pixel; those of two splits also by what they look like, for a twin that
    was stored anew has other pixels.
    """
    listing = list_faces(dataset, data_root)
    faces = listing.faces
    looked_at: list[_Picture] = []
    # Decoding and hashing leave the interpreter alone; films are read in order.
    with ThreadPoolExecutor(os.cpu_count() if in_any_order(faces) else 1) as pool:
        for picture in pool.map(lambda face: _look_at(dataset, data_root, face), faces):
            looked_at.append(picture)
            progress(len(looked_at), len(faces))
    counts = Counter(face.split for face in faces)
    groups: dict[str, set[str]] = {}
    for face in faces:
        groups.setdefault(face.split, set()).add(face.group)
    readable = {face.split for face, picture in zip(faces, looked_at, strict=True) if not picture.unreadable}
    same, leaking = _identical(faces, looked_at)
    leaking += _alike(faces, looked_at)
    return Inspection(
        dataset=dataset,
        counts={split: counts[split] for split in (*LABELLED_SPLITS, UNLABELLED) if counts[split]},
        groups={split: len(members) for split, members in groups.items()},
        tags=dict(Counter(tag for face in faces if face.split == "test" for tag in face.tags)),
        unreadable=list(dict.fromkeys(picture.unreadable for picture in looked_at if picture.unreadable)),
        lost=sorted(set(groups) - readable),
        outside=[face.name for face, picture in zip(faces, looked_at, strict=True) if picture.outside],
        elsewhere=[face.name for face, picture in zip(faces, looked_at, strict=True) if picture.elsewhere],
        without_size=[faces[row].name for row in np.flatnonzero(_eye_distances(dataset, faces) == 0)],
        duplicates=same,
        leaking=groups_on_two_sides(faces),
        leaking_videos=videos_on_two_sides(faces),
        leaking_pictures=list(dict.fromkeys(leaking)),
        remarks=listing.remarks,
    )


@dataclass(frozen=True)
class _Picture:
    """What is kept of the picture of one face."""

    unreadable: str = ""
    outside: bool = False
    elsewhere: bool = False
    pixels: bytes = b""  # digest
    mirrored: bytes = b""  # digest of its mirror image
    thumbnail: NDArray[np.uint8] | None = None


def _look_at(dataset: Dataset, data_root: Path, face: Face) -> _Picture:
    try:
        pixels = read_whole(dataset, data_root, face)
    except UnreadableImage as error:
        return _Picture(unreadable=str(error))
    height, width = pixels.shape[:2]
    known = face.landmarks[np.isfinite(face.landmarks).all(axis=1)]
    outside = (known < 0).any(axis=1) | (known > np.array([width - 1, height - 1])).any(axis=1)
    elsewhere = len(known) > 0 and outside.all()
    twin = _digest(pixels[:, ::-1])
    return _Picture("", bool(outside.any()), bool(elsewhere), _digest(pixels), twin, thumbnail(pixels))


def _eye_distances(dataset: Dataset, faces: Sequence[Face]) -> Array:
    left, right = dataset.scheme.outer_eye_corners
    return np.array([np.linalg.norm(face.landmarks[left] - face.landmarks[right]) for face in faces])


def _digest(pixels: NDArray[np.uint8]) -> bytes:
    return hashlib.sha1(repr(pixels.shape).encode() + np.ascontiguousarray(pixels).tobytes()).digest()


def _identical(faces: Sequence[Face], pictures: Sequence[_Picture]) -> tuple[list[str], list[str]]:
    """Pairs of identical images in one split; pairs of identical or mirrored ones, or one image, in two splits."""
    first: dict[tuple[bytes, str], str] = {}  # pixels and split -> image
    same: dict[str, None] = {}
    for face, picture in zip(faces, pictures, strict=True):
        if picture.pixels and (known := first.setdefault((picture.pixels, face.split), face.image)) != face.image:
            same[f"{known} = {face.image}"] = None
    leaking: dict[str, None] = {}
    pairs = _pairs_of_splits(faces)
    for face, picture in zip(faces, pictures, strict=True):
        for split in (before for before, after in pairs if after == face.split):
            for digest, sign in ((picture.pixels, "="), (picture.mirrored, "= mirrored")):
                if digest and (other := first.get((digest, split))):
                    leaking[f"{split} {other} {sign} {face.split} {face.image}"] = None
                    break
    return list(same), list(leaking)


def _alike(faces: Sequence[Face], pictures: Sequence[_Picture]) -> list[str]:
    """Pairs of images in two splits that look identical or mirrored; of each image the likest."""
    shown: dict[str, list[tuple[str, NDArray[np.uint8]]]] = {}  # split -> images and thumbnails
    for face, picture in zip(faces, pictures, strict=True):
        if picture.thumbnail is not None:
            shown.setdefault(face.split, []).append((face.image, picture.thumbnail))
    found = []
    for before, split in _pairs_of_splits(faces):
        known, new = shown.get(before, []), shown.get(split, [])
        for row, other, mirrored in look_alikes([each for _, each in new], [each for _, each in known]):
            found.append(f"{before} {known[other][0]} {'= mirrored' if mirrored else '='} {split} {new[row][0]}")
    return found


def _pairs_of_splits(faces: Sequence[Face]) -> list[tuple[str, str]]:
    """Each pair once, and none of what may be learned from anyway."""
    splits = dict.fromkeys(face.split for face in faces)
    return [pair for pair in combinations(splits, 2) if set(pair) != {"train", UNLABELLED}]


def _compared(count: int, published: int | None) -> str:
    if published is None:
        return ""
    return ", as published" if count == published else f", published {published:,}"


def _finding(what: str, names: Sequence[str]) -> list[str]:
    return [f"  {len(names):,} {what}: {_some(names)}" if names else f"  0 {what}"]


def _some(names: Sequence[str]) -> str:
    more = f" … and {len(names) - _EXAMPLES:,} more" if len(names) > _EXAMPLES else ""
    return f"{', '.join(names[:_EXAMPLES])}{more}"
