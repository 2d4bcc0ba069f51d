"""Temporary folders of this machine that do not outlive their process for long, even where it is killed."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from trainables.process_name import has_ended, own_name

_PREFIX = "marksweep-of-"


@contextmanager
def scratch_folder() -> Iterator[str]:
    """An empty folder, gone after this block. Those of processes that were killed go with it."""
    try:
        with tempfile.TemporaryDirectory(prefix=f"{_PREFIX}{own_name()}-", ignore_cleanup_errors=True) as folder:
            yield folder
    finally:
        _remove_left_overs()


def _remove_left_overs() -> None:
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        if has_ended(folder.name.removeprefix(_PREFIX).rpartition("-")[0]):
            shutil.rmtree(folder, ignore_errors=True)  # somebody else's stays
