"""What a search may vary: settings by their dotted paths, each with the values that it may take and the reason."""

import itertools
import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import replace
from operator import attrgetter
from typing import Annotated, Any, ClassVar

from pydantic import Field

from search_spaces.variants import Variant
from trainables.config import Config, config, has, with_changes
from trainables.trial import Trial

Point = Mapping[str, float | int | str]  # path of a setting → a number, or the name of a choice

_COUNTED = 1000  # points of a space: larger ones are not listed


@config
class Domain(Config, ABC):
    """The values that one setting may take.

    `why`: the reason for just these. `given`: (path, name) of a choice, made before, without which this setting does
    not exist, such as the epochs of a curriculum where there is none.
    """

    why: Annotated[str, Field(min_length=1)]
    given: tuple[str, str] | None = None

    @abstractmethod
    def holds(self, chosen: Any) -> bool:
        """Whether this can be chosen."""

    def value(self, chosen: Any) -> Any:
        """The setting's value for what was chosen."""
        return chosen

    def chosen(self, value: Any) -> Any:
        """The inverse of `value`."""
        return value

    @abstractmethod
    def described(self) -> dict[str, Any]:
        """As JSON, for figures: `kind`, and `low` and `high` or `options`."""


@config
class Uniform(Domain):
    """Real numbers from `low` to `high`."""

    kind: ClassVar[str] = "uniform"
    low: float
    high: float

    def __post_init__(self) -> None:
        if not (math.isfinite(self.low) and math.isfinite(self.high) and self.low < self.high):
            raise ValueError(
                f"low is {self.low} and high is {self.high}. Give two finite numbers, the smaller one first"
            )

    def holds(self, chosen: Any) -> bool:
        return isinstance(chosen, int | float) and not isinstance(chosen, bool) and self.low <= chosen <= self.high

    def described(self) -> dict[str, Any]:
        return {"kind": self.kind, "low": self.low, "high": self.high}


@config
class LogUniform(Uniform):
    """Real numbers from `low` to `high`, as many below as above their geometric mean: for scales."""

    kind: ClassVar[str] = "log"
    low: Annotated[float, Field(gt=0)]


@config
class Integer(Uniform):
    """Whole numbers from `low` to `high`, both among them."""

    kind: ClassVar[str] = "integer"
    low: int
    high: int

    def holds(self, chosen: Any) -> bool:
        return isinstance(chosen, int) and super().holds(chosen)


@config
class Choice(Domain):
    """One of a few named values: switches, numbers or whole configs. What is chosen is the name."""

    kind: ClassVar[str] = "choice"
    options: Annotated[Mapping[str, Any], Field(min_length=2)]

    def __post_init__(self) -> None:
        for (name, option), (other, same) in itertools.combinations(self.options.items(), 2):
            if type(option) is type(same) and option == same:
                raise ValueError(f"{name!r} and {other!r} are the same value: leave one out")

    def holds(self, chosen: Any) -> bool:
        return chosen in self.options

    def described(self) -> dict[str, Any]:
        return {"kind": self.kind, "options": list(self.options)}

    def value(self, chosen: Any) -> Any:
        return self.options[chosen]

    def chosen(self, value: Any) -> Any:
        """Raises ValueError where no option has this value."""
        names = [name for name, option in self.options.items() if option == value]
        if not names:
            raise ValueError(f"{value!r} is none of the options {', '.join(self.options)}")
        return names[0]


@config
class Space:
    """Settings of a variant that are searched together, each after those that it depends on."""

    domains: Mapping[str, Domain]

    def __post_init__(self) -> None:
        before: set[str] = set()
        for path, domain in self.domains.items():
            if domain.given is not None and domain.given[0] not in before:
                raise ValueError(f"{path} depends on {domain.given[0]}, which has to stand before it")
            before.add(path)

    def exists(self, path: str, point: Point) -> bool:
        """Whether this setting is open, after those before it have been chosen."""
        given = self.domains[path].given
        return given is None or point.get(given[0]) == given[1]

    def holds(self, point: Point) -> bool:
        """Whether a point chooses from its domain for every setting that exists, and for no other."""
        wanted = {path for path in self.domains if self.exists(path, point)}
        return wanted == set(point) and all(self.domains[path].holds(chosen) for path, chosen in point.items())

    def points(self) -> list[Point] | None:
        """Every point of the space; None where it has real numbers, or more points than anyone would try."""
        found: list[dict[str, Any]] = [{}]
        for path, domain in self.domains.items():
            if isinstance(domain, Choice):
                values: Sequence[Any] = tuple(domain.options)
            elif isinstance(domain, Integer):
                values = range(domain.low, domain.high + 1)
            else:
                return None
            if len(values) * len(found) > _COUNTED:
                return None
            found = [
                {**point, path: value} if value is not None else point
                for point in found
                for value in (values if self.exists(path, point) else (None,))
            ]
        return list(found)

    def point_in(self, base: Trial, trial: Trial) -> Point | None:
        """Where a trial stands that differs from the base in nothing but this space's settings, and perhaps in its
        seed; None for any other trial."""
        try:
            point = self.point_of(trial)
            there = with_changes(_with_seed(base, trial.seed), self._values(point))
        except (AttributeError, ValueError):
            return None
        return point if there == trial and self.holds(point) else None

    def described(self) -> dict[str, Any]:
        """As JSON, for figures."""
        return {path: {**domain.described(), "given": domain.given} for path, domain in self.domains.items()}

    def point_of(self, variant: Variant | Trial) -> Point:
        """Where the variant stands for which the space was made: what a search tries first.

        Raises ValueError for a variant with a choice that the space does not have.
        """
        point: dict[str, Any] = {}
        for path in self.domains:
            if self.exists(path, point):
                try:
                    point[path] = self._chosen(path, attrgetter(path)(variant))
                except ValueError as error:
                    raise ValueError(f"{path}: {error}") from error
        return point

    def at(self, variant: Variant, point: Point) -> Variant:
        """The variant with a point's values. Raises ConfigError for paths that it does not have."""
        return with_changes(variant, self._values(point))

    def _chosen(self, path: str, value: Any) -> Any:
        """What was chosen to give this value. Settings inside of an option that are searched too do not count."""
        domain = self.domains[path]
        inside = [other.removeprefix(f"{path}.") for other in self.domains if other.startswith(f"{path}.")]
        if not isinstance(domain, Choice) or not inside:
            return domain.chosen(value)
        same = {inner: attrgetter(inner)(value) for inner in inside if has(value, inner)}
        options = {
            name: with_changes(option, {inner: found for inner, found in same.items() if has(option, inner)})
            for name, option in domain.options.items()
        }
        return replace(domain, options=options).chosen(value)

    def _values(self, point: Point) -> dict[str, Any]:
        return {path: domain.value(point[path]) for path, domain in self.domains.items() if path in point}


def _with_seed(trial: Trial, seed: int) -> Trial:
    """The same trial, and its stages, with another seed."""
    return replace(trial, seed=seed, starts_from=tuple(_with_seed(stage, seed) for stage in trial.starts_from))
