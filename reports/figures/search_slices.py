"""What a search found for each setting: the value of each trial against what was chosen for it."""

from reports import search_words
from reports.drawing import Figure, Plane, Planes
from reports.query import Results
from reports.search_results import Domain, Point, SearchResults
from reports.search_spots import captions, is_log, spots, trials

STUDIES = ()  # none in particular: built once for each study of the ledger

IN_A_ROW = 4
MARGIN = 0.05  # beyond the bounds of a domain, in parts of its width
STRIP = 0.4  # width of a choice's strip, in distances between choices
GOLDEN = 0.618  # of a strip: where each next trial stands, so that neighbours in number are far apart


def build(results: Results, study: str) -> Figure | None:
    """None for a study that is no search, and before a trial has a value."""
    known = results.study(study)
    search = known.search if known else None
    if search is None:
        return None
    rows = tuple(row for place in range(len(search.objectives)) for row in _rows(search, place))
    if not any(spot.y is not None for row in rows for plane in row for spot in plane.spots):
        return None
    return Figure(
        name=f"{study}_search_slices",
        title="Settings of the search",
        caption="Each trial's value against what was chosen for a setting, where the trial has it; the others changed "
        "at the same time." + captions(search),
        draw="planes",
        data=Planes(rows=rows),
        trials=trials(search),
        is_wide=len(search.domains) > 2,
    )


def _rows(search: SearchResults, place: int) -> list[tuple[Plane, ...]]:
    names = search_words.short_names(domain.path for domain in search.domains)
    planes = [_plane(search, place, domain, names[domain.path]) for domain in search.domains]
    return [tuple(planes[start : start + IN_A_ROW]) for start in range(0, len(planes), IN_A_ROW)]


def _plane(search: SearchResults, place: int, domain: Domain, name: str) -> Plane:
    shown = spots(search, place, lambda point: _x(point, domain))
    return Plane(
        x_label=name,
        y_label=search_words.axis(search.objectives[place]),
        spots=shown,
        names=domain.options,
        x_limits=_limits(domain),
        x_log=domain.kind == "log",
        y_log=is_log(search, place),
        x_whole=domain.kind == "integer",
    )


def _x(point: Point, domain: Domain) -> float | None:
    """Where a point stands; None if it does not have the setting, or chose what the domain has no more."""
    chosen = point.chosen.get(domain.path)
    if domain.kind != "choice":
        return None if chosen is None else float(chosen)
    if chosen not in domain.options:
        return None
    return domain.options.index(str(chosen)) + STRIP * (point.number * GOLDEN % 1 - 0.5)


def _limits(domain: Domain) -> tuple[float, float]:
    if domain.kind == "choice":
        return -0.5, len(domain.options) - 0.5
    if domain.kind == "log":
        margin = (domain.high / domain.low) ** MARGIN
        return domain.low / margin, domain.high * margin
    margin = MARGIN * (domain.high - domain.low)
    return domain.low - margin, domain.high + margin
