"""coco_wholebody: faces of people in everyday photographs, small and often from the side, with 68 landmarks.

Only faces that the annotators found clear enough are labelled; the others are left out, and counted. COCO keeps the
labels of its test pictures, so its validation list tests. Source: jin2020wholebody.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from trainables.config import config
from trainables.dataset import MISSING, OCCLUDED, VISIBLE, Dataset, Face, noting, raise_noted
from trainables.datasets._coco import Annotation, box_of, keypoints_of, read_annotations
from trainables.datasets._lists import number_faces
from trainables.datasets._pictures import pictures_below
from trainables.datasets._settings import Below, Lists
from trainables.schemes import SCHEME_68, Scheme
from trainables.transforms.crop import CONVENTIONS, Crop

_FIELDS = ("face_kpts", "face_box", "face_valid", "iscrowd")
_PUBLISHED = (
    ("train", "annotations/coco_wholebody_train_v1.0.json", "train2017"),
    ("test", "annotations/coco_wholebody_val_v1.0.json", "val2017"),
)
_CROWD, _NOT_CLEAR, _UNLABELLED = "of crowds", "without a face that is clear", "with no landmark labelled"


@config
class CocoWholebody(Dataset):
    """A tenth of the training list is held out to validate, the validation list tests.

    `lists` replaces the published lists, e.g. `(("test", "faces.json"),)`; `folder` holds them, and `images`, below it,
    the pictures that they name.

    Departs: the format calls landmarks of flag 1 labelled but not visible. The published faces have flag 1 throughout,
    plainly visible ones too, and their authors tell only 0 from the rest. So 1 means occluded in a face that has a 2,
    and visible in any other.
    """

    kind: ClassVar[str] = "coco_wholebody"
    SCHEME: ClassVar[Scheme] = SCHEME_68
    FOLDER: ClassVar[str | None] = "coco"
    NORMALISERS: ClassVar[tuple[str, ...]] = ("io",)
    CROP: ClassVar[Crop] = CONVENTIONS["coco_wholebody"]
    LICENCE: ClassVar[str] = "annotation: research use, not commercial; pictures: each its own licence of Flickr"
    TREE: ClassVar[str] = """\
coco/
  annotations/coco_wholebody_train_v1.0.json
  annotations/coco_wholebody_val_v1.0.json
  train2017/    <12 digits>.jpg
  val2017/
"""
    folder: Below = "coco"
    images: Below = ""
    lists: Lists = ()

    def root(self, data_root: Path) -> Path:
        return data_root / self.folder

    def faces(self, data_root: Path) -> list[Face]:
        """The faces of each list in its order."""
        mistakes: list[str] = []
        found: list[Face] = []
        for split, file, images in self._files:
            with noting(mistakes):
                for annotation in read_annotations(self.root(data_root) / file, _FIELDS):
                    with noting(mistakes):
                        if _left_out(annotation) is None:
                            found.append(_face(annotation, split, images))
        raise_noted(mistakes)
        return number_faces(found)

    def sources(self, data_root: Path) -> Sequence[Path]:
        return [self.root(data_root) / file for _, file, _ in self._files]

    def required(self, data_root: Path) -> Sequence[Path]:
        return [*self.sources(data_root), *self._folders(data_root)]

    def remarks(self, data_root: Path) -> Sequence[str]:
        """How many annotations of people are no faces here, and why. Pictures without people have none."""
        reasons: Counter[str] = Counter()
        for _, file, _ in self._files:
            for annotation in read_annotations(self.root(data_root) / file, _FIELDS):
                if reason := _left_out(annotation):
                    reasons[reason] += 1
        return [f"{count:,} annotations {reason} are left out" for reason, count in sorted(reasons.items())]

    def _picture_sizes(self, data_root: Path) -> Iterable[tuple[str, int]]:
        root = self.root(data_root)
        paths = [path for folder in self._folders(data_root) for path in pictures_below(folder)]
        return ((path.relative_to(root).as_posix(), path.stat().st_size) for path in paths)

    @property
    def _files(self) -> tuple[tuple[str, str, str], ...]:
        """Split, list and folder of its pictures."""
        return tuple((split, file, self.images) for split, file in self.lists) or _PUBLISHED

    def _folders(self, data_root: Path) -> list[Path]:
        return [self.root(data_root) / images for images in dict.fromkeys(images for *_, images in self._files)]


def _left_out(annotation: Annotation) -> str | None:
    """Why the annotation is no face here, or None."""
    if annotation.values.get("iscrowd"):
        return _CROWD
    if not annotation.values.get("face_valid"):
        return _NOT_CLEAR
    _, flags = keypoints_of(annotation, "face_kpts", SCHEME_68.num_landmarks)
    return None if flags.any() else _UNLABELLED


def _face(annotation: Annotation, split: str, images: str) -> Face:
    landmarks, flags = keypoints_of(annotation, "face_kpts", SCHEME_68.num_landmarks)
    image = str(PurePosixPath(images, annotation.image))
    box = box_of(annotation, "face_box")
    return Face(image=image, landmarks=landmarks, split=split, group=image, state=_state(flags), box=box)


def _state(flags: NDArray[np.float64]) -> NDArray[np.uint8]:
    """MISSING, VISIBLE or OCCLUDED [K] from flags [K] within 0 and 2."""
    labelled = np.where((flags < 2) & (flags == 2).any(), OCCLUDED, VISIBLE)
    return np.where(flags == 0, MISSING, labelled).astype(np.uint8)


DATASET = CocoWholebody()
