"""The trials of a search as spots of a figure."""

import math
from collections.abc import Callable

from reports import search_words
from reports.drawing import Spot
from reports.search_results import Point, SearchResults

ROOM = 3.0  # times the worst finished trial: what an axis shows even where the finished ones are nearly equal


def spots(search: SearchResults, place: int, x: Callable[[Point], float | None]) -> tuple[Spot, ...]:
    """One for each point that has ended and has an `x`, at its value of one objective; failed ones have no y."""
    objective = search.objectives[place]
    best = min(search.measured, key=lambda point: objective.sign * point.value(place), default=None)
    highest = _highest(search, place)
    found = []
    for point in search.points:
        across, value = x(point), point.values[place]
        if across is None or not (point.is_failed or _is_shown(point, place)):
            continue
        found.append(
            Spot(
                x=across,
                y=None if value is None or point.is_failed else search_words.scaled(objective, value),
                trial=point.trial,
                is_minor=point.is_stopped,
                is_far=value is not None and not point.is_failed and value > highest,
                mark="default" if point.number == 0 else "best" if point is best else "",
            )
        )
    return tuple(found)


def is_log(search: SearchResults, place: int) -> bool:
    """Whether the axis of an objective is logarithmic: for all spots, so that neighbours share it."""
    highest = _highest(search, place)
    values = [point.value(place) for point in search.points if _is_shown(point, place)]
    return search_words.is_wide(value for value in values if value <= highest)


def trials(search: SearchResults) -> tuple[str, ...]:
    """Those behind such a figure."""
    return tuple(point.trial for point in search.points if point.is_measured or point.is_stopped or point.is_failed)


def captions(search: SearchResults) -> str:
    """What a caption says of the spots that are not plainly finished."""
    words = ""
    if any(point.is_stopped for point in search.points):
        words += " Trials that were stopped early stand at the best value that they had until then."
    if far := [text for place in range(len(search.objectives)) if (text := _how_far(search, place))]:
        words += f" Triangles at the upper edge are trials far above the finished ones, up to {' and '.join(far)}."
    if any(point.is_failed for point in search.points):
        words += " Ticks at the upper edge are failed trials."
    return words


def _is_shown(point: Point, place: int) -> bool:
    return point.values[place] is not None and (point.is_measured or point.is_stopped)


def _highest(search: SearchResults, place: int) -> float:
    """The value beyond which a trial is far above the finished ones; infinite where none can be said to be.

    Up to it finished ones have half of a logarithmic axis for their differences, where they span more than `ROOM`.
    """
    finished = [point.value(place) for point in search.measured]
    if not finished or min(finished) <= 0 or not search.objectives[place].minimize:
        return math.inf
    return max(finished) * max(ROOM, max(finished) / min(finished))


def _how_far(search: SearchResults, place: int) -> str:
    """The worst value far above; empty where none is."""
    highest = _highest(search, place)
    far = [point.value(place) for point in search.points if _is_shown(point, place) and point.value(place) > highest]
    return search_words.rough(search.objectives[place], max(far)) if far else ""
