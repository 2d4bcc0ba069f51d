"""Waits until all nodes have joined: `python -m orchestrator.deploy.joined NODES [SECONDS]`, at `RAY_ADDRESS`.

A node that is missing after that does not hold up the others: a launch uses what is there, and what comes later.
"""

import logging
import sys
import time

import ray


def wait_for(nodes: int, seconds: float) -> int:
    """The nodes that are there when all are, or when the time is up."""
    ray.init(address="auto", log_to_driver=False, logging_level=logging.ERROR)
    ends = time.monotonic() + seconds
    while (there := sum(node["Alive"] for node in ray.nodes())) < nodes and time.monotonic() < ends:
        time.sleep(1)
    ray.shutdown()
    return there


if __name__ == "__main__":
    asked, *seconds = map(float, sys.argv[1:])
    found = wait_for(int(asked), *(seconds or [600.0]))
    print(f"{found} of {int(asked)} nodes have joined.", flush=True)
