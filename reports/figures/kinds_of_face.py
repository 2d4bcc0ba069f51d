"""The error of each network on the subsets of the test faces, such as turned or covered ones: paper 000's Fig. 3(b).

Source: kozlowska2026hrmlff Fig. 3(b).
"""

from reports import hrmlff, labels
from reports.drawing import Dots, Figure
from reports.measured_dots import axis, measured_dot
from reports.query import Results

STUDIES = ()  # none in particular: built once for each study of the ledger

METRIC = "nme_io"


def build(results: Results, study: str) -> Figure | None:
    """None for studies other than paper 000's, and where no subset is measured."""
    known = results.study(study)
    if known is None or study not in hrmlff.STUDIES:
        return None
    split = known.main_split
    subsets = known.subsets(split)
    found = [
        measured_dot(known, variant, labels.column(METRIC, split, subset=subset), _heading(subset))
        for subset in ("all", *subsets)
        for variant in hrmlff.networks_of(known)
    ]
    shown = [one for one in found if one is not None]
    if not subsets or not shown:
        return None
    column = labels.column(METRIC, split)
    return Figure(
        name=f"{study}_kinds_of_face",
        title="Error by kind of face",
        caption=f"{labels.split_name(split)} {labels.metric_title(column)} of each network on the subsets of the data "
        "set: mean and sample standard deviation over seeds. The paper prints bars without numbers.",
        draw="dots",
        data=Dots(x_label=axis(column), dots=tuple(one.dot for one in shown)),
        trials=tuple(dict.fromkeys(trial for one in shown for trial in one.trials)),
    )


def _heading(subset: str) -> str:
    return "all faces" if subset == "all" else subset
