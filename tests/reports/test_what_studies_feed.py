"""A study's docstring names the tables that it feeds, and a table the studies that it shows: here both are compared."""

import ast
import re

import pytest

from reports import tables
from reports.registry import modules
from search_spaces.study import study_names, study_path

PAPERS = "(?:keyposs|hrmlff|resnet18|sht)_"
OF_PAPERS = [name for name in study_names() if re.match(PAPERS, name)]
TABLES = {name: module.STUDIES for name, module in modules(tables).items() if module.STUDIES}


@pytest.mark.parametrize("study", OF_PAPERS)
def test_a_study_names_exactly_the_tables_that_show_it(study):
    page = ast.get_docstring(ast.parse(study_path(study).read_text(encoding="utf-8"))) or ""
    said = re.search(r"Feeds (.*?)\.(?:\s|$)", page, re.DOTALL)
    named = set(re.findall(rf"{PAPERS}\w+", said.group(1))) if said else set()
    assert named == {table for table, studies in TABLES.items() if study in studies}


def test_no_table_shows_a_study_that_is_not_there():
    assert {study for studies in TABLES.values() for study in studies} <= set(study_names())
