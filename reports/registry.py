"""What can be reported: the modules of tables/ and figures/, applied to the studies of the ledger, and a user's own
files. No list to keep."""

import importlib
import pkgutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import ModuleType

from reports import figures, judging, own_tables, tables
from reports.document import Table
from reports.drawing import Figure
from reports.names import did_you_mean
from reports.query import Results

Document = Table | Figure | None


@dataclass(frozen=True, kw_only=True)
class Item:
    """One table or figure that can be built, from the module or file `kind`. `studies` is what it shows."""

    name: str
    kind: str
    studies: tuple[str, ...]
    of_one_study: bool  # built once for each study of the ledger
    is_figure: bool
    build: Callable[[], Document]

    @property
    def is_own(self) -> bool:
        """Whether it comes from a user's own file."""
        return self.kind.endswith(own_tables.SUFFIX)


def items(results: Results, names: Sequence[str] = ()) -> tuple[Item, ...]:
    """Every paper table, then for every study of the ledger its overview and its figures, then the files in `names`.

    ValueError if there is no such file, or a mistake in it.
    """
    known = [(kind, module, package) for package in (tables, figures) for kind, module in modules(package).items()]
    found = [
        Item(
            name=kind,
            kind=kind,
            studies=module.STUDIES,
            of_one_study=False,
            is_figure=package is figures,
            build=partial(_judged, results, partial(module.build, results)),
        )
        for kind, module, package in known
        if module.STUDIES
    ]
    for study in results.studies():
        for kind, module, package in known:
            if not module.STUDIES:
                build = partial(_judged, results, partial(module.build, results, study))
                found.append(
                    Item(
                        name=f"{study}_{kind.removeprefix('study_')}",
                        kind=kind,
                        studies=(study,),
                        of_one_study=True,
                        is_figure=package is figures,
                        build=build,
                    )
                )
    for file in dict.fromkeys(name for name in names if name.endswith(own_tables.SUFFIX)):
        found += _of_file(results, file)
    return tuple(found)


def _of_file(results: Results, file: str) -> list[Item]:
    module, stem = own_module(file), Path(file).stem
    makes = [(stem, module.STUDIES, partial(module.build, results))]
    if not module.STUDIES:
        makes = [(f"{study}_{stem}", (study,), partial(module.build, results, study)) for study in results.studies()]
    return [
        Item(
            name=name,
            kind=file,
            studies=studies,
            of_one_study=not module.STUDIES,
            is_figure=False,  # or it is: only building says
            build=partial(_judged, results, partial(own_tables.build, file, name, studies, make)),
        )
        for name, studies, make in makes
    ]


def _judged(results: Results, make: Callable[[], Document]) -> Document:
    """What was made; a table with all that is said of its own numbers."""
    made = make()
    return judging.judged(results, made) if isinstance(made, Table) else made


def select(found: Sequence[Item], names: Sequence[str]) -> tuple[Item, ...]:
    """The items with these names; a study's name stands for all that shows it, a module's for all that it builds.

    Without names: all. ValueError lists every unknown name with its nearest match.
    """
    if not names:
        return tuple(found)
    known = dict.fromkeys(name for item in found for name in (item.name, item.kind, *item.studies))
    # A file whose table is built for every study builds nothing where the ledger has none.
    unknown = [name for name in names if name not in known and not name.endswith(own_tables.SUFFIX)]
    if unknown:
        raise ValueError("\n".join([*(_unknown(name, list(known)) for name in unknown), f"Known: {', '.join(known)}."]))
    return tuple(item for item in found if {item.name, item.kind, *item.studies} & set(names))


def table_module(name: str) -> ModuleType:
    """The module of a table of named studies, or a user's own file with one. ValueError for others."""
    if name.endswith(own_tables.SUFFIX):
        module = own_module(name)
        if not module.STUDIES:
            raise ValueError(f"{name} shows every study of the ledger, so there is nothing of its own to run.")
        return module
    known = {kind: module for kind, module in modules(tables).items() if module.STUDIES}
    if name not in known:
        raise ValueError(f"{_unknown(name, list(known))} Tables that can be run: {', '.join(known)}.")
    return known[name]


def own_module(file: str) -> ModuleType:
    """A user's file. ValueError if it is called like a table or figure that is already there."""
    for package in (tables, figures):
        if Path(file).stem in modules(package):
            raise ValueError(f"{file} is called like one of {package.__name__.replace('.', '/')}/. Rename the file.")
    return own_tables.load(file)


def _unknown(name: str, known: list[str]) -> str:
    return f"Nothing to report is called {name!r}.{did_you_mean(name, known)}"


def modules(package: ModuleType) -> dict[str, ModuleType]:
    """The files of `reports.tables` or `reports.figures`. Each has STUDIES and `build`."""
    names = sorted(module.name for module in pkgutil.iter_modules(package.__path__))
    return {name: importlib.import_module(f"{package.__name__}.{name}") for name in names}
