"""How a search's objectives, settings and points are called and printed."""

from collections.abc import Iterable

from reports import labels
from reports.metric_names import METRICS, Metric
from reports.search_results import Objective, Point

WIDE = 5.0  # values that differ by more than this factor stand on a logarithmic axis


def metric_of(objective: Objective) -> str:
    """The metric by which it is printed: "nme_io" for "val_nme_io"."""
    return objective.metric.removeprefix("val_")


def title(objective: Objective) -> str:
    """Such as "Validation NME io", or "Operations"."""
    name = _metric(objective).title
    return f"{labels.split_name('val')} {name}" if objective.metric.startswith("val_") else name


def axis(objective: Objective) -> str:
    """The title with unit and direction, as an axis has it."""
    unit = _metric(objective).printed_unit
    return f"{title(objective)} {'↓' if objective.minimize else '↑'}" + (f" ({unit})" if unit else "")


def scaled(objective: Objective, value: float) -> float:
    """In the unit in which it is printed."""
    return value * _metric(objective).scale


def rough(objective: Objective, value: float) -> str:
    """Two digits of it with its unit, such as "1.6×10⁷ %"."""
    unit = _metric(objective).printed_unit
    return labels.short_number(float(f"{scaled(objective, value):.1e}")) + (f" {unit}" if unit else "")


def is_wide(values: Iterable[float]) -> bool:
    """Whether values differ by so much that only a logarithmic axis tells the small ones apart."""
    known = tuple(values)
    return bool(known) and min(known) > 0 and max(known) > WIDE * min(known)


def short_names(paths: Iterable[str]) -> dict[str, str]:
    """Path → the end of it that no other path has: "recipe.loss.width" is "width" where no other setting is."""
    known = tuple(paths)
    return {path: next(end for end in _ends(path) if _is_unique(end, path, known)) for path in known}


def settings(point: Point) -> str:
    """What was chosen, such as "recipe.loss.width 12.3, method.fusion off"."""
    return ", ".join(f"{path} {_value(chosen)}" for path, chosen in point.chosen.items())


def _metric(objective: Objective) -> Metric:
    """A metric that nobody has named yet is printed by its own name, as it is."""
    name = metric_of(objective)
    return METRICS.get(name) or Metric(name, name, name, "", 1.0, 4, objective.minimize, name)


def _ends(path: str) -> list[str]:
    """Its last word, its last two, and so on up to the whole."""
    words = path.split(".")
    return [".".join(words[-count:]) for count in range(1, len(words) + 1)]


def _is_unique(end: str, path: str, paths: Iterable[str]) -> bool:
    return end == path or not any(other != path and f".{other}".endswith(f".{end}") for other in paths)


def _value(chosen: float | str) -> str:
    return f"{chosen:.4g}" if isinstance(chosen, float) else str(chosen)
