"""A whole report from a hand-made ledger."""

import csv
import inspect
import io
import re
from dataclasses import replace

import pytest

from orchestrator.schema import State
from reports import figures, latex, registry, tables
from reports.build import build_report
from reports.drawn_figures import KEPT
from reports.page import finding, fingerprint
from reports.query import Results
from reports.tables import resnet18_1, study_overview

PAPER_TABLES = (
    *("hrmlff_3a", "hrmlff_3b", "hrmlff_3c", "hrmlff_3d", "hrmlff_4", "hrmlff_6", "hrmlff_data", "hrmlff_setup"),
    *("keyposs_1", "keyposs_2", "keyposs_3", "keyposs_4", "keyposs_5", "keyposs_6", "keyposs_setup", "resnet18_1"),
    *("sht_1", "sht_2", "sht_3", "sht_4", "sht_5", "sht_6", "sht_data", "sht_setup", "sht_time"),
)
FIGURES = ("ced", "effects", "error_histogram", "error_map", "gallery", "loss_curves", "predictions")  # of a study
OF_PAPERS = ("keyposs_anchors", "resnet18_accuracy", "resnet18_mse")


@pytest.fixture(scope="module")
def report(realistic, tmp_path_factory):
    heard: list[str] = []
    files = build_report(Results(realistic), tmp_path_factory.mktemp("report"), progress=heard.append)
    return files, heard


def test_every_table_and_figure_is_written_in_every_format(report):
    files, heard = report
    out = files.index.parent
    names = (*PAPER_TABLES, "resnet18_ytf68_overview", "resnet18_ytf68_comparisons")
    table_files = [f"tables/{name}.{s}" for name in names for s in ("md", "tex", "csv", "html")]
    of_study = [f"resnet18_ytf68_{name}" for name in FIGURES]
    figure_files = [f"figures/{name}.{s}" for name in (*OF_PAPERS, *of_study) for s in ("pdf", "png")]
    written = {str(path.relative_to(out)) for path in out.rglob("*") if path.is_file() and KEPT not in path.parts}
    assert (
        written
        == {*table_files, *figure_files, "references.bib", "index.html"}
        == {str(path.relative_to(out)) for path in files.files}
    )
    assert set(table_files + figure_files) <= set(heard)
    assert files.problems == ()


def test_the_page_is_one_file_that_needs_nothing_else(report):
    page = report[0].index.read_text("utf-8")
    assert not re.search(r"https?://|<iframe|@import|url\(", page)
    assert re.findall("<script[^>]*>", page) == ["<script>"]  # our own, inside
    references = re.findall(r'(?:src|srcset|href)="([^"]*)"', page)
    assert all(reference.startswith(("data:", "#")) for reference in references)
    anchors = {reference[1:] for reference in references if reference.startswith("#")}
    assert anchors <= set(re.findall(r'id="([^"]*)"', page))


def test_the_page_says_what_was_found_what_failed_and_what_to_run(report):
    page = report[0].page
    study = next(section for section in page.sections if section.name == "resnet18_ytf68")
    assert study.finding.startswith("Best test NME io: augmented, ")
    assert "against the baseline" in study.finding
    assert str(study.progress) == "7 of 9 trials done, 1 failed, 1 to run"
    (failure,) = page.failures
    assert failure.where == ("resnet18_ytf68 / colour_jitter only, seed 1",)
    unfinished = ("marksweep run resnet18_ytf68", "marksweep run resnet18_ytf68 --retry-failed")
    assert page.commands[:2] == unfinished
    shown = {study for module in registry.modules(tables).values() for study in module.STUDIES}
    assert sorted(page.commands[2:]) == sorted(f"marksweep run {study}" for study in shown - {"resnet18_ytf68"})
    facts = dict(page.provenance)
    assert facts["Commit"] == ("0123456789ab",)
    assert facts["Training data"] == ("ytf68, digest d1ge57aa00112233",)


def test_every_latex_cell_of_ours_ends_in_its_trials(realistic):
    table = resnet18_1.build(Results(realistic))
    written = latex.render(table)
    for row in table.rows:
        for cell in row.cells:
            assert not cell.trials or f"trials {' '.join(cell.trials)}" in written
    assert written.count(r"\toprule") == written.count(r"\bottomrule") == 1
    assert r"~\cite{sharif2025resnet18}" in written


def test_csv_holds_full_precision_and_trials(realistic, report):
    out = report[0].index.parent
    lines = list(csv.DictReader(io.StringIO((out / "tables/resnet18_ytf68_overview.csv").read_text("utf-8"))))
    line = next(line for line in lines if line["row"] == "plain" and line["metric"] == "nme_io")
    trials = line["trials"].split()
    values = [
        row["value"] for row in realistic.rows["evaluations"]
        if row["trial"] in trials and row["metric"] == "nme_io" and row["split"] == "test"
    ]  # fmt: skip
    assert len(values) == 3
    assert float(line["value"]) == pytest.approx(sum(values) / 3, rel=1e-15)
    assert [float(value) for value in line["seed_values"].split()] == values


@pytest.mark.parametrize("package", [tables, figures], ids=["tables", "figures"])
def test_every_module_of_the_folder_says_which_studies_it_shows_and_builds(package):
    modules = registry.modules(package)
    assert modules
    for name, module in modules.items():
        assert isinstance(module.STUDIES, tuple), name
        wanted = ["results"] if module.STUDIES else ["results", "study"]
        assert list(inspect.signature(module.build).parameters) == wanted, name


def test_names_choose_tables_figures_kinds_and_studies(realistic):
    found = registry.items(Results(realistic))

    def chosen(*names: str) -> list[str]:
        return [item.name for item in registry.select(found, names)]

    assert chosen("resnet18_1") == ["resnet18_1"]
    assert chosen("ced") == ["resnet18_ytf68_ced"]
    assert chosen("resnet18_300w") == ["resnet18_1", "resnet18_accuracy", "resnet18_mse"]
    of_study = {name for name in chosen() if name.startswith("resnet18_ytf68_")}
    assert set(chosen("resnet18_ytf68")) == {"resnet18_1", "resnet18_accuracy", "resnet18_mse", *of_study}
    assert {"resnet18_ytf68_overview", "resnet18_ytf68_ced"} <= of_study
    assert chosen("keyposs_1_scattered") == ["keyposs_1"]
    assert set(chosen("keyposs_wflw")) == {
        *("keyposs_2", "keyposs_3", "keyposs_4", "keyposs_5", "keyposs_5_significance", "keyposs_6"),
        *("keyposs_setup", "keyposs_anchors"),
    }  # fmt: skip


def test_unknown_names_are_all_answered_with_the_nearest_before_anything_is_written(realistic, tmp_path):
    with pytest.raises(ValueError, match=r"'resnet18_2'\. Did you mean 'resnet18_1'") as error:
        build_report(Results(realistic), tmp_path / "out", ["resnet18_2", "cde"])
    assert "'cde'. Did you mean 'ced'?" in str(error.value)
    assert "Known: hrmlff_3_significance, " in str(error.value)
    assert ", resnet18_1, " in str(error.value)
    assert not (tmp_path / "out").exists()


def test_an_empty_ledger_still_shows_the_paper_and_the_commands(ledger, tmp_path):
    files = build_report(Results(ledger), tmp_path)
    assert "marksweep run resnet18_ytf68" in files.index.read_text("utf-8")
    assert [table.name for table in files.tables] == list(PAPER_TABLES)


def test_a_table_that_refuses_is_named_and_the_others_are_written(ledger, three_seeds, tmp_path):
    results = three_seeds({"plain": [0.07]})
    trial = ledger.declare("demo", "plain", 1, baseline=True)
    ledger.trial(trial, 1)
    ledger.measure(trial, "test", {"nme_io": 0.08}, protocol="detector box")
    files = build_report(results, tmp_path)
    (problem,) = files.problems
    assert problem.startswith("demo_overview: Two protocols")
    assert "detector box" in files.index.read_text("utf-8")
    assert (tmp_path / "tables" / "resnet18_1.md").exists()


def test_the_same_ledger_gives_the_same_page(three_seeds, tmp_path):
    results = three_seeds({"plain": [0.07, 0.08]})
    first, second = (build_report(results, tmp_path / name).index.read_bytes() for name in "ab")
    assert first == second


def test_failures_with_the_same_cause_are_one_group(ledger, tmp_path):
    for seed in range(3):
        trial = ledger.declare("demo", "plain", seed)
        error = f"OutOfMemoryError: tried to allocate {seed + 2}.50 GiB at 0x7f{seed}"
        ledger.trial(trial, seed, State.FAILED, error=error)
    (group,) = build_report(Results(ledger), tmp_path).page.failures
    assert len(group.trials) == 3
    assert fingerprint("loss is nan at epoch 3, step 17") == fingerprint("loss is nan at epoch 4, step 2")


def test_a_figure_that_cannot_be_drawn_is_named_and_the_report_is_written(three_seeds, tmp_path, monkeypatch):
    (tmp_path / "nothing.py").write_text(
        "from reports.drawing import Curves, Figure\nSTUDIES = ('demo',)\n"
        "def build(results):\n    data = Curves(x_label='', y_label='', lines=())\n"
        "    return Figure(name='f', title='F', caption='C', draw='curves', data=data)\n"
    )
    monkeypatch.chdir(tmp_path)
    files = build_report(three_seeds({"plain": [0.07]}), tmp_path / "out", ["nothing.py", "demo_overview"])
    (problem,) = files.problems
    assert problem.startswith("nothing cannot be drawn: ValueError: min() ")
    assert [table.name for table in files.tables] == ["demo_overview"] and files.figures == ()


def test_the_finding_is_the_best_of_those_that_no_test_tells_apart(three_seeds):
    results = three_seeds({"plain": [0.0793], "other": [0.0793], "best": [0.0792]})
    table = study_overview.build(results, "demo")
    rows = [replace(row, cells=tuple(replace(cell, rank="best") for cell in row.cells)) for row in table.rows]
    said = finding(replace(table, rows=tuple(rows)))
    assert said.startswith("Best test NME io: best, 7.92 % (n=1)") and said.endswith("; not told from plain, other.")
