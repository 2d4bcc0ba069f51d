"""Which numbers of a table lead."""

from collections.abc import Sequence

from reports import labels
from reports.document import Cell, Row, Table
from reports.ranking import ranked

NME, AUC = (labels.column(name, "test") for name in ("nme_io", "auc_io_8"))


def ours(value: float, column=NME, protocol: str = "ytf68", **fields) -> Cell:
    return Cell(value=value, unit=column.unit, protocol=protocol, trials=("t",), n=1, asked=1, **fields)


def table(*rows: Row, columns=(NME,)) -> Table:
    return Table(name="t", title="T", caption="C", columns=columns, rows=rows)


def of_errors(*values: float) -> Table:
    return table(*(Row(label=str(value), cells=(ours(value),)) for value in values))


def ranks(of: Table) -> list[list[str]]:
    return [[cell.rank for cell in row.cells] for row in of.rows]


def bold(of: Table) -> list[list[bool]]:
    return [[rank == "best" for rank in row] for row in ranks(ranked(of))]


def test_the_lowest_error_and_the_highest_auc_are_bold():
    rows = [
        Row(label=label, cells=(ours(error), ours(area, AUC)))
        for label, error, area in (("a", 0.07, 0.2), ("b", 0.06, 0.3), ("c", 0.08, 0.4))
    ]
    assert bold(table(*rows, columns=(NME, AUC))) == [[False, False], [True, False], [False, True]]


def test_ties_as_printed_share_bold():
    rows = [Row(label=str(value), cells=(ours(value),)) for value in (0.060001, 0.060004, 0.07)]
    assert bold(table(*rows)) == [[True], [True], [False]]


def test_neither_a_published_row_nor_another_data_set_competes():
    published = Cell(value=0.01, unit=NME.unit, protocol="300W", source="literature")
    rows = [
        Row(label="published", cells=(published,), source="literature"),
        Row(label="a", cells=(ours(0.06),)),
        Row(label="b", cells=(ours(0.07),)),
        Row(label="other data", cells=(ours(0.02, protocol="300W full"),)),
    ]
    assert bold(table(*rows)) == [[False], [True], [False], [False]]


def test_nothing_is_bold_where_all_are_equal_or_on_the_training_split():
    rows = [Row(label=label, cells=(ours(0.06),)) for label in "ab"]
    assert bold(table(*rows)) == [[False], [False]]
    train = labels.column("nme_io", "train")
    rows = [Row(label=str(value), cells=(ours(value),)) for value in (0.01, 0.02)]
    assert bold(table(*rows, columns=(train,))) == [[False], [False]]


def test_a_difference_between_rows_prints_its_sign_and_is_never_the_best():
    rows = [Row(label=label, cells=(ours(value, difference=True),)) for label, value in (("a", 0.002), ("b", -0.001))]
    of = table(*rows, Row(label="c", cells=(ours(0.07),)))
    assert [row.cells[0].text for row in labels.printed(of)] == ["+0.20", "−0.10", "7.00"]
    assert bold(of) == [[False], [False], [False]]


def test_the_next_is_second_where_at_least_three_compete():
    assert ranks(ranked(of_errors(0.07, 0.06, 0.08))) == [["second"], ["best"], [""]]
    assert ranks(ranked(of_errors(0.07, 0.06))) == [[""], ["best"]]


def test_seconds_that_print_the_same_share_their_rank():
    assert ranks(ranked(of_errors(0.06, 0.070001, 0.070004, 0.08))) == [["best"], ["second"], ["second"], [""]]


def test_what_a_test_does_not_tell_from_the_best_shares_its_rank():
    def tells_only_the_last(of, best: Cell, others: Sequence[Cell]) -> list[bool | None]:
        assert (best.value, [other.value for other in others]) == (0.06, [0.061, 0.07, 0.08])
        return [False, None, True]

    found = ranked(of_errors(0.061, 0.06, 0.08, 0.07), tells_only_the_last)
    assert ranks(found) == [["best"], ["best"], [""], ["second"]]


def test_numbers_that_print_the_same_are_equal_whatever_a_test_says():
    found = ranked(of_errors(0.060001, 0.060004, 0.07), lambda of, best, others: [True] * len(others))
    assert ranks(found) == [["best"], ["best"], ["second"]]
