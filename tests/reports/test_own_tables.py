"""A table or figure of a user's own, in a file beside the study."""

import re
from pathlib import Path

import pytest

from reports import own_tables, registry
from reports.build import build_report
from reports.document import Table
from reports.drawing import Figure
from reports.query import Results

README = (Path(registry.__file__).parent / "README.md").read_text("utf-8")
TABLE, FIGURE = re.findall(r"```python\n(.*?)```", README, re.DOTALL)


@pytest.fixture
def beside_a_study(tmp_path, monkeypatch):
    """Writes files into the current folder, where my_study.py lies."""
    monkeypatch.chdir(tmp_path)
    Path("my_study.py").write_text("")

    def write(name: str, code: str) -> str:
        Path(name).write_text(code, encoding="utf-8")
        return name

    return write


def built(results: Results, name: str) -> Table | Figure | None:
    (item,) = registry.select(registry.items(results, [name]), [name])
    return item.build()


def test_the_table_of_the_readme_is_short_and_works_as_it_stands(beside_a_study, three_seeds):
    assert len(TABLE.splitlines()) <= 30
    results = three_seeds({"ResNet18": [0.056, 0.058], "augmentation off": [0.062, 0.062]}, study="my_study")
    table = built(results, beside_a_study("augmentation.py", TABLE))
    assert isinstance(table, Table)
    assert [row.label for row in table.rows] == ["Sharif et al.", "ResNet18", "augmentation off"]
    assert table.rows[2].cells[1].value == pytest.approx(0.005)


def test_the_figure_of_the_readme_works_as_it_stands(beside_a_study, three_seeds, tmp_path):
    results = three_seeds({"ResNet18": [0.056, 0.058]}, study="my_study")
    files = build_report(results, tmp_path / "out", [beside_a_study("seeds_of_mine.py", FIGURE)])
    assert {path.name for path in files.files} == {"seeds_of_mine.pdf", "seeds_of_mine.png", "index.html"}


def test_a_table_is_called_like_its_file_and_has_a_section_of_its_own(beside_a_study, three_seeds, tmp_path):
    results = three_seeds({"ResNet18": [0.056]}, study="my_study")
    name = beside_a_study("my_table.py", TABLE)
    page = build_report(results, tmp_path / "out", [name, "my_study"]).page
    own = next(section for section in page.sections if section.title == "Your own")
    assert [table.name for table in own.tables] == ["my_table"]
    assert any(section.name == "my_study" and section.tables for section in page.sections)


def test_a_study_that_nobody_ran_yet_is_run_by_its_file(beside_a_study, ledger):
    table = built(Results(ledger), beside_a_study("augmentation.py", TABLE))
    assert isinstance(table, Table)
    assert table.commands == ("marksweep run my_study.py",)
    assert own_tables.study_to_run("augmentation.py", "my_study") == "my_study.py"
    assert own_tables.study_to_run("augmentation.py", "resnet18_ytf68") == "resnet18_ytf68"


def test_without_studies_it_is_built_for_every_study(beside_a_study, ledger, three_seeds):
    three_seeds({"a": [0.05]}, study="first")
    results = three_seeds({"a": [0.05]}, study="second")
    code = TABLE.replace('STUDIES = ("my_study",)', "STUDIES = ()").replace("(results: Results)", "(results, study)")
    name = beside_a_study("each.py", code.replace("for study in STUDIES for row", "for row"))
    found = registry.select(registry.items(results, [name]), [name])
    assert [(item.name, item.build().name) for item in found] == [("first_each", "first_each"), ("second_each",) * 2]


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("STUDIES = ()\ndef build(results)\n    pass", r"mine\.py:2: expected ':'"),
        ("import nothing_like_this", r"mine\.py:1: ModuleNotFoundError: No module named 'nothing_like_this'"),
        ("def build(results): pass", r"mine\.py: it sets no STUDIES\. Write STUDIES = \(\"my_study\",\)"),
        ("STUDIES = 'wflw'", r"Write STUDIES = \(\"wflw\",\), with a comma"),
        ("STUDIES = 'wflw'", r"its STUDIES is the text 'wflw'"),
        ("STUDY = 1", r"mine\.py is a study: run it with `marksweep run .*mine\.py`, then `marksweep report mine`"),
        ("STUDIES = ('a.py',)", r"STUDIES has 'a\.py'\. The ledger calls it 'a'"),
        ("STUDIES = ('a',)", r"no `build`\. Add `def build\(results\)`"),
        ("STUDIES = ()\ndef build(results): pass", r"build\(results\) does not fit .* `def build\(results, study\)`"),
    ],
)
def test_what_is_wrong_with_a_file_is_said_with_its_line(beside_a_study, ledger, code, said):
    with pytest.raises(ValueError, match=said):
        registry.items(Results(ledger), [beside_a_study("mine.py", code)])


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("    return {}['nme']", "mine.py:3: KeyError: 'nme'"),
        ("    return [1]", "mine.py: build returned a list. Return a Table, a Figure or None."),
        (
            "    from reports import labels; labels.column('nme_io', 'tset')",
            "mine.py:3: No split 'tset'. Known: train, val, test.",
        ),
        ("    raise ValueError('two protocols')", "mine.py:3: two protocols"),
    ],
)
def test_what_goes_wrong_in_build_is_named_and_the_rest_of_the_report_is_written(
    beside_a_study, three_seeds, tmp_path, body, said
):
    name = beside_a_study("mine.py", f"STUDIES = ('demo',)\ndef build(results):\n{body}")
    files = build_report(three_seeds({"plain": [0.07]}), tmp_path / "out", [name, "demo_overview"])
    assert files.problems == (said,)
    assert [table.name for table in files.tables] == ["demo_overview"]


def test_a_file_that_is_not_there_or_has_a_name_that_is_taken_is_refused(beside_a_study, ledger):
    with pytest.raises(ValueError, match=r"No file nothing\.py"):
        registry.items(Results(ledger), ["nothing.py"])
    with pytest.raises(ValueError, match="Rename the file"):
        registry.items(Results(ledger), [beside_a_study("resnet18_1.py", TABLE)])


def test_what_a_table_of_ones_own_lacks_can_be_run(beside_a_study):
    assert registry.table_module(beside_a_study("augmentation.py", TABLE)).STUDIES == ("my_study",)
    with pytest.raises(ValueError, match="every study of the ledger"):
        registry.table_module(beside_a_study("each.py", "STUDIES = ()\ndef build(results, study): pass"))
