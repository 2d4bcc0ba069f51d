"""The error of every network on each data set, and the bar that paper 000 prints for its own: Fig. 3(c).

Source: kozlowska2026hrmlff Fig. 3(c).
"""

from reports import hrmlff, hrmlff_dots
from reports.drawing import Figure
from reports.query import Results

STUDIES = hrmlff.STUDIES


def build(results: Results) -> Figure | None:
    """None before a network is measured."""
    printed = hrmlff.printed("fig3c_multidataset").values()
    return hrmlff_dots.over_data_sets(
        results,
        "nme_io",
        {one.dataset: one.number for one in printed if one.number is not None},
        name="hrmlff_errors",
        title="Error by data set",
        caption="Paper 000, Fig. 3(c): test NME of each network by data set: mean and sample standard deviation over "
        "seeds. Diamonds: what the paper prints for HR-MLFF, without a normaliser, and for 300W without saying which "
        "test set.",
    )
