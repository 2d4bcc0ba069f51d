"""Tables as LaTeX: what is written, that it parses, and that a real LaTeX takes it without a warning."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from pylatexenc.latexwalker import LatexWalker

from reports import bibliography, labels, latex, registry
from reports.document import Cell, Note, Row, Table
from reports.query import Results

NME = labels.column("nme_io", "test")
DELTA = labels.column("nme_io", "test", difference=True)

DOCUMENT = r"""\documentclass{article}
\usepackage[T1]{fontenc}
\usepackage{booktabs,siunitx,graphicx,longtable}
\begin{document}
%s
\bibliographystyle{plain}
\bibliography{references}
\end{document}
"""


def ours(value: float, column=NME, **fields) -> Cell:
    return Cell(value=value, unit=column.unit, protocol="p", trials=("t1", "t2"), n=2, asked=2, **fields)


def table(*rows: Row, **fields) -> Table:
    return Table(**{"name": "t", "title": "T", "caption": "C", "columns": (NME, DELTA), "rows": rows, **fields})


NASTY = r"""50% of $a_b$ & #1 {x} \input{/etc/passwd} ^^5c ~ "quoted" <tag> | ü ł é λ σ ₁ 10⁻³ → ’ ± × \\"""


@pytest.fixture(scope="module")
def every_table(realistic) -> list[Table]:
    """All tables of a ledger, and one whose every text tries to break out."""
    built = [item.build() for item in registry.items(Results(realistic)) if not item.is_figure]
    cell = ours(0.0561, spread=0.0026, rank="second", marks=("a",))
    nasty = table(
        Row(label=NASTY, cells=(cell, Cell(text=NASTY)), detail=NASTY, group=NASTY),
        Row(label="empty", cells=(Cell(progress=NASTY, command=NASTY),) * 2),
        caption=NASTY, notes=(Note("a", NASTY),), legend=NASTY, name=NASTY,
    )  # fmt: skip
    rows = (Row(label=f"row {number}", cells=(cell, cell)) for number in range(60))
    many = table(*rows, name="many", notes=(Note("a", "A."),))
    return [*(one for one in built if isinstance(one, Table)), nasty, many]


def test_numbers_stand_in_columns_that_siunitx_aligns():
    written = latex.render(
        table(
            Row(label="a", cells=(ours(0.0561, spread=0.0026), ours(-0.004, DELTA))),
            Row(label="b", cells=(ours(0.1261), ours(0.0042, DELTA, spread=0.001))),
        )
    )
    assert "table-format=2.2]@{}l" in written and "table-format=+1.2]@{}l" in written
    assert r"& 5.61 & \,$\pm$\,0.26 %" in written and "& 12.61 & %" in written
    assert "& -0.40 & %" in written and r"& +0.42 & \,$\pm$\,0.10 %" in written


def test_the_best_is_bold_and_the_second_underlined():
    written = latex.render(
        table(
            Row(label="a", cells=(ours(0.05, rank="best", marks=("†",)), Cell(text="–"))),
            Row(label="b", cells=(ours(0.06, rank="second"), Cell(text="–"))),
            notes=(Note("†", "Differs."),),
            legend="the best of our rows",
        )
    )
    assert r"& \bfseries 5.00 & \bfseries \textsuperscript{\textdagger{}} %" in written
    assert r"& {\underline{\tablenum[table-format=1.2]{6.00}}} & %" in written
    assert r"\textsuperscript{\textdagger{}}~Differs." in written
    assert "Bold: the best of our rows; underlined: the next." in written


def test_what_is_no_plain_number_stands_across_both_columns():
    words = table(
        Row(label="a", cells=(Cell(text="24.1+28.3"), Cell(progress="1/3 seeds"))),
        Row(label="b", cells=(ours(float("inf")), Cell(text="–"))),
    )
    written = latex.render(words)
    for text in ("24.1+28.3", "1/3 seeds", r"$\infty$", "--"):
        assert rf"& \multicolumn{{2}}{{c}}{{{text}}} %" in written


def test_every_cell_ends_in_a_comment_with_its_trials_and_commits():
    written = latex.render(table(Row(label="plain", cells=(ours(0.05, commits=("0123abc",)), Cell(text="–")))))
    assert "% marksweep: t | plain | nme_io test | trials t1 t2 | commit 0123abc\n" in written


def test_published_rows_are_cited():
    row = Row(label="LAB", cells=(Cell(text="–"),) * 2, group="Published: Bao", citation="bao2023keyposs")
    assert r"\emph{Published: Bao}~\cite{bao2023keyposs}" in latex.render(table(row))


def test_more_rows_than_a_page_holds_go_over_several(every_table):
    written = latex.render(every_table[-1])
    assert r"\begin{longtable}" in written and r"\endhead" in written


def test_every_table_parses(every_table):
    for one in every_table:
        written = latex.render(one)
        nodes, start, length = LatexWalker(written, tolerant_parsing=False).get_latex_nodes()
        assert nodes and (start, length) == (0, len(written)), one.name


def test_latex_takes_every_table_without_a_warning(every_table, tmp_path: Path):
    if shutil.which("pdflatex") is None or shutil.which("bibtex") is None:
        pytest.skip("no LaTeX here: Debian has it as texlive-latex-recommended and texlive-science")
    body = "\n".join(f"{latex.render(one)}\\clearpage" for one in every_table)
    (tmp_path / "all.tex").write_text(DOCUMENT % body, "utf-8")
    (tmp_path / "references.bib").write_text(bibliography.render(bibliography.cited(every_table)), "utf-8")
    run = ["pdflatex", "-draftmode", "-interaction=nonstopmode", "-halt-on-error", "-no-shell-escape", "all"]
    for program in (run, ["bibtex", "all"], run, run):
        done = subprocess.run(program, cwd=tmp_path, capture_output=True, timeout=120)
        assert done.returncode == 0, done.stdout.decode(errors="replace")[-2000:]
        said = done.stdout.decode(errors="replace")
    assert not re.findall(r".*(?:Warning|Overfull|Underfull|Missing character).*", said)
    assert "Warning" not in (tmp_path / "all.blg").read_text(errors="replace")
