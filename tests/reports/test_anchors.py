"""A cell's address in words, as it stands in a LaTeX comment."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reports import anchors, labels
from reports.document import Cell, Row, Table

NME = labels.column("nme_io", "test")
text = st.text(st.sampled_from("ab|%\\{}:; \n\r\t\x1b\x00\u2028é×") | st.characters(), max_size=12)


def table(*rows: Row, columns=(NME,)) -> Table:
    return Table(name="demo_overview", title="", caption="", columns=columns, rows=rows)


def row(label: str, cell: Cell | None = None, **about: str) -> Row:
    return Row(label=label, cells=(cell or Cell(),), **about)  # pyright: ignore[reportArgumentType]


def number(**about) -> Cell:
    return Cell(value=0.05, unit=NME.unit, protocol="WFLW (data d1ge)", **about)


def test_an_anchor_names_the_cell_its_trials_and_the_commits():
    shown = table(row("ResNet18", number(trials=("a1b2", "c3d4"), commits=("0123abcdef01+",))))
    expected = "marksweep: demo_overview | ResNet18 | nme_io test | trials a1b2 c3d4 | commit 0123abcdef01+"
    assert anchors.anchors(shown) == ((expected,),)


@pytest.mark.parametrize(
    ("cell", "said"),
    [(number(source="literature"), "published; WFLW (data d1ge)"), (Cell(source="literature"), "not published"),
     (Cell(progress="0/3 seeds", command="marksweep run a"), "0/3 seeds; fill with: marksweep run a"),
     (Cell(text="not asked"), "not asked")],
)  # fmt: skip
def test_an_anchor_says_why_there_is_no_number_of_ours(cell, said):
    ((comment,),) = anchors.anchors(table(row("x", cell)))
    assert comment == f"marksweep: demo_overview | x | nme_io test | {said}"


def test_rows_of_one_label_are_told_apart_by_their_group_and_others_keep_their_name():
    shown = table(row("DARK", group="Published"), row("DARK", group="Ours"), row("KeyPosS", group="Ours"))
    assert anchors.row_keys(shown) == ("DARK, Published", "DARK, Ours", "KeyPosS")


def test_rows_that_no_word_tells_apart_are_numbered():
    assert anchors.row_keys(table(row("a"), row("a"), row("a (2)"))) == ("a", "a (2)", "a (2) (2)")


def test_columns_are_named_by_metric_split_subset_group_and_title():
    columns = (
        NME,
        labels.column("nme_io", "test", difference=True),
        labels.column("nme_io", "test", subset="blur"),
        labels.column("nme_io", "test", group="WFLW", title="16×16"),
    )
    shown = Table(name="t", title="", caption="", columns=columns, rows=())
    names = ("nme_io test", "Δ nme_io test", "nme_io test, blur", "nme_io test, WFLW, 16×16")
    assert anchors.column_keys(shown) == names


@given(st.lists(st.tuples(text, text), min_size=1, max_size=6), text, text)
@settings(max_examples=300, deadline=None)
def test_whatever_the_names_are_a_cell_is_found_again_by_its_anchor(rows, name, trial):
    shown = Table(
        name=name,
        title="",
        caption="",
        columns=(NME, labels.column("auc_io_8", "val", title=name)),
        rows=tuple(
            Row(label=label, group=group, cells=(number(trials=(trial,)), Cell(text=group))) for label, group in rows
        ),
    )
    keys = anchors.row_keys(shown)
    assert len(set(keys)) == len(rows)
    for key, line in zip(keys, anchors.anchors(shown), strict=True):
        for column, comment in zip(anchors.column_keys(shown), line, strict=True):
            assert len(comment.splitlines()) == 1
            found = anchors.parse(f"  & 5.61 \\% % {comment}")
            assert found is not None
            assert (found.table, found.row, found.column) == (anchors.table_key(name), key, column)
        assert len(found.trials) == 0 and len(anchors.parse(f"% {line[0]}").trials) == 1


@pytest.mark.parametrize("line", ["% measured on: WFLW", r"5\% marksweep: a | b | c", "marksweep: a | b | c", "5.61"])
def test_other_lines_have_no_anchor(line):
    assert anchors.parse(line) is None


def test_an_address_written_by_hand_is_enough():
    found = anchors.parse(r"Our error is 5.61\,\%. % marksweep: demo_overview | ResNet18|nme_io test")
    assert found == anchors.Anchor(table="demo_overview", row="ResNet18", column="nme_io test")
