"""What a search found, and whether it improves on the default once both are trained anew."""

from dataclasses import replace

from reports import cells, labels, search_words, significance_columns
from reports.document import Cell, Column, Note, Row, Table
from reports.metric_names import METRICS
from reports.query import Results, StudyResults
from reports.search_confirmation import BEST, DEFAULT, Confirmation, confirmation, verdict
from reports.search_results import Objective, Point, SearchResults

STUDIES = ()  # none in particular: built once for each study of the ledger

IN_SEARCH, OVER_SEEDS = "In the search", "Trained anew, over seeds"
NO_DIFFERENCES = (Cell(text=labels.MISSING),) * (1 + len(significance_columns.columns("nme")))

NOTES = (
    Note(
        "a",
        "The best of all trials by validation, of one seed: better than it would be again, because it was chosen for "
        "that. Whether it improves is said by the seeds that the search has not seen.",
    ),
)


def build(results: Results, study: str) -> Table | None:
    """None for a study that is no search."""
    known = results.study(study)
    if known is None or known.search is None:
        return None
    found = confirmation(known, known.search)
    answer = verdict(known, known.search, found)
    return Table(
        name=f"{study}_search_overview",
        title=f"{study}: what the search found",
        caption=f"Search of {known.search.budget} trials: {_states(known.search)}. {answer} Over seeds: mean ± sample "
        "standard deviation over n seeds, and the difference to the default, paired by seed. "
        + significance_columns.CAPTION,
        columns=(
            *(_searched(one) for one in _printable(known.search).values()),
            *_over_seeds(found.metric, known.main_split),
            *significance_columns.columns(found.metric, known.main_split),
        ),
        rows=_rows(known, known.search, found),
        notes=NOTES,
        finding=answer,
    )


def _states(search: SearchResults) -> str:
    progress = search.progress
    counts = {
        "finished": progress.done,
        "stopped early": progress.stopped,
        "failed": progress.failed,
        "left": progress.running + progress.to_run,
    }
    return ", ".join(f"{count} {words}" for words, count in counts.items())


def _over_seeds(metric: str, split: str) -> tuple[Column, Column]:
    error = labels.column(metric, split, compare=False, group=OVER_SEEDS)
    return error, labels.column(metric, split, difference=True, group=OVER_SEEDS)


def _searched(objective: Objective) -> Column:
    title, metric = search_words.title(objective), search_words.metric_of(objective)
    return labels.column(metric, "val", compare=False, title=title, group=IN_SEARCH)


def _printable(search: SearchResults) -> dict[int, Objective]:
    """The objectives that have a name and a unit, by their place."""
    return {place: one for place, one in enumerate(search.objectives) if search_words.metric_of(one) in METRICS}


def _rows(study: StudyResults, search: SearchResults, found: Confirmation) -> tuple[Row, ...]:
    """The default, and what was found where that is another point."""
    default = _row(study, search, DEFAULT, search.default, _anew(study, DEFAULT, found), NO_DIFFERENCES)
    if found.finds_default or (found.point is None and found.found is None):
        return (default,)
    anew = _anew(study, BEST, found) if found.found else _waits(study)
    best = _row(study, search, BEST, found.point, anew, _differences(study, found))
    return default, best if found.point else replace(best, detail=found.name)


def _row(
    study: StudyResults, search: SearchResults, label: str, point: Point | None, anew: Cell, others: tuple[Cell, ...]
) -> Row:
    marks = ("a",) if label == BEST else ()
    return Row(
        label=label,
        detail="" if point is None else ": ".join(filter(None, (_name(point, label), search_words.settings(point)))),
        cells=(*(_in_search(study, search, point, place, marks) for place in _printable(search)), anew, *others),
        study=study.name,
        variant="" if point is None else point.variant,
    )


def _name(point: Point, label: str) -> str:
    return "" if point.label == label else point.label


def _in_search(
    study: StudyResults, search: SearchResults, point: Point | None, place: int, marks: tuple[str, ...]
) -> Cell:
    value = None if point is None else point.values[place]
    if point is None or value is None or not point.is_measured:
        return Cell(text="stopped early" if point is not None and point.is_stopped else "not measured")
    objective = search.objectives[place]
    return Cell(
        value=value,
        unit=_searched(objective).unit,
        protocol=f"{search_words.title(objective)} in {study.name}, seed {point.seed}",
        trials=(point.trial,),
        marks=marks,
    )


def _anew(study: StudyResults, label: str, found: Confirmation) -> Cell:
    variant = study.variant(label)
    error, _ = _over_seeds(found.metric, study.main_split)
    return _waits(study) if variant is None else cells.measured(study, variant, error)


def _waits(study: StudyResults) -> Cell:
    return Cell(progress="not confirmed yet", command=study.command)


def _differences(study: StudyResults, found: Confirmation) -> tuple[Cell, ...]:
    """By seed, then by photograph."""
    if found.compared is None:
        return NO_DIFFERENCES
    _, column = _over_seeds(found.metric, study.main_split)
    summary = found.compared.by_seed
    (by_photograph,) = significance_columns.cells([found.compared])
    return cells.of_summary(summary, found.compared.protocol, column, asked=summary.n), *by_photograph
