"""What a verb ends with: errors grouped by cause, and the next command. Knows no torch, so that it is there at once."""

from typing import Any

from rich.console import Console
from rich.text import Text

from orchestrator.errors import fingerprint, one_line


def show_errors(rows: list[dict[str, Any]], console: Console) -> None:
    """Errors grouped by cause, most frequent first."""
    groups: dict[str, list[str]] = {}
    first: dict[str, str] = {}
    for row in rows:
        cause = fingerprint(row["error"])
        first.setdefault(cause, one_line(row["error"]))
        groups.setdefault(cause, []).append(row["trial"])
    for cause, trials in sorted(groups.items(), key=lambda group: -len(group[1])):
        error = first[cause]
        some = ", ".join(trials[:3]) + (" …" if len(trials) > 3 else "")
        console.print(Text(f"{len(trials)} × {error}", style="red"), Text(f"  ({some})", style="dim"), soft_wrap=True)
    if groups:
        example = next(iter(groups.values()))[0]
        sql = f"SELECT traceback FROM trials WHERE trial = '{example}'"
        console.print(f'Where it happened: marksweep query "{sql}"', markup=False, highlight=False, soft_wrap=True)


def next_command(console: Console, command: str) -> None:
    # Never broken into lines: it is there to be copied.
    console.print(f"Next: {command}", markup=False, highlight=False, soft_wrap=True)
