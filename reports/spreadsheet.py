"""A table as CSV: one line per cell, full precision, the trials behind it. For one's own plots and checks."""

import csv
import io

from orchestrator.errors import one_line
from reports import escape, labels
from reports.document import Column, Table

COLUMNS = (
    "table", "group", "row", "source", "citation", "study", "variant", "column", "metric", "split", "subset",
    "difference", "value", "spread", "n", "unit", "printed", "protocol", "trials", "seed_values", "status",
    "command", "notes",
)  # fmt: skip


def render(table: Table) -> str:
    """Values are in `unit`, unscaled; `printed` is what the table shows."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(COLUMNS)
    for printed in labels.printed(table):
        row = printed.row
        for of, cell, words in zip(table.columns, row.cells, printed.cells, strict=True):
            texts = (row.group, row.label, row.source, row.citation, row.study, row.variant)
            writer.writerow([
                table.name, *map(escape.spreadsheet, texts), _heading(of), of.metric, of.split, of.subset,
                of.difference or cell.difference,
                "" if cell.value is None else repr(cell.value), "" if cell.spread is None else repr(cell.spread),
                cell.n or "", of.unit, "" if cell.value is None else words.text, escape.spreadsheet(cell.protocol),
                " ".join(map(one_line, cell.trials)), " ".join(map(repr, cell.seed_values)),
                escape.spreadsheet(cell.text or cell.progress), escape.spreadsheet(cell.command),
                " ".join((*row.marks, *cell.marks)),
            ])  # fmt: skip
    return buffer.getvalue()


def _heading(of: Column) -> str:
    return escape.spreadsheet(f"{labels.column_group(of)} {labels.column_title(of)}")
