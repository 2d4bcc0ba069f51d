"""What a network costs: parameters, multiply–accumulates, images a second, memory, size of its weights."""

import contextlib
import resource
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import torch
from torch import nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from trainables.method import Batch, LandmarkModel, Method
from trainables.schemes import Scheme


def complexity(build: Callable[[], nn.Module], input_size: int) -> tuple[int, int]:
    """(parameters, multiply–accumulates) of a network, where possible without computing anything."""
    try:
        with FakeTensorMode():
            model = build()
            return parameter_count(model), multiply_accumulates(model, input_size)
    except Exception:
        # What looks into a tensor's values while it is built has to be built.
        model = build()
        return parameter_count(model), multiply_accumulates(model, input_size)


def parameter_count(model: nn.Module) -> int:
    """Of all that runs once a network is trained."""
    spared = {id(parameter) for helper in _helpers(model) for parameter in helper.parameters()}
    return sum(parameter.numel() for parameter in model.parameters() if id(parameter) not in spared)


def _helpers(model: nn.Module) -> Iterable[nn.Module]:
    return model.only_in_training() if isinstance(model, LandmarkModel) else ()


def multiply_accumulates(model: nn.Module, input_size: int) -> int:
    """Of the convolutions and matrix products in one forward pass of one RGB image of `input_size`².

    A multiply–accumulate is two floating-point operations; what papers of this field call FLOPs are these.
    """
    was_training = model.training
    model.eval()
    device = next((parameter.device for parameter in model.parameters()), torch.device("cpu"))
    # Fused, as it is without gradients or by default, attention is one piece that the counter does not know.
    with FlopCounterMode(display=False) as counter, torch.enable_grad(), sdpa_kernel(SDPBackend.MATH):
        model(torch.zeros(1, 3, input_size, input_size, device=device))
    model.train(was_training)
    return counter.get_total_flops() // 2


def operations_of_training(method: Method, scheme: Scheme) -> int:
    """A third of the multiply–accumulates that one training step spends on one face with two views, forward and
    backward: nothing is computed. For a network that is trained by what it makes of one image, as many as its forward
    pass has.
    """
    side, count = method.input_size, 2  # of faces: the fewest that every batch norm takes
    with FakeTensorMode(), FlopCounterMode(display=False) as counter, sdpa_kernel(SDPBackend.MATH):
        model = method.build(scheme)
        seen, each = torch.ones(count, scheme.num_landmarks, dtype=torch.bool), torch.ones(count)
        images, landmarks = torch.zeros(count, 3, side, side), torch.zeros(count, scheme.num_landmarks, 2)
        batch = Batch(images, landmarks, seen, seen, each, each, seen.float(), images, landmarks)
        torch.stack(list(model.losses(model(*model.seen(batch)), batch).values())).sum().backward()
    return counter.get_total_flops() // 2 // 3 // count


@torch.no_grad()
def frames_per_second(
    model: nn.Module, input_size: int, batch: int, device: torch.device, warm_up: int = 100, passes: int = 1000
) -> float:
    """Images a second through the network, without decoding: RGB images of `input_size`² in batches on `device`.

    Every pass is waited for. The first `warm_up` do not count, because libraries choose their kernels in them. Only
    meaningful where nothing else uses the device.
    """
    was_training = model.training
    model.eval()
    images = torch.rand((batch, 3, input_size, input_size), device=device)

    def seconds_of(count: int) -> float:
        started = time.perf_counter()
        for _ in range(count):
            model(images)
            if device.type == "cuda":
                torch.cuda.synchronize(device)
        return time.perf_counter() - started

    seconds_of(warm_up)
    seconds = seconds_of(passes)
    model.train(was_training)
    return batch * passes / seconds


def weights_mb(model: nn.Module) -> float:
    """MiB of a file of the network: parameters and buffers of all that runs once it is trained."""
    spared = {id(tensor) for helper in _helpers(model) for tensor in (*helper.parameters(), *helper.buffers())}
    kept = (tensor for tensor in model.state_dict(keep_vars=True).values() if id(tensor) not in spared)
    return sum(tensor.numel() * tensor.element_size() for tensor in kept) / 2**20


def reset_peak_memory(device: torch.device) -> None:
    """Begin a new measurement: processes live on from trial to trial, and their peaks with them."""
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
    else:
        # "5" resets the peak resident size (proc(5)); where the kernel has no such file the peak is the process's.
        with contextlib.suppress(OSError):
            Path("/proc/self/clear_refs").write_text("5")


def peak_memory_mb(device: torch.device) -> float:
    """Since the last reset: what torch allocated on an accelerator, or the resident size of the process."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device) / 2**20
    with contextlib.suppress(OSError):
        lines = Path("/proc/self/status").read_text().splitlines()
        return float(next(line.split()[1] for line in lines if line.startswith("VmHWM:"))) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def reserved_memory_mb(device: torch.device) -> float:
    """Since the last reset: all that torch took of an accelerator, blocks that it keeps for later among them; of a
    processor what `peak_memory_mb` says."""
    if device.type == "cuda":
        return torch.cuda.max_memory_reserved(device) / 2**20
    return peak_memory_mb(device)


def device_memory_mb(device: torch.device) -> float | None:
    """All that an accelerator has; None of a processor, whose memory is everybody's."""
    if device.type == "cuda":
        return torch.cuda.get_device_properties(device).total_memory / 2**20
    return None
