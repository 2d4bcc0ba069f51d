"""The faces of a data set as training, preparing and checking see them: checked, ranked, with a validation split."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from trainables.dataset import FARTHEST, LABELLED_SPLITS, UNLABELLED, DataError, Dataset, Face
from trainables.difficulty import difficulty
from trainables.metrics import Array

HELD_OUT = 0.1  # of the training faces, where the data set has no validation list of its own
SPLIT_SEED = 0  # the same for every method and every seed


@dataclass(frozen=True)
class Listing:
    """All faces; the difficulty of each [N] in [0, 1], NaN where unlabelled; and what is worth telling."""

    faces: tuple[Face, ...]
    difficulty: Array
    remarks: tuple[str, ...]


def list_faces(dataset: Dataset, data_root: Path) -> Listing:
    """Read the annotation of a data set.

    Raises `DataError` where files are missing or malformed, where two faces have one name, and where a group or a video
    stands on two sides of a split, unless the data set says that its published split leaks (then it is a remark).
    """
    missing = dataset.missing(data_root)
    if missing:
        raise DataError(missing)
    dataset.check_sources(data_root)
    faces = list(dataset.faces(data_root))
    if not faces:
        raise DataError(f"Data set {dataset.kind!r}: no face below {dataset.root(data_root)}.\n{dataset.TREE}")
    if far := next((face for face in faces if _lies_nowhere(face)), None):
        raise DataError(
            f"Data set {dataset.kind!r}: a landmark or the box of {far.name!r} lies beyond {FARTHEST:,.0f} px, and so "
            "beyond any picture. Correct its annotation, or remove it."
        )
    twice = [name for name, count in Counter(face.name for face in faces).items() if count > 1]
    if twice:
        raise DataError(f"Data set {dataset.kind!r}: {len(twice)} names stand for two faces, such as {twice[0]!r}.")
    ranks = _ranks(dataset, faces)
    divided = hold_out(faces, ranks)
    remarks = [*dataset.remarks(data_root), *_unexpected_counts(dataset, divided)]
    held_out = {new.group for old, new in zip(faces, divided, strict=True) if new.split != old.split}
    kept = np.array([face.split != UNLABELLED or face.group not in held_out for face in divided])
    if not kept.all():
        remarks.append(f"{(~kept).sum()} unlabelled faces are left out: their groups are held out to validate on")
    faces, ranks = [face for face, keep in zip(divided, kept, strict=True) if keep], ranks[kept]
    for what, leaking in (("groups", groups_on_two_sides(faces)), ("videos", videos_on_two_sides(faces))):
        if not leaking:
            continue
        told = f"{len(leaking)} {what} stand on two sides of the split, such as {leaking[0]!r}"
        if not dataset.LEAKS:
            raise DataError(f"Data set {dataset.kind!r}: {told}. Give each person, video and picture one side only.")
        remarks.append(f"the published split leaks ({dataset.LEAKS}): {told}")
    return Listing(tuple(faces), ranks, tuple(remarks))


def hold_out(faces: Sequence[Face], ranks: Array) -> list[Face]:
    """The same faces, a tenth of the training faces turned into `val` where none is: whole groups, equally many of
    easy, medium and hard ones. Where groups are too few for that, one of middle difficulty."""
    members: dict[str, list[int]] = {}
    for index, face in enumerate(faces):
        if face.split == "train":
            members.setdefault(face.group, []).append(index)
    if not members or any(face.split == "val" for face in faces):
        return list(faces)
    known = np.nan_to_num(ranks, nan=0.5)
    by_difficulty = sorted(members, key=lambda group: (round(known[members[group]].mean(), 9), group))
    random = np.random.default_rng(SPLIT_SEED)
    held: set[int] = set()
    for tertile in np.array_split(np.array(by_difficulty, dtype=object), 3):
        wanted = HELD_OUT * sum(len(members[group]) for group in tertile)
        taken = 0
        for group in random.permutation(tertile):
            # The group that crosses the line is taken where that comes nearer to a tenth.
            if taken + len(members[group]) / 2 > wanted:
                break
            held.update(members[group])
            taken += len(members[group])
    if not held and len(by_difficulty) > 1:
        held.update(members[by_difficulty[len(by_difficulty) // 2]])
    return [replace(face, split="val") if index in held else face for index, face in enumerate(faces)]


def groups_on_two_sides(faces: Sequence[Face]) -> list[str]:
    """Groups whose faces stand in more than one split, unlabelled pools included, in order of their names."""
    return _on_two_sides((face.group, face.split) for face in faces)


def videos_on_two_sides(faces: Sequence[Face]) -> list[str]:
    """The same of videos; faces of none do not count."""
    return _on_two_sides((face.video, face.split) for face in faces if face.video)


def _on_two_sides(members: Iterable[tuple[str, str]]) -> list[str]:
    sides: dict[str, set[str]] = {}
    for name, split in members:
        # Unlabelled pictures of training persons may be learned from too.
        sides.setdefault(name, set()).add("train" if split == UNLABELLED else split)
    return sorted(name for name, splits in sides.items() if len(splits) > 1)


def _lies_nowhere(face: Face) -> bool:
    far = any(abs(value) > FARTHEST for value in face.box or ())
    return far or bool((np.abs(face.landmarks) > FARTHEST).any())  # NaN, for what is missing, is not beyond


def _ranks(dataset: Dataset, faces: Sequence[Face]) -> Array:
    ranks = np.full(len(faces), np.nan)
    rows = [row for row, face in enumerate(faces) if face.split in LABELLED_SPLITS]
    if rows:
        labelled = [faces[row] for row in rows]
        landmarks = np.stack([face.landmarks for face in labelled])
        hardness = np.array([dataset.hardness(face) for face in labelled], dtype=np.float64)
        training = np.array([face.split == "train" for face in labelled])  # what is held out later is still train
        ranks[rows] = difficulty(landmarks, hardness, training, dataset.scheme)
    return ranks


def _unexpected_counts(dataset: Dataset, faces: Sequence[Face]) -> list[str]:
    splits = Counter(face.split for face in faces)
    subsets = Counter(tag for face in faces if face.split == "test" for tag in face.tags)
    found = {
        **{together: sum(splits[split] for split in together.split("+")) for together in dataset.COUNTS},
        **{f"subset {tag!r}": subsets[tag] for tag in dataset.SUBSETS},
    }
    published = {**dataset.COUNTS, **{f"subset {tag!r}": count for tag, count in dataset.SUBSETS.items()}}
    return [
        f"{name}: published are {published[name]:,} faces, found {found[name]:,}"
        for name in published
        if found[name] != published[name]
    ]
