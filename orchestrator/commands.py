"""One function for each verb of the command line: it acts, prints, and returns the exit code."""

import re
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
from rich.console import Console
from rich.table import Table
from rich.text import Text

from orchestrator.imports import uncollected
from orchestrator.ledger import Ledger
from orchestrator.plan import Plan, Status, Wanted, Work
from orchestrator.preparing import progress_shown, runner, show_findings
from orchestrator.printing import (
    after_plan,
    cell,
    counts,
    next_command,
    show_errors,
    show_expected,
    show_failures,
    show_plan,
    show_rows,
    show_unusual_crops,
)
from orchestrator.progress import TrialLine, duration, view_for
from orchestrator.schema import TABLES, UNSUCCESSFUL, State
from orchestrator.session import (
    Opened,
    Place,
    WantedByTable,
    expected_of,
    make_plan,
    open_study,
    prepare_data,
    remember_question,
    units_of,
)
from orchestrator.storage import Storage
from search_spaces.loading import load_study
from search_spaces.study import STUDIES
from trainables import registry
from trainables.dataset import DataError
from trainables.inspection import describe_method, measure_speed


def plan(study: str, changes: Mapping[str, Any], place: Place, retry_failed: bool, console: Console) -> int:
    opened = open_study(study, changes, place)
    made = make_plan(opened, place, retry_failed)
    show_plan(made, console)
    _expect(made, place, console)
    again = f"{opened.command} --retry-failed" if retry_failed else opened.command
    asked = set(Ledger(place.storage).read("studies")["study"].to_pylist())
    # A report knows a study once it was run, even where other studies have done all its trials.
    next_command(console, after_plan(made, opened, place) if not made.todo and opened.name in asked else again)
    return 0


def run(
    study: str, changes: Mapping[str, Any], place: Place, retry_failed: bool, address: str | None, console: Console
) -> int:
    opened = open_study(study, changes, place)
    made = _run(opened, place, retry_failed, address, console)
    next_command(console, after_plan(made, opened, place))
    return _exit_code(made)


def plan_table(
    wanted: WantedByTable, changes: Mapping[str, Any], place: Place, retry_failed: bool, console: Console
) -> int:
    for opened in _studies_of(wanted, changes, place, console):
        made = make_plan(opened, place, retry_failed).only(wanted.wants)
        show_plan(made, console)
        _expect(made, place, console)
    next_command(console, wanted.command(place, changes))
    return 0


def run_table(
    wanted: WantedByTable,
    changes: Mapping[str, Any],
    place: Place,
    retry_failed: bool,
    address: str | None,
    console: Console,
) -> int:
    """Run what a table lacks, study by study. Exit code of the worst."""
    codes = []
    for opened in _studies_of(wanted, changes, place, console):
        codes.append(_exit_code(_run(opened, place, retry_failed, address, console, wanted.wants)))
    next_command(console, place.storage.on(f"marksweep report {wanted.table}"))
    return max(codes)


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


def _run(
    opened: Opened,
    place: Place,
    retry_failed: bool,
    address: str | None,
    console: Console,
    wants: Wanted | None = None,
) -> Plan:
    """The plan as it is afterwards."""
    whole = make_plan(opened, place, retry_failed)
    remember_question(opened, whole, place)
    made = whole.only(wants) if wants else whole
    show_unusual_crops(made, console)
    console.print(counts(made), markup=False, highlight=False)
    if not made.todo:
        return made
    _expect(made, place, console)
    _prepare(made, place, address, console)
    _launch(opened, made, place, address, console)
    after = make_plan(opened, place)
    after = after.only(wants) if wants else after
    console.print(counts(after), markup=False, highlight=False)
    show_failures(after, console)
    return after


def _expect(made: Plan, place: Place, console: Console) -> None:
    with console.status("Counting operations of the networks …"):
        expected = expected_of(made, place)
    show_expected(expected, console)


def _exit_code(made: Plan) -> int:
    return 0 if made.count(Status.DONE) == len(made.works) else 1


def status(study: str | None, storage: Storage, console: Console) -> int:
    ledger = Ledger(storage)
    asked = ledger.read("studies").to_pylist()
    trials = {row["trial"]: row for row in ledger.read("trials").to_pylist()}
    studies: dict[str, set[str]] = {}
    for row in asked:
        studies.setdefault(row["study"], set()).update((row["trial"], *(row["stages"] or ())))
    if study is not None:
        study = Path(study).stem if study.endswith(".py") else study
        known = [name for name in studies if name == study or name.startswith(f"{study}+")]
        if not known:
            raise ValueError(
                f"The ledger in {storage.location} has no study {study!r}. Start it with: marksweep run {study}"
            )
        studies = {name: studies[name] for name in known}
    if not studies:
        console.print(f"The ledger in {storage.location} is empty.", markup=False)
        next_command(console, storage.on("marksweep demo"))
        return 0
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("study", "done", "unfinished", "failed", "to run", "trained for"):
        table.add_column(column, justify="left" if column == "study" else "right")
    for name, ids in studies.items():
        rows = [trials[id] for id in ids if id in trials]
        states = [State(row["state"]) for row in rows]
        failed = sum(state in UNSUCCESSFUL for state in states)
        counts = (states.count(State.FINISHED), states.count(State.RUNNING), failed, len(ids) - len(rows))
        seconds = sum(row["seconds"] or 0 for row in rows)
        table.add_row(Text(name), *(str(count) for count in counts), duration(seconds))
    console.print(table)
    # Studies share trials: each counts once.
    asked_for = sorted(set().union(*studies.values()))
    show_errors([row for id in asked_for if (row := trials.get(id)) and row["error"]], console)
    failed = {id for id, row in trials.items() if State(row["state"]) in UNSUCCESSFUL}
    shown = [row for row in asked if row["command"] and row["study"] in studies]
    stopped = [row for row in shown if failed.intersection((row["trial"], *(row["stages"] or ())))]
    left = [row for row in shown if row not in stopped and _goes_on(trials.get(row["trial"]))]
    if left or stopped:
        command = left[0]["command"] if left else f"{stopped[0]['command']} --retry-failed, once the cause is mended"
        next_command(console, command)
        return 0
    next_command(console, storage.on("marksweep report" if study is None else f"marksweep report {shlex.quote(study)}"))
    return 0


def _goes_on(row: Mapping[str, Any] | None) -> bool:
    return row is None or row["state"] == State.RUNNING.value


def query(sql: str, storage: Storage, csv: bool, console: Console) -> int:
    ledger = Ledger(storage)
    connection = duckdb.connect()
    # Only the ledger is read: no file, no network, whatever the SQL says.
    connection.execute("SET enable_external_access = false")
    try:
        result = _answer(connection, sql, ledger)
    except duckdb.Error as error:
        columns = "\n".join(f"  {name}: {', '.join(schema.names)}" for name, schema in TABLES.items())
        raise ValueError(f"{error}\nThe tables and their columns:\n{columns}") from None
    if result is None:
        raise ValueError("This SQL has no rows to show. Write a query: SELECT … FROM trials")
    if csv:
        console.print(result.to_pandas().to_csv(index=False), end="", markup=False, highlight=False, soft_wrap=True)
        return 0
    show_rows(result.column_names, [[cell(value) for value in row.values()] for row in result.to_pylist()], console)
    console.print(f"{len(result)} rows", style="dim")
    next_command(console, "the same with --csv to keep them; or marksweep report")
    return 0


def _answer(connection: duckdb.DuckDBPyConnection, sql: str, ledger: Ledger) -> pa.Table | None:
    """Rows of the query. A table is read when the query turns out to need it: images can be large."""
    while True:
        try:
            relation = connection.sql(sql)
            return None if relation is None else relation.to_arrow_table()
        except duckdb.CatalogException as error:
            wanted = re.search(r"Table with name (\w+) does not exist", str(error))
            if wanted is None or wanted[1].lower() not in TABLES:
                raise
            connection.register(wanted[1].lower(), ledger.read(wanted[1].lower()))


def studies(console: Console) -> int:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("study", "trials", "data", "question"):
        table.add_column(column, justify="right" if column == "trials" else "left")
    names = sorted(path.stem for path in STUDIES.glob("*.py") if not path.stem.startswith("_"))
    for name in names:
        study = load_study(STUDIES / f"{name}.py")
        trials = list(study.trials())
        data = sorted({trial.data.kind for _, trial in trials})
        table.add_row(name, str(len(trials)), ", ".join(data), Text(study.question))
    console.print(table)
    next_command(console, f"marksweep plan {names[0]}, or plan my_study.py for one of your own")
    return 0


def methods(name: str | None, speed: bool, console: Console) -> int:
    if name is not None:
        console.print(describe_method(name), markup=False, highlight=False)
        for line in measure_speed(name) if speed else ():
            console.print(line, markup=False, highlight=False)
        next_command(console, f"marksweep plan STUDY, where a study uses {name}; or marksweep methods for the others")
        return 0
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("method", "paper", "what it is"):
        table.add_column(column)
    for each in registry.method_names():
        module = registry.method_module(each)
        first = (module.__doc__ or "").strip().splitlines()[0]
        table.add_row(each, type(registry.find_method(each)).PAPER or "baseline", Text(first))
    console.print(table)
    next_command(console, f"marksweep methods {registry.method_names()[0]}")
    return 0


def _launch(opened: Opened, made: Plan, place: Place, address: str | None, console: Console) -> None:
    # Ray takes seconds to import, and a run with nothing to do must not wait for it.
    with uncollected():
        import ray

        from orchestrator.cluster import cluster
        from orchestrator.launch import Assignment, concurrency, launch

    work_and_units = units_of(opened, made, place)
    console.print("Starting Ray …" if address is None else f"Joining Ray at {address} …", style="dim")
    with cluster(address):
        resources = [work.resources for work, _ in work_and_units]
        at_once = concurrency(resources, ray.cluster_resources())
        with view_for({work.id: _line(work) for work, _ in work_and_units}, at_once, console) as view:
            launch([Assignment(unit, work.resources) for work, unit in work_and_units], view)
    Ledger(place.storage).compact()


def _line(work: Work) -> TrialLine:
    return TrialLine(work.label or work.trial.method.kind, work.trial.seed, work.trial.recipe.epochs)


def _prepare(made: Plan, place: Place, address: str | None, console: Console) -> None:
    def tell(text: str) -> None:
        console.print(Text(text, style="yellow"), soft_wrap=True)

    with progress_shown(console, "preparing") as show:
        prepared = prepare_data(made, place, show, runner(address, tell), tell)
    for name, faces in prepared.items():
        show_findings(name, faces, console)
