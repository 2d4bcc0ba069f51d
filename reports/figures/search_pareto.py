"""What a search by several objectives found: its trials by each two of them, and those that no other beats in all."""

from itertools import combinations

from reports import search_words
from reports.drawing import Figure, Plane, Planes, Spot
from reports.query import Results
from reports.search_results import Point, SearchResults

STUDIES = ()  # none in particular: built once for each study of the ledger


def build(results: Results, study: str) -> Figure | None:
    """None for a study that is no search by several objectives, and before a trial has finished."""
    known = results.study(study)
    search = known.search if known else None
    if search is None or len(search.objectives) < 2 or not search.measured:
        return None
    pairs = list(combinations(range(len(search.objectives)), 2))
    others = "the other" if len(search.objectives) == 2 else "the others"
    return Figure(
        name=f"{study}_search_pareto",
        title="Front of the search",
        caption="Finished trials by two objectives, with their numbers on the front: no other trial is better by one "
        f"objective and no worse by {others}. Of one seed each.",
        draw="planes",
        data=Planes(rows=(tuple(_plane(search, across, up) for across, up in pairs),)),
        trials=tuple(point.trial for point in search.measured),
    )


def _plane(search: SearchResults, across: int, up: int) -> Plane:
    """The objective `up` over the objective `across`."""
    objectives = search.objectives[across], search.objectives[up]
    front = {point.number for point in search.front}

    def place(point: Point) -> tuple[float, float]:
        x, y = (search_words.scaled(one, point.value(at)) for one, at in zip(objectives, (across, up), strict=True))
        return x, y

    spots = []
    for point in search.measured:
        x, y = place(point)
        mark = "default" if point.number == 0 else "front" if point.number in front else ""
        spots.append(Spot(x=x, y=y, trial=point.trial, mark=mark, label=str(point.number) if mark else ""))
    # Of three objectives a line would join points that are far apart by the third.
    line = sorted(place(point) for point in search.front) if len(search.objectives) == 2 else []
    return Plane(
        x_label=search_words.axis(objectives[0]),
        y_label=search_words.axis(objectives[1]),
        spots=tuple(spots),
        line=tuple(line),
        step="post" if objectives[0].minimize else "pre",
        x_log=search_words.is_wide(spot.x for spot in spots),
        y_log=search_words.is_wide(spot.y for spot in spots if spot.y is not None),
    )
