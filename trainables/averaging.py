"""Stochastic weight averaging: the mean of the weights at the epochs' ends, with batch-norm statistics of its own.

Source: izmailov2018swa Algorithm 1.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from torch import Tensor
from torch.nn.modules.batchnorm import _BatchNorm

from trainables.batches import shares_of_batch
from trainables.faces import Faces
from trainables.method import LandmarkModel
from trainables.recipe import Averaging


def with_parameters(sums: dict[str, Tensor], model: LandmarkModel) -> dict[str, Tensor]:
    """New sums, the model's parameters added. Float64, so that the mean of equal weights is those weights."""
    named = {name: value.detach() for name, value in model.named_parameters(remove_duplicate=False)}
    return {name: value.double() + (sums[name].to(value.device) if sums else 0) for name, value in named.items()}


@contextmanager
def averaged_weights(
    model: LandmarkModel,
    sums: dict[str, Tensor],
    number: int,
    faces: Faces,
    averaging: Averaging,
    batch_size: int,
    device: torch.device,
) -> Iterator[None]:
    """Within it the model has the mean weights after epoch `number` and statistics of its own; buffers that are no
    statistics of a batch norm stay the latest."""
    latest, count = copied(model.state_dict()), number - averaging.from_epoch + 1
    model.load_state_dict(latest | {name: (total / count).to(latest[name].dtype) for name, total in sums.items()})
    _renew_statistics(model, faces, averaging.images, batch_size, device)
    try:
        yield
    finally:
        model.load_state_dict(latest)


@torch.no_grad()
def _renew_statistics(model: LandmarkModel, faces: Faces, images: int, batch_size: int, device: torch.device) -> None:
    """Take the batch norms' running statistics anew, as the mean over batches of training images."""
    norms = [part for part in model.modules() if isinstance(part, _BatchNorm) and part.track_running_stats]
    if not norms:
        return
    momenta, was_training = [norm.momentum for norm in norms], model.training
    # All else as in evaluation, above all no dropout, which would also move the random state.
    model.eval()
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # the mean over all batches
        norm.train()
    rows = faces.rows["train"]
    images = min(images, len(rows))
    rows = rows[np.arange(images) * len(rows) // images]
    for start, share in shares_of_batch(images, batch_size, rank=0, world=1):
        model(faces.inputs(rows[start:][share], device))
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
    model.train(was_training)


def copied(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name: value.detach().clone() for name, value in weights.items()}
