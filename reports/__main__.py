"""The command `marksweep`: the orchestrator's verbs, and those that know tables."""

from pathlib import Path
from typing import Annotated, Any

import typer

from orchestrator.__main__ import (
    AddressOption,
    DataRootOption,
    DebugOption,
    FailFastOption,
    GpuHoursOption,
    HoursOption,
    KeepGoingOption,
    ProbeOption,
    RetryOption,
    SetOption,
    SinkOption,
    SmallOption,
    StorageOption,
    StudyArgument,
    TableOption,
    app,
    changes_of,
    console,
    guarded,
    place,
    verbs,
)

OutOption = Annotated[Path, typer.Option("--out", help="Folder of the report.")]


@app.command()
def plan(
    study: StudyArgument = None,
    table: TableOption = None,
    set_: SetOption = [],  # noqa: B006
    small: SmallOption = False,
    probe: ProbeOption = False,
    retry_failed: RetryOption = False,
    storage: StorageOption = "runs",
    data_root: DataRootOption = Path("data"),
    address: AddressOption = None,
    debug: DebugOption = False,
) -> None:
    """What is done, to resume, to run, failed; what it will take. Starts nothing, but for --probe."""

    def planned() -> int:
        here, changes = place(storage, data_root), changes_of(set_)
        if name := _study_unless(table, study):
            return verbs().plan(name, changes, verbs().Running(here, console(), address, retry_failed), small, probe)
        if probe:
            raise ValueError("--probe measures what a study needs: name the study instead of the table.")
        return verbs().plan_table(_wanted_by(table), changes, here, retry_failed, console())

    guarded(planned, debug)


@app.command()
def run(
    study: StudyArgument = None,
    table: TableOption = None,
    set_: SetOption = [],  # noqa: B006
    small: SmallOption = False,
    retry_failed: RetryOption = False,
    hours: HoursOption = None,
    gpu_hours: GpuHoursOption = None,
    fail_fast: FailFastOption = False,
    keep_going: KeepGoingOption = False,
    sink: SinkOption = [],  # noqa: B006
    storage: StorageOption = "runs",
    data_root: DataRootOption = Path("data"),
    address: AddressOption = None,
    debug: DebugOption = False,
) -> None:
    """Run what is missing: of a study, of a search, or of a table. The same command resumes."""

    def ran() -> int:
        if fail_fast and keep_going:
            raise ValueError("--fail-fast and --keep-going ask for opposites: give one of them.")
        running = verbs().Running(
            place=place(storage, data_root),
            console=console(),
            address=address,
            retry_failed=retry_failed,
            limits=verbs().Limits(hours, gpu_hours, 1 if fail_fast else None if keep_going else 10),
            sinks=tuple(sink),
        )
        if name := _study_unless(table, study):
            return verbs().run(name, changes_of(set_), running, small)
        return verbs().run_table(_wanted_by(table), changes_of(set_), running)

    guarded(ran, debug)


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
        code = verbs().run("demo", {}, verbs().Running(place(storage, Path("data")), console()))
        return _report([], out, storage) or code

    guarded(both, debug)


def _study_unless(table: str | None, study: str | None) -> str:
    """The study; empty where a table is given instead. ValueError for both or neither."""
    if (study is None) == (table is None):
        raise ValueError("Name a study, or a table with --table: one of them. `marksweep studies` lists the studies.")
    return study or ""


def _wanted_by(table: str | None) -> Any:
    from reports.registry import table_module

    module = table_module(str(table))
    wants = getattr(module, "wants", lambda label, way: True)
    return verbs().WantedByTable(
        table=str(table),
        studies=module.STUDIES,
        wants=lambda label, one: wants(label, (one.split, one.perturbed_by, one.read_by)),
    )


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
