"""The verbs of reports: one function each, which prints what it did and what comes next. Exit codes as everywhere."""

import shlex
import time
from pathlib import Path

from rich.console import Console

from orchestrator.errors import one_line
from orchestrator.ledger import Ledger
from orchestrator.printing_errors import next_command
from reports import anchors, explanation, manuscript, registry
from reports.build import build_report
from reports.explanation_text import shown, what_can_be_asked
from reports.query import Results
from reports.rebuilding import rebuild
from reports.text import plain, rich_table

MOST_ROWS = 60  # of a table that a terminal shows


def report(names: list[str], out: Path, storage: str, anonymous: bool, console: Console) -> int:
    """Write it, and show its tables."""
    results = Results(Ledger(storage))
    with console.status("Building the report") as status:
        files = build_report(results, out, names, lambda name: status.update(f"Building {name}"), anonymous)
    for table in files.tables:
        if table.is_measured and len(table.rows) <= MOST_ROWS:
            console.print(rich_table(table) if console.is_terminal else plain(table), markup=False, highlight=False)
    shown = {*(table.name for table in files.tables), *(figure.name for figure in files.figures)}
    for file in names:
        if file.endswith(".py") and not any(name.endswith(Path(file).stem) for name in shown):
            say = f"{file} has nothing to show: its build returned None."
            console.print(say, style="yellow", markup=False, highlight=False, soft_wrap=True)
    if not results.studies():
        console.print(f"The ledger in {storage} is empty.", markup=False, highlight=False)
    if others := sum(not table.is_measured for table in files.tables):
        which = "One table has" if others == 1 else f"{others} tables have"
        console.print(f"{which} no number of ours yet: the page shows what fills them.", highlight=False)
    for problem in files.problems:
        console.print(problem, style="red", markup=False)
    older = sorted(path for path in out.rglob("*") if path.is_file() and path not in files.files) if anonymous else ()
    if older:
        some = ", ".join(map(str, older[:3])) + (" …" if len(older) > 3 else "")
        console.print(
            f"Not written now, so perhaps not anonymous: {some}", style="yellow", markup=False, soft_wrap=True
        )
    num = "One file" if len(files.files) == 1 else f"{len(files.files)} files"
    console.print(f"{num}. Next: open {files.index}", markup=False, highlight=False)
    return 1 if files.problems else 0


def watch(names: list[str], out: Path, storage: str, anonymous: bool, every: float, console: Console) -> int:
    """Write it again whenever the ledger has changed, until nothing is left to come."""
    ledger = Ledger(storage)

    def tell(text: str) -> None:
        console.print(f"{time.strftime('%H:%M:%S')}  {text}", markup=False, highlight=False, soft_wrap=True)

    def build(has_more: bool) -> None:
        refresh = max(1, round(every)) if has_more else None
        files = build_report(Results(ledger), out, names, anonymous=anonymous, refresh=refresh)
        for problem in files.problems:
            tell(problem)

    studies: list[str | None] = [None]
    if names:
        results = Results(ledger)
        chosen = registry.select(registry.items(results, names), names)
        studies = [study for study in results.studies() if any(study in item.studies for item in chosen)]
    console.print(f"Open {out / 'index.html'}: it shows each change. Ctrl-C ends this.", markup=False, highlight=False)
    rebuild(ledger, studies, [Path(name) for name in names if name.endswith(".py")], build, every, tell)
    console.print(f"Next: open {out / 'index.html'}", markup=False, highlight=False, soft_wrap=True)
    return 0


def check(paper: Path, names: list[str], storage: str, console: Console) -> int:
    """Which numbers of a manuscript are not the ledger's."""
    ledger = Ledger(storage)
    checked = manuscript.check(Results(ledger), paper, names)
    wrong = [one for one in checked.numbers if one.verdict in ("differs", "gone") and not one.is_table_gone]
    for text in checked.gone_tables:
        console.print(one_line(text), style="red", markup=False, highlight=False, soft_wrap=True)
    for one in checked.numbers:
        if one.verdict != "agrees" and not one.is_table_gone:
            style = "yellow" if one.verdict == "unfilled" else "red"
            console.print(one_line(str(one)), style=style, markup=False, highlight=False, soft_wrap=True)
    for text in checked.left_out:
        console.print(one_line(text), style="yellow", markup=False, highlight=False, soft_wrap=True)
    console.print(str(checked), markup=False, highlight=False, soft_wrap=True)
    first = next(iter([*wrong, *(one for one in checked.numbers if not one.is_table_gone)]), None)
    asked = "marksweep report"
    if first is not None:
        table, *cell = first.anchor.address
        own = next((name for name in names if Path(name).stem == table), table)
        asked = f"marksweep why {shlex.join([own, *cell])}"
    next_command(console, ledger.storage.on(asked))
    return 0 if checked.is_right else 1


def why(name: str, row: str | None, column: str | None, storage: str, console: Console) -> int:
    """What is behind one number; without a column or a row, what can be asked."""
    ledger = Ledger(storage)
    results = Results(ledger)
    table = explanation.find_table(results, name)
    place = None if row is None else explanation.find_row(table, row)
    if place is None or column is None:
        console.print(what_can_be_asked(table, place))
        first = (anchors.row_keys(table)[place or 0], anchors.column_keys(table)[0])
        next_command(console, ledger.storage.on(f"marksweep why {shlex.join([name, *first])}"))
        return 0
    found = explanation.explain(results, table, place, explanation.find_column(table, column))
    console.print(shown(found, console.width))
    following = explanation.next_query(found) or f"marksweep report {shlex.quote(name)}"
    next_command(console, found.cell.command or ledger.storage.on(following))
    return 0
