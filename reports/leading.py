"""What the caption of a figure says where a study has more variants than can be told apart."""

from reports import labels
from reports.query import JUDGED_BY, StudyResults


def words(study: StudyResults) -> str:
    """Which variants are shown; empty where all are."""
    if are_all(study):
        return ""
    baseline = "the baseline and " if study.baseline else ""
    best = len(study.leading) - bool(study.baseline)
    title = labels.metric_title(labels.column(JUDGED_BY, study.main_split))
    return f" Of {len(study.variants)} variants {baseline}the {best} with the lowest {title} are shown."


def are_all(study: StudyResults) -> bool:
    return len(study.leading) == len(study.variants)
