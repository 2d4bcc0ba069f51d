"""The verbs that trace numbers, as they are typed."""

from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from reports.__main__ import app
from tests.reports.saving import save


@pytest.fixture
def marksweep(tmp_path, monkeypatch, ledger, three_seeds) -> Callable[..., tuple[int, str]]:
    """Exit code and output, in a folder whose ledger has a study: plain 7.10 ± 0.10 %, blur 8.20 ± 0.10 %."""
    for name in ("MARKSWEEP_STORAGE", "MARKSWEEP_DATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    three_seeds({"plain": [0.070, 0.071, 0.072], "blur": [0.081, 0.082, 0.083]})
    save(ledger, tmp_path / "runs")

    def run(*arguments: str) -> tuple[int, str]:
        done = CliRunner().invoke(app, list(arguments))
        return done.exit_code, done.output

    return run


def test_why_explains_a_number_and_ends_with_the_next_command(marksweep):
    code, said = marksweep("why", "demo_overview", "blur", "nme_io test")
    assert code == 0
    assert "8.20 ± 0.10 % ↓  from 3 seeds" in said
    assert said.splitlines()[-1].startswith('Next: marksweep query "SELECT ')


def test_why_without_a_column_says_what_can_be_asked(marksweep):
    code, said = marksweep("why", "demo_overview")
    assert (code, said.splitlines()[-1]) == (0, "Next: marksweep why demo_overview plain 'nme_io test'")
    code, said = marksweep("why", "demo_overview", "blur")
    assert (code, said.splitlines()[-1]) == (0, "Next: marksweep why demo_overview blur 'nme_io test'")


def test_why_of_a_wrong_name_lists_the_right_ones(marksweep):
    code, said = marksweep("why", "demo_overview", "blurr", "nme_io test")
    assert (code, "Did you mean 'blur'?" in said) == (2, True)


def test_a_manuscript_that_differs_gives_exit_code_1_and_one_that_agrees_0(marksweep):
    Path("paper.tex").write_text(
        "7.10 % marksweep: demo_overview | plain | nme_io test\n8.3 % marksweep: demo_overview | blur | nme_io test\n"
    )
    code, said = marksweep("report", "--check", "paper.tex")
    assert code == 1
    first, summary, following = said.splitlines()
    assert first == "paper.tex:2: demo_overview | blur | nme_io test: the manuscript says 8.3, the ledger 8.20 ± 0.10"
    assert summary == "2 numbers in 1 file: 1 agree, 1 differs."
    assert following == "Next: marksweep why demo_overview blur 'nme_io test'"
    Path("paper.tex").write_text("7.1 % marksweep: demo_overview | plain | nme_io test\n")
    assert marksweep("report", "--check", "paper.tex")[0] == 0


def test_a_table_that_is_gone_is_one_line_for_all_its_numbers(marksweep):
    Path("paper.tex").write_text("7.10 % marksweep: my_table | plain | nme_io test\n" * 3)
    code, said = marksweep("report", "--check", "paper.tex")
    first, *_, following = said.splitlines()
    assert (code, following) == (1, "Next: marksweep report")
    assert first.startswith("my_table (3 numbers): no table is called so.") and said.count("my_table") == 1


def test_a_table_of_ones_own_that_differs_is_asked_for_by_its_file(marksweep):
    Path("mine.py").write_text(
        "from reports import cells, labels\nfrom reports.document import Table\nSTUDIES = ('demo',)\n"
        "C = (labels.column('nme_io', 'test'),)\ndef build(results):\n"
        "    rows = cells.study_rows(results, 'demo', C)\n"
        "    return Table(name='t', title='T', caption='C', columns=C, rows=rows)\n"
    )
    Path("paper.tex").write_text("9.99 % marksweep: mine | plain | nme_io test\n")
    code, said = marksweep("report", "mine.py", "--check", "paper.tex")
    assert (code, said.splitlines()[-1]) == (1, "Next: marksweep why mine.py plain 'nme_io test'")


def test_a_file_that_makes_nothing_is_said(marksweep):
    Path("mine.py").write_text("STUDIES = ('demo',)\ndef build(results): return None\n")
    assert "mine.py has nothing to show: its build returned None." in marksweep("report", "mine.py")[1]


def test_a_manuscript_that_is_not_there_is_named(marksweep):
    code, said = marksweep("report", "--check", "papr.tex")
    assert (code, "papr.tex" in said) == (2, True)


def test_an_anonymous_report_names_older_files_beside_it(marksweep):
    assert "Not written now" not in marksweep("report", "demo_overview", "--anonymous")[1]
    Path("report/tables/older.md").write_text("by Jane")
    code, said = marksweep("report", "demo_overview", "--anonymous")
    assert (code, "perhaps not anonymous: report/tables/older.md" in said) == (0, True)


def test_watching_ends_when_all_is_done_and_the_page_no_longer_looks_for_a_newer_one(marksweep, monkeypatch):
    monkeypatch.setattr("reports.rebuilding._QUIET_SECONDS", 0.0)
    code, said = marksweep("report", "demo_overview", "--watch", "--every", "0.5")
    assert code == 0
    assert "  built: 6 of 6 trials done" in said
    assert 'http-equiv="refresh"' not in Path("report/index.html").read_text("utf-8")


def test_a_check_writes_no_report(marksweep):
    code, said = marksweep("report", "--check", "paper.tex", "--watch")
    assert (code, "without --watch" in said) == (2, True)
