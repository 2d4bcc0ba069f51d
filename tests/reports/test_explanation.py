"""What is behind one number."""

import io
import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from reports import explanation, explanation_text
from reports.document import Cell, Row, Table
from reports.names import place_of
from reports.query import Results


def text(renderable, width: int = 200) -> str:
    console = Console(file=io.StringIO(), width=width)
    console.print(renderable)
    return console.file.getvalue()  # pyright: ignore[reportAttributeAccessIssue]


@pytest.fixture
def results(three_seeds, ledger) -> Results:
    results = three_seeds({"plain": [0.070, 0.072], "blur": [0.081, 0.083]})
    for row in ledger.rows["trials"]:
        augmentation = (
            {"kind": "Augmentation", "blur": 0.5} if row["seed"] is not None and is_blur(ledger, row) else None
        )
        row["config"] = json.dumps({"method": {"kind": "resnet18"}, "seed": row["seed"], "recipe": {"a": augmentation}})
        row["host"], row["git_dirty"] = f"node{row['seed']}", True
        ledger.measure(row["trial"], "test", {"nme_io": 0.1}, subset="occlusion", images=7)
    return results


def is_blur(ledger, row) -> bool:
    return any(one["trial"] == row["trial"] and one["label"] == "blur" for one in ledger.rows["studies"])


def explained(results: Results, row: str, column: str) -> explanation.Explanation:
    table = explanation.find_table(results, "demo_overview")
    return explanation.explain(results, table, explanation.find_row(table, row), explanation.find_column(table, column))


def test_a_number_is_explained_by_its_trials_seeds_commits_and_data(results):
    one = explained(results, "blur", "nme_io test")
    assert one.printed.text == "8.20 ± 0.14"
    assert [(trial.seed, trial.value) for trial in one.trials] == [(0, "8.10"), (1, "8.30")]
    facts = dict(one.trials[0].facts)
    assert facts["commit"] == "0123456789ab with uncommitted changes"
    assert facts["trained on"] == "ytf68, digest d1ge57aa00112233"
    assert facts["measured on"] == "40 images of ytf68, digest d1ge57aa00112233"
    assert facts["host"] == "node0"


def test_settings_are_compared_with_the_baselines(results):
    one = explained(results, "blur", "nme_io test")
    assert (one.against, one.settings) == ("plain", (("recipe.a", ("Augmentation", "off")),))
    assert explained(results, "plain", "nme_io test").against == ""


def test_a_difference_names_the_trials_of_both_sides(results):
    one = explained(results, "blur", "Δ nme_io")
    assert [(trial.seed, trial.value) for trial in one.trials] == [(0, "+1.10"), (1, "+1.10"), (0, ""), (1, "")]


def test_what_all_trials_share_is_said_once(results):
    said = text(explanation_text.shown(explained(results, "blur", "nme_io test"), 200))
    assert said.count("0123456789ab with uncommitted changes") == 1
    assert said.count("node0") == said.count("node1") == 1


def test_each_trial_has_lines_of_its_own_where_the_terminal_is_narrow(results):
    said = text(explanation_text.shown(explained(results, "blur", "nme_io test"), 30))
    assert re.search(r"seed 0, trial [0-9a-f]{16}: 8\.10\n  host node0, evaluation [0-9a-f]{16} *\n", said)


def test_a_published_number_says_where_it_stands(results):
    table = explanation.find_table(results, "resnet18_1")
    one = explanation.explain(results, table, 0, explanation.find_column(table, "mse train"))
    said = text(explanation_text.shown(one, 200))
    assert "sharif2025resnet18" in said and "Table 1" in said
    assert (one.against, explanation.next_query(one)) == ("", "")


def test_an_empty_cell_says_what_fills_it(results):
    table = explanation.find_table(results, "resnet18_1")
    one = explanation.explain(results, table, explanation.find_row(table, "resnet18_300w"), 0)
    assert re.search("to fill it +marksweep run resnet18_300w", text(explanation_text.shown(one, 200)))


def test_names_are_taken_exactly_then_in_any_case_then_by_a_part_that_only_one_has():
    known = [("ResNet18",), ("ResNet18, no augmentation",), ("mean face", "the floor")]
    assert place_of("ResNet18", known, "row") == 0
    assert place_of("RESNET18", known, "row") == 0
    assert place_of("augm", known, "row") == 1
    assert place_of("floor", known, "row") == 2
    with pytest.raises(ValueError, match=r"more than one row with 'net'. Say which:\n  ResNet18\n  ResNet18, no"):
        place_of("net", known, "row")
    with pytest.raises(ValueError, match=r"No row is called 'mean fcae'\. Did you mean 'mean face'. There are:\n  Res"):
        place_of("mean fcae", known, "row")


def test_tables_that_do_not_exist_are_answered_with_the_nearest(results):
    with pytest.raises(ValueError, match="Did you mean 'demo_overview'"):
        explanation.find_table(results, "demo_overveiw")


def test_what_can_be_asked_of_a_table_are_its_rows_and_columns(results):
    table = explanation.find_table(results, "demo_overview")
    assert "  blur\ncolumns\n  nme_io test\n" in text(explanation_text.what_can_be_asked(table, None))
    assert re.search("Δ nme_io test +\\+1.10", text(explanation_text.what_can_be_asked(table, 1)))


nasty = st.text(st.sampled_from("[]/\\ab \n\t\x1b\x07\u202e[31m:"), min_size=1, max_size=20)


@given(nasty)
@settings(max_examples=50, deadline=None)
def test_no_text_changes_the_terminal(label):
    column = explanation.labels.column("nme_io", "test")
    cell = Cell(value=0.07, unit=column.unit, protocol=label, trials=(label,), n=1, asked=1)
    row = Row(label=label, cells=(cell,), group=label)
    table = Table(name=label, title=label, caption=label, columns=(column,), rows=(row,))
    one = explanation.Explanation(
        table=label, row=row, row_key=label, column=column, column_key=label, cell=cell,
        printed=explanation.labels.printed(table)[0].cells[0], against=label, settings=((label, (label, label)),),
        trials=(explanation.TrialBehind(trial=label, seed=1, value=label, facts=(("state", label),)),),
    )  # fmt: skip
    said = text(explanation_text.shown(one, 200)) + text(explanation_text.what_can_be_asked(table, None))
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f\u202e]", said)
