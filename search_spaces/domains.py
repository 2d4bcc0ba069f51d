"""What a search may vary: settings by their dotted paths, each with the values that it may take and the reason."""

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from operator import attrgetter
from typing import Annotated, Any

from pydantic import Field

from search_spaces.variants import Variant
from trainables.config import Config, config, with_changes

Point = Mapping[str, float | int | str]  # path of a setting → a number, or the name of a choice


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


@config
class Uniform(Domain):
    """Real numbers from `low` to `high`."""

    low: float
    high: float

    def __post_init__(self) -> None:
        if not (math.isfinite(self.low) and math.isfinite(self.high) and self.low < self.high):
            raise ValueError(
                f"low is {self.low} and high is {self.high}. Give two finite numbers, the smaller one first"
            )

    def holds(self, chosen: Any) -> bool:
        return isinstance(chosen, int | float) and not isinstance(chosen, bool) and self.low <= chosen <= self.high


@config
class LogUniform(Uniform):
    """Real numbers from `low` to `high`, as many below as above their geometric mean: for scales."""

    low: Annotated[float, Field(gt=0)]


@config
class Integer(Uniform):
    """Whole numbers from `low` to `high`, both among them."""

    low: int
    high: int

    def holds(self, chosen: Any) -> bool:
        return isinstance(chosen, int) and super().holds(chosen)


@config
class Choice(Domain):
    """One of a few named values: switches, numbers or whole configs. What is chosen is the name."""

    options: Annotated[Mapping[str, Any], Field(min_length=2)]

    def holds(self, chosen: Any) -> bool:
        return chosen in self.options

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

    def point_of(self, variant: Variant) -> Point:
        """Where the variant stands for which the space was made: what a search tries first.

        Raises ValueError for a variant with a choice that the space does not have.
        """
        point: dict[str, Any] = {}
        for path, domain in self.domains.items():
            if self.exists(path, point):
                point[path] = domain.chosen(attrgetter(path)(variant))
        return point

    def at(self, variant: Variant, point: Point) -> Variant:
        """The variant with a point's values. Raises ConfigError for paths that it does not have."""
        chosen = {path: domain for path, domain in self.domains.items() if path in point}
        return with_changes(variant, {path: domain.value(point[path]) for path, domain in chosen.items()})
