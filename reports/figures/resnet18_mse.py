"""The mean square error of paper 001's network and of D-ViT, in training and validation: its Fig. 4.

Source: sharif2025resnet18 Fig. 4.
"""

from reports import labels, resnet18_dots
from reports.drawing import Figure
from reports.query import Results

STUDIES = resnet18_dots.STUDIES

COLUMNS = {
    labels.column("mse", "train"): ("training", "train", "MSE"),
    labels.column("mse", "val"): ("validation", "validation", "MSE"),
}


def build(results: Results) -> Figure | None:
    """None before a network is measured."""
    return resnet18_dots.over_columns(
        results,
        COLUMNS,
        scale=labels.metric("mse").scale,
        name="resnet18_mse",
        title="Mean square error",
        caption="Paper 001, Fig. 4: mean square of the coordinates' errors in squared crop sides: mean and sample "
        "standard deviation over seeds. Diamonds: what the paper prints for its own network; its bars of D-ViT have no "
        "numbers.",
    )
