"""A table as GitHub-flavoured Markdown."""

from reports import escape, labels
from reports.document import Table


def render(table: Table) -> str:
    """Heading, caption, the table, then notes, how it was measured and what fills the empty cells."""
    rows = labels.printed(table)
    parts = [f"### {escape.markdown(table.title)}", escape.markdown(table.caption), _grid(table, rows)]
    if table.notes:
        notes = (f"- <sup>{escape.markdown(note.mark)}</sup> {escape.markdown(note.text)}" for note in table.notes)
        parts.append("\n".join(notes))
    if legend := labels.legend(table, "Bold", "underlined"):
        parts.append(escape.markdown(legend))
    if table.protocols:
        parts.append("Measured on: " + "; ".join(map(escape.markdown, table.protocols)) + ".")
    if table.commands:
        commands = ", ".join(map(escape.markdown_code, table.commands))
        parts.append(f"Empty or incomplete cells are filled by {commands}.")
    return "\n\n".join(parts) + "\n"


def _grid(table: Table, rows: tuple[labels.PrintedRow, ...]) -> str:
    heads = [
        escape.markdown(" ".join((labels.column_group(of), labels.column_title(of), labels.column_unit(of))).strip())
        for of in table.columns
    ]
    lines = [["", "n", *heads], ["---"] + ["---:"] * (len(heads) + 1)]
    group = ""
    for row in rows:
        if row.row.group != group:
            group = row.row.group
            lines.append([f"**{escape.markdown(group)}**"] + [""] * (len(heads) + 1))
        lines.append([_label(row), row.n or labels.MISSING, *map(_cell, row.cells)])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _label(row: labels.PrintedRow) -> str:
    detail = f" *({escape.markdown(row.row.detail)})*" if row.row.detail else ""
    return escape.markdown(row.row.label) + _marks(row.row.marks) + detail


def _cell(cell: labels.Printed) -> str:
    text = escape.markdown(cell.text)
    if cell.bold:
        text = f"**{text}**"
    elif cell.underlined:
        text = f"<ins>{text}</ins>"
    return text + _marks(cell.marks)


def _marks(marks: tuple[str, ...]) -> str:
    return f"<sup>{escape.markdown(','.join(marks))}</sup>" if marks else ""
