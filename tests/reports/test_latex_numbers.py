"""Numbers as LaTeX prints them."""

import pytest

from reports import labels
from reports.document import Cell
from reports.latex_numbers import agrees, numbers_in

NME = labels.column("nme_io", "test")  # a fraction, printed in percent with two digits
P_VALUE = labels.column("p_value", "test")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (r"  & 5.61 & \,$\pm$\,0.26\textsuperscript{1}", ["5.61 ± 0.26"]),
        (r"& \bfseries 5.61 & \bfseries \,$\pm$\,0.26", ["5.61 ± 0.26"]),
        (r"& {\underline{\tablenum[table-format=2.2]{5.61}}} & {\scriptsize[5.02, 6.10]}", ["5.61"]),
        (r"& \textbf{5.61 $\pm$ 0.26}", ["5.61 ± 0.26"]),
        (r"& \num{5.61 +- 0.26}", ["5.61 ± 0.26"]),
        (r"& 5.61(26)", ["5.61 ± 0.26"]),
        (r"Our error is 5.61\,\%, see~\cite{bao2023keyposs} and Table~\ref{tab:2}.", ["5.61"]),
        (r"ResNet18 needs 9\,654 or 9{,}654 or 9,654 steps", ["9654", "9654", "9654"]),
        (r"& $-$0.60 & $\pm$ 0.15", ["−0.60 ± 0.15"]),
        ("& −0.60 ± 0.15", ["−0.60 ± 0.15"]),
        (r"by $-0.60$", ["−0.60"]),
        ("from 5.61--5.70", ["5.61", "5.70"]),
        (r"($p < 0.001$)", ["< 0.001"]),
        (r"\multicolumn{2}{c}{--}", []),
        (r"& 7.10$_{\pm 0.26}$ & 7.10$_{\text{$\pm$ 0.26}}$", ["7.10 ± 0.26", "7.10 ± 0.26"]),
        (r"& \cellcolor[gray]{0.9}5.61 & \textcolor{red}{5.62} & \phantom{0}5.63", ["5.61", "5.62", "5.63"]),
        (r"$5.61^{\dagger}$ and $5.70^*$", ["5.61", "5.70"]),
    ],
)
def test_numbers_are_found_in_all_dresses(line, said):
    assert [str(number) for number in numbers_in(line)][: len(said)] == said
    assert bool(said) == bool(numbers_in(line))


def says(line: str, value: float, spread: float | None = None, of=NME, needs_sign: bool = True) -> bool:
    cell = Cell(value=value, spread=spread, unit=of.unit, protocol="p", trials=("t",))
    return agrees(numbers_in(line)[0], cell, of, needs_sign)


def test_a_number_is_right_with_fewer_and_with_more_digits_where_it_is_rounded_correctly():
    assert says("5.61", 0.0561234)
    assert says("5.6", 0.0561234)
    assert says("6", 0.0561234)
    assert says("5.61234", 0.0561234)
    assert not says("5.7", 0.0564999)
    assert not says("5.62", 0.0561234)
    assert not says("5", 0.0561234)


def test_the_spread_is_compared_where_the_line_has_one():
    assert says(r"5.61 $\pm$ 0.26", 0.0561, 0.00263)
    assert not says(r"5.61 $\pm$ 0.27", 0.0561, 0.00263)
    assert not says(r"5.61 $\pm$ 0.26", 0.0561)
    assert says("5.61", 0.0561, 0.00263)


def test_a_sentence_may_leave_out_the_sign_of_a_difference_and_a_table_may_not():
    change = labels.column("nme_io", "test", difference=True)
    assert says("lower by 0.60", -0.0060, of=change, needs_sign=False)
    assert not says("0.60", -0.0060, of=change, needs_sign=True)
    assert says("-0.60", -0.0060, of=change)
    assert not says("+0.60", -0.0060, of=change, needs_sign=False)


def test_a_bound_is_right_above_the_value():
    assert says("$p < .001$", 0.0000012, of=P_VALUE)
    assert not says("$p < .001$", 0.02, of=P_VALUE)


def test_an_infinite_error_is_printed_so():
    assert says(r"& $\infty$", float("inf"))
    assert not says("& 5.61", float("inf"))
