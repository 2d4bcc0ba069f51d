"""Which numbers of a manuscript are no longer the ledger's."""

from pathlib import Path

import pytest

from reports import latex, registry
from reports.build import build_report
from reports.manuscript import check
from reports.query import Results

HERE = "demo_overview | plain | nme_io test"


@pytest.fixture
def results(three_seeds) -> Results:
    """plain: 7.10 ± 0.10 %; blur: 8.20 ± 0.10 %, +1.10."""
    return three_seeds({"plain": [0.070, 0.071, 0.072], "blur": [0.081, 0.082, 0.083]})


@pytest.fixture
def paper(tmp_path):
    def write(*lines: str, name: str = "paper.tex") -> Path:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("\n".join(lines), encoding="utf-8")
        return path

    return write


def test_a_table_that_was_just_written_agrees(results, paper, tmp_path):
    build_report(results, tmp_path / "report", ["demo_overview"])
    checked = check(results, paper(r"\input{report/tables/demo_overview}"))
    assert checked.is_right
    assert str(checked) == f"{len(checked.numbers)} numbers in 2 files: {len(checked.numbers)} agree."
    assert len(checked.numbers) == 4


def test_a_number_that_changed_is_named_with_both_and_its_place(results, paper):
    anchor = f"% marksweep: {HERE} | trials 0123 4567"
    checked = check(results, paper("", rf"  & 6.90 & \,$\pm$\,0.10 {anchor}"))
    said = f"{HERE}: the manuscript says 6.90 ± 0.10, the ledger 7.10 ± 0.10, which has other trials now"
    assert str(checked.numbers[0]).endswith(f"paper.tex:2: {said}")
    assert not checked.is_right
    assert str(checked) == "1 number in 1 file: 0 agree, 1 differs."


@pytest.mark.parametrize(
    ("line", "verdict"),
    [
        (rf"Our error is 7.1\,\% with 68 landmarks % marksweep: {HERE}", "agrees"),
        (rf"Our error is 7.2\,\% with 7 layers % marksweep: {HERE}", "differs"),
        ("It is worse by 1.10 % marksweep: demo_overview | blur | Δ nme_io test", "agrees"),
        (f"No number at all % marksweep: {HERE}", "differs"),
        ("& 7.10 % marksweep: demo_overview | plane | nme_io test", "gone"),
        ("& 7.10 % marksweep: demo_overview | plain | nme_oi test", "gone"),
        ("& 7.10 % marksweep: demo_overvew | plain | nme_io test", "gone"),
        (r"& \multicolumn{2}{c}{not run} % marksweep: resnet18_1 | resnet18_300w | mse val | not run", "unfilled"),
        (r"& \multicolumn{2}{c}{--} % marksweep: demo_overview | plain | Δ nme_io test | –", "agrees"),
    ],
)
def test_each_line_with_an_anchor_gets_its_verdict(results, paper, line, verdict):
    (found,) = check(results, paper(line)).numbers
    assert found.verdict == verdict, found


@pytest.mark.parametrize(
    ("address", "hint"),
    [("demo_overvew | plain | nme_io test", "'demo_overview'"), ("demo_overview | plane | nme_io test", "'plain'"),
     ("demo_overview | plain | nme_oi test", "'nme_io test'")],
)  # fmt: skip
def test_what_is_gone_is_answered_with_the_nearest_name(results, paper, address, hint):
    (found,) = check(results, paper(f"7.10 % marksweep: {address}")).numbers
    assert f"Did you mean {hint}?" in str(found)


def test_only_the_tables_that_are_named_are_built(results, paper, monkeypatch):
    built = []
    monkeypatch.setattr(registry, "_judged", lambda results, make: built.append(make) or make())
    check(results, paper(f"7.10 % marksweep: {HERE}", f"7.1 % marksweep: {HERE}"))
    assert len(built) == 1


def test_included_files_are_read_below_the_manuscripts_folder_and_others_are_named(results, paper, tmp_path):
    paper(f"Ours: 7.10 % marksweep: {HERE}", r"\input{paper}", name="parts/method.tex")
    (tmp_path.parent / "secret.tex").write_text(f"6.66 % marksweep: {HERE}")
    includes = (r"\include{parts/method}", r"\input{parts/missing.tex}", r"\input{../secret}", r"% \input{commented}")
    checked = check(results, paper(*includes))
    assert [Path(file).name for file in checked.files] == ["paper.tex", "method.tex"]
    assert checked.count("agrees") == len(checked.numbers) == 1
    missing, outside = checked.left_out
    assert "paper.tex:2: parts/missing.tex is missing" in missing
    assert "paper.tex:3: ../secret is not below the manuscript's folder" in outside


def test_table_lines_without_an_anchor_are_counted(results, paper):
    checked = check(results, paper("SAN & 3.98 \\\\", "plain & 3 \\\\", f"& 7.10 % marksweep: {HERE}", "In 2.5 hours"))
    assert checked.num_without_anchor == 1


def test_a_table_of_ones_own_is_known_by_its_file(results, paper, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("mine.py").write_text(
        "from reports import cells, labels\nfrom reports.document import Table\nSTUDIES = ('demo',)\n"
        "C = (labels.column('nme_io', 'test'),)\ndef build(results):\n"
        "    return Table(name='', title='', caption='', columns=C, rows=cells.study_rows(results, 'demo', C))\n"
    )
    manuscript = paper("& 7.10 % marksweep: mine | plain | nme_io test")
    assert check(results, manuscript, ["mine.py"]).is_right
    (gone,) = check(results, manuscript).numbers
    assert "known by its file" in str(gone)


def test_every_number_of_every_table_is_found_again_in_its_latex(realistic, paper, tmp_path):
    results = Results(realistic)
    for item in registry.items(results):
        if not item.is_figure and (table := item.build()) is not None:
            checked = check(results, paper(latex.render(table), name=f"{item.name}.tex"))
            assert checked.numbers and checked.is_right, [
                str(one) for one in checked.numbers if one.verdict != "agrees"
            ]


def test_what_is_commented_out_or_stands_behind_the_end_is_not_printed(results, paper):
    wrong = rf"  & 9.99 % marksweep: {HERE}"
    checked = check(results, paper(rf"7.10 % marksweep: {HERE}", f"% {wrong}", r"\end{document}", wrong))
    assert checked.is_right and len(checked.numbers) == 1


def test_includes_are_read_in_every_spelling(results, paper):
    paper(rf"9.99 % marksweep: {HERE}", name="a.tex")
    paper(rf"9.98 % marksweep: {HERE}", name="tables/b.tex")
    checked = check(results, paper(r"\input a", r"\subimport{tables/}{b}"))
    assert [one.manuscript for one in checked.numbers] == ["9.99", "9.98"]


def test_a_manuscript_is_not_right_where_something_of_it_could_not_be_read_or_has_no_anchor(results, paper):
    assert not check(results, paper(rf"7.10 % marksweep: {HERE}", r"\input{nothing}")).is_right
    assert not check(results, paper("No number.")).is_right
