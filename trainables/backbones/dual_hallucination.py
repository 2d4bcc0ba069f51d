"""Two streams that help each other: hourglasses that find landmarks, and a stream that restores the face."""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from trainables.backbones.face_hallucination import MODULES, DetailFusion, FaceHallucination, PoseAttention
from trainables.backbones.hourglass import Block, StackedHourglass


class Hallucinated(NamedTuple):
    """`heatmaps` of all stacks [B, T, K, s, s]; `picture` [B, 3, S, S], not bounded."""

    heatmaps: Tensor
    picture: Tensor


class DualHallucination(nn.Module):
    """RGB pictures [B, 3, s, s] in [0, 1] → heatmaps of s×s cells, and the larger pictures of the stream `face`.

    In step t an hourglass finds P_t and a hallucination module Q_t; Q_t is weighed by P_t and then added to it, and the
    stack answers from the sum. Without `fusion` the streams do not know one another.

    Source: wan2026sht Sec. 3.1, Eqs. 1–2.
    """

    def __init__(
        self, num_landmarks: int, width: int, block: Block, face: FaceHallucination, fusion: bool = True
    ) -> None:
        super().__init__()
        self.landmarks = StackedHourglass(num_landmarks, width, MODULES, block, nn.MaxPool2d(2), stride=1)
        self.face = face
        self.attend = self.detail = None
        if fusion:
            self.attend = nn.ModuleList(PoseAttention(width, face.width) for _ in range(MODULES))
            self.detail = nn.ModuleList(DetailFusion(width, face.width) for _ in range(MODULES))

    def forward(self, pictures: Tensor) -> Hallucinated:
        seen = self.landmarks.stem(pictures)
        first = face = self.face.begin(pictures)
        answers: list[Tensor] = []
        for step, (hourglass, module) in enumerate(zip(self.landmarks.hourglasses, self.face.modules_, strict=True)):
            pose, face = hourglass(seen), module(face)
            if self.attend is not None and self.detail is not None:
                face = self.attend[step](face, pose)
                pose = self.detail[step](pose, face)
            answer, seen = self.landmarks.answer(step, seen, pose)
            answers.append(answer)
        return Hallucinated(torch.stack(answers, dim=1), self.face.end(face, first))
