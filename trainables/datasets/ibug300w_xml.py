"""ibug300w_xml: 300W as dlib distributes it, the data of paper 001: two XML lists, each picture with its mirrored twin.

The archive joins AFW, HELEN, LFPW and iBUG. Its points are 0-based already, its boxes come from dlib's detector (or are
guessed where that found nothing), some begin outside the picture, and `<name>.png` has the twin `<name>_mirror.jpg`.
Source: sagonas2013ibug300w (annotation), sharif2025resnet18 Sec. 4.1 (its use).
"""

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from trainables.config import config
from trainables.dataset import DataError, Dataset, Face
from trainables.datasets._dlib_xml import DlibFace, read_dlib_faces
from trainables.datasets._lists import unlisted_pictures
from trainables.datasets.ibug300w import picture_of
from trainables.schemes import SCHEME_68, Scheme
from trainables.transforms.crop import CONVENTIONS, Crop

_FOLDERS = ("afw", "helen", "ibug", "lfpw")


@config
class Ibug300wXml(Dataset):
    """The test list tests. Of the training list a tenth is held out to validate, all faces of a photograph together.

    Departs: the paper does not say how it split.
    """

    kind: ClassVar[str] = "ibug300w_xml"
    VERSION: ClassVar[int] = 2  # 1 held out pictures, not photographs, by a hash of their names
    SCHEME: ClassVar[Scheme] = SCHEME_68
    FOLDER: ClassVar[str | None] = "ibug_300W_large_face_landmark_dataset"
    COUNTS: ClassVar[dict[str, int]] = {"train+val": 6666, "test": 1008}
    NORMALISERS: ClassVar[tuple[str, ...]] = ("io", "crop_diag")
    CROP: ClassVar[Crop] = CONVENTIONS["dlib"]
    LICENCE: ClassVar[str] = "research use, not commercial; iBUG 300-W"
    TREE: ClassVar[str] = """\
ibug_300W_large_face_landmark_dataset/    as unpacked from dlib's archive of this name
  labels_ibug_300W_train.xml              6,666 images, each with its mirrored twin
  labels_ibug_300W_test.xml               1,008 images, likewise
  afw/
  helen/trainset/  helen/testset/
  ibug/
  lfpw/trainset/  lfpw/testset/
"""

    def faces(self, data_root: Path) -> list[Face]:
        """The training list, then the test list, each in its order."""
        for_training, for_test = (
            list(read_dlib_faces(path, self.scheme.num_landmarks)) for path in self.sources(data_root)
        )
        tested = {picture_of(face.image) for face in for_test}
        for face in for_training:
            if picture_of(face.image) in tested:
                raise DataError(
                    f"{face.place}: the test list has the same photograph, or its mirrored twin. The published lists "
                    "share none: take both from one archive, or remove it from one of them."
                )
        train = [_face(face, "train") for face in for_training]
        return train + [_face(face, "test") for face in for_test]

    def sources(self, data_root: Path) -> Sequence[Path]:
        root = self.root(data_root)
        return [root / "labels_ibug_300W_train.xml", root / "labels_ibug_300W_test.xml"]

    def remarks(self, data_root: Path) -> Sequence[str]:
        """Pictures that neither list names."""
        lists = (read_dlib_faces(path, self.scheme.num_landmarks) for path in self.sources(data_root))
        listed = {face.image for faces in lists for face in faces}
        return [line for folder in _FOLDERS for line in unlisted_pictures(self.root(data_root), folder, listed)]


def _face(face: DlibFace, split: str) -> Face:
    return Face(image=face.image, landmarks=face.landmarks, split=split, group=picture_of(face.image), box=face.box)


DATASET = Ibug300wXml()
