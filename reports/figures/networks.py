"""The error of each network with its seeds, and the bar that paper 000 prints for it: Fig. 3(a).

Source: kozlowska2026hrmlff Fig. 3(a).
"""

from reports import hrmlff, labels, measured_dots
from reports.drawing import Figure
from reports.measured_dots import axis, measured_dot
from reports.query import Results

STUDIES = ()  # none in particular: built once for each study of the ledger

METRIC = "nme_io"


def build(results: Results, study: str) -> Figure | None:
    """None for studies other than paper 000's, and before a network is measured."""
    known = results.study(study)
    if known is None or study not in hrmlff.STUDIES:
        return None
    column = labels.column(METRIC, known.main_split)
    bars = {hrmlff.PUBLISHED[method]: one.number for (method, _), one in hrmlff.printed("fig3a_300w").items()}
    if study not in (hrmlff.PRIVATE.study, hrmlff.FULL.study):
        bars = {}
    return measured_dots.figure(
        [measured_dot(known, one, column, "", bars.get(one.label)) for one in hrmlff.networks_of(known)],
        name=f"{study}_networks",
        title="Networks",
        caption=f"{labels.split_name(column.split)} {labels.metric_title(column)} of each network: mean and sample "
        "standard deviation over seeds."
        + (" Diamonds: what paper 000 prints for 300W, without a normaliser." if bars else ""),
        x_label=axis(column),
        published_label="paper 000, 300W",
    )
