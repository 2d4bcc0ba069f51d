"""ibug300w_xml: 300W as dlib distributes it, the data of paper 001: two XML lists, each picture with its mirrored twin.

The archive joins AFW, HELEN, LFPW and iBUG. Its points are 0-based already, its boxes come from dlib's detector (or are
guessed where that found nothing), some begin outside the picture, and `<name>.png` has the twin `<name>_mirror.jpg`.
Source: sagonas2013ibug300w (annotation), sharif2025resnet18 Sec. 4.1 (its use).
"""

from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import ClassVar

from trainables.config import config
from trainables.dataset import DataError, Dataset, Face, train_or_val_of_group
from trainables.datasets._dlib_xml import DlibFace, read_dlib_faces
from trainables.schemes import SCHEME_68, Scheme


@config
class Ibug300wXml(Dataset):
    """The test list tests. The training list is split 90/10 into train and val, twins together.

    Departs: the paper does not say how it split. A hash of the picture's name decides here, so that no missing or
    added picture moves another one to the other side, and no mirrored twin leaks.
    """

    kind: ClassVar[str] = "ibug300w_xml"
    SCHEME: ClassVar[Scheme] = SCHEME_68
    FOLDER: ClassVar[str | None] = "ibug_300W_large_face_landmark_dataset"
    COUNTS: ClassVar[dict[str, int]] = {"train+val": 6666, "test": 1008}
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
        tested = {group_of(face.image) for face in for_test}
        for face in for_training:
            if group_of(face.image) in tested:
                raise DataError(
                    f"{face.place}: the test list has the same picture, or its mirrored twin. The published lists "
                    "share none: take both from one archive, or remove it from one of them."
                )
        train = [_face(face, train_or_val_of_group(group_of(face.image))) for face in for_training]
        return train + [_face(face, "test") for face in for_test]

    def sources(self, data_root: Path) -> Sequence[Path]:
        root = self.root(data_root)
        return [root / "labels_ibug_300W_train.xml", root / "labels_ibug_300W_test.xml"]


def group_of(image: str) -> str:
    """The original picture of an image or of its mirrored twin, without suffix, which differs between the two."""
    # The folder stays: lfpw/trainset and lfpw/testset have other pictures under the same names.
    return str(PurePosixPath(image).with_suffix("")).removesuffix("_mirror")


def _face(face: DlibFace, split: str) -> Face:
    return Face(image=face.image, landmarks=face.landmarks, split=split, group=group_of(face.image), box=face.box)


DATASET = Ibug300wXml()
