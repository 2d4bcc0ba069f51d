"""What variants reached, as the dots of a figure: mean, spread and every seed, beside what a paper printed."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from reports import aggregate, labels
from reports.document import Column
from reports.drawing import Dot, Dots, Figure
from reports.query import StudyResults, Variant


@dataclass(frozen=True, kw_only=True)
class MeasuredDot:
    """A dot in the printed unit of its metric, and the trials behind it."""

    dot: Dot
    trials: tuple[str, ...]


def measured_dot(
    study: StudyResults, variant: Variant, column: Column, group: str, published: float | None = None
) -> MeasuredDot | None:
    """`published` is in the printed unit. None before a seed is measured, and where the mean is no number."""
    values = study.values(variant, column.split, column.metric, column.subset)
    if not values:
        return None
    summary = aggregate.mean_over_seeds(values).scaled(labels.metric(column.metric).scale)
    if not math.isfinite(summary.mean):
        return None
    dot = Dot(
        label=variant.label,
        group=group,
        mean=summary.mean,
        spread=summary.spread,
        values=summary.values,
        published=published,
        series=study.series(variant),
    )
    return MeasuredDot(dot=dot, trials=summary.trials)


def figure(
    found: Iterable[MeasuredDot | None],
    *,
    name: str,
    title: str,
    caption: str,
    x_label: str,
    published_label: str = "",
) -> Figure | None:
    """All these dots over one axis; None where there is none."""
    shown = [one for one in found if one is not None]
    if not shown:
        return None
    return Figure(
        name=name,
        title=title,
        caption=caption,
        draw="dots",
        data=Dots(x_label=x_label, dots=tuple(one.dot for one in shown), published_label=published_label),
        trials=tuple(dict.fromkeys(trial for one in shown for trial in one.trials)),
    )


def axis(column: Column) -> str:
    """The words of the axis on which dots of this column stand: "NME io (%)"."""
    unit = labels.metric(column.metric).printed_unit
    return labels.metric_title(column) + (f" ({unit})" if unit else "")
