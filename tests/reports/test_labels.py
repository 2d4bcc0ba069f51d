"""How numbers print."""

from dataclasses import replace

import numpy as np
import pytest

from reports import labels, text
from reports.document import Cell, Row, Table
from trainables import metrics

NME, AUC, MSE = (labels.column(name, "test") for name in ("nme_io", "auc_io_8", "mse"))


def ours(value: float, column=NME, protocol: str = "ytf68", **fields) -> Cell:
    return Cell(value=value, unit=column.unit, protocol=protocol, trials=("t",), n=1, asked=1, **fields)


def table(*rows: Row, columns=(NME,)) -> Table:
    return Table(name="t", title="T", caption="C", columns=columns, rows=rows)


@pytest.mark.parametrize(
    ("column", "value", "printed"),
    [(NME, 0.06854, "6.85"), (AUC, 0.24967, "0.250"), (MSE, 0.0012, "1.200"),
     (labels.column("nme_io", "test", difference=True), 0.0042, "+0.42"),
     (labels.column("nme_io", "test", difference=True), -0.0042, "−0.42"),
     (labels.column("nme_io", "test", difference=True), -0.00001, "0.00"),
     (NME, float("inf"), "∞"), (AUC, float("-inf"), "−∞"),
     (labels.column("nme_io", "test", difference=True), float("inf"), "+∞"),
     (labels.column("p_value", "test"), 0.0004, "< 0.001"), (labels.column("p_value", "test"), 0.0312, "0.031"),
     (labels.column("parameters", "test"), 9_654_398.0, "9.65"), (labels.column("num_images", "test"), 393.0, "393")],
)  # fmt: skip
def test_a_value_prints_with_the_units_and_digits_of_its_metric(column, value, printed):
    assert labels.number(value, column) == printed


@pytest.mark.parametrize(
    ("metric", "published", "scale", "digits"),
    [
        ("mse", "0.0012", 1.0, 1),
        ("nme_io", "3.28", 100.0, 2),
        ("accuracy_3px", "95.4", 100.0, 1),
        ("mse", "1", 1.0, 0),
        ("auc_box_7", "70.1", 100.0, 3),
    ],
)
def test_a_published_number_keeps_its_precision(metric, published, scale, digits):
    assert labels.published_digits(published, labels.column(metric, "val"), scale) == digits


def test_n_stands_in_the_row_and_in_a_cell_only_where_it_differs():
    full = Cell(value=0.06, spread=0.001, n=3, asked=3, unit=NME.unit, protocol="p", trials=("t",) * 3)
    partial = Cell(value=0.06, spread=0.002, n=2, asked=3, unit=NME.unit, protocol="p", trials=("t",) * 2)
    both, short = labels.printed(
        table(Row(label="a", cells=(full, partial)), Row(label="b", cells=(partial, partial)), columns=(NME, NME))
    )
    assert (both.n, [cell.text for cell in both.cells]) == ("3", ["6.00 ± 0.10", "6.00 ± 0.20 (n=2/3)"])
    assert (short.n, [cell.text for cell in short.cells]) == ("2/3", ["6.00 ± 0.20", "6.00 ± 0.20"])


def test_a_cell_without_seeds_says_nothing_of_them():
    counted = Cell(value=9.6e6, unit="count", protocol="p", trials=("t",))
    columns = (NME, labels.column("parameters", "test"))
    (row,) = labels.printed(table(Row(label="a", cells=(ours(0.06), counted)), columns=columns))
    assert (row.n, row.cells[1].text) == ("1", "9.60")


def test_a_column_can_be_called_by_what_tells_it_from_the_others():
    of = labels.column("nme_io", "test", title="8×8", group="WFLW")
    assert (labels.column_group(of), labels.column_title(of), labels.metric_title(of)) == ("WFLW", "8×8", "NME io")
    assert (labels.column_unit(of), labels.column_unit(labels.column("macs", "test"))) == ("% ↓", "G")


def test_an_unknown_metric_is_answered_with_the_nearest_and_all():
    with pytest.raises(ValueError, match=r"Did you mean 'auc_io_8'\?.*Known: mse, nme_io"):
        labels.metric("auc_io8")


def test_every_metric_of_a_measurement_has_a_name():
    norms = ("io", "ip", "box", "diag", "width", "dataset_box", "dataset_diag")
    measured = metrics.summary(np.ones((1, 2)), np.ones((1, 2)), {name: np.ones(1) for name in norms})
    assert set(measured) <= set(labels.METRICS)


def test_a_single_seed_prints_the_interval_of_its_images():
    of_one = ours(0.06, interval=(0.055, 0.066))
    of_three = Cell(
        value=0.06, spread=0.001, n=3, asked=3, unit=NME.unit, protocol="p", trials=("t",), interval=(0.055, 0.066)
    )
    one, three = labels.printed(table(Row(label="a", cells=(of_one,)), Row(label="b", cells=(of_three,))))
    assert (one.cells[0].text, three.cells[0].text) == ("6.00 [5.50, 6.60]", "6.00 ± 0.10")


def test_plain_text_is_aligned_and_marks_the_best():
    rows = (Row(label="plain", cells=(ours(0.07),)), Row(label="augmented", cells=(ours(0.06, rank="best"),)))
    assert text.plain(replace(table(*rows), legend="the best of our rows on the same data")) == (
        "T (Test)\n\n"
        "           n  NME io\n"
        "                 % ↓\n"
        "--------------------\n"
        "plain      1    7.00\n"
        "augmented  1  6.00 *\n"
        "*: the best of our rows on the same data.\n"
    )


def test_plain_text_has_the_headings_of_groups():
    rows = (Row(label="a", cells=(ours(0.07),), group="blur"), Row(label="b", cells=(ours(0.06),), group="pose"))
    lines = text.plain(table(*rows)).splitlines()
    assert [line.split("  ")[0] for line in lines[5:]] == ["blur", "a", "pose", "b"]


def test_plain_text_has_headings_above_the_columns_of_a_group():
    columns = (
        labels.column("nme_io", "test", title="8×8", group="WFLW"),
        labels.column("nme_io", "test", title="4×4", group="WFLW"),
        labels.column("nme_io", "test", title="8×8", group="COCO-WholeBody"),
    )
    lines = text.plain(table(Row(label="a", cells=(ours(0.07),) * 3), columns=columns)).splitlines()
    assert lines[2:6] == [
        "      ···WFLW···  COCO-WholeBody",
        "   n   8×8   4×4             8×8",
        "       % ↓   % ↓             % ↓",
        "--------------------------------",
    ]
