"""Cells of a table as they print, found by the words around them."""

from reports import labels, ranking
from reports.document import Table


def printed(table: Table, row: str, column: str, *groups: str) -> labels.Printed:
    """A cell by the words of its row and column; words of their groups tell rows or columns of one name apart.

    Words that are the whole heading of a column stand for that heading alone: "WFLW" is not "WFLW: blur".
    """
    found = [
        cell
        for line in labels.printed(ranking.ranked(table))
        for of, cell in zip(table.columns, line.cells, strict=True)
        if line.row.label == row and column == labels.column_title(of)
        if all(words in line.row.group or words == labels.column_group(of) for words in groups)
    ]
    assert len(found) == 1, (row, column, groups, len(found))
    return found[0]
