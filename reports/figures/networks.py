"""The error of each network with its seeds, and the bar that paper 000 prints for it: Fig. 3(a).

Source: kozlowska2026hrmlff Fig. 3(a).
"""

import math

from reports import aggregate, hrmlff, labels
from reports.drawing import Dot, Dots, Figure
from reports.query import Results

STUDIES = ()  # none in particular: built once for each study of the ledger

METRIC = "nme_io"


def build(results: Results, study: str) -> Figure | None:
    """None for studies other than paper 000's, and before a network is measured."""
    known = results.study(study)
    if known is None or study not in hrmlff.STUDIES:
        return None
    split, scale = known.main_split, labels.metric(METRIC).scale
    measured = [(one, known.values(one, split, METRIC)) for one in hrmlff.networks_of(known)]
    shown = [(one, aggregate.mean_over_seeds(values).scaled(scale)) for one, values in measured if values]
    shown = [(one, summary) for one, summary in shown if math.isfinite(summary.mean)]
    if not shown:
        return None
    bars = {hrmlff.PUBLISHED[method]: one.number for (method, _), one in hrmlff.printed("fig3a_300w").items()}
    if study not in (hrmlff.PRIVATE.study, hrmlff.FULL.study):
        bars = {}
    column = labels.column(METRIC, split)
    return Figure(
        name=f"{study}_networks",
        title="Networks",
        caption=f"{labels.split_name(split)} {labels.metric_title(column)} of each network: mean and sample standard "
        "deviation over seeds." + (" Diamonds: what paper 000 prints for 300W, without a normaliser." if bars else ""),
        draw="dots",
        data=Dots(
            x_label=f"{labels.metric_title(column)} ({labels.metric(METRIC).printed_unit})",
            dots=tuple(
                Dot(
                    label=one.label,
                    group="",
                    mean=summary.mean,
                    spread=summary.spread,
                    values=summary.values,
                    published=bars.get(one.label),
                    series=known.series(one),
                )
                for one, summary in shown
            ),
            published_label="paper 000, 300W",
        ),
        trials=tuple(trial for _, summary in shown for trial in summary.trials),
    )
