"""Paper 001's bars: its network and D-ViT by one metric in several columns, as dots, beside what it prints."""

from collections.abc import Mapping

from reports import literature, measured_dots
from reports.document import Column
from reports.drawing import Figure
from reports.measured_dots import axis, measured_dot
from reports.query import Results, StudyResults, Variant

PAPER, YTF68 = "resnet18_300w", "resnet18_ytf68"
STUDIES = (PAPER, YTF68)
LABEL = "ResNet18"  # of the paper's own network in both studies


def over_columns(
    results: Results,
    columns: Mapping[Column, tuple[str, str, str]],
    scale: float,
    *,
    name: str,
    title: str,
    caption: str,
    x_label: str = "",
) -> Figure | None:
    """`columns`: each with its heading, and subset and metric in the paper's Table 1, whose numbers × `scale` are in
    our printed unit.

    None before a variant is measured.
    """
    printed = {(one.subset, one.metric): one.number for one in literature.read("001", "table1")}

    def of_paper(study: StudyResults, variant: Variant, place: tuple[str, str]) -> float | None:
        number = printed[place] if study.name == PAPER and variant.label == LABEL else None
        return None if number is None else number * scale

    known = [study for name in STUDIES if (study := results.study(name)) is not None]
    found = [
        measured_dot(study, variant, column, f"{study.name}, {heading}", of_paper(study, variant, (subset, metric)))
        for study in known
        for column, (heading, subset, metric) in columns.items()
        for variant in study.variants
    ]
    return measured_dots.figure(
        found,
        name=name,
        title=title,
        caption=caption,
        x_label=x_label or axis(next(iter(columns))),
        published_label="paper 001, 300W",
    )
