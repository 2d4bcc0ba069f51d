"""A table for the terminal: a rich table, or aligned plain text for pipes and logs."""

from itertools import groupby

from rich import box
from rich.table import Table as RichTable
from rich.text import Text

from orchestrator.errors import one_line
from reports import labels
from reports.document import Column, Table

BEST, SECOND = "*", "°"  # in plain text


def plain(table: Table) -> str:
    """Aligned columns, two spaces apart, the best with a star, the second with a ring; below, what marks mean."""
    titles, units, *lines = _grid(table, signs=True)
    widths = [max(map(len, column)) for column in zip(titles, units, *lines, strict=True)]
    groups = _groups(table, widths)  # which may widen columns
    head = [line for line in (groups, _aligned(titles, widths), _aligned(units, widths)) if line]
    rule = "-" * (sum(widths) + 2 * len(widths) - 2)
    aligned = [*head, rule, *(_aligned(line, widths) for line in lines)]
    return "\n".join([_title(table), "", *aligned, *_below(table, BEST, SECOND)]) + "\n"


def rich_table(table: Table) -> RichTable:
    """The same with bold. Every text is a `Text`, so that brackets in a label are not read as markup."""
    _, units, *lines = _grid(table, signs=False)
    titles = ["", "n", *(_heading(table, of) for of in table.columns)]
    below = _below(table, "bold", "underlined")
    shown = RichTable(
        title=Text(_title(table)), caption=Text("\n".join(below)), title_justify="left", caption_justify="left",
        box=box.SIMPLE_HEAD, pad_edge=False,
    )  # fmt: skip
    for place, (title, unit) in enumerate(zip(titles, units, strict=True)):
        shown.add_column(Text(f"{title}\n{unit}"), justify="left" if place == 0 else "right", overflow="fold")
    for line, printed in zip(lines, _rows(table), strict=True):
        if isinstance(printed, str):
            shown.add_row(*map(Text, line), style="italic dim")
            continue
        quiet = "italic" if printed.row.source == "literature" else ""
        styles = [quiet, quiet, *(_style(cell) or quiet for cell in printed.cells)]
        shown.add_row(*(Text(text, style=style) for text, style in zip(line, styles, strict=True)))
    return shown


def _title(table: Table) -> str:
    splits = {labels.column_group(of) for of in table.columns}
    return one_line(table.title + (f" ({splits.pop()})" if len(splits) == 1 else ""))


def _style(cell: labels.Printed) -> str:
    return "bold" if cell.bold else "underline" if cell.underlined else ""


def _below(table: Table, best: str, second: str) -> list[str]:
    """What the signs and marks mean, as far as marks can be shown here, and what fills the empty cells."""
    legend = labels.legend(table, best, second)
    notes = [f"{note.mark} {note.text}" for note in table.notes]
    return [one_line(line) for line in (legend, *notes, *(f"To fill: {each}" for each in table.commands)) if line]


def _grid(table: Table, signs: bool) -> list[list[str]]:
    """Titles, units, then one line per row."""
    titles = ["", "n", *map(labels.column_title, table.columns)]
    grid = [titles, ["", "", *map(labels.column_unit, table.columns)]]
    several_studies = len({row.study for row in table.rows if row.study}) > 1
    for printed in _rows(table):
        if isinstance(printed, str):
            grid.append([printed] + [""] * (1 + len(table.columns)))
            continue
        row = printed.row
        is_told = row.group or not several_studies or row.study in ("", row.label)
        label = row.label if is_told else f"{row.study}: {row.label}"
        cells = [_cell(cell, signs) for cell in printed.cells]
        label += _marks(row.marks)
        grid.append([label, printed.n or labels.MISSING, *cells])
    return [[one_line(text) for text in line] for line in grid]


def _has_groups(table: Table) -> bool:
    return len({labels.column_group(of) for of in table.columns}) > 1


def _heading(table: Table, of: Column) -> str:
    """The title of a column, with that of its group where there are several."""
    title = labels.column_title(of)
    return one_line(f"{labels.column_group(of)} {title}" if _has_groups(table) else title)


def _groups(table: Table, widths: list[int]) -> str:
    """The line of headings above columns, each over its own. One that is longer widens the last of them."""
    if not _has_groups(table):
        return ""
    place, line = 2, " " * (widths[0] + 2 + widths[1])
    for group, members in groupby(table.columns, key=labels.column_group):
        mine, name = range(place, place + len(list(members))), one_line(group)
        place = mine.stop
        widths[mine[-1]] += max(0, len(name) - sum(widths[one] + 2 for one in mine) + 2)
        width = sum(widths[one] + 2 for one in mine) - 2
        line += f"  {name:·^{width}}" if len(mine) > 1 else f"  {name:>{width}}"
    return line.rstrip()


def _rows(table: Table) -> list[labels.PrintedRow | str]:
    """The rows, and before the first of each group its heading."""
    rows: list[labels.PrintedRow | str] = []
    group = ""
    for printed in labels.printed(table):
        if printed.row.group != group:
            group = printed.row.group
            rows.append(group)
        rows.append(printed)
    return rows


def _cell(cell: labels.Printed, signs: bool) -> str:
    rank = f" {BEST}" if cell.bold else f" {SECOND}" if cell.underlined else ""
    return cell.text + _marks(cell.marks) + (rank if signs else "")


def _marks(marks: tuple[str, ...]) -> str:
    return f" {','.join(marks)}" if marks else ""


def _aligned(line: list[str], widths: list[int]) -> str:
    first, *others = line
    aligned = [first.ljust(widths[0]), *(text.rjust(width) for text, width in zip(others, widths[1:], strict=True))]
    return "  ".join(aligned).rstrip()
