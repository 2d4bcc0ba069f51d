"""Columns of paired differences by photograph, with p corrected for the number of comparisons in the table."""

from collections.abc import Sequence

from reports import labels
from reports.comparisons import Compared
from reports.document import Cell, Column
from reports.significance import NUM_RESAMPLES, holm

GROUP = "By photograph, over persons"
CAPTION = (
    "By photograph: errors averaged over the seeds, then the mean difference over test images, its 95 % interval from "
    f"{NUM_RESAMPLES} bootstrap resamples of persons, and the two-sided p of Wilcoxon's signed-rank test on one "
    "difference per person, as it is and corrected by Holm for all comparisons of this table, with its effect size r: "
    "the share of the rank sum above zero minus that below. Interval, p and r are about other persons, not about other "
    "seeds."
)


def columns(metric: str, split: str = "test") -> tuple[Column, ...]:
    """Of the cells that `cells` makes, for differences of this metric."""
    return (
        labels.column(metric, split, difference=True, group=GROUP),
        labels.column(metric, split, difference=True, title="from", group=GROUP),
        labels.column(metric, split, difference=True, title="to", group=GROUP),
        labels.column("p_value", split, group=GROUP),
        labels.column("p_value", split, title="p, Holm", group=GROUP),
        labels.column("effect_size", split, group=GROUP),
        labels.column("num_images", split, group=GROUP),
        labels.column("num_persons", split, group=GROUP),
    )


def cells(compared: Sequence[Compared]) -> list[tuple[Cell, ...]]:
    """The cells of all comparisons of one table."""
    of = columns("nme")  # units are those of every NME
    corrected = iter(holm([each.by_person.p for each in compared if each.by_person is not None]))
    rows = []
    for each in compared:
        one, summary = each.by_person, each.by_seed
        if one is None:
            rows.append((Cell(text="undefined"),) * len(of))
            continue
        values = (one.mean, one.low, one.high, one.p, next(corrected), one.effect, one.num_images, one.num_persons)
        about = {"protocol": each.protocol, "trials": summary.trials, "n": summary.n, "asked": summary.n}
        rows.append(
            tuple(Cell(value=float(value), unit=column.unit, **about) for column, value in zip(of, values, strict=True))
        )
    return rows
