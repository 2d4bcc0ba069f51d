"""What there is: the files of `methods/` and `datasets/`. The folder is the registry; nothing registers itself.

A method's or data set's name is its file's name, and the `kind` of the config that the file calls METHOD or DATASET.
"""

import importlib
from pathlib import Path
from types import ModuleType
from typing import Any

import trainables.recipe
import trainables.trial  # noqa: F401  (their kinds must be known)
from trainables.config import KINDS, from_plain, nearest
from trainables.dataset import Dataset
from trainables.method import Method

_HERE = Path(__file__).parent


def method_names() -> list[str]:
    return _names("methods")


def dataset_names() -> list[str]:
    return _names("datasets")


def find_method(name: str) -> Method:
    """The method with its defaults. Raises ValueError for an unknown name, with the nearest right one."""
    return _find("methods", name).METHOD


def find_dataset(name: str) -> Dataset:
    """The data set with its defaults. Raises ValueError for an unknown name, with the nearest right one."""
    return _find("datasets", name).DATASET


def method_module(name: str) -> ModuleType:
    """The file of a method: its docstring is the method's front page."""
    return _find("methods", name)


def rebuild(plain: dict[str, Any]) -> Any:
    """A config from plain data. Only kinds of this package, or of a study file already imported, are ever built."""
    for kind in _kinds(plain) - set(KINDS):
        for folder in ("methods", "datasets"):
            if kind in _names(folder):
                importlib.import_module(f"trainables.{folder}.{kind}")
    if _kinds(plain) - set(KINDS):
        # A decoder may come from an evaluation, in a process that has needed none yet.
        for name in _names("codecs"):
            importlib.import_module(f"trainables.codecs.{name}")
    return from_plain(plain)


def _names(folder: str) -> list[str]:
    return sorted(path.stem for path in (_HERE / folder).glob("*.py") if not path.stem.startswith("_"))


def _find(folder: str, name: str) -> ModuleType:
    if name not in _names(folder):
        raise ValueError(f"No {name!r} in trainables/{folder}/. {nearest(name, _names(folder))}")
    return importlib.import_module(f"trainables.{folder}.{name}")


def _kinds(plain: Any) -> set[str]:
    if isinstance(plain, dict):
        return {str(plain.get("kind"))}.union(*(_kinds(value) for value in plain.values()))
    if isinstance(plain, list):
        return set().union(*(_kinds(value) for value in plain))
    return set()
