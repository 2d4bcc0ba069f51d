"""What the verbs print of a search: how many points became of what, and the best so far."""

from collections import Counter

from rich.console import Console
from rich.text import Text

from orchestrator.figures import verdict
from orchestrator.plan import ACTIVE, Plan
from orchestrator.printing import show_failures
from orchestrator.schema import State
from orchestrator.search import Tried
from orchestrator.searched import Standing
from orchestrator.session import Opened
from search_spaces.search import COSTS, Search


def show_search(opened: Opened, standing: Standing, console: Console) -> None:
    search = opened.search
    assert search is not None
    console.print(Text(f"{opened.name}: {search.question}", style="bold"))
    open_ = [each for each in standing.asked if each.work.status in ACTIVE]
    over = Counter(each.tried.state for each in standing.asked if each.work.status not in ACTIVE)
    done = {
        "trained": over[State.FINISHED],
        "given up early": over[State.PRUNED],
        "diverged": over[State.DIVERGED],
        "failed": over[State.FAILED],
        "to resume": len(open_),
    }
    words = ", ".join(f"{count} {name}" for name, count in done.items() if count or name == "trained")
    sampler = type(search.sampler).__name__
    console.print(
        f"{len(standing.asked)} of at most {search.trials} points: {words}; "
        f"{standing.left - len(open_)} more by {sampler}.",
        markup=False,
        highlight=False,
    )
    if standing.others:
        many = "1 trial of another study tells" if len(standing.others) == 1 else f"{len(standing.others)} trials tell"
        console.print(f"{many} of this space, too.", highlight=False)
    show_failures(Plan(opened.name, "", tuple(each.work for each in standing.asked)), console)
    best = standing.best(search)
    if best is None:
        return
    default = next((each.tried for each in standing.asked if each.number == 0), None)
    beside = f"; the default has {_values(search, default)}" if default and default.values else ""
    if default and default.point == best.point:
        console.print(f"Best so far is the default: {_values(search, best)}.", markup=False, highlight=False)
        return
    paths = [path for path in search.space.domains if path in best.point]
    settings = ", ".join(f"{path.rpartition('.')[2]} {_short(best.point[path])}" for path in paths)
    console.print(
        f"Best so far: {_values(search, best)} at {settings}{beside}.", markup=False, highlight=False, soft_wrap=True
    )


def _values(search: Search, tried: Tried) -> str:
    pairs = zip(search.objectives, tried.values, strict=False)  # one that failed may lack some
    return ", ".join(
        f"{value:,.0f} {each.metric}" if each.metric in COSTS else verdict(each.metric, value) for each, value in pairs
    )


def _short(chosen: float | int | str) -> str:
    return f"{chosen:.3g}" if isinstance(chosen, float) else str(chosen)
