"""Read a study file so that every mistake in it is found in one reading, before anything starts."""

import ast
import difflib
import importlib
import importlib.util
import sys
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from functools import lru_cache
from pathlib import Path
from types import ModuleType
from typing import Any

from search_spaces.search import Search
from search_spaces.study import Study
from search_spaces.variants import Variant
from trainables.config import ConfigError, Mistake, Unknown, collect_mistakes, has, nearest, with_changes


def load_study(path: Path, changes: Mapping[str, Any] | None = None, small: bool = False) -> Study | Search:
    """The STUDY of a file, or its SMALL one, with `changes` by dotted path made to every variant (or to the study
    itself: seeds, question; or to the search: trials, confirm, …).

    Raises `ConfigError` with every mistake of the file, of what it imports, and of the changes.
    """
    name = "SMALL" if small else "STUDY"
    with collect_mistakes() as mistakes:
        module = _execute(path, mistakes)
        study = getattr(module, name, None)
        if not isinstance(study, Study | Search):
            if not mistakes:
                fix = "Leave --small out." if small else "Add it at the end."
                mistakes.append(Mistake(f"no {name} = Study(…) or Search(…) in this file.", path.name, fix))
            raise ConfigError(tuple(mistakes))
        if changes and not mistakes:
            study = _with_changes(study, changes, mistakes)
    if mistakes:
        raise ConfigError(tuple(dict.fromkeys(mistakes)))
    return study


@lru_cache
def import_study_file(path: Path) -> ModuleType:
    """Make the methods and data sets that a study file defines known to this process. Raises `ConfigError`."""
    mistakes: list[Mistake] = []
    module = _execute(path, mistakes)
    if mistakes:
        raise ConfigError(tuple(mistakes))
    return module


def _with_changes(study: Study | Search, changes: Mapping[str, Any], mistakes: list[Mistake]) -> Study | Search:
    own = {field.name for field in fields(study)} - {"variants", "base", "space", "evaluations"}
    of_study = {path: value for path, value in changes.items() if path.partition(".")[0] in own}
    of_variants = {path: value for path, value in changes.items() if path not in of_study}
    before = (study.base,) if isinstance(study, Search) else study.variants
    with collect_mistakes() as found:
        known = [path for path in of_variants if any(has(variant, path) for variant in before)]
        found.extend(_unknown(before, path) for path in of_variants if path not in known)
        variants = tuple(_changed(variant, {path: of_variants[path] for path in known}) for variant in before)
        changed_variants = {"base": variants[0]} if isinstance(study, Search) else {"variants": variants}
        changed = with_changes(study, {**of_study, **changed_variants})
    mistakes.extend(replace(mistake, where="--set") for mistake in found)
    return changed


def _unknown(variants: Sequence[Variant], path: str) -> Mistake:
    """The mistake of a path that no variant has, with the nearest setting of any of them."""
    with collect_mistakes() as mistakes:
        for variant in variants:
            with_changes(variant, {path: None})
    return next((mistake for mistake in mistakes if mistake.fix.startswith("Did you mean")), mistakes[0])


def _changed(variant: Variant, changes: Mapping[str, Any]) -> Variant:
    """The variant and the stages before it with those of the changes for which they have a setting."""
    stages = tuple(_changed(stage, changes) for stage in variant.starts_from)
    own = {path: value for path, value in changes.items() if has(variant, path)}
    return with_changes(replace(variant, starts_from=stages), own)


def _execute(path: Path, mistakes: list[Mistake]) -> ModuleType:
    """Run the file. Imports that cannot be are noted and replaced, so that the rest of the file is still read."""
    module = ModuleType(f"marksweep_study_{path.stem}")
    module.__file__ = str(path)
    # Classes that the file defines look their module up here.
    sys.modules[module.__name__] = module
    try:
        tree = ast.parse(path.read_text(encoding="utf-8"), filename=str(path))
    except (SyntaxError, ValueError) as error:  # ValueError: it is no text
        line = getattr(error, "lineno", None)
        mistakes.append(Mistake(f"{error}.", f"{path.name}:{line}" if line else path.name, "Correct the Python."))
        return module
    except (RecursionError, MemoryError):  # what the parser says of a thousand brackets
        mistakes.append(Mistake("it nests too deeply.", path.name, "Correct the Python."))
        return module
    for statement in tree.body:
        if _is_impossible_import(statement, path, module, mistakes):
            continue
        try:
            exec(compile(ast.Module([statement], tree.type_ignores), str(path), "exec"), vars(module))
        except (Exception, SystemExit) as error:
            # After another mistake this one is most often its consequence, but for a name that nothing defined.
            if not mistakes or isinstance(error, NameError):
                place = f"{path.name}:{_line_of(error, path)}"
                mistakes.append(Mistake(f"{type(error).__name__}: {error}.", place, _remedy(error, module)))
            for name in _names_defined(statement):
                setattr(module, name, Unknown())
    return module


def _remedy(error: BaseException, module: ModuleType) -> str:
    if not isinstance(error, NameError) or error.name is None:
        return ""
    close = difflib.get_close_matches(error.name, [name for name in vars(module) if not name.startswith("_")], n=1)
    return f"Did you mean {close[0]!r}?" if close else "Define or import it above."


def _names_defined(statement: ast.stmt) -> list[str]:
    """What a top-level statement would have set."""
    if isinstance(statement, ast.FunctionDef | ast.ClassDef):
        return [statement.name]
    found = [node for node in ast.walk(statement) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)]
    return [node.id for node in found]


def _is_impossible_import(statement: ast.stmt, path: Path, module: ModuleType, mistakes: list[Mistake]) -> bool:
    if not isinstance(statement, ast.ImportFrom) or statement.level or not statement.module:
        return False
    wrong = _wrong_names(statement.module, [alias.name for alias in statement.names])
    for what, fix in wrong:
        mistakes.append(Mistake(what, f"{path.name}:{statement.lineno}", fix))
    if wrong:
        for alias in statement.names:
            setattr(module, alias.asname or alias.name, _importable(statement.module, alias.name) or Unknown())
    return bool(wrong)


def _wrong_names(module: str, names: list[str]) -> list[tuple[str, str]]:
    try:
        found = importlib.import_module(module)
    except ModuleNotFoundError as error:
        parent, _, last = module.rpartition(".")
        siblings = _modules_of(parent)
        return [(f"cannot import {module!r}: {error}.", nearest(last, siblings, "There are"))]
    except Exception as error:
        return [(f"cannot import {module!r}: {type(error).__name__}: {error}.", "Correct that file.")]
    public = [
        name
        for name, value in vars(found).items()
        if name.isupper() or (getattr(value, "__module__", None) == module and not name.startswith("_"))
    ]
    return [
        (f"{module} has no {name!r}.", nearest(name, public, "It has"))
        for name in names
        if name != "*" and not hasattr(found, name) and _importable(module, name) is None
    ]


def _importable(module: str, name: str) -> Any:
    """The object, or a submodule of that name; None where neither exists."""
    try:
        found = importlib.import_module(module)
        return getattr(found, name) if hasattr(found, name) else importlib.import_module(f"{module}.{name}")
    except Exception:  # whatever is wrong with that file has been noted
        return None


def _modules_of(package: str) -> list[str]:
    """None for a package that cannot be imported itself."""
    try:
        spec = importlib.util.find_spec(package) if package.partition(".")[0] in sys.modules else None
    except (ImportError, ValueError):
        return []
    folders = [Path(folder) for folder in (spec.submodule_search_locations or [])] if spec else []
    return [file.stem for folder in folders for file in folder.glob("*.py") if not file.stem.startswith("_")]


def _line_of(error: BaseException, path: Path) -> int:
    line, trace = 0, error.__traceback__
    while trace:
        if trace.tb_frame.f_code.co_filename == str(path):
            line = trace.tb_lineno
        trace = trace.tb_next
    return line
