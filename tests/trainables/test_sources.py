"""Every source that a docstring names can be looked up."""

import ast
import re
from pathlib import Path

import pytest

import trainables
from trainables.papers import PAPERS

ROOT = Path(trainables.__file__).parent
FILES = sorted(ROOT.rglob("*.py"))
KEY = re.compile(r"\b[a-z]+(?:19|20)\d\d[a-z0-9]+\b")  # sun2019hrnet


def docstrings(path: Path) -> list[str]:
    nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    return [text for node in nodes if isinstance(node, documented) and (text := ast.get_docstring(node))]


def sources(path: Path) -> list[str]:
    """What stands behind each `Source:`, up to the end of its paragraph."""
    return [found for text in docstrings(path) for found in re.findall(r"Source: (.*?)(?:\n\n|\Z)", text, re.DOTALL)]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_source_of_a_file_exists(path):
    for text in docstrings(path):
        assert set(KEY.findall(text)) <= set(PAPERS)
    for source in sources(path):
        assert KEY.search(source) or re.match(r"https?://", source), source


def test_the_sources_are_found_at_all():
    found = {key for path in FILES for source in sources(path) for key in KEY.findall(source)}
    assert {"sharif2025resnet18", "he2016resnet", "kingma2015adam"} <= found


def test_each_paper_stands_under_its_own_key_which_holds_its_year():
    for key, paper in PAPERS.items():
        assert paper.key == key
        assert KEY.fullmatch(key)
        assert str(paper.year) in key
        assert paper.authors
        assert paper.title
        assert paper.venue
