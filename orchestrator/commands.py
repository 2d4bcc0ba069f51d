"""The verbs `plan` and `run`, of a study, a search or a table: each acts, prints, and returns the exit code."""

import shlex
from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.text import Text

from orchestrator.commands_search import export, plan_search, run_search
from orchestrator.dispatch import Limits
from orchestrator.ledger import Ledger
from orchestrator.plan import Plan, Wanted
from orchestrator.printing import (
    after_plan,
    counts,
    expect,
    left_over,
    show_failures,
    show_plan,
    show_unusual_crops,
)
from orchestrator.printing_errors import next_command
from orchestrator.running import CutOff, Running
from orchestrator.session import (
    Opened,
    Place,
    WantedByTable,
    make_plan,
    open_study,
    remember_question,
)
from trainables.dataset import DataError

__all__ = ["Limits", "Running", "WantedByTable", "export", "open_study", "plan", "plan_table", "run", "run_table"]

STOPPED = 3  # exit code: a limit ended the launch, and the same command goes on
INTERRUPTED = 130  # exit code: a signal did


def plan(study: str, changes: Mapping[str, Any], running: Running, small: bool = False, probe: bool = False) -> int:
    """`probe`: a few steps of each variant are trained first, so that the expectation is measured."""
    place, console, retry_failed = running.place, running.console, running.retry_failed
    opened = open_study(study, changes, place, small)
    again = f"{opened.command} --retry-failed" if retry_failed else opened.command
    if opened.search is not None:
        with running:
            whole = plan_search(opened, running, probe)
        next_command(console, place.storage.on(f"marksweep report {shlex.quote(opened.name)}") if whole else again)
        return 0
    made = make_plan(opened, place, retry_failed)
    show_plan(made, console)
    if probe and made.todo:
        with running:
            running.probe(opened, made)
    expect(made, place, console, running.address)
    asked = set(Ledger(place.storage).read("studies", columns=["study"])["study"].to_pylist())
    # A report knows a study once it was run, even where other studies have done all its trials.
    next_command(console, after_plan(made, opened, place) if not made.todo and opened.name in asked else again)
    return 0


def run(study: str, changes: Mapping[str, Any], running: Running, small: bool = False) -> int:
    opened = open_study(study, changes, running.place, small)
    try:
        with running:
            if opened.search is not None:
                return _exit_code(run_search(opened, running), running)
            made = _run(opened, running)
    except KeyboardInterrupt:
        return _cut_off(opened.command, running)
    except CutOff as error:
        return _cut_off(opened.command, running, error)
    next_command(running.console, after_plan(made, opened, running.place))
    return _exit_code(made.is_done, running)


def plan_table(
    wanted: WantedByTable, changes: Mapping[str, Any], place: Place, retry_failed: bool, console: Console
) -> int:
    for opened in _studies_of(wanted, changes, place, console):
        made = make_plan(opened, place, retry_failed).only(wanted.wants)
        show_plan(made, console)
        expect(made, place, console)
    next_command(console, wanted.command(place, changes))
    return 0


def run_table(wanted: WantedByTable, changes: Mapping[str, Any], running: Running) -> int:
    """Run what a table lacks, study by study. Exit code of the worst."""
    whole = True
    try:
        with running:
            for opened in _studies_of(wanted, changes, running.place, running.console):
                whole &= _run(opened, running, wanted.wants).is_done
                if running.why:
                    break
    except KeyboardInterrupt:
        return _cut_off(wanted.command(running.place, changes), running)
    except CutOff as error:
        return _cut_off(wanted.command(running.place, changes), running, error)
    next_command(running.console, running.place.storage.on(f"marksweep report {wanted.table}"))
    return _exit_code(whole, running)


def _studies_of(wanted: WantedByTable, changes: Mapping[str, Any], place: Place, console: Console) -> list[Opened]:
    """The table's studies whose data are there; of the others, the files that they expect. Raises DataError where none
    is."""
    found = []
    for name in wanted.studies:
        try:
            found.append(open_study(name, changes, place))
        except DataError as error:
            console.print(Text(f"{name} is left out: {error}\n", style="yellow"), soft_wrap=True)
    if not found:
        raise DataError(f"No study of table {wanted.table} has its data: {', '.join(wanted.studies)}.")
    return found


def _run(opened: Opened, running: Running, wants: Wanted | None = None) -> Plan:
    """The plan as it is afterwards."""
    place, console = running.place, running.console
    whole = make_plan(opened, place, running.retry_failed)
    remember_question(opened, whole, place)
    made = whole.only(wants) if wants else whole
    show_unusual_crops(made, console)
    console.print(counts(made), markup=False, highlight=False)
    if not made.todo:
        return made
    expect(made, place, console, running.address)
    running.plan(opened, made)
    after = make_plan(opened, place)
    after = after.only(wants) if wants else after
    console.print(counts(after), markup=False, highlight=False)
    left_over(running.why, running.goes_on, console)
    show_failures(after, console)
    return after


def _cut_off(command: str, running: Running, error: CutOff | None = None) -> int:
    """Stopped at once, by a person or by a system that fails. The last line says how to go on."""
    why = "Stopped" if error is None else f"Stopped: {error}"
    text = f"{why}. What was saved stays: trials go on after the last epoch that they had ended."
    running.console.print(text, markup=False, highlight=False, soft_wrap=True)
    next_command(running.console, command if error is None else f"{command}, once that is mended")
    return INTERRUPTED if error is None else 1


def _exit_code(whole: bool, running: Running) -> int:
    return 0 if whole else INTERRUPTED if running.is_interrupted else STOPPED if running.is_spent else 1
