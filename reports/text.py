"""A table for the terminal: a rich table, or aligned plain text for pipes and logs."""

from rich import box
from rich.table import Table as RichTable
from rich.text import Text

from orchestrator.errors import one_line
from reports import labels
from reports.document import Table


def plain(table: Table) -> str:
    """Aligned columns, two spaces apart, the best with a star; what fills the empty cells below."""
    titles, units, *lines = _grid(table, star=True)
    widths = [max(map(len, column)) for column in zip(titles, units, *lines, strict=True)]
    rule = "-" * (sum(widths) + 2 * len(widths) - 2)
    aligned = [_aligned(line, widths) for line in (titles, units)] + [rule] + [_aligned(line, widths) for line in lines]
    return "\n".join([_title(table), "", *aligned, "* the best of our rows on the same data", *_below(table)]) + "\n"


def rich_table(table: Table) -> RichTable:
    """The same with bold. Every text is a `Text`, so that brackets in a label are not read as markup."""
    titles, units, *lines = _grid(table, star=False)
    shown = RichTable(
        title=Text(_title(table)), caption=Text("\n".join(_below(table))), title_justify="left", caption_justify="left",
        box=box.SIMPLE_HEAD, pad_edge=False,
    )  # fmt: skip
    for place, (title, unit) in enumerate(zip(titles, units, strict=True)):
        shown.add_column(Text(f"{title}\n{unit}"), justify="left" if place == 0 else "right", overflow="fold")
    for line, printed in zip(lines, labels.printed(table), strict=True):
        quiet = "italic" if printed.row.source == "literature" else ""
        styles = [quiet, quiet, *("bold" if cell.bold else quiet for cell in printed.cells)]
        shown.add_row(*(Text(text, style=style) for text, style in zip(line, styles, strict=True)))
    return shown


def _title(table: Table) -> str:
    splits = {labels.column_group(of) for of in table.columns}
    return one_line(table.title + (f" ({splits.pop()})" if len(splits) == 1 else ""))


def _below(table: Table) -> list[str]:
    return [f"To fill: {one_line(command)}" for command in table.commands]


def _grid(table: Table, star: bool) -> list[list[str]]:
    """Titles, units, then one line per row. The split is in the title where a table has several."""
    several_splits = len({labels.column_group(of) for of in table.columns}) > 1
    titles = [
        f"{labels.column_group(of)} {labels.column_title(of)}" if several_splits else labels.column_title(of)
        for of in table.columns
    ]
    grid = [["", "n", *titles], ["", "", *map(labels.column_unit, table.columns)]]
    several_studies = len({row.study for row in table.rows if row.study}) > 1
    for printed in labels.printed(table):
        row = printed.row
        label = f"{row.study}: {row.label}" if several_studies and row.study not in ("", row.label) else row.label
        cells = [cell.text + (" *" if star and cell.bold else "") for cell in printed.cells]
        grid.append([label, printed.n or labels.MISSING, *cells])
    return [[one_line(text) for text in line] for line in grid]


def _aligned(line: list[str], widths: list[int]) -> str:
    first, *others = line
    aligned = [first.ljust(widths[0]), *(text.rjust(width) for text, width in zip(others, widths[1:], strict=True))]
    return "  ".join(aligned).rstrip()
