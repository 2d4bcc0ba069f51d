"""What the COCO-style lists of mmpose are called, how many faces they have, and in what their data sets differ.

Source: mmpose2020toolbox (lists); for the numbers see the readers of the original layouts.
"""

from dataclasses import dataclass, field

from trainables.datasets._ibug300vw import CATEGORY_FRAMES, TRAINING_FRAMES
from trainables.datasets.ibug300w import Ibug300w
from trainables.schemes import SCHEME_19, SCHEME_29, SCHEME_68, SCHEME_98, Scheme
from trainables.transforms.crop import CONVENTIONS, Crop

_WFLW_SUBSETS = {
    "largepose": 326,
    "expression": 314,
    "illumination": 698,
    "makeup": 206,
    "occlusion": 736,
    "blur": 773,
}


@dataclass(frozen=True)
class Protocol:
    """Published lists, as names without folder and suffix, and the numbers of their faces."""

    train: tuple[str, ...]
    test: str
    counts: dict[str, int]
    tags: dict[str, str] = field(default_factory=dict)  # tag of test faces -> the list that names them
    subsets: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Facts:
    """What the data sets differ in."""

    scheme: Scheme
    normalisers: tuple[str, ...]
    licence: str
    folder: str = "annotations/"  # of the lists
    images: str = "images"
    leaks: str = ""
    crop: Crop = field(default_factory=Crop)


FACTS = {
    "300w": Facts(SCHEME_68, Ibug300w.NORMALISERS, "research use, not commercial; iBUG 300-W"),
    "wflw": Facts(
        SCHEME_98,
        ("io",),
        "research use, not commercial; pictures of WIDER FACE",
        leaks="the lists divide faces, and a photograph may show several",
    ),
    "cofw": Facts(SCHEME_29, ("io", "ip"), "research use; Caltech"),
    "aflw": Facts(
        SCHEME_19,
        ("dataset_box", "diag", "dataset_diag", "box"),
        "research use, not commercial; AFLW",
        leaks="the lists divide faces, and a photograph may show several",
        crop=CONVENTIONS["aflw"],
    ),
    "300vw": Facts(SCHEME_68, ("io", "ip"), "research use, not commercial; iBUG 300-VW", folder="", images=""),
}
_300W_TAGS = {"common": "face_landmarks_300w_valid_common", "challenging": "face_landmarks_300w_valid_challenge"}
PROTOCOLS = {
    ("300w", "full"): Protocol(
        ("face_landmarks_300w_train",),
        "face_landmarks_300w_valid",
        {"train+val": 3148, "test": 689},
        _300W_TAGS,
        {"common": 554, "challenging": 135},
    ),
    ("300w", "private"): Protocol(
        ("face_landmarks_300w_train", "face_landmarks_300w_valid"),
        "face_landmarks_300w_test",
        {"train+val": 3837, "test": 600},
        subsets={"indoor": 300, "outdoor": 300},
    ),
    ("300w", "private_3148"): Protocol(
        ("face_landmarks_300w_train",),
        "face_landmarks_300w_test",
        {"train+val": 3148, "test": 600},
        subsets={"indoor": 300, "outdoor": 300},
    ),
    ("wflw", "full"): Protocol(
        ("face_landmarks_wflw_train",),
        "face_landmarks_wflw_test",
        {"train+val": 7500, "test": 2500},
        {tag: f"face_landmarks_wflw_test_{tag}" for tag in _WFLW_SUBSETS},
        _WFLW_SUBSETS,
    ),
    ("cofw", "full"): Protocol(("cofw_train",), "cofw_test", {"train+val": 1345, "test": 507}),
    ("aflw", "full"): Protocol(
        ("face_landmarks_aflw_train",),
        "face_landmarks_aflw_test",
        {"train+val": 20000, "test": 4386},
        {"frontal": "face_landmarks_aflw_test_frontal"},
        {"frontal": 1314},
    ),
    ("300vw", "full"): Protocol(
        ("train_300vw",),
        "test_300vw",
        {"train+val": TRAINING_FRAMES, "test": sum(CATEGORY_FRAMES.values())},
        subsets=CATEGORY_FRAMES,
    ),
}
