"""Configs: frozen, checked at birth, to and from plain data, and able to list all of a study's mistakes at once.

A class decorated with `@config` is a frozen, keyword-only dataclass whose values pydantic checks. A wrong value raises
`ConfigError` at once, except inside `collect_mistakes()`: there the mistake is noted with its place, the wrong value is
left out, and reading goes on, so that one reading of a study file finds every mistake in it.
"""

import dataclasses
import difflib
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, TypeVar, dataclass_transform

import pydantic
from pydantic.dataclasses import dataclass as checked_dataclass


@dataclass(frozen=True)
class Mistake:
    """One thing that the user must mend: what is wrong, where it is, how to fix it."""

    what: str
    where: str
    fix: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what} {self.fix}".strip()


class ConfigError(ValueError):
    """Mistakes in what the user declared; `mistakes` holds all of them."""

    def __init__(self, mistakes: tuple[Mistake, ...]) -> None:
        super().__init__(mistakes)
        self.mistakes = mistakes

    def __str__(self) -> str:
        return "\n".join(str(mistake) for mistake in self.mistakes)


class Unknown:
    """Stands for what a mistake left undefined: it can be called and looked into, and breeds no more mistakes."""

    def __call__(self, *args: Any, **values: Any) -> "Unknown":
        return self

    def __getattr__(self, name: str) -> "Unknown":
        return self


_collected: ContextVar[list[Mistake] | None] = ContextVar("collected", default=None)


@contextmanager
def collect_mistakes() -> Iterator[list[Mistake]]:
    """Within this block mistakes are noted in the yielded list instead of raised."""
    mistakes: list[Mistake] = []
    token = _collected.set(mistakes)
    try:
        yield mistakes
    finally:
        _collected.reset(token)


def report_mistake(what: str, fix: str = "") -> None:
    """Note a mistake at the caller's caller's line, or raise it where nobody collects."""
    _note((Mistake(what, _place_of_declaration(), fix),))


def nearest(name: str, known: Iterable[str], noun: str = "Known") -> str:
    """A sentence that helps with a wrong name: the closest right one, then all of them."""
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    guess = f"Did you mean {close[0]!r}? " if close else ""
    return f"{guess}{noun}: {', '.join(names) or 'none'}."


class Named(dict[str, Any]):
    """Settings by name. An unknown name is answered with the nearest right one."""

    def __missing__(self, name: str) -> Any:
        raise UnknownName(name, self)


class UnknownName(KeyError):
    def __init__(self, name: str, known: Iterable[str]) -> None:
        super().__init__(name)
        self._text = f"{name!r} is not known. {nearest(name, known)}"

    def __str__(self) -> str:
        return self._text


KINDS: dict[str, type] = {}
C = TypeVar("C", bound=type)


@dataclass_transform(kw_only_default=True, frozen_default=True, field_specifiers=(dataclasses.field,))
def config(cls: C) -> C:
    """Make `cls` a config. Its `kind` (by default the class name) stands for it in plain data and in identities.

    Field metadata that identities read: `{"identity": False}` for what cannot change a result, `{"neutral": value}` for
    a field added later, with the value at which older identities stay valid, `{"file": True}` for the path of a file
    whose content counts.
    """
    # Identities are made of JSON, which has no number that is not finite.
    rules = pydantic.ConfigDict(extra="forbid", arbitrary_types_allowed=True, allow_inf_nan=False)
    made = checked_dataclass(cls, frozen=True, kw_only=True, config=rules)
    checked_init = made.__init__

    def __init__(self: Any, **values: Any) -> None:
        if "is_config" not in vars(type(self)):
            # It would have its parent's identity, and so its parent's trials, and be rebuilt as its parent.
            name = type(self).__name__
            report_mistake(
                f"{name} would count as {cls.__name__!r}.",
                f'Write @config above class {name}, and kind: ClassVar[str] = "…".',
            )
        try:
            checked_init(self, **values)
        except pydantic.ValidationError as error:
            problems = [problem for problem in error.errors() if not _is_unknown(_given(problem, values))]
            _note(tuple(_mistake(made, problem, values) for problem in problems))
            wrong = {str(problem["loc"][0]) for problem in error.errors() if problem["loc"]}
            for field in dataclasses.fields(made):
                value = _default(field) if field.name in wrong else values.get(field.name, _default(field))
                object.__setattr__(self, field.name, value)

    made.__init__ = __init__  # type: ignore[method-assign]
    made.is_config = True  # type: ignore[attr-defined]
    kind = made.kind = cls.__dict__.get("kind", cls.__name__)  # type: ignore[attr-defined]
    if kind in KINDS and KINDS[kind].__module__ != cls.__module__:
        # Two classes of one kind would share identities, and so each other's trials.
        report_mistake(f"kind {kind!r} is taken by {KINDS[kind].__module__}.", 'Give the class another kind = "…".')
    else:
        KINDS[kind] = made
    return made  # type: ignore[return-value]


def is_config(value: object) -> bool:
    return getattr(type(value), "is_config", False) is True


def to_plain(value: Any) -> Any:
    """A config as dicts, lists, strings and numbers; each config names its `kind`."""
    if is_config(value):
        fields = {field.name: to_plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
        return {"kind": _kind(value), **fields}
    if isinstance(value, tuple | list):
        return [to_plain(item) for item in value]
    return value


def from_plain(plain: Any) -> Any:
    """The inverse of `to_plain`. Every kind that occurs must have been imported (`registry.rebuild` sees to it)."""
    if isinstance(plain, Mapping):
        if plain.get("kind") not in KINDS:
            raise ValueError(f"Unknown kind {plain.get('kind')!r}. {nearest(str(plain.get('kind')), KINDS)}")
        return KINDS[plain["kind"]](**{name: from_plain(value) for name, value in plain.items() if name != "kind"})
    if isinstance(plain, list):
        return tuple(from_plain(item) for item in plain)
    return plain


def with_changes(value: Any, changes: Mapping[str, Any]) -> Any:
    """A copy with other values at dotted paths, e.g. `{"recipe.optimizer.lr": 3e-4}`; unknown paths are mistakes."""
    for path, new in changes.items():
        value = _changed(value, path.split("."), new, path)
    return value


def has(value: Any, path: str) -> bool:
    """Whether `with_changes` can change the setting at this dotted path."""
    for name in path.split("."):
        if not dataclasses.is_dataclass(value) or name not in {field.name for field in dataclasses.fields(value)}:
            return False
        value = getattr(value, name)
    return True


def _changed(value: Any, path: list[str], new: Any, whole: str) -> Any:
    if isinstance(value, Unknown):
        return value
    name, rest = path[0], path[1:]
    names = [field.name for field in dataclasses.fields(value)] if dataclasses.is_dataclass(value) else []
    if name not in names:
        deeper = [] if "." in whole else _paths_to(name, value)
        fix = f"Did you mean {deeper[0]!r}?" if deeper else nearest(name, names)
        report_mistake(f"{whole!r} names no setting: {_kind(value)} has no {name!r}.", fix)
        return value
    if rest:
        new = _changed(getattr(value, name), rest, new, whole)
    elif isinstance(getattr(value, name), str) and isinstance(new, int):
        new = str(new)  # landmarks=98 on a command line means the name, not the number
    return dataclasses.replace(value, **{name: new})  # type: ignore[type-var]


def _paths_to(name: str, value: Any, above: str = "") -> list[str]:
    """Dotted paths of all settings of this name below `value`, the shallowest first."""
    fields = [field.name for field in dataclasses.fields(value)] if dataclasses.is_dataclass(value) else []
    here = [f"{above}{name}"] if name in fields else []
    below = [path for field in fields for path in _paths_to(name, getattr(value, field), f"{above}{field}.")]
    return sorted([*here, *below], key=lambda path: path.count("."))


def _kind(value: Any) -> str:
    return getattr(type(value), "kind", type(value).__name__)


def _default(field: dataclasses.Field) -> Any:
    if field.default_factory is not dataclasses.MISSING:
        return field.default_factory()
    return Unknown() if field.default is dataclasses.MISSING else field.default


def _is_unknown(value: Any) -> bool:
    """Left undefined by an earlier mistake, wholly or in part."""
    return isinstance(value, Unknown) or (isinstance(value, tuple | list) and any(map(_is_unknown, value)))


def _given(problem: Any, values: Mapping[str, Any]) -> Any:
    """The wrong value itself, inside a tuple too."""
    value: Any = values
    for part in problem["loc"]:
        if isinstance(value, Mapping):
            value = value.get(part)
        elif isinstance(value, tuple | list) and isinstance(part, int):
            value = value[part]
    return value


def _mistake(cls: type, problem: Any, values: Mapping[str, Any]) -> Mistake:
    path = ".".join(str(part) for part in problem["loc"] if not isinstance(part, int))
    name = str(problem["loc"][0]) if problem["loc"] else ""
    names = [field.name for field in dataclasses.fields(cls)]
    where = _place_of_declaration()
    if problem["type"] in ("unexpected_keyword_argument", "unexpected_positional_argument"):
        return Mistake(f"{cls.__name__} has no setting {name!r}.", where, nearest(name, names))
    if problem["type"] in ("missing", "missing_argument", "missing_keyword_only_argument"):
        return Mistake(f"{cls.__name__} needs {name!r}.", where, f"Add {name}=….")
    reason = problem["msg"].removeprefix("Value error, ").removeprefix("Input ").rstrip(".")
    given = f"{cls.__name__}.{path} = {values[name]!r}: " if name in values else f"{cls.__name__}: "
    return Mistake(f"{given}{reason}.", where, "")


def _note(mistakes: tuple[Mistake, ...]) -> None:
    collected = _collected.get()
    if collected is None:
        raise ConfigError(mistakes) from None
    collected.extend(mistakes)


def _place_of_declaration() -> str:
    """`file:line` of the innermost frame outside the machinery that checks declarations."""
    machinery = {"config.py", "variants.py", "study.py", "dataclasses.py"}
    checkers = ("pydantic", "jaxtyping", "beartype")  # the last two stand between our frames in tests
    frame = sys._getframe(1)
    while frame.f_back and (
        Path(frame.f_code.co_filename).name in machinery or any(name in frame.f_code.co_filename for name in checkers)
    ):
        frame = frame.f_back
    return f"{Path(frame.f_code.co_filename).name}:{frame.f_lineno}"


class Config:
    """Base of contracts that are configs: it only tells type checkers of `kind`."""

    kind: ClassVar[str]
