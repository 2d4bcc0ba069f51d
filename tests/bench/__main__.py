"""Run every benchmark and print its ratio beside its bound."""

from rich.console import Console

from tests.bench import (
    decoding,
    fusion,
    groups,
    loading,
    overhead,
    planning,
    preparing,
    reporting,
    scale,
    searching,
    sharing,
    stages,
    steps,
)

BENCHMARKS = (
    loading,
    steps,
    fusion,
    stages,
    preparing,
    sharing,
    decoding,
    overhead,
    groups,
    scale,
    planning,
    searching,
    reporting,
)


def main() -> None:
    console = Console(highlight=False)
    for benchmark in BENCHMARKS:
        console.print(f"[bold]{(benchmark.__doc__ or '').splitlines()[0]}[/bold]")
        for line in benchmark.run():
            console.print(f"  {line}", markup=False)


if __name__ == "__main__":
    main()
