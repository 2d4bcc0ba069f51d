"""Spoil files of each kind, read them, and print what came of it. Exit code 1 where anything crashed, hung or was
silently wrong."""

from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from tests.fuzz.running import KINDS, Tally, fuzz

LINE_EVERY = 1000  # files, where there is no terminal


def main(
    kinds: Annotated[list[str] | None, typer.Argument(help=f"Of {', '.join(KINDS)}; by default all.")] = None,
    inputs: Annotated[int, typer.Option(help="Spoiled files of each kind.", min=1)] = 10_000,
    seed: Annotated[int, typer.Option(help="Of all that is random.")] = 0,
    first: Annotated[int, typer.Option(help="Number of the first file, to see a failure again.", min=0)] = 0,
) -> None:
    """Spoil files of each kind and read them as the tool does."""
    for kind in kinds or KINDS:
        if kind not in KINDS:
            raise typer.BadParameter(f"{kind!r} is none of {', '.join(KINDS)}.")
    console = Console(highlight=False, soft_wrap=True)
    failed = 0
    for kind in kinds or KINDS:
        tally = _shown(kind, inputs, seed, first, console)
        console.print(str(tally), markup=False)
        for failure in tally.failures:
            console.print(failure, markup=False, style="red")
        failed += tally.failed
    raise typer.Exit(1 if failed else 0)


def _shown(kind: str, inputs: int, seed: int, first: int, console: Console) -> Tally:
    if console.is_terminal:
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=console, transient=True) as bar:
            task = bar.add_task(kind, total=inputs)
            return fuzz(kind, inputs, seed, first, lambda done: bar.update(task, completed=done))

    def told(done: int) -> None:
        if done % LINE_EVERY == 0 and done < inputs:
            console.print(f"{kind}: {done:,} of {inputs:,}")

    return fuzz(kind, inputs, seed, first, told)


if __name__ == "__main__":
    typer.run(main)
