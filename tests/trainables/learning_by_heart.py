"""A network that cannot learn a few faces by heart has a bug."""

import dataclasses

import torch

from trainables.execution import memory_format, precision
from trainables.faces import Faces
from trainables.method import Batch, Method
from trainables.recipe import Recipe

IN_HALF_PRECISION = Recipe(precision="bfloat16")  # two thirds of the time, and no easier


def error_after_learning_by_heart(
    method: Method, faces: Faces, steps: int, lr: float, recipe: Recipe = IN_HALF_PRECISION
) -> tuple[int, float]:
    """How many faces it was trained on, all of them in every step, and their error by the eyes' distance.

    `recipe`: how the network is carried out; nothing else of it counts.
    """
    rows = faces.rows["train"]
    inner = slice(faces.pad, faces.pad + faces.input_size)
    images = faces.crops(rows)[:, inner, inner].permute(0, 3, 1, 2).float() / 255
    landmarks = torch.from_numpy(faces.landmarks_crop(rows)).float()
    present = torch.ones(landmarks.shape[:2], dtype=torch.bool)
    ones = torch.ones(len(rows))
    batch = Batch(images, landmarks, present, present, ones, ones, present.float())
    layout = memory_format(method, recipe, torch.device("cpu"))
    images = images.contiguous(memory_format=layout)
    batch = dataclasses.replace(batch, images=images)
    torch.manual_seed(0)
    model = method.build(faces.scheme).to(memory_format=layout)  # pyright: ignore[reportCallIssue]
    optimizer = torch.optim.Adam(model.parameters(), lr=lr)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, lr, steps, pct_start=0.05)
    for _ in range(steps):
        optimizer.zero_grad()
        with precision(recipe, torch.device("cpu")):
            losses = model.losses(model(images), batch)
        torch.stack([loss.float() for loss in losses.values()]).sum().backward()
        optimizer.step()
        schedule.step()
    left, right = faces.scheme.outer_eye_corners
    distance = (landmarks[:, left] - landmarks[:, right]).norm(dim=-1)
    with torch.no_grad():
        errors = (model.eval().decode(model(images)) - landmarks).norm(dim=-1).mean(dim=1)
    return len(rows), (errors / distance).mean().item()
