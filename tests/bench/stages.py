"""A training step of each of SHT's stages at the paper's size, 8 pairs of 128×128 px: seconds and peak memory.

Each runs in a fresh process, by turns, on the same random faces; its peak memory is that of the process. The joint
stage also with the recipe's switches. On a GPU, DHLN's predictions a second beside those of the stacked hourglass, as
in paper 003's Sec. 4.5.
"""

import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

import torch

from trainables.complexity import frames_per_second, peak_memory_mb, reset_peak_memory
from trainables.execution import recompute
from trainables.method import Batch, LandmarkModel, Method
from trainables.methods.dhln import Dhln
from trainables.methods.fptn import Fptn
from trainables.methods.shn import Shn
from trainables.pose_transfer import PoseTransfer
from trainables.schemes import SCHEMES

SIZE, PAIRS, CORES = 128, 8, 2
SHT = Dhln(transfer=PoseTransfer())


@dataclass(frozen=True)
class Case:
    method: Method
    unlabelled: int = 0  # of the pairs
    single: bool = False  # twice as many faces, one view of each
    layout: torch.memory_format = torch.channels_last
    bfloat16: bool = False
    recompute: bool = False


JOINT = Case(SHT)
CASES = {
    "A landmarks and hallucination": Case(Dhln(), single=True),
    "B pose transfer": Case(Fptn()),
    "C joint": JOINT,
    "D weakly supervised": Case(SHT, unlabelled=PAIRS // 2),
    "C, contiguous": replace(JOINT, layout=torch.contiguous_format),
    "C, activations computed twice": replace(JOINT, recompute=True),
    "C, bfloat16": replace(JOINT, bfloat16=True),
    "C, bfloat16, activations computed twice": replace(JOINT, bfloat16=True, recompute=True),
}


def run() -> Iterator[str]:
    joint: tuple[float, float] | None = None
    for name in CASES:
        command = [sys.executable, "-m", "tests.bench.stages", name]
        said = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
        seconds, memory = float(said[0]), float(said[1])
        joint = (seconds, memory) if name == "C joint" else joint
        line = f"{name}: {seconds:.2f} s a step, {memory:,.0f} MiB"
        if joint is not None and name.startswith("C,"):
            line += f" ({joint[0] / seconds:.2f} times as fast as C joint, {memory / joint[1]:.2f} of its memory)"
        yield line
    if torch.cuda.is_available():
        device = torch.device("cuda")
        speeds = {
            kind: frames_per_second(method.build(SCHEMES["68"]).to(device), method.input_size, 1, device)
            for kind, method in (("dhln", Dhln()), ("shn", Shn()))
        }
        yield "predictions a second: " + ", ".join(f"{name} {speed:.0f}" for name, speed in speeds.items())


def measured(name: str) -> tuple[float, float]:
    """Seconds of a step, and the peak memory in MiB."""
    case = CASES[name]
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    torch.set_num_threads(CORES)
    torch.manual_seed(0)
    model = case.method.build(SCHEMES["68"]).to(device).to(memory_format=case.layout)  # pyright: ignore[reportCallIssue]
    if case.recompute:
        recompute(model)
    optimizers = [torch.optim.Adam(update.parameters) for update in model.updates()]
    _step(model, optimizers, _faces(case, 1).to(device), case, device)  # libraries choose their kernels
    reset_peak_memory(device)
    batch = _faces(case, 2 * PAIRS if case.single else PAIRS).to(device)
    seconds = []
    for _ in range(10 if device.type == "cuda" else 1):
        started = time.perf_counter()
        _step(model, optimizers, batch, case, device)
        seconds.append(time.perf_counter() - started)
    return statistics.median(seconds), peak_memory_mb(device)


def _step(
    model: LandmarkModel, optimizers: list[torch.optim.Adam], batch: Batch, case: Case, device: torch.device
) -> None:
    with torch.autocast(device.type, torch.bfloat16, enabled=case.bfloat16):
        seen = (each.contiguous(memory_format=case.layout) for each in model.seen(batch))
        total = torch.stack(list(model.losses(model(*seen), batch).values())).sum()
    total.backward()
    for optimizer in optimizers:
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
    if device.type == "cuda":
        torch.cuda.synchronize()


def _faces(case: Case, count: int) -> Batch:
    labelled = torch.arange(count) < count - case.unlabelled
    seen = labelled[:, None].expand(count, 68)
    landmarks = torch.where(seen[..., None], torch.rand(count, 68, 2) * SIZE, torch.nan)
    share = torch.ones(count)
    views = (torch.rand(count, 3, SIZE, SIZE), landmarks)
    return Batch(torch.rand(count, 3, SIZE, SIZE), landmarks, seen, seen, share, share, seen.float(), *views)


if __name__ == "__main__":
    print(*measured(sys.argv[1]))
