"""The only file here that knows Ray: one worker of a Ray Train group as a placement of the training loop."""

import ray.train.torch
import torch
import torch.distributed
from ray import train
from ray.train.collective import broadcast_from_rank_zero
from torch import Tensor

from trainables.training import Placement


def group_placement() -> Placement:
    """The placement of the Ray Train worker that calls this: gradients are averaged over the group."""
    context = train.get_context()
    return Placement(
        device=ray.train.torch.get_device(),
        rank=context.get_world_rank(),
        world=context.get_world_size(),
        wrap=ray.train.torch.prepare_model,
        broadcast=broadcast_from_rank_zero,
        mean=_mean,
        lost=_is_another_workers_end,
    )


def _mean(tensor: Tensor) -> Tensor:
    torch.distributed.all_reduce(tensor)
    return tensor / torch.distributed.get_world_size()


def _is_another_workers_end(error: Exception) -> bool:
    # gloo raises a bare RuntimeError that names its source file; NCCL's errors have a class.
    return isinstance(error, torch.distributed.DistError) or "gloo/transport" in str(error)
