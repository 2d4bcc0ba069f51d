"""The figures of a report as pictures: drawn in other processes while more are built, and only those that changed.

Drawing takes most of a report's time, and while trials run most figures stay as they were. A folder of the report keeps
the page's pictures, and of which data each was drawn.
"""

import hashlib
import json
import multiprocessing
import os
import sys
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import cache
from importlib.metadata import version
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np

from reports import escape, whole_files
from reports.drawing import Drawn, Figure

KEPT = ".pictures"  # folder of the report
FORMS = ("pdf", "png", "light", "dark")
FEW = 4  # figures that are drawn before another process has started


class DrawnFigures:
    """`out`: the folder of the report. `num_figures`: about how many will be drawn. `keeps`: whether pictures are taken
    from the report before, and left to the next."""

    def __init__(self, out: Path, num_figures: int, keeps: bool = True) -> None:
        self._out, self._keeps = out, keeps
        self._known: dict[str, Any] = _read(out / KEPT / "digests.json") if keeps else {}
        self._drawn: dict[str, Drawn] = {}
        self._begun: dict[str, Future[Drawn]] = {}
        self._pool: ProcessPoolExecutor | None = None
        if num_figures > FEW and (cores := os.cpu_count() or 1) > 1:
            # Not forked from here: a lock that a thread holds meanwhile would never be released there.
            context = multiprocessing.get_context("forkserver" if os.name == "posix" else "spawn")
            context.set_forkserver_preload(["reports.plots"])
            self._pool = ProcessPoolExecutor(cores, mp_context=context)

    def begin(self, figure: Figure) -> None:
        """It will be asked for: another process may begin."""
        digest = _digest(figure)
        if self._pool and digest not in self._begun and self._kept_from_before(figure, digest) is None:
            self._begun[digest] = self._pool.submit(_draw, figure)

    def of(self, figure: Figure) -> Drawn:
        """The figure, drawn once. Raises what its drawing raises."""
        digest = _digest(figure)
        if digest not in self._drawn:
            self._drawn[digest] = self._kept_from_before(figure, digest) or self._newly_drawn(figure, digest)
        return self._drawn[digest]

    def _newly_drawn(self, figure: Figure, digest: str) -> Drawn:
        begun = self._begun.pop(digest, None)
        try:
            drawn = _draw(figure) if begun is None else begun.result()
        except BrokenProcessPool:  # killed, or started by a program that does not guard its main part
            drawn = _draw(figure)
        if self._keeps:
            for form in ("light", "dark"):
                whole_files.write(self._file(figure, form), getattr(drawn, form))
            self._known[figure.name] = {"drawn": digest} | {form: _sha256(getattr(drawn, form)) for form in FORMS}
        return drawn

    def _kept_from_before(self, figure: Figure, digest: str) -> Drawn | None:
        """None where it was drawn of other data, or where a file is not the one that was drawn."""
        known = self._known.get(figure.name)
        if not isinstance(known, dict) or known.get("drawn") != digest:
            return None
        try:
            found = {form: self._file(figure, form).read_bytes() for form in FORMS}
        except OSError:
            return None
        return Drawn(**found) if all(_sha256(found[form]) == known.get(form) for form in FORMS) else None

    def _file(self, figure: Figure, form: str) -> Path:
        """Where a form of it lies; those to print are written by the report."""
        folder = "figures" if form in ("pdf", "png") else KEPT
        return self._out / folder / f"{escape.file_name(figure.name)}.{form}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        if self._pool:
            self._pool.shutdown(cancel_futures=True)
        if self._keeps and self._known and error is None:
            whole_files.write(self._out / KEPT / "digests.json", json.dumps(self._known).encode())


def _draw(figure: Figure) -> Drawn:
    from reports import plots  # half a second that no table waits for

    return plots.drawn(figure)


def _digest(figure: Figure) -> str:
    """Of all that its pictures depend on."""
    with np.printoptions(threshold=sys.maxsize):  # arrays whole
        return _sha256(f"{_code()} {figure.name} {figure.draw} {figure.data!r}".encode())


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@cache
def _code() -> str:
    """What draws: our files, and the library's version."""
    files = sorted([*Path(__file__).parent.glob("plot*.py"), Path(__file__).with_name("themes.py")])
    ours = hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()
    return f"{ours} {version('matplotlib')}"


def _read(path: Path) -> dict[str, Any]:
    """Empty where there is none, or what is no such file."""
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
