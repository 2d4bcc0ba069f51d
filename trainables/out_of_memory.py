"""Whether an error says that memory was short, on a device or in the process: less at once may then succeed."""

import errno

import torch

# What libraries say in errors of no class of their own, in lower case.
_SAID = (
    "out of memory",  # CUDA, ROCm, MPS
    "cudaerrormemoryallocation",
    "defaultcpuallocator",  # torch on a processor, whose allocator has no other error
    "cannot allocate memory",
    "_status_alloc_failed",  # cuDNN, cuBLAS, cuSPARSE
    "allocation_failed",  # cuDNN 9: CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED and its like
)


def out_of_memory(error: BaseException | None) -> bool:
    """Of the error or of what caused it. A process that was killed for its memory raises nothing."""
    if error is None:
        return False
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    if isinstance(error, OSError) and error.errno == errno.ENOMEM:
        return True
    said = isinstance(error, RuntimeError) and any(words in str(error).lower() for words in _SAID)
    return said or out_of_memory(error.__cause__)
