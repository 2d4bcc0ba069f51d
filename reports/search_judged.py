"""By what the trials of a search are judged: by their values, and where few of them have any, by their first epochs."""

from dataclasses import dataclass

from orchestrator.schema import State
from reports.search_results import Objective, Point, SearchResults

LEAST = 10  # trials without which nothing is said


@dataclass(frozen=True, kw_only=True)
class Judged:
    """Points with the value of each. `epoch`: the last one that counts; None where the selected one does."""

    points: tuple[Point, ...]
    values: tuple[float, ...]
    epoch: int | None = None


def judged(search: SearchResults, place: int) -> Judged:
    """The measured points by an objective. Where they are fewer than `LEAST` and it is the first, those points,
    finished or stopped early, that have come to the last epoch to which `LEAST` have come, by their best value until
    then; the measured ones where there is no such epoch.
    """
    measured = search.measured
    early = _early(search) if len(measured) < LEAST and place == 0 else None
    return early or Judged(points=measured, values=tuple(point.value(place) for point in measured))


def _early(search: SearchResults) -> Judged | None:
    trained = [point for point in search.points if point.state in (State.FINISHED, State.PRUNED)]
    for epoch in sorted({epoch for point in trained for epoch in point.history}, reverse=True):
        best = [(point, _best_until(point, epoch, search.objectives[0])) for point in trained]
        known = [(point, value) for point, value in best if value is not None]
        if len(known) >= LEAST:
            points, values = zip(*known, strict=True)
            return Judged(points=points, values=values, epoch=epoch)
    return None


def _best_until(point: Point, epoch: int, objective: Objective) -> float | None:
    """None for a point that has not come to the epoch, or had no number until then."""
    values = [value for number, value in point.history.items() if number <= epoch]
    if not values or max(point.history) < epoch:
        return None
    return min(values, key=lambda value: objective.sign * value)
