"""The area under the error distribution of every network on each data set, and paper 000's bar: Fig. 3(d).

Source: kozlowska2026hrmlff Fig. 3(d).
"""

from reports import hrmlff, hrmlff_dots
from reports.drawing import Figure
from reports.query import Results

STUDIES = hrmlff.STUDIES


def build(results: Results) -> Figure | None:
    """None before a network is measured."""
    printed = hrmlff.printed("fig3d_auc").values()
    return hrmlff_dots.over_data_sets(
        results,
        "auc_io_7",
        {one.dataset: one.number for one in printed if one.number is not None},
        name="hrmlff_areas",
        title="Area by data set",
        caption="Paper 000, Fig. 3(d): area under the distribution of test errors up to 7 % of the distance of the "
        "outer eye corners, of each network by data set: mean and sample standard deviation over seeds. Diamond: what "
        "the paper prints for HR-MLFF on WFLW; it states no threshold, and at 10 % its number would contradict its own "
        "error.",
    )
