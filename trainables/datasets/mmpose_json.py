"""mmpose_json: 300W, WFLW, COFW, AFLW-19 and 300VW in the COCO-style JSON lists of mmpose.

The lists of 300W, WFLW and AFLW were made from HRNet's CSV lists, that of COFW from the original file (there the points
are 0-based already), those of 300VW from its .pts files without the frames whose annotation is broken.
Source: mmpose2020toolbox (lists), sagonas2013ibug300w, wu2018wflw, burgosartizzu2013cofw, zhu2016aflw,
shen2015ibug300vw (faces).
"""

from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath
from typing import ClassVar, Literal

import numpy as np

from trainables.config import config
from trainables.dataset import MISSING, OCCLUDED, VISIBLE, Dataset, Face, noting, raise_noted
from trainables.datasets._coco import Annotation, box_of, keypoints_of, numbers_of, read_annotations
from trainables.datasets._fields import Box, read_box
from trainables.datasets._ibug300vw import CATEGORIES
from trainables.datasets._lists import ListedFace, members, number_faces, unlisted_pictures, with_tags
from trainables.datasets._mmpose import FACTS, PROTOCOLS, Protocol
from trainables.datasets._pictures import pictures_below
from trainables.datasets._settings import Below, Lists
from trainables.datasets.ibug300w import picture_of, place_of
from trainables.schemes import SCHEME_68, Scheme
from trainables.transforms.crop import Crop

_FIELDS = ("keypoints", "bbox", "center", "box_size", "iscrowd")


@config
class MmposeJson(Dataset):
    """`of`: which data set. `protocol`, of 300W: `full` tests on the 689 pictures of its validation list (common and
    challenging); `private` on the 600 of the private test after training on all others, `private_3148` without them.

    `lists` replaces the published lists, e.g. `(("test", "test_300w.json"),)`; `folder` (by default the data set's
    name) holds them, and `images`, below it, the pictures that they name. A tenth of the training lists is held out
    where no list is for validation. Boxes are those of the lists; for AFLW the square face box, which its literature
    divides by.
    """

    kind: ClassVar[str] = "mmpose_json"
    SCHEME: ClassVar[Scheme] = SCHEME_68
    FOLDER: ClassVar[str | None] = "300w"
    of: Literal["300w", "wflw", "cofw", "aflw", "300vw"] = "300w"
    protocol: Literal["full", "private", "private_3148"] = "full"
    folder: Below | None = None
    images: Below | None = None
    lists: Lists = ()

    def __post_init__(self) -> None:
        if (self.of, self.protocol) not in PROTOCOLS:
            raise ValueError(f"protocol {self.protocol!r} is one of 300w, not of {self.of!r}. Leave it out")

    @property
    def scheme(self) -> Scheme:
        return FACTS[self.of].scheme

    @property
    def COUNTS(self) -> dict[str, int]:
        return {} if self.lists else self._published.counts

    @property
    def SUBSETS(self) -> dict[str, int]:
        return {} if self.lists else self._published.subsets

    @property
    def NORMALISERS(self) -> tuple[str, ...]:
        return FACTS[self.of].normalisers

    @property
    def CROP(self) -> Crop:
        return FACTS[self.of].crop

    @property
    def LEAKS(self) -> str:
        return FACTS[self.of].leaks

    @property
    def LICENCE(self) -> str:
        return FACTS[self.of].licence

    @property
    def TREE(self) -> str:
        shown = [*(file for _, file in self._files), *self._tag_files.values(), f"{self._images}/<pictures>"]
        return "\n".join([f"{self.folder or self.of}/", *(f"  {name.removeprefix('/')}" for name in shown), ""])

    def root(self, data_root: Path) -> Path:
        return data_root / (self.folder or self.of)

    def faces(self, data_root: Path) -> list[Face]:
        """The faces of each list in its order, the lists in the order train, val, test unless `lists` has another."""
        mistakes: list[str] = []
        found: list[Face] = []
        for split, file in self._files:
            for annotation in self._annotations(data_root, file, mistakes):
                with noting(mistakes):
                    if (face := self._face(annotation, split)) is not None:
                        found.append(face)
        test = [index for index, face in enumerate(found) if face.split == "test"]
        subsets = {
            tag: members([found[index] for index in test], self._subset(data_root, file, mistakes), mistakes)
            for tag, file in self._tag_files.items()
        }
        raise_noted(mistakes)
        if subsets:
            tagged = with_tags([found[index] for index in test], subsets)
            found = [face for face in found if face.split != "test"] + tagged
        return number_faces(found)

    def sources(self, data_root: Path) -> Sequence[Path]:
        files = [file for _, file in self._files] + list(self._tag_files.values())
        return [self.root(data_root) / file for file in files]

    def required(self, data_root: Path) -> Sequence[Path]:
        return [*self.sources(data_root), *([self.root(data_root) / self._images] if self._images else [])]

    def remarks(self, data_root: Path) -> Sequence[str]:
        """Annotations that are left out, and pictures that none of the published lists names."""
        listed: set[str] = set()
        empty = 0
        read = [file for _, file in self._files]
        for file in dict.fromkeys([*read, *self._other_files(data_root)]):
            for annotation in read_annotations(self.root(data_root) / file, _FIELDS):
                listed.add(self._image(annotation))
                empty += file in read and not self._is_face(annotation)
        left_out = [f"{empty:,} annotations without landmarks, or of crowds, are left out"] if empty else []
        return left_out + unlisted_pictures(self.root(data_root), self._images, listed)

    def hardness(self, face: Face) -> float:
        """COFW: the share of occluded landmarks. The lists of the others tell of test faces only."""
        return 0.0 if face.state is None else float((face.state == OCCLUDED).mean())

    def _picture_sizes(self, data_root: Path) -> Iterable[tuple[str, int]]:
        # Only where the lists' pictures are: the original layout may lie in the same folder.
        folder = self.root(data_root) / self._images
        return ((path.relative_to(folder).as_posix(), path.stat().st_size) for path in pictures_below(folder))

    @property
    def _published(self) -> Protocol:
        return PROTOCOLS[self.of, self.protocol]

    @property
    def _images(self) -> str:
        return FACTS[self.of].images if self.images is None else self.images

    @property
    def _files(self) -> tuple[tuple[str, str], ...]:
        if self.lists:
            return self.lists
        published = self._published
        return (*(("train", self._file(name)) for name in published.train), ("test", self._file(published.test)))

    @property
    def _tag_files(self) -> dict[str, str]:
        return {} if self.lists else {tag: self._file(name) for tag, name in self._published.tags.items()}

    def _file(self, name: str) -> str:
        return f"{FACTS[self.of].folder}{name}.json"

    def _other_files(self, data_root: Path) -> list[str]:
        """Lists of the other protocols that are there: they name pictures too."""
        if self.lists:
            return []
        of_all = [protocol for (of, _), protocol in PROTOCOLS.items() if of == self.of]
        files = [self._file(name) for protocol in of_all for name in (*protocol.train, protocol.test)]
        return [file for file in files if (self.root(data_root) / file).is_file()]

    def _annotations(self, data_root: Path, file: str, mistakes: list[str]) -> list[Annotation]:
        with noting(mistakes):
            return read_annotations(self.root(data_root) / file, _FIELDS)
        return []

    def _subset(self, data_root: Path, file: str, mistakes: list[str]) -> list[ListedFace]:
        found = []
        for annotation in self._annotations(data_root, file, mistakes):
            with noting(mistakes):
                landmarks, _ = keypoints_of(annotation, "keypoints", self.scheme.num_landmarks)
                found.append(ListedFace(self._image(annotation), landmarks, annotation.place))
        return found

    def _image(self, annotation: Annotation) -> str:
        return str(PurePosixPath(self._images, annotation.image))

    def _is_face(self, annotation: Annotation) -> bool:
        _, flags = keypoints_of(annotation, "keypoints", self.scheme.num_landmarks)
        return bool(flags.any()) and not annotation.values.get("iscrowd")

    def _face(self, annotation: Annotation, split: str) -> Face | None:
        """None where the annotation is left out."""
        if not self._is_face(annotation):
            return None
        landmarks, flags = keypoints_of(annotation, "keypoints", self.scheme.num_landmarks)
        image = self._image(annotation)
        video = annotation.image.partition("/")[0] if self.of == "300vw" else ""
        state = None
        if self.of == "cofw":  # only here the flags tell more than that a landmark is there
            state = np.where(flags == 0, MISSING, np.where(flags < 2, OCCLUDED, VISIBLE)).astype(np.uint8)
        return Face(
            image=image,
            landmarks=landmarks,
            split=split,
            # 300W stores a photograph once for each of its faces, the others list it once for each.
            group=video or (picture_of(annotation.image) if self.of == "300w" else image),
            video=video,
            state=state,
            box=_box(annotation, self.of),
            tags=self._tags(image, video) if split == "test" else (),
        )

    def _tags(self, image: str, video: str) -> tuple[str, ...]:
        """What names tell: the place of a picture of 300W's private test, the category of a test video of 300VW."""
        place = place_of(image) if self.of == "300w" else ""
        categories = (category for category, videos in CATEGORIES.items() if video in videos)
        return (*([place] if place else []), *categories)


def _box(annotation: Annotation, of: str) -> Box | None:
    if of == "aflw":
        x, y = numbers_of(annotation, "center", 2)
        side = annotation.values.get("box_size")
        half = float(side) / 2 if isinstance(side, int | float) else float("nan")
        cells = [str(value) for value in (x - half, y - half, 2 * half, 2 * half)]
        return read_box(cells, f"{annotation.place}, box_size {side!r}")
    return box_of(annotation, "bbox") if "bbox" in annotation.values else None


DATASET = MmposeJson()
