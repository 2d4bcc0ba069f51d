"""Two workers that share each batch: real processes, joined by gloo."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import multiprocessing
from torch.nn.parallel import DistributedDataParallel

from trainables.placement import Placement


def in_two_processes(work: Callable[..., None], folder: Path, *arguments: Any) -> None:
    """`work(rank, folder, *arguments)` in both. What it raises is raised here."""
    multiprocessing.spawn(work, (str(folder), *arguments), nprocs=2)


@contextmanager
def joined(rank: int, folder: str) -> Iterator[Placement]:
    """The placement of this process among the two."""
    torch.set_num_threads(1)
    torch.distributed.init_process_group("gloo", f"file://{folder}/meeting", rank=rank, world_size=2)
    yield Placement(rank=rank, world=2, wrap=DistributedDataParallel, broadcast=_of_rank_0, mean=_mean)
    torch.distributed.destroy_process_group()


def _of_rank_0(value: Any) -> Any:
    values = [value]
    torch.distributed.broadcast_object_list(values, 0)
    return values[0]


def _mean(tensor: torch.Tensor) -> torch.Tensor:
    torch.distributed.all_reduce(tensor)
    return tensor / 2
