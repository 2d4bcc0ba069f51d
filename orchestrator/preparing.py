"""Preparing data sets for a command: cut in threads, on Ray where what is left is worth starting it, with progress."""

import os
import time
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import pyarrow as pa
from rich.console import Console
from rich.text import Text

from orchestrator.printing import progress_bar
from trainables.cache_folder import Tell
from trainables.dataset import DataError, Dataset
from trainables.face_cache import Cutter, Part, Run, run_serially
from trainables.faces import Faces
from trainables.pictures import in_any_order

WORTH_RAY = 20.0  # seconds that threads would still take; starting Ray, and torch in its processes, takes 5 to 8
JUDGED_AFTER = 2.0  # seconds of cutting that tell how long the rest takes
SILENT = 2.0  # seconds before progress is shown
LINE_EVERY = 5.0  # seconds, where there is no terminal
_NAMED = 3  # remarks and unreadable images that are printed


def runner(address: str | None, tell: Tell, worth: float = WORTH_RAY) -> Run:
    """How a command cuts: it begins in threads; where the rest takes longer than `worth` seconds, Ray does the rest.

    `address`: a running cluster. Without one a private cluster is started, which needs more than two processors: so
    many are kept busy by threads, since decoding and warping leave the interpreter alone. Films are read in order, by
    one thread.
    """

    def run(cutter: Cutter, parts: Sequence[Part]) -> Iterator[pa.RecordBatch]:
        if not in_any_order(face for part in parts for face in part.faces):
            yield from run_serially(cutter, parts)
            return
        processors = len(os.sched_getaffinity(0))
        # A class of a user's own study file is not known to other processes, and pixels in memory are there already.
        may_travel = type(cutter.dataset).__module__.startswith("trainables.")
        may_travel = may_travel and any(face.pixels is None for part in parts[:1] for face in part.faces)
        batches = in_threads(cutter, parts, processors)
        started = time.monotonic()
        for done, batch in enumerate(batches, start=1):
            yield batch
            seconds, left = time.monotonic() - started, len(parts) - done
            if may_travel and (address or processors > 2) and left and _pays(seconds, done, left, worth):
                batches.close()
                tell(f"{sum(len(part.faces) for part in parts[done:]):,} faces are left: cutting them on Ray.")
                yield from on_ray(cutter, parts[done:], address)
                return

    return run


def in_threads(cutter: Cutter, parts: Sequence[Part], processors: int) -> Generator[pa.RecordBatch, None, None]:
    """Cut the parts in threads of this process, in their order, few of them ahead of what is taken."""
    pool = ThreadPoolExecutor(processors)
    try:
        yield from _ahead(parts, processors + 1, lambda part: pool.submit(cutter.cut, part), lambda made: made.result())
    finally:
        pool.shutdown(cancel_futures=True)


def on_ray(cutter: Cutter, parts: Sequence[Part], address: str | None) -> Generator[pa.RecordBatch, None, None]:
    """Cut the parts in processes of Ray: of the running cluster at `address`, or of a private one for this.

    Raises what cutting raises, and `DataError` where a node sees other files than this one.
    """
    # Ray takes seconds to import, and most preparations do without it.
    import ray
    from ray import exceptions

    from orchestrator.cluster import cluster

    with nullcontext() if ray.is_initialized() else cluster(address):
        here = ray.get_runtime_context().get_node_id()
        # Its processes have another working folder.
        shared = ray.put(replace(cutter, data_root=cutter.data_root.resolve()))
        cut = ray.remote(_cut)
        ahead = 2 * max(1, int(ray.cluster_resources().get("CPU", 1)))
        try:
            yield from _ahead(parts, ahead, lambda part: cut.remote(shared, part, here), ray.get)
        except exceptions.RayTaskError as error:
            raise error.cause from None


def _pays(seconds: float, done: int, left: int, worth: float) -> bool:
    return seconds >= min(JUDGED_AFTER, worth) and seconds / done * left > worth


def _ahead(
    parts: Sequence[Part], ahead: int, begin: Callable[[Part], Any], result: Callable[[Any], pa.RecordBatch]
) -> Iterator[pa.RecordBatch]:
    """Results in order, while at most `ahead` others are begun: a whole data set does not fit into memory."""
    begun: deque[Any] = deque()
    for part in parts:
        begun.append(begin(part))
        if len(begun) > ahead:
            yield result(begun.popleft())
    while begun:
        yield result(begun.popleft())


def _cut(cutter: Cutter, part: Part, driver_node: str) -> pa.RecordBatch:
    """In a process of Ray."""
    import ray

    node = ray.get_runtime_context().get_node_id()
    if node != driver_node and _digest_here(cutter.dataset, cutter.data_root) != cutter.digest:
        # Otherwise every face that this node lacks would be called unreadable.
        raise DataError(
            f"Node {ray.util.get_node_ip_address()} sees other files of data set {cutter.dataset.kind!r} below "
            f"{cutter.data_root} than this one. Give all nodes the same data root."
        )
    return cutter.cut(part)


@lru_cache
def _digest_here(dataset: Dataset, data_root: Path) -> str:
    return "missing" if dataset.missing(data_root) else dataset.digest(data_root)


@contextmanager
def progress_shown(console: Console, verb: str) -> Iterator[Callable[[str, int, int], None]]:
    """Within this block the yielded function shows how far each name is: a bar on a terminal, else a line now and then.

    What is done at once shows nothing.
    """
    bar = progress_bar(console)
    tasks: dict[str, Any] = {}
    began: dict[str, float] = {}
    shown: dict[str, float] = {}

    def show(name: str, done: int, total: int) -> None:
        now = time.monotonic()
        began.setdefault(name, now)
        if console.is_terminal and now - began[name] >= SILENT:
            bar.start()
            if name not in tasks:
                tasks[name] = bar.add_task(f"{verb} {name}")
        if name in tasks:
            bar.update(tasks[name], completed=done, total=total)
        elif not console.is_terminal and now - shown.setdefault(name, began[name]) >= LINE_EVERY:
            shown[name] = now
            console.print(f"{verb} {name}: {done:,} of {total:,} faces", markup=False, highlight=False)

    try:
        yield show
    finally:
        bar.stop()


def show_findings(name: str, faces: Faces, console: Console) -> None:
    """What is worth telling of a prepared data set: few remarks, few unreadable images."""
    more = f"all of them: marksweep data check {name}"
    for text in _few(faces.remarks, more):
        console.print(Text(f"{name}: {text}", style="yellow"), soft_wrap=True)
    if faces.unreadable:
        some = "; ".join(_few(faces.unreadable, more))
        console.print(Text(f"{name}: {len(faces.unreadable)} unreadable images are left out: {some}", style="yellow"))


def _few(texts: Sequence[str], more: str) -> list[str]:
    left = len(texts) - _NAMED
    return [*texts[:_NAMED], f"… and {left:,} more ({more})"] if left > 0 else list(texts)
