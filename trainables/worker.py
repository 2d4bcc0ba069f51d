"""The only file here that knows Ray: one worker of a Ray Train group as a placement of the training loop."""

from functools import partial

import ray.train.torch
import torch
import torch.distributed
from ray import train
from ray.train.collective import broadcast_from_rank_zero
from torch import Tensor

from trainables.placement import Placement


def group_placement(parts: int = 1) -> Placement:
    """The placement of the Ray Train worker that calls this: gradients are averaged over the group."""
    context = train.get_context()
    # Ray counts GPUs as it is told, also where there are none.
    device = ray.train.torch.get_device() if torch.cuda.is_available() else torch.device("cpu")
    return Placement(
        device=device,
        rank=context.get_world_rank(),
        world=context.get_world_size(),
        wrap=partial(ray.train.torch.prepare_model, move_to_device=device),
        broadcast=broadcast_from_rank_zero,
        mean=_mean,
        lost=_is_another_workers_end,
        parts=parts,
    )


def _mean(tensor: Tensor) -> Tensor:
    torch.distributed.all_reduce(tensor)
    return tensor / torch.distributed.get_world_size()


def _is_another_workers_end(error: Exception) -> bool:
    # gloo raises a bare RuntimeError that names its source file; NCCL's errors have a class.
    return isinstance(error, torch.distributed.DistError) or "gloo/transport" in str(error)
