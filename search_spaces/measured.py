"""Which metrics validation gives of a method: what a search can go by."""

from functools import lru_cache

import numpy as np

from trainables import metrics
from trainables.image_metrics import picture_quality
from trainables.method import Method
from trainables.schemes import SCHEMES


def metrics_of(method: Method) -> list[str]:
    """Names as `metrics.aggregate` and `picture_quality` give them; those by a data set's own boxes among them."""
    pictures = method.makes_pictures or not method.finds_landmarks
    return [*(_of_landmarks() if method.finds_landmarks else ()), *(_of_pictures() if pictures else ())]


@lru_cache
def _of_landmarks() -> tuple[str, ...]:
    scheme = next(iter(SCHEMES.values()))
    face, errors = np.arange(2.0 * scheme.num_landmarks).reshape(1, -1, 2), np.zeros((1, scheme.num_landmarks))
    return tuple(metrics.summary(errors, errors, metrics.normalisers(face, scheme, boxes=np.ones((1, 4)))))


@lru_cache
def _of_pictures() -> tuple[str, ...]:
    picture = np.zeros((32, 32, 3))
    return tuple(picture_quality(picture, picture))
