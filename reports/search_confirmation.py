"""Does what a search found improve on the default? Both trained anew, by seeds that the search has not seen."""

from dataclasses import dataclass

from reports import labels, search_words
from reports.aggregate import Summary
from reports.comparisons import Compared, Reading, compare
from reports.document import Column
from reports.metric_names import METRICS
from reports.query import StudyResults, Variant
from reports.search_results import Point, SearchResults
from reports.significance import CONFIDENCE, PairedByPerson

DEFAULT, BEST = "default", "best found"  # the variants, as a search calls them
BY_PHOTOGRAPH = ("nme_io", "nme_dataset_box")  # what single photographs have


@dataclass(frozen=True, kw_only=True)
class Confirmation:
    """`metric` is that by which both are compared, `compared` what was found minus the default; None before both have
    a seed in common. `point` is the best by validation, of several objectives by the first; None before a trial has
    finished, and where it is one that another study had trained. `found` is that trained anew, None before the search
    asks for it."""

    metric: str
    default: Variant | None
    found: Variant | None
    point: Point | None
    compared: Compared | None

    @property
    def name(self) -> str:
        return "a trial of another study" if self.point is None else self.point.label

    @property
    def finds_default(self) -> bool:
        return self.point is not None and self.point.number == 0


def confirmation(study: StudyResults, search: SearchResults) -> Confirmation:
    metric = _metric(study, search)
    default, found = study.variant(DEFAULT), study.variant(BEST)
    point = next((one for one in search.points if found is not None and one.variant == found.variant), None)
    if point is not None and not search.is_best(point):
        found = point = None  # it goes on, and found what is better than what it confirmed before
    compared = None
    if found is not None and default is not None:
        ours, theirs = (Reading(study=study, variant=one) for one in (found, default))
        compared = compare(ours, theirs, study.main_split, metric)
    point = search.best if found is None else point
    return Confirmation(metric=metric, default=default, found=found, point=point, compared=compared)


def verdict(study: StudyResults, search: SearchResults, of: Confirmation) -> str:
    """One sentence: whether what was found improves, and how sure that is; or what has to be run to know."""
    if of.finds_default:
        return "No trial of the search is better than the default on validation faces."
    if of.found is None and of.point is None:
        return "No trial of the search has finished yet."
    if not search.confirmed:
        return f"Not confirmed, by intent: {of.name} is the best on the validation faces that it was chosen by."
    if of.found is None or of.compared is None:
        return f"Not confirmed yet: {of.name} is the best on validation faces, “{study.command}” tests it."
    column = labels.column(of.metric, study.main_split, difference=True)
    by_seed, by_person = of.compared.by_seed, of.compared.by_person
    num_lower = sum(value < 0 for value in by_seed.values)
    about = (
        f"{of.name} changes the {labels.split_name(study.main_split).lower()} {labels.metric(of.metric).title} of the "
        f"default by {_with_unit(by_seed.mean, column)}, lower by {num_lower} of {by_seed.n} seeds"
    )
    if by_person is None:
        return f"No evidence of improvement: {about}, and no photographs to test it by."
    low, high = labels.number(by_person.low, column), _with_unit(by_person.high, column)
    interval = f"{CONFIDENCE * 100:.0f} % interval over persons {low} to {high}"
    return f"{_word(by_person, by_seed)}: {about}; {interval}."


def _metric(study: StudyResults, search: SearchResults) -> str:
    """The search's own where photographs have it; else NME io where it is measured."""
    searched = [search_words.metric_of(one) for one in search.objectives if one.metric.startswith("val_")]
    first = next((one for one in searched if one in METRICS), "nme_io")
    measured = study.metrics(study.main_split)
    return first if first in BY_PHOTOGRAPH or (first in measured and "nme_io" not in measured) else "nme_io"


def _with_unit(value: float, column: Column) -> str:
    return f"{labels.number(value, column)} {labels.column_unit(column).rstrip(' ↓↑')}".strip()


def _word(by_person: PairedByPerson, by_seed: Summary) -> str:
    """What the paired test says, where several seeds agree: it is about other persons and knows nothing of luck in
    training."""
    if by_person.is_sure and by_seed.n > 1:
        if by_person.mean < 0 and max(by_seed.values) < 0:
            return "Better"
        if by_person.mean > 0 and min(by_seed.values) > 0:
            return "Worse"
    return "No evidence of improvement"
