"""A table as CSV: one line per cell, full precision, the trials behind it. For one's own plots and checks."""

import csv
import io

from reports import escape, labels
from reports.document import Table

COLUMNS = (
    "table", "group", "row", "source", "citation", "study", "variant", "column", "metric", "split", "subset",
    "difference", "value", "spread", "low", "high", "n", "unit", "rank", "printed", "protocol", "trials", "commits",
    "seed_values", "status", "command", "notes",
)  # fmt: skip


def render(table: Table) -> str:
    """Values are in `unit`, unscaled; `printed` is what the table shows."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(COLUMNS)
    for printed in labels.printed(table):
        row = printed.row
        for of, cell, words in zip(table.columns, row.cells, printed.cells, strict=True):
            behind = (" ".join(cell.trials), " ".join(cell.commits))
            writer.writerow([
                *_texts(table.name, row.group, row.label, row.source, row.citation, row.study, row.variant),
                *_texts(f"{labels.column_group(of)} {labels.column_title(of)}", of.metric, of.split, of.subset),
                of.difference or cell.difference,
                *map(_exact, (cell.value, cell.spread, *(cell.interval or (None, None)))),
                cell.n or "", of.unit, cell.rank, "" if cell.value is None else words.text,
                *_texts(cell.protocol, *behind), " ".join(map(repr, cell.seed_values)),
                *_texts(cell.text or cell.progress, cell.command, " ".join((*row.marks, *cell.marks))),
            ])  # fmt: skip
    return buffer.getvalue()


def _exact(value: float | None) -> str:
    return "" if value is None else repr(value)


def _texts(*texts: str) -> list[str]:
    return [escape.spreadsheet(text) for text in texts]
