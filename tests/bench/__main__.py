"""Run every benchmark and print its ratio beside its bound."""

from rich.console import Console

from tests.bench import decoding, fusion, loading, overhead, preparing, sharing, stages, steps


def main() -> None:
    console = Console(highlight=False)
    for benchmark in (loading, steps, fusion, stages, preparing, sharing, decoding, overhead):
        console.print(f"[bold]{(benchmark.__doc__ or '').splitlines()[0]}[/bold]")
        for line in benchmark.run():
            console.print(f"  {line}", markup=False)


if __name__ == "__main__":
    main()
