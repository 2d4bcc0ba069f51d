"""What changing one setting does to the error, paired by seed: paper 000's Fig. 4, for every study with a baseline.

Source: kozlowska2026hrmlff Fig. 4.
"""

import math

from reports import aggregate, hrmlff, labels, leading, literature
from reports.drawing import Dot, Dots, Figure
from reports.query import Results, StudyResults, Variant

STUDIES = ()  # none in particular: built once for each study of the ledger

METRIC = "nme_io"


def build(results: Results, study: str) -> Figure | None:
    """None without a baseline that shares a seed with another variant."""
    known = results.study(study)
    if known is None or known.baseline is None:
        return None
    baseline, split = known.baseline, known.main_split
    found = [(one, _difference(known, one, baseline, split)) for one in known.leading if one is not baseline]
    if study in hrmlff.STUDIES:  # other networks are no changes of the baseline
        found = [(one, summary) for one, summary in found if hrmlff.change(one.label)]
    shown = [(one, summary) for one, summary in found if summary is not None and math.isfinite(summary.mean)]
    if not shown:
        return None
    published = _published() if study in hrmlff.STUDIES else {}
    dots = [_dot(one, baseline, summary, published) for one, summary in shown]
    headings = [*hrmlff.AXES]
    dots.sort(key=lambda dot: headings.index(dot.group) if dot.group in headings else len(headings))
    column = labels.column(METRIC, split, difference=True)
    return Figure(
        name=f"{study}_effects",
        title="Effects",
        caption=f"{labels.split_name(split)} {labels.metric(METRIC).title} of each variant minus that of "
        f"{baseline.label}, paired by seed: mean and sample standard deviation; right of 0 is worse."
        + leading.words(known)
        + (" Diamonds: the differences that paper 000 prints for 300W." if published else ""),
        draw="dots",
        data=Dots(
            x_label=f"{labels.metric_title(column)} ({labels.column_unit(column).split()[0]})",
            dots=tuple(dots),
            zero=True,
            published_label="paper 000, 300W",
        ),
        trials=tuple(dict.fromkeys(trial for _, summary in shown for trial in summary.trials)),
    )


def _difference(study: StudyResults, variant: Variant, baseline: Variant, split: str) -> aggregate.Summary | None:
    ours, theirs = (study.values(one, split, METRIC) for one in (variant, baseline))
    return aggregate.paired_difference(ours, theirs)


def _dot(variant: Variant, baseline: Variant, summary: aggregate.Summary, published: dict[str, float]) -> Dot:
    change = hrmlff.change(variant.label)
    printed = summary.scaled(labels.metric(METRIC).scale)
    return Dot(
        label=change or variant.label.removeprefix(f"{baseline.label}, "),
        group=hrmlff.axis(change) if change else "",
        mean=printed.mean,
        spread=printed.spread,
        values=printed.values,
        published=published.get(change),
    )


def _published() -> dict[str, float]:
    """Change → percentage points that the paper's bar lies above its HR-MLFF."""
    bars = {one.method: one.number for one in literature.read("000", "fig4_ablation") if one.number is not None}
    names = {"fusion off": "fusion off", "loss mse": "mse", "loss wing": "wing", "augmentation off": "augmentation off"}
    return {change: bars[name] - bars["composite"] for change, name in names.items()}
