"""A training step of HR-MLFF at 256×256 against one of HRNet: at most 1.35 times, for 4 % more parameters.

Each network trains in a fresh process, by turns, on the same random faces, in each memory layout; its peak memory is
that of the process.
"""

import statistics
import subprocess
import sys
import time
from collections.abc import Iterator

import torch

from trainables.complexity import peak_memory_mb, reset_peak_memory
from trainables.method import Batch
from trainables.methods.hrmlff import Hrmlff
from trainables.methods.hrnet import Hrnet
from trainables.schemes import SCHEMES

BATCH, SIZE, CORES = 4, 256, 2
ROUNDS, STEPS = 3, 3
NETWORKS = {"hrnet": Hrnet(), "hrmlff": Hrmlff()}
LAYOUTS = {"contiguous": torch.contiguous_format, "channels-last": torch.channels_last}


def run() -> Iterator[str]:
    for layout in LAYOUTS:
        ratios, memory = [], {}
        for number in range(1, ROUNDS + 1):
            seconds = {}
            for name in NETWORKS:
                command = [sys.executable, "-m", "tests.bench.fusion", name, layout]
                said = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
                seconds[name], memory[name] = float(said[0]), float(said[1])
            ratios.append(seconds["hrmlff"] / seconds["hrnet"])
            yield f"{layout}, round {number}: " + ", ".join(f"{name} {each:.2f} s" for name, each in seconds.items())
        ratio = statistics.median(ratios)
        yield f"{layout}, batch of {BATCH}: {ratio:.2f} of HRNet's step (median of {ROUNDS}; at most 1.35)"
        yield f"{layout}, peak memory: " + ", ".join(f"{name} {each:.0f} MiB" for name, each in memory.items())


def measured(name: str, layout: str) -> tuple[float, float]:
    """Seconds of a step, and the peak memory in MiB."""
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    torch.set_num_threads(CORES)
    torch.manual_seed(0)
    model = NETWORKS[name].build(SCHEMES["68"]).to(device).to(memory_format=LAYOUTS[layout])  # pyright: ignore[reportCallIssue]
    optimizer = torch.optim.Adam(model.parameters())
    seen, share = torch.ones(BATCH, 68, dtype=torch.bool), torch.ones(BATCH)
    landmarks = torch.rand(BATCH, 68, 2) * SIZE
    images = torch.rand(BATCH, 3, SIZE, SIZE).contiguous(memory_format=LAYOUTS[layout])
    batch = Batch(images, landmarks, seen, seen, share, share, seen.float()).to(device)
    reset_peak_memory(device)
    seconds = []
    for _ in range(1 + STEPS):  # the first one warms up
        started = time.perf_counter()
        loss = torch.stack(list(model.losses(model(batch.images), batch).values())).sum()
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        if device.type == "cuda":
            torch.cuda.synchronize()
        seconds.append(time.perf_counter() - started)
    return statistics.median(seconds[1:]), peak_memory_mb(device)


if __name__ == "__main__":
    print(*measured(*sys.argv[1:]))
