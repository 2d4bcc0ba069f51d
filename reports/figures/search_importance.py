"""Which settings of a search matter: the share of the variance that each of them explains."""

from reports import importance, search_words
from reports.drawing import BarGroup, Bars, Figure
from reports.query import Results
from reports.search_judged import LEAST, Judged, judged
from reports.search_results import SearchResults

STUDIES = ()  # none in particular: built once for each study of the ledger


def build(results: Results, study: str) -> Figure | None:
    """None for a study that is no search, and before trials can be judged."""
    known = results.study(study)
    search = known.search if known else None
    if search is None:
        return None
    groups = {place: judged(search, place) for place in range(len(search.objectives))}
    trials = {point.trial: None for of in groups.values() for point in of.points}
    if not trials:
        return None
    return Figure(
        name=f"{study}_search_importance",
        title="Importance of the settings",
        caption=_caption(groups[0]),
        draw="bars",
        data=Bars(
            x_label="share of the explained variance",
            groups=tuple(_group(search, place, of) for place, of in groups.items()),
        ),
        trials=tuple(trials),
    )


def _caption(of: Judged) -> str:
    if len(of.points) < LEAST:
        return "What explains which trials are good: not known yet."
    last = (
        "Trials that were stopped early do not count."
        if of.epoch is None
        else f"Judged by {_early(of.epoch)}, of {len(of.points)} trials, {_num_finished(of)} of them finished; what "
        "matters early need not matter at the end."
    )
    return (
        "Share that each setting explains by itself of the variance of being among the best "
        f"{importance.num_top(len(of.points))} of {_trials(of)} (PED-ANOVA). A setting that only exists after a "
        f"choice counts by the trials that have it. {last}"
    )


def _early(epoch: int) -> str:
    if epoch == 1:
        return "the validation value after the first epoch"
    return f"the best validation value of the first {epoch} epochs"


def _num_finished(of: Judged) -> str:
    return str(sum(not point.is_stopped for point in of.points) or "none")


def _trials(of: Judged) -> str:
    return f"{len(of.points)} {'finished ' if of.epoch is None else ''}trials"


def _group(search: SearchResults, place: int, of: Judged) -> BarGroup:
    title = search_words.title(search.objectives[place])
    shares = importance.shares(search.domains, of, search.objectives[place])
    if not shares:
        return BarGroup(title=title, text=_why_not(of))
    names = search_words.short_names(domain.path for domain in search.domains)
    return BarGroup(
        title=title,
        bars=tuple((names[path] + _of_how_many(of, path), share) for path, share in shares.items()),
    )


def _of_how_many(of: Judged, path: str) -> str:
    """How many trials have a setting, where not all of them do."""
    count = sum(path in point.chosen for point in of.points)
    return "" if count == len(of.points) else f" (in {count} of {len(of.points)})"


def _why_not(of: Judged) -> str:
    count = len(of.points)
    if count < LEAST:
        trials = "1 trial has" if count == 1 else f"{count} trials have"
        return f"{trials} finished; it takes {LEAST} to say which settings matter."
    return f"No setting tells the best of the {_trials(of)} from the others."
