"""The error of each network on the subsets of the test faces, such as turned or covered ones: paper 000's Fig. 3(b).

Source: kozlowska2026hrmlff Fig. 3(b).
"""

from reports import hrmlff, labels, measured_dots
from reports.drawing import Figure
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
        for subset in (("all", *subsets) if subsets else ())
        for variant in hrmlff.networks_of(known)
    ]
    column = labels.column(METRIC, split)
    return measured_dots.figure(
        found,
        name=f"{study}_kinds_of_face",
        title="Error by kind of face",
        caption=f"{labels.split_name(split)} {labels.metric_title(column)} of each network on the subsets of the data "
        "set: mean and sample standard deviation over seeds. The paper prints bars without numbers.",
        x_label=axis(column),
    )


def _heading(subset: str) -> str:
    return "all faces" if subset == "all" else subset
