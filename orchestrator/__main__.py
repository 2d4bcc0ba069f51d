"""The command line: `marksweep VERB`. It reads arguments, calls one function for each verb, prints, and sets exit codes.

Exit codes: 0 all is well, 1 something failed, 2 the user has to mend something, 130 interrupted.
"""

import ast
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from orchestrator import commands
from orchestrator.session import Place
from orchestrator.storage import Storage

app = typer.Typer(
    name="marksweep",
    help="Sweep facial-landmark methods over Ray, and make a paper's tables from what they measured.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
data_app = typer.Typer(help="Data sets: what there is, is it whole, prepare it.", no_args_is_help=True)
app.add_typer(data_app, name="data")


def _studies(incomplete: str) -> list[str]:
    from search_spaces.study import study_names

    return [name for name in study_names() if name.startswith(incomplete)]


def _methods(incomplete: str) -> list[str]:
    from trainables.registry import method_names

    return [name for name in method_names() if name.startswith(incomplete)]


def _datasets(incomplete: str) -> list[str]:
    from trainables.registry import dataset_names

    return [name for name in dataset_names() if name.startswith(incomplete)]


StudyArgument = Annotated[
    str, typer.Argument(help="A name below search_spaces/studies/, or a .py file of your own.", autocompletion=_studies)
]
SetOption = Annotated[
    list[str], typer.Option("--set", metavar="PATH=VALUE", help="Change every variant, e.g. recipe.epochs=2 or seeds=0,1.")
]
RetryOption = Annotated[bool, typer.Option("--retry-failed", help="Run failed and diverged trials again.")]
StorageOption = Annotated[
    str, typer.Option("--storage", envvar="MARKSWEEP_STORAGE", help="Folder or URI (s3://…) of results, seen by all nodes.")
]
DataRootOption = Annotated[Path, typer.Option("--data-root", envvar="MARKSWEEP_DATA", help="Folder of the data sets.")]
AddressOption = Annotated[
    str | None, typer.Option("--address", help="A running Ray cluster; without it a private one is started.")
]
DebugOption = Annotated[bool, typer.Option("--debug", help="Show Python tracebacks.")]


@app.command()
def plan(
    study: StudyArgument,
    set_: SetOption = [],  # noqa: B006
    retry_failed: RetryOption = False,
    storage: StorageOption = "runs",
    data_root: DataRootOption = Path("data"),
    debug: DebugOption = False,
) -> None:
    """What is done, to resume, to run, failed. Starts nothing."""
    _guarded(lambda: commands.plan(study, _changes(set_), _place(storage, data_root), retry_failed, _console()), debug)


@app.command()
def run(
    study: StudyArgument,
    set_: SetOption = [],  # noqa: B006
    retry_failed: RetryOption = False,
    storage: StorageOption = "runs",
    data_root: DataRootOption = Path("data"),
    address: AddressOption = None,
    debug: DebugOption = False,
) -> None:
    """Run what is missing. The same command resumes."""
    _guarded(
        lambda: commands.run(study, _changes(set_), _place(storage, data_root), retry_failed, address, _console()), debug
    )


@app.command()
def status(
    study: Annotated[str | None, typer.Argument(help="Only this study.", autocompletion=_studies)] = None,
    storage: StorageOption = "runs",
    debug: DebugOption = False,
) -> None:
    """The ledger's state, and errors grouped by cause."""
    _guarded(lambda: commands.status(study, Storage(storage), _console()), debug)


@app.command()
def report(
    names: Annotated[list[str] | None, typer.Argument(help="Tables, figures or studies; all of them by default.")] = None,
    out: Annotated[Path, typer.Option("--out", help="Folder to write to.")] = Path("report"),
    storage: StorageOption = "runs",
    debug: DebugOption = False,
) -> None:
    """Tables as Markdown, LaTeX, CSV and HTML, figures as PDF and PNG, and a page that holds them all."""
    _guarded(lambda: commands.report(names or [], out, Storage(storage), _console()), debug)


@app.command()
def query(
    sql: Annotated[str, typer.Argument(help="SQL over trials, epochs, evaluations, images and studies.")],
    storage: StorageOption = "runs",
    csv: Annotated[bool, typer.Option("--csv", help="Print CSV.")] = False,
    debug: DebugOption = False,
) -> None:
    """SQL over the ledger's tables."""
    _guarded(lambda: commands.query(sql, Storage(storage), csv, _console()), debug)


@app.command()
def methods(
    name: Annotated[str | None, typer.Argument(help="One method.", autocompletion=_methods)] = None,
    debug: DebugOption = False,
) -> None:
    """What methods there are; with a name: its paper, where each piece lives, defaults, parameters, MACs."""
    _guarded(lambda: commands.methods(name, _console()), debug)


@app.command()
def demo(
    storage: StorageOption = "runs",
    out: Annotated[Path, typer.Option("--out", help="Folder of the report.")] = Path("report"),
    debug: DebugOption = False,
) -> None:
    """Run the demo study on rendered faces, then write its report."""
    _guarded(lambda: commands.demo(_place(storage, Path("data")), out, _console()), debug)


@data_app.command("list")
def data_list(data_root: DataRootOption = Path("data"), debug: DebugOption = False) -> None:
    """What data sets there are, and which of them are below the data root."""
    _guarded(lambda: commands.data_list(data_root, _console()), debug)


@data_app.command("check")
def data_check(
    name: Annotated[str, typer.Argument(autocompletion=_datasets)],
    data_root: DataRootOption = Path("data"),
    debug: DebugOption = False,
) -> None:
    """Counts, unreadable images, landmarks outside their image, groups on two sides of a split."""
    _guarded(lambda: commands.data_check(name, data_root, _console()), debug)


@data_app.command("prepare")
def data_prepare(
    name: Annotated[str, typer.Argument(autocompletion=_datasets)],
    size: Annotated[int, typer.Option("--size", help="Side of the network's input in px.", min=8)] = 64,
    method: Annotated[str, typer.Option("--method", help="Whose crop to use.", autocompletion=_methods)] = "resnet18",
    storage: StorageOption = "runs",
    data_root: DataRootOption = Path("data"),
    debug: DebugOption = False,
) -> None:
    """Make the memory-mapped file that trials read. Running a study does this by itself."""
    _guarded(lambda: commands.data_prepare(name, size, method, _place(storage, data_root), _console()), debug)


def main() -> None:
    app()


def _console() -> Console:
    return Console(soft_wrap=not sys.stdout.isatty())


def _place(storage: str, data_root: Path) -> Place:
    found = Storage(storage)
    default = Path(found.root) / "cache" if found.is_local else Path.home() / ".cache" / "marksweep"
    return Place(found, data_root, Path(os.environ.get("MARKSWEEP_CACHE", default)))


def _changes(arguments: Sequence[str]) -> dict[str, Any]:
    changes = {}
    for argument in arguments:
        path, separator, text = argument.partition("=")
        if not separator:
            raise typer.BadParameter(f"{argument!r} is not PATH=VALUE, for example recipe.epochs=2.", param_hint="--set")
        changes[path.strip()] = _value(path, text.strip())
    return changes


def _value(path: str, text: str) -> Any:
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return None if text.lower() in ("none", "off") else text
    return (value,) if path == "seeds" and not isinstance(value, tuple) else value


def _guarded(command: Callable[[], int], debug: bool) -> None:
    """Run a verb; turn what the user can mend into a message and exit code 2."""
    try:
        code = command()
    except KeyboardInterrupt:
        Console(stderr=True).print("Interrupted. What was saved stays; the same command goes on from there.")
        code = 130
    except (ValueError, OSError) as error:
        if debug:
            raise
        Console(stderr=True, soft_wrap=True).print(str(error), markup=False, highlight=False, style="red")
        code = 2
    except Exception as error:
        if debug:
            raise
        console = Console(stderr=True, soft_wrap=True)
        console.print(f"{type(error).__name__}: {error}", markup=False, highlight=False, style="red")
        console.print("This should not happen. The same command with --debug shows where it did.")
        code = 1
    raise typer.Exit(code)


if __name__ == "__main__":
    main()
