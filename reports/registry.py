"""What can be reported: the modules of tables/ and figures/, applied to the studies of the ledger. No list to keep."""

import difflib
import importlib
import pkgutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from types import ModuleType

from reports import figures, tables
from reports.document import Table
from reports.drawing import Figure
from reports.query import Results


@dataclass(frozen=True, kw_only=True)
class Item:
    """One table or figure that can be built. `studies` is what it shows, `kind` the module that it comes from."""

    name: str
    kind: str
    studies: tuple[str, ...]
    is_table: bool
    build: Callable[[], Table | Figure | None]

    @property
    def of_one_study(self) -> bool:
        return self.name != self.kind


def items(results: Results) -> tuple[Item, ...]:
    """Every paper table, then for every study of the ledger its overview and its figures."""
    known = [
        (kind, module, package is tables) for package in (tables, figures) for kind, module in modules(package).items()
    ]
    found = [
        Item(name=kind, kind=kind, studies=module.STUDIES, is_table=is_table, build=partial(module.build, results))
        for kind, module, is_table in known
        if module.STUDIES
    ]
    for study in results.studies():
        for kind, module, is_table in known:
            if not module.STUDIES:
                name = f"{study}_{kind.removeprefix('study_')}"
                build = partial(module.build, results, study)
                found.append(Item(name=name, kind=kind, studies=(study,), is_table=is_table, build=build))
    return tuple(found)


def select(found: Sequence[Item], names: Sequence[str]) -> tuple[Item, ...]:
    """The items with these names; a study's name stands for all that shows it, a module's for all that it builds.

    Without names: all. ValueError lists every unknown name with its nearest match.
    """
    if not names:
        return tuple(found)
    known = dict.fromkeys(name for item in found for name in (item.name, item.kind, *item.studies))
    unknown = [name for name in names if name not in known]
    if unknown:
        raise ValueError("\n".join([*(_unknown(name, list(known)) for name in unknown), f"Known: {', '.join(known)}."]))
    return tuple(item for item in found if {item.name, item.kind, *item.studies} & set(names))


def table_module(name: str) -> ModuleType:
    """The module of a table of named studies. ValueError for others."""
    known = {kind: module for kind, module in modules(tables).items() if module.STUDIES}
    if name not in known:
        raise ValueError(f"{_unknown(name, list(known))} Tables that can be run: {', '.join(known)}.")
    return known[name]


def _unknown(name: str, known: list[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    return f"Nothing to report is called {name!r}." + (f" Did you mean {near[0]!r}?" if near else "")


def modules(package: ModuleType) -> dict[str, ModuleType]:
    """The files of `reports.tables` or `reports.figures`. Each has STUDIES and `build`."""
    names = sorted(module.name for module in pkgutil.iter_modules(package.__path__))
    return {name: importlib.import_module(f"{package.__name__}.{name}") for name in names}
