"""`plan` and `run` of a search: its stages first, then its points, then what was found best beside the base."""

import shlex
from dataclasses import replace

from rich.console import Console

from orchestrator.plan import Plan, Status
from orchestrator.printing import counts, expect, left_over, show_failures, show_plan
from orchestrator.printing_errors import next_command
from orchestrator.printing_search import show_search
from orchestrator.running import Running
from orchestrator.search import Proposals
from orchestrator.searched import Standing, standing_of
from orchestrator.session import Opened, Place, make_plan, remember_question
from search_spaces.study import Study


def plan_search(opened: Opened, running: Running, probe: bool) -> bool:
    """What is done and left of each part, and what it is expected to take. Starts nothing. Whether all is done."""
    place, console, retry_failed = running.place, running.console, running.retry_failed
    left = []
    if (stages := _stages(opened)) is not None:
        made = make_plan(stages, place, retry_failed)
        show_plan(made, console)
        left.append(made)
    standing = standing_of(opened, place, retry_failed)
    show_search(opened, standing, console)
    left.append(_points_left(opened, standing, place))
    if (confirming := _confirming(opened, standing)) is not None:
        made = make_plan(confirming, place, retry_failed)
        console.print("Then, with seeds that the search has not seen:", style="bold")
        show_plan(made, console)
        left.append(made)
    elif opened.search is not None and standing.left:
        # The base and what is found, in as many seeds: nobody knows what yet, so that the base stands for both.
        base = _bases(opened, place, 2 * len(opened.search.confirm))
        left.append(base)
    whole = Plan(opened.name, "", tuple(work for made in left for work in made.works))
    if probe and whole.todo:
        # Of the points only the base is there to be probed; it stands for all of them.
        running.probe(opened, whole)
    expect(whole, place, console, running.address)
    return whole.is_done


def run_search(opened: Opened, running: Running) -> bool:
    """Do all parts, as far as limits let it. Whether all is done."""
    place, console = running.place, running.console
    whole = (
        _trained(_stages(opened), running)
        and _searched(opened, running)
        and _trained(_confirming(opened, standing_of(opened, place)), running, measured=True)
    )
    left_over(running.why, running.goes_on, console)
    next_command(console, place.storage.on(f"marksweep report {shlex.quote(opened.name)}") if whole else opened.command)
    return whole


def export(opened: Opened, to: str, place: Place, console: Console) -> int:
    """Copy what a search has tried into an Optuna storage."""
    if opened.search is None:
        raise ValueError(f"{opened.name} is no search: there is nothing that Optuna could show. Take marksweep report.")
    standing = standing_of(opened, place)
    tried = [*standing.others, *(each.tried for each in standing.asked if each.tried.state is not None)]
    name = Proposals(opened.search, tried).export(to, opened.name)
    console.print(f"{len(tried)} trials are in {to} as study {name!r}.", markup=False, highlight=False, soft_wrap=True)
    next_command(console, f"optuna-dashboard {shlex.quote(to)}")
    return 0


def _trained(opened: Opened | None, running: Running, measured: bool = False) -> bool:
    """Do a plain part: stages, or the confirmation, which is `measured` and so belongs to what reports show."""
    if opened is None:
        return True
    console = running.console
    made = make_plan(opened, running.place, running.retry_failed)
    if measured:
        remember_question(opened, made, running.place)
        console.print("Best found beside the base, with other seeds:", style="bold")
    console.print(counts(made), markup=False, highlight=False)
    if not made.todo:
        return made.is_done
    expect(made, running.place, console, running.address)
    running.plan(opened, made)
    after = make_plan(opened, running.place)
    console.print(counts(after), markup=False, highlight=False)
    show_failures(after, console)
    return after.is_done


def _searched(opened: Opened, running: Running) -> bool:
    standing = standing_of(opened, running.place, running.retry_failed)
    show_search(opened, standing, running.console)
    if standing.left:
        left = _points_left(opened, standing, running.place)
        expect(left, running.place, running.console, running.address)
        running.search(opened, make_plan(replace(opened, study=_base(opened)), running.place, running.retry_failed))
        standing = standing_of(opened, running.place)
        show_search(opened, standing, running.console)
    assert opened.search is not None
    # Without a point that was trained there is nothing to confirm, and no answer.
    return not running.why and not standing.left and standing.best(opened.search) is not None


def _stages(opened: Opened) -> Opened | None:
    study = None if opened.search is None else opened.search.stages()
    return None if study is None else replace(opened, study=study)


def _confirming(opened: Opened, standing: Standing) -> Opened | None:
    """None where the search wants no confirmation, and before any point was trained to its end."""
    assert opened.search is not None
    best = standing.best(opened.search)
    study = None if best is None else opened.search.confirmation(best.point)
    return None if study is None else replace(opened, study=study)


def _base(opened: Opened) -> Study:
    return replace(opened.study, evaluations=())


def _points_left(opened: Opened, standing: Standing, place: Place) -> Plan:
    """As many trials of the base as points are left: an upper bound, where some are given up early."""
    return _bases(opened, place, standing.left)


def _bases(opened: Opened, place: Place, count: int) -> Plan:
    """As many trials that are trained like the base."""
    base = make_plan(replace(opened, study=_base(opened)), place).works[-1]
    return Plan(opened.name, "", (replace(base, id="", status=Status.RUN),) * count)
