"""helen: HELEN for super-resolution, 2,005 faces to train and 50 to test, with the 68 landmarks of 300W.

The protocol `helen-ibug` tests on the last 50 faces of the sorted testset, and trains on the first 2,005 of the
others: the trainset, then the testset, each sorted by name. The rest is unused.
Source: le2012helen (pictures), sagonas2013ibug300w (annotation), ma2020dic (2,005 and 50 faces).
Departs: which faces those are. The public lists of ma2020dic are pickles, which could run code when they are read.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import ClassVar, TypeVar

from trainables.config import config
from trainables.dataset import Dataset, Face, noting, raise_noted
from trainables.datasets._pts import annotation_files, count_of, some_of, without_annotation
from trainables.datasets.ibug300w import faces_of_folder
from trainables.schemes import SCHEME_68, Scheme

TRAIN, TEST = 2005, 50
FOLDERS = ("trainset", "testset")
T = TypeVar("T")


@config
class Helen(Dataset):
    """`one_based`: count pixels from 1, as `ibug300w` does."""

    kind: ClassVar[str] = "helen"
    SCHEME: ClassVar[Scheme] = SCHEME_68
    FOLDER: ClassVar[str | None] = "300w/helen"
    COUNTS: ClassVar[dict[str, int]] = {"train+val": TRAIN, "test": TEST}
    NORMALISERS: ClassVar[tuple[str, ...]] = ("width", "io")
    LICENCE: ClassVar[str] = "research use, not commercial; photographs from Flickr, annotation iBUG 300-W"
    TREE: ClassVar[str] = """\
300w/helen/     as in 300W: pictures (.jpg), each with a .pts file of its name
  trainset/     2,000
  testset/      330
"""
    one_based: bool = False

    def faces(self, data_root: Path) -> list[Face]:
        """Those to train on, then those to test on."""
        read: list[list[Face]] = [[], []]
        mistakes: list[str] = []
        for faces, folder in zip(read, FOLDERS, strict=True):
            with noting(mistakes):
                faces += faces_of_folder(self.root(data_root), folder, self.one_based, "train")
        raise_noted(mistakes)
        train, test, _ = _divided(*read)
        return train + [replace(face, split="test") for face in test]

    def sources(self, data_root: Path) -> Sequence[Path]:
        return [path for folder in self.required(data_root) for path in annotation_files(folder)]

    def required(self, data_root: Path) -> Sequence[Path]:
        return [self.root(data_root) / folder for folder in FOLDERS]

    def remarks(self, data_root: Path) -> Sequence[str]:
        train, test, unused = _divided(*(annotation_files(folder) for folder in self.required(data_root)))
        protocol = f"protocol helen-ibug: {len(train):,} faces to train and {len(test):,} to test"
        rest = (
            f"; {count_of(unused, 'annotated face')} unused: {some_of([path.stem for path in unused])}"
            if unused
            else ""
        )
        pictures = (line for folder in FOLDERS for line in without_annotation(self.root(data_root), folder))
        return [protocol + rest, *pictures]


def _divided(trainset: Sequence[T], testset: Sequence[T]) -> tuple[list[T], list[T], list[T]]:
    """What trains, what tests, and the rest."""
    others = [*trainset, *testset[:-TEST]]
    return others[:TRAIN], list(testset[-TEST:]), others[TRAIN:]


DATASET = Helen()
