"""What a cluster holds at once. Pure: nodes and needs in, counts out."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import floor

from search_spaces.variants import Resources


@dataclass(frozen=True)
class Node:
    """What one node offers to trials."""

    cpus: float
    gpus: float = 0.0


def fits_empty(resources: Resources, nodes: Sequence[Node]) -> bool:
    """Whether an empty cluster could hold it: each process on one node."""
    return _processes_on(resources, nodes) >= max(1, resources.workers)


def fits_beside(resources: Resources, running: Iterable[Resources], nodes: Sequence[Node]) -> bool:
    """Whether there is room for it beside these. Counted over the whole cluster: where the room is spread over nodes,
    it waits for its place while nothing else takes it."""
    cpus, gpus = _needs(resources)
    for other in running:
        more = _needs(other)
        cpus, gpus = cpus + more[0], gpus + more[1]
    return cpus <= sum(node.cpus for node in nodes) + 1e-9 and gpus <= sum(node.gpus for node in nodes) + 1e-9


def at_once(resources: Sequence[Resources], nodes: Sequence[Node]) -> int:
    """How many of such trials the cluster holds at the same time, by the smallest of them."""
    return max(1, *(_processes_on(each, nodes) // max(1, each.workers) for each in resources))


def _needs(resources: Resources) -> tuple[float, float]:
    """CPUs and GPUs of a trial. A share of a GPU counts as the part that it leaves to no other of its kind: two trials
    of 0.4 fill one."""
    processes = max(1, resources.workers)
    share = resources.share
    if 0 < share < 1:
        share = 1 / floor(1 / share + 1e-9)
    return processes * resources.cpus, processes * share


def _processes_on(resources: Resources, nodes: Sequence[Node]) -> int:
    return sum(_on_one(resources, node) for node in nodes)


def _on_one(resources: Resources, node: Node) -> int:
    by_cpus = floor(node.cpus / resources.cpus + 1e-9)
    if not resources.share:
        return by_cpus
    if resources.share < 1:
        return min(by_cpus, floor(node.gpus + 1e-9) * floor(1 / resources.share + 1e-9))
    return min(by_cpus, floor(node.gpus / resources.share + 1e-9))
