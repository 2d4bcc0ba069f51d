"""The verbs that look: SQL over the ledger, the studies and the methods that there are."""

import re

import duckdb
import pyarrow as pa
from rich.console import Console
from rich.table import Table
from rich.text import Text

from orchestrator.ledger import Ledger
from orchestrator.printing import cell, show_rows
from orchestrator.printing_errors import next_command
from orchestrator.schema import TABLES
from orchestrator.storage import Storage
from search_spaces.loading import load_study
from search_spaces.search import Search
from search_spaces.study import study_names, study_path
from trainables import registry
from trainables.inspection import describe_method, describe_modules, measure_speed


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
    names = study_names()
    for name in names:
        study = load_study(study_path(name))
        if isinstance(study, Search):
            trials, data = f"≤ {study.trials}", {study.base.data.kind}
        else:
            trials, data = str(len(study.trials())), {trial.data.kind for _, trial in study.trials()}
        table.add_row(name, trials, ", ".join(sorted(data)), Text(study.question))
    console.print(table)
    next_command(console, f"marksweep plan {names[0]}, or plan my_study.py for one of your own")
    return 0


def methods(name: str | None, modules: bool, speed: bool, console: Console) -> int:
    if name is not None:
        console.print(describe_method(name), markup=False, highlight=False)
        if modules:
            console.print(describe_modules(name), markup=False, highlight=False, soft_wrap=True)
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
