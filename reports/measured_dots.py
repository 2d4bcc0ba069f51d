"""What variants reached, as the dots of a figure: mean, spread and every seed, beside what a paper printed."""

import math
from dataclasses import dataclass

from reports import aggregate, labels
from reports.document import Column
from reports.drawing import Dot
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


def axis(column: Column) -> str:
    """The words of the axis on which dots of this column stand: "NME io (%)"."""
    unit = labels.metric(column.metric).printed_unit
    return labels.metric_title(column) + (f" ({unit})" if unit else "")
