"""What a search may vary: settings by their dotted paths, each with the values that it may take and the reason."""

import math
from collections.abc import Mapping
from operator import attrgetter
from typing import Annotated, Any

from pydantic import Field

from search_spaces.variants import Variant
from trainables.config import config, with_changes

Point = Mapping[str, Any]  # path of a setting → its value


@config
class Domain:
    """The values that one setting may take.

    `why`: the reason for these, which reports print. `given`: (path, value) of another setting of the space that must
    have been chosen for this one to exist, such as the epochs of a curriculum where there is one.
    """

    why: Annotated[str, Field(min_length=1)]
    given: tuple[str, Any] | None = None

    def holds(self, value: Any) -> bool:
        """Whether a value is one of these."""
        raise NotImplementedError


@config
class Uniform(Domain):
    """Real numbers from `low` to `high`."""

    low: float
    high: float

    def __post_init__(self) -> None:
        _check_order(self.low, self.high)

    def holds(self, value: Any) -> bool:
        return _is_number(value) and self.low <= value <= self.high


@config
class LogUniform(Uniform):
    """Real numbers from `low` to `high`, as many below as above their geometric mean: for scales."""

    low: Annotated[float, Field(gt=0)]


@config
class Integer(Domain):
    """Whole numbers from `low` to `high`, both among them."""

    low: int
    high: int

    def __post_init__(self) -> None:
        _check_order(self.low, self.high)

    def holds(self, value: Any) -> bool:
        return isinstance(value, int) and not isinstance(value, bool) and self.low <= value <= self.high


@config
class Choice(Domain):
    """One of a few values: switches, numbers or whole configs."""

    options: Annotated[tuple[Any, ...], Field(min_length=2)]

    def holds(self, value: Any) -> bool:
        return value in self.options


@config
class Space:
    """Settings of a variant that are searched together.

    Raises (through `config`) for a domain that stands before the one that it depends on.
    """

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
        return given is None or (given[0] in point and point[given[0]] == given[1])

    def holds(self, point: Point) -> bool:
        """Whether a point gives a value of its domain to every setting that exists, and to no other."""
        wanted = {path for path in self.domains if self.exists(path, point)}
        return wanted == set(point) and all(self.domains[path].holds(value) for path, value in point.items())

    def point_of(self, variant: Variant) -> Point:
        """Where a variant itself stands: the point that a search tries first."""
        point: dict[str, Any] = {}
        for path in self.domains:
            if self.exists(path, point):
                point[path] = attrgetter(path)(variant)
        return point

    def at(self, variant: Variant, point: Point) -> Variant:
        """The variant with a point's values. Raises ConfigError for paths that it does not have."""
        return with_changes(variant, {path: point[path] for path in self.domains if path in point})


def _check_order(low: float, high: float) -> None:
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise ValueError(f"low is {low} and high is {high}. Give two finite numbers, the smaller one first")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
