"""Tables are checked when they are made."""

import pytest

from reports import labels
from reports.document import Cell, Note, Progress, Row, Table

NME = labels.column("nme_io", "test")


def table(cell: Cell, notes: tuple[Note, ...] = ()) -> Table:
    row = Row(label="plain", cells=(cell,))
    return Table(name="t", title="T", caption="C", columns=(NME,), rows=(row,), notes=notes)


@pytest.mark.parametrize(("given", "missing"), [({"protocol": "p"}, "unit"), ({"unit": "fraction"}, "protocol")])
def test_a_number_without_unit_or_protocol_cannot_be_put_into_a_table(given, missing):
    with pytest.raises(ValueError, match=f"no {missing}"):
        Cell(value=0.07, trials=("t0",), **given)


def test_a_number_of_ours_names_its_trials():
    with pytest.raises(ValueError, match="no trial"):
        Cell(value=0.07, unit="fraction", protocol="p")


def test_a_number_that_is_none_is_refused():
    with pytest.raises(ValueError, match="nan"):
        Cell(value=float("nan"), unit="fraction", protocol="p", trials=("t0",))


def test_a_cell_in_another_unit_than_its_column_is_refused():
    with pytest.raises(ValueError, match="'px', the column in 'fraction'"):
        table(Cell(value=3.0, unit="px", protocol="p", trials=("t0",)))


def test_a_mark_needs_its_note():
    with pytest.raises(ValueError, match="no note for the mark a"):
        table(Cell(marks=("a",)))
    table(Cell(marks=("a",)), notes=(Note("a", "why"),))


def test_a_row_has_one_cell_per_column():
    with pytest.raises(ValueError, match="0 cells for 1 columns"):
        Table(name="t", title="T", caption="C", columns=(NME,), rows=(Row(label="plain", cells=()),))


def test_progress_says_what_is_left():
    progress = Progress(done=4, running=1, failed=1)
    assert str(progress) == "4 of 6 trials done, 1 running or to resume, 1 failed"
