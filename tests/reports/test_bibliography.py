"""BibTeX of what tables cite: read back by BibTeX itself."""

import re
import shutil
import subprocess

import pytest

from reports import bibliography, tables
from reports.document import Row, Table
from reports.query import Results
from reports.registry import modules
from trainables.papers import PAPERS, Paper

needs_bibtex = pytest.mark.skipif(not shutil.which("bibtex"), reason="no bibtex here")
needs_latex = pytest.mark.skipif(not shutil.which("pdflatex"), reason="no pdflatex here")


def test_every_author_ends_where_a_semicolon_stands_and_et_al_are_others():
    text = bibliography.render(["sun2019hrnet"])
    assert "author = {Sun, K. and Zhao, Y. and Jiang, B. and others}" in text


def test_letters_beyond_ascii_are_written_as_accents():
    assert r"{Koz{\l}owska, J. M. and" in bibliography.render(["kozlowska2026hrmlff"])
    assert r"Doll{\'{a}}r, P." in bibliography.render(["burgosartizzu2013cofw"])
    assert r"{K{\"{o}}stinger, M. and" in bibliography.render(["koestinger2011aflw"])
    assert bibliography.render(PAPERS).isascii()


def test_an_organisation_is_one_name_and_a_title_keeps_its_capitals():
    text = bibliography.render(["mmpose2020toolbox"])
    assert "author = {{MMPose Contributors}}," in text
    assert "title = {{OpenMMLab Pose Estimation Toolbox and Benchmark}}," in text


def test_a_title_with_a_sign_of_latex_is_escaped():
    assert r"2D \& 3D Face" in bibliography.render(["bulat2017fan"])


@pytest.mark.parametrize(
    ("key", "line"),
    [
        ("feng2018wing", "booktitle = {CVPR},"),
        ("jin2021pipnet", "journal = {IJCV},"),
        ("sun2019hrnet", "howpublished = {arXiv:1904.04514},"),
    ],
)
def test_the_venue_says_what_kind_of_entry_it_is(key, line):
    assert line in bibliography.render([key])


def test_a_journal_is_no_proceedings():
    for paper in PAPERS.values():
        assert (paper.entry == "article") == bool(re.match("IEEE Trans|IJCV|Psychometrika|JAAT", paper.venue)), paper


def test_an_unknown_key_is_answered_with_the_nearest():
    with pytest.raises(ValueError, match=r"No paper 'feng2018wings'.*Did you mean 'feng2018wing'"):
        bibliography.render(["feng2018wings"])


def test_every_key_that_a_table_cites_has_a_paper_and_each_of_the_four_is_cited(ledger):
    built = [module.build(Results(ledger)) for module in modules(tables).values() if module.STUDIES]
    found = [table for table in built if table is not None]
    of_rows = {row.citation for table in found for row in table.rows if row.citation}
    assert of_rows >= {"kozlowska2026hrmlff", "sharif2025resnet18", "bao2023keyposs", "wan2026sht", "sun2019hrnet"}
    assert bibliography.cited(found) == tuple(sorted(of_rows))  # none is without a paper


def test_a_key_of_a_users_own_bibliography_is_left_to_the_user():
    rows = tuple(Row(label=key, cells=(), source="literature", citation=key) for key in ("mine2024x", "wu2018wflw", ""))
    table = Table(name="t", title="T", caption="C", columns=(), rows=rows)
    assert bibliography.cited([table]) == ("wu2018wflw",)


@needs_bibtex
def test_bibtex_reads_every_entry_without_a_warning(tmp_path):
    (tmp_path / "references.bib").write_text(bibliography.render(PAPERS), "utf-8")
    (tmp_path / "paper.aux").write_text("\\citation{*}\n\\bibstyle{plain}\n\\bibdata{references}\n")
    said = subprocess.run(["bibtex", "paper"], cwd=tmp_path, capture_output=True, text=True)
    assert (said.returncode, "Warning" in said.stdout) == (0, False), said.stdout
    listed = re.findall(r"\\bibitem\{(.*?)\}", (tmp_path / "paper.bbl").read_text("utf-8"))
    assert sorted(listed) == sorted(PAPERS)


@needs_bibtex
@needs_latex
def test_a_paper_that_cites_them_all_compiles(tmp_path):
    (tmp_path / "references.bib").write_text(bibliography.render(PAPERS), "utf-8")
    page = r"\documentclass{article}\begin{document}\nocite{*}\bibliographystyle{plain}\bibliography{references}"
    (tmp_path / "paper.tex").write_text(page + r"\end{document}", "utf-8")
    for command in (["pdflatex", "-interaction=nonstopmode", "paper"], ["bibtex", "paper"]):
        subprocess.run(command, cwd=tmp_path, capture_output=True)
    last = subprocess.run(["pdflatex", "-interaction=nonstopmode", "paper"], cwd=tmp_path, capture_output=True)
    assert last.returncode == 0, last.stdout.decode("latin-1")[-2000:]


@pytest.mark.parametrize(
    ("name", "written"),
    [("Øre, A.", r"{\O}re, A."), ("Čapek, K.", r"{\v{C}}apek, K."), ("Erdős, P.", r"Erd{\H{o}}s, P.")],
)
def test_other_accents_are_written_in_the_same_way(name, written, monkeypatch):
    monkeypatch.setitem(PAPERS, "someone2020x", Paper("someone2020x", name, "T", "V", 2020))
    assert f"author = {{{written}}}" in bibliography.render(["someone2020x"])
