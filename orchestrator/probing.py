"""Probes on Ray: a few steps of each variant where it would run, before it is planned, packed or started."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

import ray
import torch
from ray.exceptions import RayError, RayTaskError

from orchestrator.errors import one_line
from orchestrator.provenance import of_machine
from orchestrator.unit import Unit, opened_trial
from search_spaces.variants import Resources
from trainables.placement import Placement
from trainables.probe import probe


def probe_on_ray(units: Sequence[tuple[Unit, Resources]]) -> Iterator[tuple[Unit, dict[str, Any] | str]]:
    """Each unit with the columns of "probes" that were found, or with the error in one line. One at a time on each
    device: others beside it would be measured, too."""
    waiting = {
        # A process for each: the next one must find the device empty.
        ray.remote(num_cpus=resources.cpus, num_gpus=1 if resources.share else 0, max_retries=0, max_calls=1)(
            _probed
        ).remote(asdict(unit), asdict(resources)): unit
        for unit, resources in units
    }
    while waiting:
        (ready,), _ = ray.wait(list(waiting), num_returns=1)
        unit = waiting.pop(ready)
        try:
            yield unit, ray.get(ready)
        except RayTaskError as error:
            yield unit, one_line(str(error.cause))
        except RayError as error:
            yield unit, one_line(str(error))


def _probed(plain: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    unit, resources = Unit(**plain), Resources(**given)
    torch.set_num_threads(unit.threads)
    trial, faces, unlabelled = opened_trial(unit)
    device = torch.device("cuda:0" if resources.share and torch.cuda.is_available() else "cpu")
    world = max(1, resources.workers)
    found = probe(trial, faces, Placement(device=device, world=world, parts=unit.parts), unlabelled=unlabelled)
    images = len(faces.rows["train"]) * (1 + trial.recipe.unlabelled / trial.recipe.batch_size)
    # Workers share the training of a batch; validation is done by one of them.
    seconds = found.seconds_per_image * images + found.seconds_per_validated_image * len(faces.rows["val"])
    fits = found.parts is not None
    return {
        "variant": unit.facts["variant"],
        "device": "GPU" if resources.share else "core",
        "hardware": of_machine(device)["hardware"],
        "workers": world,
        "epoch_seconds": seconds if fits else None,
        "parts": found.parts,
        "peak_memory_mb": found.peak_memory_mb if fits else None,
        "reserved_memory_mb": found.reserved_memory_mb if fits else None,
        "device_memory_mb": found.device_memory_mb,
    }
