"""Landmarks within 3 and 5 px, of paper 001's network and of D-ViT: its Fig. 3.

Source: sharif2025resnet18 Fig. 3.
"""

from reports import labels, resnet18_dots
from reports.drawing import Figure
from reports.query import Results

STUDIES = resnet18_dots.STUDIES

COLUMNS = {
    labels.column("accuracy_3px", "val"): ("within 3 px", "validation", "accuracy_3px"),
    labels.column("accuracy_5px", "val"): ("within 5 px", "validation", "accuracy_5px"),
}


def build(results: Results) -> Figure | None:
    """None before a network is measured."""
    return resnet18_dots.over_columns(
        results,
        COLUMNS,
        scale=1.0,  # percent in both
        name="resnet18_accuracy",
        title="Accuracy in pixels",
        caption="Paper 001, Fig. 3: share of the validation landmarks within 3 and 5 px of crops of 224×224 px, which "
        "the paper does not state: mean and sample standard deviation over seeds. Diamonds: what the paper prints for "
        "its own network; its bars of D-ViT have no numbers.",
        x_label="landmarks (%)",
    )
