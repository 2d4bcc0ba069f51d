"""Two streams that help each other: hourglasses that find landmarks, and a stream that restores the face."""

from collections.abc import Iterable
from itertools import chain
from typing import NamedTuple

import torch
from torch import Tensor, nn

from trainables.backbones.face_hallucination import MODULES, DetailFusion, FaceHallucination, PoseAttention
from trainables.backbones.hourglass import StackedHourglass


class Hallucinated(NamedTuple):
    """`heatmaps` of all stacks [B, T, K, s, s]; `picture` [B, 3, S, S], not bounded; None without their stream."""

    heatmaps: Tensor | None
    picture: Tensor | None


class DualHallucination(nn.Module):
    """RGB pictures [B, 3, s, s] in [0, 1] → heatmaps of s×s cells by the stream `landmarks`, and the larger pictures of
    the stream `face`.

    In step t an hourglass finds P_t and a hallucination module Q_t; Q_t is weighed by P_t and then added to it, and the
    stack answers from the sum. A stream alone is not changed.

    Source: wan2026sht Sec. 3.1, Eqs. 1–2.
    """

    def __init__(self, landmarks: StackedHourglass | None, face: FaceHallucination | None, width: int) -> None:
        super().__init__()
        self.landmarks: StackedHourglass | None = landmarks
        self.face: FaceHallucination | None = face
        if landmarks is not None and face is not None:
            self.attend = nn.ModuleList(PoseAttention(width, face.width) for _ in range(MODULES))
            self.detail = nn.ModuleList(DetailFusion(width, face.width) for _ in range(MODULES))

    def forward(self, pictures: Tensor) -> Hallucinated:
        landmarks, face = self.landmarks, self.face
        if landmarks is None or face is None:
            return Hallucinated(
                heatmaps=None if landmarks is None else landmarks(pictures),
                picture=None if face is None else face(pictures),
            )
        seen = landmarks.stem(pictures)
        first = features = face.begin(pictures)
        answers: list[Tensor] = []
        for step, (hourglass, module) in enumerate(zip(landmarks.hourglasses, face.modules_, strict=True)):
            pose = hourglass(seen)
            features = self.attend[step](module(features), pose)
            answer, seen = landmarks.answer(step, seen, self.detail[step](pose, features))
            answers.append(answer)
        return Hallucinated(torch.stack(answers, dim=1), face.end(features, first))

    def largest_parts(self) -> Iterable[nn.Module]:
        """Hourglasses and modules of hallucination: what keeps most activations."""
        landmarks, face = self.landmarks, self.face
        return chain(() if landmarks is None else landmarks.hourglasses, () if face is None else face.modules_)
