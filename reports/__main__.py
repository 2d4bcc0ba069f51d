"""The command `marksweep`: the orchestrator's verbs, and those that know tables."""

import atexit
import logging
import os
import shlex
import sys
from contextlib import suppress
from pathlib import Path
from types import ModuleType
from typing import Annotated, Any

import typer

from orchestrator.__main__ import (
    AddressOption,
    DataRootOption,
    DebugOption,
    FailFastOption,
    GpuHoursOption,
    GraceOption,
    HoursOption,
    KeepGoingOption,
    ProbeOption,
    RetryOption,
    SetOption,
    SinkOption,
    SmallOption,
    StallOption,
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
    stall_minutes: StallOption = 15.0,
    grace: GraceOption = 25.0,
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
            limits=verbs().Limits(
                hours, gpu_hours, 1 if fail_fast else None if keep_going else 10, stall_minutes or None, grace
            ),
            sinks=tuple(sink),
        )
        if name := _study_unless(table, study):
            return verbs().run(name, changes_of(set_), running, small)
        return verbs().run_table(_wanted_by(table), changes_of(set_), running)

    guarded(ran, debug)


@app.command()
def report(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            help="Tables, figures, studies, or .py files with a table of your own; all but these by default."
        ),
    ] = None,
    out: OutOption = Path("report"),
    check: Annotated[
        Path | None, typer.Option("--check", help="Instead: which numbers of this manuscript are not the ledger's.")
    ] = None,
    anonymous: Annotated[
        bool, typer.Option("--anonymous", help="For double-blind review: no paths, users, hosts and commits.")
    ] = False,
    watch: Annotated[bool, typer.Option("--watch", help="Write it again whenever the ledger has changed.")] = False,
    every: Annotated[float, typer.Option("--every", help="Seconds between two looks.", min=0.5)] = 10.0,
    storage: StorageOption = "runs",
    debug: DebugOption = False,
) -> None:
    """Tables as Markdown, LaTeX, CSV and HTML, figures as PDF and PNG, and a page that holds them all."""

    def reported() -> int:
        # Numbers this few are computed by one thread sooner than several of them share them.
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
        if check is not None and (watch or anonymous):
            raise ValueError("--check writes no report: give it without --watch and --anonymous.")
        if check is not None:
            return _verbs().check(check, names or [], storage, console())
        if debug:  # a table that cannot be built is named, and the others go on
            logging.basicConfig()
            logging.getLogger("reports").setLevel(logging.DEBUG)
        if watch:
            return _verbs().watch(names or [], out, storage, anonymous, every, console())
        return _verbs().report(names or [], out, storage, anonymous, console())

    guarded(reported, debug)


@app.command()
def why(
    table: Annotated[str, typer.Argument(help="A table of the report, or a .py file of your own.")],
    row: Annotated[str | None, typer.Argument(help="A row, or a part of its name that no other has.")] = None,
    column: Annotated[str | None, typer.Argument(help="A column, or a part of its name.")] = None,
    storage: StorageOption = "runs",
    debug: DebugOption = False,
) -> None:
    """What is behind one number: trials, seeds, commits, data, and how its settings differ from the baseline's."""
    guarded(lambda: _verbs().why(table, row, column, storage, console()), debug)


@app.command()
def demo(storage: StorageOption = "runs", out: OutOption = Path("report"), debug: DebugOption = False) -> None:
    """Run the demo study on rendered faces, then write its report."""

    def both() -> int:
        code = verbs().run("demo", {}, verbs().Running(place(storage, Path("data")), console()))
        return _verbs().report([], out, storage, False, console()) or code

    guarded(both, debug)


def _study_unless(table: str | None, study: str | None) -> str:
    """The study; empty where a table is given instead. ValueError for both or neither."""
    if (study is None) == (table is None):
        raise ValueError("Name a study, or a table with --table: one of them. `marksweep studies` lists the studies.")
    return study or ""


def _wanted_by(table: str | None) -> Any:
    from reports import own_tables
    from reports.registry import table_module

    name = str(table)
    module = table_module(name)
    wants = getattr(module, "wants", lambda label, way: True)
    is_own = name.endswith(own_tables.SUFFIX)
    return verbs().WantedByTable(
        table=shlex.quote(name),
        studies=tuple(own_tables.study_to_run(name, study) for study in module.STUDIES) if is_own else module.STUDIES,
        wants=lambda label, one: wants(label, (one.split, one.perturbed_by, one.read_by)),
    )


def _verbs() -> ModuleType:
    """Imported late, like the orchestrator's: help and completion must not wait for it."""
    from reports import commands

    return commands


def main() -> None:
    """Ends as Python does but for its last step, in which threads of Arrow that still end abort the process now and
    then (apache/arrow#34314)."""
    try:
        app()
    except SystemExit as ended:
        atexit._run_exitfuncs()
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError):  # nobody reads it any more
                stream.flush()
        os._exit(ended.code if isinstance(ended.code, int) else 0 if ended.code is None else 1)


if __name__ == "__main__":
    main()
