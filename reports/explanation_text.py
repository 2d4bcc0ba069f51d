"""An explanation for the terminal: what all trials share is said once, the rest is a table of trials."""

from collections.abc import Mapping, Sequence

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table as RichTable
from rich.text import Text

from orchestrator.errors import one_line
from reports import anchors, labels
from reports.document import Table
from reports.explanation import Explanation


def shown(one: Explanation, width: int) -> RenderableType:
    """Everything behind a cell, for a terminal of so many columns.

    Every text is made safe and is a `Text`, so that brackets are not read as markup.
    """
    parts: list[RenderableType] = [_heading(one), _facts(_about(one) | _shared(one))]
    if one.trials:
        parts += [Text(), _trials(one, width)]
    if one.settings:
        here_and_there = ("setting", one.row.label, one.against)
        lines = [(path, *values) for path, values in one.settings]
        parts += [Text(), Text(_safe(f"What differs from {one.against!r}:")), _grid(here_and_there, lines)]
    elif one.against:
        parts += [Text(), Text(_safe(f"Trained with the same settings as {one.against!r}."))]
    return Group(*parts)


def what_can_be_asked(table: Table, row: int | None) -> RenderableType:
    """The names of a table's rows and columns, or what one row says in each column."""
    if row is not None:
        printed = labels.printed(table)[row]
        lines = [(key, cell.text) for key, cell in zip(anchors.column_keys(table), printed.cells, strict=True)]
        return _grid(("column", one_line(printed.row.label)), lines)
    rows, columns = anchors.row_keys(table), anchors.column_keys(table)
    names = [Text("rows", style="bold"), *(Text(f"  {name}") for name in rows)]
    names += [Text("columns", style="bold"), *(Text(f"  {name}") for name in columns)]
    return Group(*names)


def _heading(one: Explanation) -> Text:
    unit = labels.column_unit(one.column)
    heading = Text(_safe(f"{one.table}: {one.row_key}, {one.column_key}"), style="bold")
    number = _safe(f"{one.printed.text} {unit}" if one.printed.number else one.printed.text)
    heading.append(f"\n{number}")
    if one.cell.n:
        seeds = f"{one.cell.n} of {one.cell.asked}" if one.cell.n < one.cell.asked else one.cell.n
        heading.append(f"  from {seeds} seed{'s' if one.cell.asked > 1 else ''}", style="dim")
    return heading


def _about(one: Explanation) -> dict[str, str]:
    """What is known of the number itself."""
    cell, row = one.cell, one.row
    facts = {"meaning": labels.column_meaning(one.column)}
    if cell.value is not None:
        spread = "" if cell.spread is None else f" ± {cell.spread!r}"
        facts["unrounded"] = f"{cell.value!r}{spread} ({cell.unit})"
    if cell.interval is not None:
        low, high = (labels.number(end, one.column, cell.digits) for end in cell.interval)
        facts["interval"] = f"{low} to {high} {labels.metric(one.column.metric).printed_unit}, 95 %, over persons"
    facts["protocol"] = cell.protocol
    if cell.source == "literature":
        facts |= {"published in": row.group, "bibliography": row.citation, "about the row": row.detail}
        facts["differs"] = cell.differs
    facts["to fill it"] = cell.command
    return facts


def _shared(one: Explanation) -> dict[str, str]:
    """What is the same for all trials of which it is known; nothing of a single trial."""
    values: dict[str, set[str]] = {}
    for name, text in (fact for trial in one.trials for fact in trial.facts):
        values.setdefault(name, set()).add(text)
    return {name: found.pop() for name, found in values.items() if len(found) == 1 < len(one.trials)}


def _trials(one: Explanation, width: int) -> RenderableType:
    """A line for each trial; its facts in words where that is wider than the terminal."""
    shared = _shared(one)
    own = dict.fromkeys(name for trial in one.trials for name, _ in trial.facts if name not in shared)
    names = ("seed", "value", "trial", *own)
    lines = [
        ("" if trial.seed is None else str(trial.seed), trial.value, trial.trial, *map(dict(trial.facts).get, own))
        for trial in one.trials
    ]
    lines = [tuple(text or "" for text in line) for line in lines]
    widths = [max(map(len, column)) for column in zip(names, *lines, strict=True)]
    if sum(widths) + 2 * len(widths) <= width:
        return _grid(names, lines)
    return Group(*(_in_words(dict(zip(names, line, strict=True))) for line in lines))


def _in_words(facts: dict[str, str]) -> RenderableType:
    heading = Text(_safe(f"seed {facts.pop('seed')}, trial {facts.pop('trial')}"))
    if value := facts.pop("value"):
        heading.append(": ").append(_safe(value), style="bold")
    others = ", ".join(f"{name} {text}" for name, text in facts.items() if text)
    return Group(heading, Padding(Text(_safe(others), style="dim"), (0, 0, 0, 2)))


def _facts(facts: Mapping[str, str]) -> RichTable:
    grid = RichTable(box=None, pad_edge=False, show_header=False)
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    for name, text in facts.items():
        if text:
            grid.add_row(Text(name), Text(_safe(text)))
    return grid


def _grid(names: Sequence[str], lines: Sequence[Sequence[str]]) -> RichTable:
    grid = RichTable(box=None, pad_edge=False, header_style="bold")
    for name in names:
        grid.add_column(Text(_safe(name)), overflow="fold")
    for line in lines:
        grid.add_row(*(Text(_safe(text)) for text in line))
    return grid


def _safe(text: str) -> str:
    return one_line(text)
