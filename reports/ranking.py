"""Which numbers of a table lead: the best of each column, and the next. Pure decisions on a table's data."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from reports import labels
from reports.document import Cell, Column, Table

# Of a column, its best cell and the others: whether a test tells each other apart from the best; None where it cannot.
TellsApart = Callable[[Column, Cell, Sequence[Cell]], Sequence[bool | None]]


def untested(of: Column, best: Cell, others: Sequence[Cell]) -> Sequence[None]:
    return [None] * len(others)


def ranked(table: Table, tells_apart: TellsApart = untested) -> Table:
    """The table with the rank of each cell of ours.

    Only cells of one protocol and data are rivals. The best shares its rank with all that the test does not tell from
    it, and where nothing can be tested with those that print the same; the second is the best of the rest, if at least
    three compete. A column whose numbers are all equal, or where one stands alone, has no best.
    """
    ranks: dict[tuple[int, int], str] = {}
    for place, of in enumerate(table.columns):
        for rows in _rivals(table, place, of):
            ranks |= {(row, place): rank for row, rank in _ranks(table, rows, place, of, tells_apart).items()}
    return replace(
        table,
        rows=tuple(
            replace(
                row,
                cells=tuple(replace(cell, rank=ranks.get((index, place), "")) for place, cell in enumerate(row.cells)),
            )
            for index, row in enumerate(table.rows)
        ),
    )


def _rivals(table: Table, place: int, of: Column) -> list[list[int]]:
    """Rows whose numbers of a column may be compared, by protocol."""
    if not of.compare or of.difference:
        return []
    groups: dict[str, list[int]] = {}
    for index, row in enumerate(table.rows):
        cell = row.cells[place]
        if cell.value is not None and cell.source == "ours" and not cell.difference:
            groups.setdefault(cell.protocol, []).append(index)
    return list(groups.values())


def _ranks(table: Table, rows: list[int], place: int, of: Column, tells_apart: TellsApart) -> dict[int, str]:
    printed = {index: _as_printed(table.rows[index].cells[place], of) for index in rows}
    if len(set(printed.values())) < 2:
        return {}
    lower_is_better = labels.metric(of.metric).lower_is_better
    exact = {index: table.rows[index].cells[place].value for index in rows}
    # By what is printed first: two that print the same are equal to the reader.
    ordered = sorted(rows, key=lambda index: (printed[index], exact[index]), reverse=not lower_is_better)
    best, *others = ordered
    verdicts = tells_apart(of, table.rows[best].cells[place], [table.rows[index].cells[place] for index in others])
    tied = [
        index
        for index, differs in zip(others, verdicts, strict=True)
        if printed[index] == printed[best] or differs is False
    ]
    ranks = dict.fromkeys([best, *tied], "best")
    rest = [index for index in others if index not in ranks]
    if rest and len(rows) > 2:
        ranks |= {index: "second" for index in rest if printed[index] == printed[rest[0]]}
    return ranks


def _as_printed(cell: Cell, of: Column) -> float:
    return float(labels.number(cell.value, of).replace("−", "-").replace("∞", "inf").lstrip("< "))  # pyright: ignore[reportArgumentType]
