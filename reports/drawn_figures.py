"""The figures of a report as pictures: drawn in other processes while more are built, and only those that changed.

Drawing takes most of a report's time, and while trials run most figures stay as they were. A folder of the report keeps
the page's pictures, and of which data each was drawn.
"""

import hashlib
import json
import multiprocessing
import os
from concurrent.futures import Future, ProcessPoolExecutor
from functools import cache
from importlib.metadata import version
from pathlib import Path
from types import TracebackType
from typing import Self

from reports import escape
from reports.drawing import Drawn, Figure

KEPT = ".pictures"  # folder of the report
FEW = 4  # figures that are drawn before another process has started


class DrawnFigures:
    """`out`: the folder of the report. `num_figures`: about how many will be drawn. `keeps`: whether pictures are taken
    from the report before, and left to the next."""

    def __init__(self, out: Path, num_figures: int, keeps: bool = True) -> None:
        self._out, self._keeps = out, keeps
        self._digests: dict[str, str] = _read(out / KEPT / "digests.json") if keeps else {}
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
        if self._pool and digest not in self._begun and not self._is_kept(figure, digest):
            self._begun[digest] = self._pool.submit(_draw, figure)

    def of(self, figure: Figure) -> Drawn:
        digest = _digest(figure)
        files = self._files(figure)
        if self._is_kept(figure, digest):
            return Drawn(**{form: path.read_bytes() for form, path in files.items()})
        begun = self._begun.pop(digest, None)
        drawn = _draw(figure) if begun is None else begun.result()
        if self._keeps:
            self._digests[figure.name] = digest
            for form in ("light", "dark"):
                files[form].parent.mkdir(parents=True, exist_ok=True)
                files[form].write_bytes(getattr(drawn, form))
        return drawn

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        if self._pool:
            self._pool.shutdown(cancel_futures=True)
        if self._keeps and self._digests and error is None:
            (self._out / KEPT / "digests.json").write_text(json.dumps(self._digests))

    def _is_kept(self, figure: Figure, digest: str) -> bool:
        kept = self._digests.get(figure.name) == digest
        return kept and all(path.exists() for path in self._files(figure).values())

    def _files(self, figure: Figure) -> dict[str, Path]:
        """Where each form of a figure lies; those to print are written by the report."""
        name = escape.file_name(figure.name)
        to_print = {form: self._out / "figures" / f"{name}.{form}" for form in ("pdf", "png")}
        return to_print | {form: self._out / KEPT / f"{name}.{form}" for form in ("light", "dark")}


def _draw(figure: Figure) -> Drawn:
    from reports import plots  # half a second that no table waits for

    return plots.drawn(figure)


def _digest(figure: Figure) -> str:
    """Of all that its pictures depend on."""
    return hashlib.sha256(f"{_code()} {figure.name} {figure.draw} {figure.data!r}".encode()).hexdigest()


@cache
def _code() -> str:
    """What draws: our files, and the library's version."""
    files = sorted([*Path(__file__).parent.glob("plot*.py"), Path(__file__).with_name("themes.py")])
    ours = hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()
    return f"{ours} {version('matplotlib')}"


def _read(path: Path) -> dict[str, str]:
    try:
        return json.loads(path.read_text())
    except (FileNotFoundError, json.JSONDecodeError):
        return {}
