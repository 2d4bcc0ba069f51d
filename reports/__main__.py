"""The command `marksweep`: the orchestrator's verbs, and the two that write reports."""

from pathlib import Path
from typing import Annotated

import typer

from orchestrator.__main__ import DebugOption, StorageOption, app, console, guarded

OutOption = Annotated[Path, typer.Option("--out", help="Folder of the report.")]


@app.command()
def report(
    names: Annotated[
        list[str] | None, typer.Argument(help="Tables, figures or studies; all of them by default.")
    ] = None,
    out: OutOption = Path("report"),
    storage: StorageOption = "runs",
    debug: DebugOption = False,
) -> None:
    """Tables as Markdown, LaTeX, CSV and HTML, figures as PDF and PNG, and a page that holds them all."""
    guarded(lambda: _report(names or [], out, storage), debug)


@app.command()
def demo(storage: StorageOption = "runs", out: OutOption = Path("report"), debug: DebugOption = False) -> None:
    """Run the demo study on rendered faces, then write its report."""

    def both() -> int:
        from orchestrator import commands
        from orchestrator.__main__ import place

        code = commands.run("demo", {}, place(storage, Path("data")), False, None, console())
        return _report([], out, storage) or code

    guarded(both, debug)


def _report(names: list[str], out: Path, storage: str) -> int:
    from orchestrator.ledger import Ledger
    from reports.build import build_report
    from reports.query import Results
    from reports.text import plain, rich_table

    shown = console()
    with shown.status("Building the report") as status:
        files = build_report(Results(Ledger(storage)), out, names, lambda name: status.update(f"Building {name}"))
    for table in files.tables:
        shown.print(rich_table(table) if shown.is_terminal else plain(table), markup=False, highlight=False)
    for problem in files.problems:
        shown.print(problem, style="red", markup=False)
    shown.print(f"{len(files.files)} files. Next: open {files.index}", markup=False, highlight=False)
    return 1 if files.problems else 0


def main() -> None:
    app()


if __name__ == "__main__":
    main()
