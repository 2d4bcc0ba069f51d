"""Pictures that a network makes of faces: how close they are to the true crops, and a few of them to look at."""

from collections import defaultdict
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from trainables.image_metrics import picture_quality

SHOWN = 6  # faces of a split whose pictures are kept: the same ones for every network
Picture = NDArray[np.uint8]  # RGB [S, S, 3]


@dataclass
class MadePictures:
    """Of the `faces` faces of one split, added batch by batch. Positions are places in the split."""

    faces: int
    made: dict[int, Picture] = field(default_factory=dict)
    conditions: dict[int, Picture] = field(default_factory=dict)  # what they were made of, where that is another view
    _quality: defaultdict[str, list[float]] = field(default_factory=lambda: defaultdict(list))

    def add(self, first: int, made: Tensor, truth: Tensor, conditions: Tensor | None) -> None:
        """Pictures [B, 3, S, S] in [0, 1] of the faces from position `first` on."""
        ours, true = (each.permute(0, 2, 3, 1).double().cpu().numpy() for each in (made, truth))
        for one, other in zip(ours, true, strict=True):
            for name, value in picture_quality(one, other).items():
                self._quality[name].append(value)
        for position in self.shown:
            if first <= position < first + len(made):
                self.made[position] = _eight_bits(made[position - first])
                if conditions is not None:
                    self.conditions[position] = _eight_bits(conditions[position - first])

    @property
    def shown(self) -> list[int]:
        """Positions of the faces whose pictures are kept, evenly spread."""
        return np.unique(np.linspace(0, self.faces - 1, SHOWN).round().astype(int)).tolist()

    @property
    def quality(self) -> dict[str, NDArray[np.float64]]:
        """Metric → its value for each face; empty where no picture was made."""
        return {name: np.array(values) for name, values in self._quality.items()}


def png(picture: Picture) -> bytes:
    """Without loss, so that edges are those that the network drew."""
    _, encoded = cv2.imencode(".png", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
    return encoded.tobytes()


def _eight_bits(picture: Tensor) -> Picture:
    return picture.detach().float().mul(255).round().clamp(0, 255).byte().permute(1, 2, 0).cpu().numpy()
