"""Paper 000's bars over data sets: every network on each, as dots, beside the numbers that the paper prints."""

from collections.abc import Mapping

from reports import hrmlff, labels, measured_dots
from reports.drawing import Figure
from reports.measured_dots import axis, measured_dot
from reports.query import Results

PUBLISHED_LABEL = "paper 000"


def over_data_sets(
    results: Results, metric: str, published: Mapping[str, float], *, name: str, title: str, caption: str
) -> Figure | None:
    """`published`: data set, by the paper's name of it → what it prints for HR-MLFF, in the printed unit of the metric.

    None before a network is measured on any of the data sets.
    """
    column = labels.column(metric, hrmlff.SPLIT)
    known = [(data, study) for data in hrmlff.DATA_SETS if (study := results.study(data.study)) is not None]
    found = [
        measured_dot(study, variant, column, data.title, _printed(published, data, variant.label))
        for data, study in known
        for variant in hrmlff.networks_of(study)
    ]
    return measured_dots.figure(
        found, name=name, title=title, caption=caption, x_label=axis(column), published_label=PUBLISHED_LABEL
    )


def _printed(published: Mapping[str, float], data: hrmlff.DataSet, label: str) -> float | None:
    return published.get(data.published) if label == hrmlff.BASELINE else None
