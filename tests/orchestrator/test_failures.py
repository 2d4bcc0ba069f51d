"""Why trials fail, told by the words of the libraries themselves."""

import errno
import traceback

import pytest
import torch
from ray import exceptions, train
from ray.core.generated.common_pb2 import ActorDiedErrorContext  # pyright: ignore[reportAttributeAccessIssue]
from ray.train.v2._internal.exceptions import WorkerGroupStartupTimeoutError
from ray.train.v2.api.exceptions import PreemptionError
from ray.train.v2.api.preemption import PreemptionInfo
from torch import distributed

from orchestrator.failures import Failure, cause_of, counts, failure_of, parts_again, tried_again
from trainables.cache_file import DamagedCache
from trainables.dataset import DataError

# Words of Ray's servers, as their binaries have them.
NODE_DIED = (
    "The actor died because its node has died. Node Id: 0123456789abcdef\n"
    "\tthe actor's node was terminated unexpectedly: health check failed due to missing too many heartbeats"
)
PREEMPTED = "The actor died because its node has died. Node Id: 01\n\tthe actor's node was preempted: spot reclaimed"
DRAINED = "The actor died because its node has died. Node Id: 01\n\tthe actor's node was terminated: idle"
OWNER = (
    "The actor is dead because its owner has died. Owner Id: 01 Owner Ip address: 10.0.0.4 Owner's node has crashed."
)
PROCESS_DIED = (
    "The actor is dead because its worker process has died. Worker exit type: SYSTEM_ERROR Worker exit detail: Worker "
    "unexpectedly exits with a connection error code 2. End of file. Some common causes include: (1) the process was "
    "killed by the OOM killer due to high memory usage, (2) ray stop --force was called, or (3) the worker crashed "
    "unexpectedly due to SIGSEGV or another unexpected error."
)
LITTLE_MEMORY = (
    "1 worker(s) were killed due to the node running low on memory. Memory on the node (IP: 10.0.0.4, ID: 01) was "
    "30.10GB used / 31.00GB limit (0.970968)"
)
NODE_UNAVAILABLE = (
    "Task failed because the node it was running on is dead or unavailable. Node IP: 10.0.0.4, node ID: 01. This can "
    "happen if the node was preempted, had a hardware failure, or its raylet crashed unexpectedly."
)


def died(words: str) -> exceptions.ActorDiedError:
    context = ActorDiedErrorContext(
        error_message=words, class_name="ImplicitFunc", actor_id=b"a" * 16, pid=77, node_ip_address="10.0.0.4"
    )
    return exceptions.ActorDiedError(context)


def raised(error: Exception) -> exceptions.RayError:
    """As a trial's process hands on what it did not catch."""
    try:
        raise error
    except Exception:
        text = traceback.format_exc()
    return exceptions.RayTaskError(
        "ImplicitFunc.train", text, RuntimeError(), "ray::ImplicitFunc.train", 77, "10.0.0.4"
    )


def group(*snippets: str) -> exceptions.RayError:
    told = "\n".join(f"[Rank {rank} Error Snippet]:\n{snippet}" for rank, snippet in enumerate(snippets))
    return raised(train.WorkerGroupError(told, {}))  # pyright: ignore[reportAttributeAccessIssue]


def error_file(*failures: object) -> str:
    """As Tune writes it, see ray.tune.experiment.trial.Trial.handle_error."""
    return "".join(f"Failure # {n} (occurred at 2026-01-01_00-00-00)\n{each}\n" for n, each in enumerate(failures, 1))


GLOO = "RuntimeError: [../third_party/gloo/gloo/transport/tcp/pair.cc:553] Connection closed by peer [127.0.0.1]:35373"


@pytest.mark.parametrize(
    "failure, expected",
    [
        (died(NODE_DIED), Failure.LOST_NODE),
        (died(PREEMPTED), Failure.LOST_NODE),
        (died(DRAINED), Failure.LOST_NODE),
        (died(OWNER), Failure.LOST_NODE),
        (exceptions.NodeDiedError(NODE_UNAVAILABLE), Failure.LOST_NODE),
        (exceptions.LocalRayletDiedError(), Failure.LOST_NODE),
        (raised(PreemptionError(PreemptionInfo(0, {"01": [0]}))), Failure.LOST_NODE),
        (group(str(died(NODE_DIED)), GLOO), Failure.LOST_NODE),
        (group(GLOO, str(died(PREEMPTED))), Failure.LOST_NODE),
        (died(PROCESS_DIED), Failure.UNKNOWN),
        (exceptions.ActorDiedError(), Failure.UNKNOWN),
        (exceptions.ActorUnavailableError("The actor is temporarily unavailable: …", b"a" * 16), Failure.UNKNOWN),
        (exceptions.WorkerCrashedError(), Failure.UNKNOWN),
        (group(str(died(PROCESS_DIED))), Failure.UNKNOWN),
        (group(GLOO), Failure.UNKNOWN),
        (raised(train.ControllerError(WorkerGroupStartupTimeoutError(2))), Failure.UNKNOWN),
        ("", Failure.UNKNOWN),  # nobody knows how
        (exceptions.OutOfMemoryError(LITTLE_MEMORY), Failure.MEMORY),
        (exceptions.RayActorError(error_msg=LITTLE_MEMORY), Failure.MEMORY),  # as `survive_out_of_memory` hands it on
        (group(GLOO, "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB."), Failure.MEMORY),
        (raised(ValueError("too many landmarks")), Failure.MISTAKE),
        (group("Traceback …\ntrainables.dataset.DataError: the files have changed"), Failure.DATA),
    ],
    ids=lambda each: each.value if isinstance(each, Failure) else type(each).__name__,
)  # fmt: skip
def test_what_tune_wrote_down_is_told_in_one_line_that_has_its_class(failure, expected):
    line = cause_of(error_file(failure))
    assert failure_of(line) is expected
    assert "\n" not in line and "\x1b" not in line


def test_only_the_last_failure_counts():
    assert cause_of(error_file(died(NODE_DIED), raised(KeyError("eyes")))) == "KeyError: 'eyes'"


def test_a_death_without_words_has_some():
    assert cause_of("") == cause_of(error_file("")) == "its process died"


def text_of(make) -> str:
    """As a unit puts an error down."""
    with pytest.raises(Exception) as caught:
        make()
    return f"{type(caught.value).__name__}: {caught.value}"


def test_torch_on_a_processor_out_of_memory_is_memory():
    assert failure_of(text_of(lambda: torch.empty(2**62, dtype=torch.uint8))) is Failure.MEMORY


@pytest.mark.parametrize(
    "error, expected",
    [
        ("OutOfMemoryError: CUDA out of memory. Tried to allocate 20.00 MiB. GPU 0 has a", Failure.MEMORY),
        ("RuntimeError: CUDA error: out of memory", Failure.MEMORY),
        ("RuntimeError: CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`", Failure.MEMORY),
        (f"MemoryError: {MemoryError()}", Failure.MEMORY),
        (f"OSError: {OSError(errno.ENOMEM, 'Cannot allocate memory')}", Failure.MEMORY),
        (f"DataError: {DataError('ytf68: 3 files have changed')}", Failure.DATA),
        (f"OSError: {OSError(errno.EIO, 'Input/output error')}", Failure.UNKNOWN),
        (f"OSError: {OSError(errno.ENOSPC, 'No space left on device')}", Failure.UNKNOWN),
        ("ConnectionResetError: [Errno 104] Connection reset by peer", Failure.UNKNOWN),
        ("AcceleratorError: CUDA error: an illegal memory access was encountered", Failure.UNKNOWN),
        ("RuntimeError: cuDNN error: CUDNN_STATUS_EXECUTION_FAILED", Failure.UNKNOWN),
        ("RuntimeError: CUDA error: device-side assert triggered", Failure.UNKNOWN),
        ("DistBackendError: NCCL error in: ProcessGroupNCCL.cpp:2005, unhandled system error", Failure.UNKNOWN),
        (GLOO, Failure.UNKNOWN),
        ("KeyError: 'no such landmark'", Failure.MISTAKE),
        ("ValueError: 3 landmarks are not 68", Failure.MISTAKE),
        ("AssertionError: ", Failure.MISTAKE),
        ("ModuleNotFoundError: No module named 'trainables.methods.mine'", Failure.MISTAKE),
        ("RuntimeError: mat1 and mat2 shapes cannot be multiplied (4x8 and 9x3)", Failure.MISTAKE),
        ("", Failure.MISTAKE),
    ],
)  # fmt: skip
def test_an_error_has_a_class(error, expected):
    assert failure_of(error) is expected


@pytest.mark.parametrize(
    "kind", [distributed.DistBackendError, distributed.DistNetworkError, distributed.DistStoreError]
)
def test_all_that_torch_raises_of_other_workers_may_pass(kind):
    assert failure_of(f"{kind.__name__}: connection lost") is Failure.UNKNOWN


def test_a_damaged_prepared_file_is_no_mistake_of_the_method():
    """It is made again by whoever opens it next."""
    assert issubclass(DamagedCache, DataError)
    assert failure_of("DataError: damaged") is Failure.DATA


@pytest.mark.parametrize(
    "error, times",
    [("its process died", 2), ("KeyError: 'a'", 0), ("DataError: gone", 0), ("NodeDied", 50)],
)
def test_a_trial_is_tried_again_as_often_as_its_class_deserves(error, times):
    assert [tried_again(error, failures) for failures in (times, times + 1)] == [True, False]


def test_a_lost_node_does_not_count_against_its_trial():
    assert not counts(cause_of(error_file(died(NODE_DIED))))
    assert counts("its process died")
    assert counts("OutOfMemoryError: CUDA out of memory")


@pytest.mark.parametrize("batch, halves", [(4, [2, 4]), (10, [2, 4, 8, 10]), (1, []), (3, [2, 3])])
def test_what_is_short_of_memory_is_divided_until_every_face_is_alone(batch, halves):
    parts, seen = 1, []
    while (parts := parts_again("OutOfMemoryError: …", len(seen) + 1, parts, batch)) is not None:
        seen.append(parts)
    assert seen == halves


def test_parts_stay_where_another_thing_failed():
    assert parts_again("its process died", 1, 4, 8) == 4
    assert parts_again("KeyError: 'a'", 1, 1, 8) is None
