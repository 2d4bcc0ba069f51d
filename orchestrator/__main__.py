"""The verbs that look and prepare: each reads its arguments and calls one function of `commands.py`.

`reports/__main__.py` adds the verbs that know tables (plan, run, report, why, demo), and is the command `marksweep`.

Exit codes: 0 all is well, 1 something failed, 2 the user has to mend something, 130 interrupted.
"""

import ast
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Annotated, Any

import typer
from rich.console import Console

from orchestrator.imports import uncollected

app = typer.Typer(
    name="marksweep",
    help="Sweep facial-landmark methods over Ray, and make a paper's tables from what they measured.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
data_app = typer.Typer(help="Data sets: what there is, is it whole, prepare it.", no_args_is_help=True)
app.add_typer(data_app, name="data")


def _completes(folder: str) -> Callable[[str], list[str]]:
    """Completion from file names alone: it must answer at once, so nothing of ours is imported."""
    place = Path(__file__).parent.parent / folder
    names = sorted(path.stem for path in place.glob("*.py") if not path.stem.startswith("_"))
    return lambda incomplete: [name for name in names if name.startswith(incomplete)]


_studies, _methods, _datasets, _tables = (
    _completes(folder)
    for folder in ("search_spaces/studies", "trainables/methods", "trainables/datasets", "reports/tables")
)

StudyArgument = Annotated[
    str | None,
    typer.Argument(help="A name below search_spaces/studies/, or a .py file of your own.", autocompletion=_studies),
]
TableOption = Annotated[
    str | None, typer.Option("--table", help="Instead of a study: what this table shows.", autocompletion=_tables)
]
DatasetArgument = Annotated[str, typer.Argument(help="A data set of `data list`.", autocompletion=_datasets)]
SetOption = Annotated[
    list[str],
    typer.Option("--set", metavar="PATH=VALUE", help="Change every variant, e.g. recipe.epochs=2, or seeds=0,1."),
]
SettingOption = Annotated[
    list[str],
    typer.Option("--set", metavar="NAME=VALUE", help="A setting of the data set, e.g. protocol=private or of=wflw."),
]
RetryOption = Annotated[bool, typer.Option("--retry-failed", help="Run failed and diverged trials again.")]
StorageOption = Annotated[
    str,
    typer.Option("--storage", envvar="MARKSWEEP_STORAGE", help="Folder or URI (s3://…) of results, seen by all nodes."),
]
DataRootOption = Annotated[Path, typer.Option("--data-root", envvar="MARKSWEEP_DATA", help="Folder of the data sets.")]
AddressOption = Annotated[
    str | None, typer.Option("--address", help="A running Ray cluster; without it a private one is started.")
]
SmallOption = Annotated[bool, typer.Option("--small", help="The profile of a search that two cores finish.")]
HoursOption = Annotated[
    float | None, typer.Option("--hours", help="Stop in time: what runs then saves, and goes on another time.", min=0)
]
GpuHoursOption = Annotated[
    float | None, typer.Option("--gpu-hours", help="The same, counted over all GPUs of all trials.", min=0)
]
ProbeOption = Annotated[
    bool, typer.Option("--probe", help="Train a few steps of each variant first, so that time and memory are measured.")
]
FailFastOption = Annotated[bool, typer.Option("--fail-fast", help="Start nothing more once a trial has failed.")]
KeepGoingOption = Annotated[
    bool, typer.Option("--keep-going", help="Go on though ten trials have failed of the same cause.")
]
StallOption = Annotated[
    float, typer.Option("--stall-minutes", help="A trial without a step for so long is ended and tried again.", min=0)
]
GraceOption = Annotated[
    float, typer.Option("--grace", help="Seconds to save in after SIGTERM or SIGUSR1, a preemption notice.", min=0)
]
SinkOption = Annotated[
    list[str], typer.Option("--sink", help="Tell it to tensorboard, mlflow or wandb, too.", show_default=False)
]
DebugOption = Annotated[bool, typer.Option("--debug", help="Show Python tracebacks.")]


@app.command()
def status(
    study: Annotated[str | None, typer.Argument(help="Only this study.", autocompletion=_studies)] = None,
    watch: Annotated[bool, typer.Option("--watch", help="Go on showing it, until all is done or Ctrl-C.")] = False,
    every: Annotated[float, typer.Option("--every", help="Seconds between two looks.", min=0.5)] = 5.0,
    storage: StorageOption = "runs",
    debug: DebugOption = False,
) -> None:
    """The ledger's state, and errors grouped by cause; also of what runs elsewhere on the same storage."""
    guarded(lambda: _status(study, watch, every, _storage(storage)), debug)


@app.command()
def query(
    sql: Annotated[str, typer.Argument(help="SQL over trials, epochs, evaluations, images and studies.")],
    storage: StorageOption = "runs",
    csv: Annotated[bool, typer.Option("--csv", help="Print CSV.")] = False,
    debug: DebugOption = False,
) -> None:
    """SQL over the ledger's tables."""
    guarded(lambda: _look_verbs().query(sql, _storage(storage), csv, console()), debug)


@app.command()
def studies(debug: DebugOption = False) -> None:
    """What studies there are: their questions, trials and data sets."""
    guarded(lambda: _look_verbs().studies(console()), debug)


@app.command()
def methods(
    name: Annotated[str | None, typer.Argument(help="One method.", autocompletion=_methods)] = None,
    modules: Annotated[bool, typer.Option("--modules", help="Also its modules: shapes and parameters.")] = False,
    speed: Annotated[bool, typer.Option("--speed", help="Also measure images a second on this machine.")] = False,
    debug: DebugOption = False,
) -> None:
    """What methods there are; with a name: its paper, where each piece lives, defaults, parameters, MACs."""
    guarded(lambda: _look_verbs().methods(name, modules, speed, console()), debug)


@app.command()
def export(
    study: Annotated[str, typer.Argument(help="A search.", autocompletion=_studies)],
    to: Annotated[str, typer.Argument(help="A database URL (sqlite:///search.db), or the path of a journal file.")],
    set_: SetOption = [],  # noqa: B006
    small: SmallOption = False,
    storage: StorageOption = "runs",
    data_root: DataRootOption = Path("data"),
    debug: DebugOption = False,
) -> None:
    """Copy a search into an Optuna storage, for its dashboard."""

    def exported() -> int:
        here = place(storage, data_root)
        return verbs().export(verbs().open_study(study, changes_of(set_), here, small), to, here, console())

    guarded(exported, debug)


@app.command()
def deploy(
    where: Annotated[str, typer.Argument(help="slurm, kuberay or ray (machines that ssh reaches).")],
    study: Annotated[str, typer.Argument(help="What `run` takes, from there.", autocompletion=_studies)],
    nodes: Annotated[int | None, typer.Option("--nodes", help="Nodes that train; 1 by default.")] = None,
    gpus: Annotated[int | None, typer.Option("--gpus", help="GPUs of each.")] = None,
    cpus: Annotated[int | None, typer.Option("--cpus", help="Cores of each; 8, or all of a machine.")] = None,
    memory: Annotated[str | None, typer.Option("--memory", help="Memory of each, like 64G.")] = None,
    time: Annotated[str | None, typer.Option("--time", help="At most this long, like 8:00 or 2-00:00.")] = None,
    set_: SetOption = [],  # noqa: B006
    small: SmallOption = False,
    retry_failed: RetryOption = False,
    storage: StorageOption = "runs",
    data_root: DataRootOption = Path("data"),
    setup: Annotated[
        list[str], typer.Option("--setup", help="A shell line that each node runs first.", show_default=False)
    ] = [],  # noqa: B006
    partition: Annotated[str | None, typer.Option("--partition", help="Of Slurm.")] = None,
    account: Annotated[str | None, typer.Option("--account", help="Of Slurm.")] = None,
    image: Annotated[str | None, typer.Option("--image", help="KubeRay: where marksweep is installed.")] = None,
    claim: Annotated[str | None, typer.Option("--claim", help="KubeRay: the volume claim that all pods share.")] = None,
    mount: Annotated[str | None, typer.Option("--mount", help="KubeRay: where it lies; /shared by default.")] = None,
    secret: Annotated[str | None, typer.Option("--secret", help="KubeRay: whose keys become variables.")] = None,
    hosts: Annotated[str | None, typer.Option("--hosts", help="ray: machines, the head first: a,b,c.")] = None,
    user: Annotated[str | None, typer.Option("--user", help="ray: who logs in there.")] = None,
    key: Annotated[str | None, typer.Option("--key", help="ray: the private key that ssh takes.")] = None,
    debug: DebugOption = False,
) -> None:
    """Print what starts a study on a cluster, for `sbatch`, `kubectl apply -f -` or `ray up`."""
    given = {name: value for name, value in locals().items() if name not in ("set_", "data_root", "debug")}

    def printed() -> int:
        from orchestrator.commands_deploy import deploy
        from orchestrator.deploy.asked import Asked

        sys.stdout.write(deploy(Asked(settings=set_, data_root=str(data_root), **given), changes_of))
        return 0

    guarded(printed, debug)


@data_app.command("list")
def data_list(data_root: DataRootOption = Path("data"), debug: DebugOption = False) -> None:
    """What data sets there are, and which of them are below the data root."""
    guarded(lambda: _data_verbs().data_list(data_root, console()), debug)


@data_app.command("check")
def data_check(
    name: DatasetArgument,
    set_: SettingOption = [],  # noqa: B006
    storage: StorageOption = "runs",
    data_root: DataRootOption = Path("data"),
    debug: DebugOption = False,
) -> None:
    """Counts beside the published ones, unreadable and doubled images, landmarks outside, leaks between splits."""
    guarded(lambda: _data_verbs().data_check(name, changes_of(set_), place(storage, data_root), console()), debug)


@data_app.command("show")
def data_show(
    name: DatasetArgument,
    set_: SettingOption = [],  # noqa: B006
    split: Annotated[str | None, typer.Option("--split", help="train, val, test or unlabelled.")] = None,
    tag: Annotated[str | None, typer.Option("--tag", help="Only faces of this subset or attribute.")] = None,
    count: Annotated[int, typer.Option("--count", help="Number of faces.", min=1, max=400)] = 24,
    seed: Annotated[int, typer.Option("--seed", help="Which faces are chosen.", min=0)] = 0,
    out: Annotated[Path | None, typer.Option("--out", help="Where the PNG goes; by default NAME.png here.")] = None,
    storage: StorageOption = "runs",
    data_root: DataRootOption = Path("data"),
    debug: DebugOption = False,
) -> None:
    """A contact sheet: faces with landmarks, box, crop, tags and difficulty."""
    guarded(
        lambda: _data_verbs().data_show(
            name, changes_of(set_), split, tag, count, seed, out, place(storage, data_root), console()
        ),
        debug,
    )


@data_app.command("prepare")
def data_prepare(
    name: DatasetArgument,
    set_: SettingOption = [],  # noqa: B006
    size: Annotated[int, typer.Option("--size", help="Side of the network's input in px.", min=8)] = 64,
    method: Annotated[str, typer.Option("--method", help="Whose crop to use.", autocompletion=_methods)] = "resnet18",
    storage: StorageOption = "runs",
    data_root: DataRootOption = Path("data"),
    address: AddressOption = None,
    debug: DebugOption = False,
) -> None:
    """Make the memory-mapped file that trials read. Running a study does this by itself."""
    guarded(
        lambda: _data_verbs().data_prepare(
            name, changes_of(set_), size, method, place(storage, data_root), address, console()
        ),
        debug,
    )


def _status(study: str | None, watch: bool, every: float, storage: Any) -> int:
    from orchestrator.commands_status import status
    from orchestrator.watching import watch_studies

    if watch:
        watch_studies(study, storage, every, console())
    return status(study, storage, console())


def console() -> Console:
    # A file or pipe has no width to fit. Errors and labels are shown as they are, `:x:` included.
    return Console(emoji=False) if sys.stdout.isatty() else Console(width=240, emoji=False)


def verbs() -> ModuleType:
    """Imported late: torch takes seconds, and help and completion must not wait for it."""
    with uncollected():
        from orchestrator import commands

    return commands


def _look_verbs() -> ModuleType:
    with uncollected():
        from orchestrator import commands_look

    return commands_look


def _data_verbs() -> ModuleType:
    with uncollected():
        from orchestrator import commands_data

    return commands_data


def _storage(location: str) -> Any:
    from orchestrator.storage import Storage

    return Storage(location)


def place(storage: str, data_root: Path) -> Any:
    from orchestrator.session import Place

    found = _storage(storage)
    default = Path(found.root) / "cache" if found.is_local else Path.home() / ".cache" / "marksweep"
    return Place(found, data_root, Path(os.environ.get("MARKSWEEP_CACHE", default)))


def changes_of(arguments: Sequence[str]) -> dict[str, Any]:
    changes = {}
    for argument in arguments:
        path, separator, text = argument.partition("=")
        if not separator:
            raise ValueError(f"--set {argument!r} is not PATH=VALUE. Write it like --set recipe.epochs=2.")
        changes[path.strip()] = _value(path, text.strip())
    return changes


def _value(path: str, text: str) -> Any:
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return None if text.lower() in ("none", "off") else text
    return (value,) if path == "seeds" and not isinstance(value, tuple) else value


def guarded(command: Callable[[], int], debug: bool) -> None:
    """Run a verb; turn what the user can mend into a message and exit code 2."""
    try:
        code = command()
    except KeyboardInterrupt:
        Console(stderr=True).print("Interrupted. What was saved stays; the same command goes on from there.")
        code = 130
    except (ValueError, OSError) as error:
        if debug:
            raise
        console = Console(stderr=True, soft_wrap=True, emoji=False)
        console.print(_said(error), markup=False, highlight=False, style="red")
        code = 2
    except Exception as error:
        if debug:
            raise
        console = Console(stderr=True, soft_wrap=True, emoji=False)
        console.print(f"{type(error).__name__}: {error}", markup=False, highlight=False, style="red")
        console.print("This should not happen. The same command with --debug shows where it did.")
        code = 1
    raise typer.Exit(code)


def _said(error: ValueError | OSError) -> str:
    if isinstance(error, OSError) and error.filename and error.strerror:
        return f"{error.filename}: {error.strerror}. Mend that, or choose another place: --storage, --data-root."
    return str(error)


if __name__ == "__main__":
    app()
