"""How a search came to what it found: the value of each trial in the order of asking, and the best so far."""

from reports import search_words
from reports.drawing import Figure, Plane, Planes
from reports.query import Results
from reports.search_results import SearchResults
from reports.search_spots import captions, is_log, spots, trials

STUDIES = ()  # none in particular: built once for each study of the ledger


def build(results: Results, study: str) -> Figure | None:
    """None for a study that is no search, and before a trial has a value."""
    known = results.study(study)
    search = known.search if known else None
    if search is None:
        return None
    rows = tuple((_plane(search, place),) for place in range(len(search.objectives)))
    if not any(spot.y is not None for (plane,) in rows for spot in plane.spots):
        return None
    return Figure(
        name=f"{study}_search_history",
        title="History of the search",
        caption="Each trial's value by its number"
        + ("; the line is the best of the finished ones so far." if search.measured else ".")
        + captions(search),
        draw="planes",
        data=Planes(rows=rows),
        trials=trials(search),
    )


def _plane(search: SearchResults, place: int) -> Plane:
    objective = search.objectives[place]
    shown = spots(search, place, lambda point: float(point.number))
    steps = [(float(number), search_words.scaled(objective, value)) for number, value in search.best_so_far(place)]
    last = max((spot.x for spot in shown), default=0.0)
    if steps and last > steps[-1][0]:
        steps.append((last, steps[-1][1]))
    return Plane(
        x_label="trial",
        y_label=search_words.axis(objective),
        spots=shown,
        line=tuple(steps),
        line_label="best so far",
        y_log=is_log(search, place),
        x_whole=True,
    )
