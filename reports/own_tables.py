"""A table or figure of one's own: a .py file anywhere, with STUDIES and `build` as the files of tables/ have them.

A study that is named in its STUDIES may be a file beside it: "my_study" is my_study.py.
"""

import inspect
import shlex
import sys
import traceback
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

from reports.document import Table
from reports.drawing import Figure
from reports.query import run_command

SUFFIX = ".py"


def load(file: str) -> ModuleType:
    """Run the file afresh. ValueError says what is wrong with it, with its line."""
    path = Path(file)
    if not path.is_file():
        raise ValueError(f"No file {file}. Give the path of a .py file with STUDIES and build(results).")
    module = ModuleType(f"marksweep_table_{path.stem}")
    module.__file__ = str(path)
    sys.modules[module.__name__] = module  # classes that the file defines look their module up here
    try:
        exec(compile(path.read_bytes(), str(path), "exec"), vars(module))
    except SyntaxError as error:
        raise ValueError(f"{path}:{error.lineno}: {error.msg}. Correct the Python.") from error
    except Exception as error:
        raise _with_line(error, path) from error
    return _checked(module, path)


def build(file: str, name: str, studies: Sequence[str], make: Callable[[], Any]) -> Table | Figure | None:
    """What the file makes, called `name`. ValueError with its line where it raises or makes something else."""
    try:
        made = make()
    except Exception as error:
        raise _with_line(error, Path(file)) from error
    if isinstance(made, Table):
        return _with_commands(replace(made, name=name), file, studies)
    if made is not None and not isinstance(made, Figure):
        raise ValueError(f"{file}: build returned a {type(made).__name__}. Return a Table, a Figure or None.")
    return made and replace(made, name=name)


def study_to_run(file: str, study: str) -> str:
    """What `marksweep run` calls a study of the file: the path of one that lies beside it, else its name."""
    beside = Path(file).parent / f"{study}{SUFFIX}"
    return str(beside) if beside.is_file() else study


def _checked(module: ModuleType, path: Path) -> ModuleType:
    studies, build = getattr(module, "STUDIES", None), getattr(module, "build", None)
    if hasattr(module, "STUDY") and build is None:
        raise ValueError(f"{path} is a study: run it with `marksweep run {path}`, then `marksweep report {path.stem}`.")
    if isinstance(studies, str) or not isinstance(studies, list | tuple):
        given = f"its STUDIES is the text {studies!r}" if isinstance(studies, str) else "it sets no STUDIES"
        example = f'STUDIES = ("{studies if isinstance(studies, str) else "my_study"}",)'
        raise ValueError(
            f"{path}: {given}. Write {example}, with a comma, or STUDIES = () for every study of the ledger."
        )
    for study in studies:
        if str(study).endswith(SUFFIX):
            raise ValueError(f"{path}: STUDIES has {study!r}. The ledger calls it {Path(study).stem!r}: write that.")
    arguments = ("results",) if studies else ("results", "study")
    wanted = f"def build({', '.join(arguments)})"
    if not callable(build):
        raise ValueError(f"{path}: it has no `build`. Add `{wanted}`, which returns a Table or a Figure.")
    try:
        inspect.signature(build).bind(*arguments)
    except TypeError:
        given = f"build{inspect.signature(build)}"
        raise ValueError(f"{path}: {given} does not fit its STUDIES. Write `{wanted}`.") from None
    vars(module)["STUDIES"] = tuple(studies)
    return module


def _with_line(error: Exception, path: Path) -> ValueError:
    """The error with the last line of the file that led to it."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)]
    where = f"{path}:{frames[-1].lineno}" if frames else str(path)
    what = str(error) if isinstance(error, ValueError) else f"{type(error).__name__}: {error}"
    return ValueError(f"{where}: {what}")


def _with_commands(table: Table, file: str, studies: Sequence[str]) -> Table:
    """A study that the ledger does not know yet is run by its file."""
    by_file = {run_command(study): run_command(shlex.quote(study_to_run(file, study))) for study in studies}
    rows = (
        replace(row, cells=tuple(replace(cell, command=by_file.get(cell.command, cell.command)) for cell in row.cells))
        for row in table.rows
    )
    return replace(table, rows=tuple(rows))
