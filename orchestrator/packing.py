"""Which share of a GPU a trial is given, from the memory that a probe of it took. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import floor

from orchestrator.capacity import Node
from orchestrator.plan import Plan
from search_spaces.variants import Resources

CONTEXT_MB = 600.0  # what CUDA keeps for a process, besides its tensors
MARGIN = 1.15  # fragments of memory, and batches that need more than those of the probe
MOST = 8  # trials on one device: more of them only wait for its processors


@dataclass(frozen=True)
class Memory:
    """What a process took of a device, in MiB."""

    reserved_mb: float
    device_mb: float | None  # None: of a processor


def share_of_gpu(memory: Memory) -> float:
    """Of the device that was probed: 1 where a second process would not fit, else 1/n, rounded down to what Ray tells
    apart. 0 without a GPU."""
    if memory.device_mb is None:
        return 0.0
    together = floor(memory.device_mb / (MARGIN * memory.reserved_mb + CONTEXT_MB))
    return floor(10_000 / max(1, min(MOST, together))) / 10_000


def unprobed(plan: Plan, memory: Mapping[str, Memory]) -> list[str]:
    """Variants of the plan's trials that ask for a share by a probe and have none yet."""
    asking = (work.variant_id for work in plan.todo if work.resources.gpus == "auto")
    return [variant for variant in dict.fromkeys(asking) if variant not in memory]


def packed(plan: Plan, memory: Mapping[str, Memory], nodes: tuple[Node, ...]) -> Plan:
    """The plan with a number of GPUs for every trial. Several workers have a device each; what could not be probed has
    a whole one."""

    def given(variant: str, resources: Resources) -> Resources:
        if resources.gpus != "auto":
            return resources
        if not any(node.gpus for node in nodes):
            return replace(resources, gpus=0.0)
        share = share_of_gpu(memory[variant]) if variant in memory and resources.workers < 2 else 1.0
        return replace(resources, gpus=share or 1.0)

    works = tuple(replace(work, resources=given(work.variant_id, work.resources)) for work in plan.works)
    return replace(plan, works=works)
