"""The whole command line but what starts Ray: what a person sees, and the exit code."""

import csv
import io
import re
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from orchestrator.estimate import ASSUMED, Basis
from orchestrator.ledger import Ledger
from orchestrator.recorder import record_study
from orchestrator.schema import TABLES, State
from orchestrator.session import Place, expected_of, make_plan, open_study, remember_question
from orchestrator.storage import Storage
from orchestrator.unit import Session, execute
from orchestrator.units import units_of
from reports.__main__ import app
from search_spaces.study import study_names
from tests.orchestrator.conftest import Said
from tests.trainables.layouts_pts import write_face
from trainables import registry
from trainables.datasets.ibug300w import FOLDERS
from trainables.datasets.synthetic import Synthetic

SMALL = """
    from search_spaces.study import Study
    from search_spaces.variants import Variant
    from trainables.datasets.synthetic import Synthetic
    from trainables.methods.mean_shape import MeanShape
    from trainables.recipe import Recipe

    FACES = Synthetic(train=4, val=2, test=2, size=64)
    STUDY = Study(
        question="How good is the mean face?",
        variants=(
            Variant(label="mean face", method=MeanShape(input_size=32), data=FACES, recipe=Recipe(epochs=1)),
            Variant(label="mean face, twice", method=MeanShape(input_size=32), data=FACES, recipe=Recipe(epochs=2)),
        ),
        seeds=(0, 1),
    )
"""

FIVE_MISTAKES = """
    from search_spaces.study import Study
    from search_spaces.variants import Variant
    from trainables.datasets.synthetic import Synthetic
    from trainables.methods.resnet81 import ResNet18
    from trainables.recipe import Addam, Recipe

    STUDY = Study(
        question="Which of these is wrong?",
        variants=(
            Variant(method=ResNet18(), data=Synthetic(landmarks="70"), recipe=Recipe(epoch=3)),
            Variant(label="other", method=ResNet18(), data=Synthetic(), recipe=Recipe(batch_size=0, optimizer=Addam())),
        ),
    )
"""


pytestmark = pytest.mark.usefixtures("nothing_from_the_environment")


def study_file(folder: Path, body: str = SMALL, name: str = "mine.py") -> Path:
    path = folder / name
    path.write_text(textwrap.dedent(body).lstrip("\n"), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def done_study(tmp_path_factory) -> Path:
    """A folder with `mine.py` and, below `runs`, its ledger: everything of it is done."""
    root = tmp_path_factory.mktemp("done")
    place = Place(Storage(str(root / "runs")), root / "data", root / "cache")
    opened = open_study(str(study_file(root)), {}, place)
    plan = make_plan(opened, place)
    remember_question(opened, plan, place)
    for _, unit in units_of(opened, plan, place):
        execute(unit, Session())
    Ledger(place.storage).compact()
    return root


@pytest.fixture
def in_done_study(marksweep, done_study, monkeypatch) -> Callable[..., Said]:
    monkeypatch.chdir(done_study)
    return marksweep


def test_the_plan_of_a_users_own_study_lists_its_trials_and_starts_nothing(marksweep, tmp_path):
    study_file(tmp_path)
    said = marksweep("plan", "mine.py")
    assert said.code == 0
    assert "mine: How good is the mean face?" in said.out
    assert len(re.findall(r"^[0-9a-f]{16}  mean face", said.out, re.MULTILINE)) == 4
    assert "mine: 0 done, 4 to run." in said.out
    assert said.last == "Next: marksweep run mine.py"
    assert [path.name for path in tmp_path.iterdir()] == ["mine.py"]


def test_settings_change_every_variant_and_are_part_of_the_next_command(marksweep, tmp_path):
    study_file(tmp_path)
    said = marksweep("plan", "mine.py", "--set", "recipe.batch_size=2", "--set", "seeds=0,1,2")
    assert "mine+recipe.batch_size=2: 0 done, 6 to run." in said.out
    assert said.last == "Next: marksweep run mine.py --set recipe.batch_size=2 --set 'seeds=(0, 1, 2)'"
    again = marksweep("plan", "mine.py", "--set", "recipe.batch_size=2", "--set", "seeds=(0, 1, 2)")
    assert again.out == said.out


def test_more_seeds_are_the_same_question(marksweep, tmp_path):
    study_file(tmp_path)
    assert "mine: 0 done, 2 to run." in marksweep("plan", "mine.py", "--set", "seeds=7").out


def test_seeds_named_on_the_command_line_come_to_those_that_were_asked_for(tmp_path):
    place = Place(Storage(str(tmp_path / "runs")), tmp_path / "data", tmp_path / "cache")
    for changes in ({}, {"seeds": (7,)}):
        opened = open_study(str(study_file(tmp_path)), changes, place)
        remember_question(opened, make_plan(opened, place), place)
    asked = {row["seed"] for row in Ledger(place.storage).read("studies").to_pylist()}
    assert asked == {0, 1, 7}
    opened = open_study(str(study_file(tmp_path)), {}, place)
    remember_question(opened, make_plan(opened, place), place)
    assert {row["seed"] for row in Ledger(place.storage).read("studies").to_pylist()} == {0, 1}


def test_other_processors_are_the_same_question(marksweep, tmp_path):
    study_file(tmp_path)
    assert "mine: 0 done, 4 to run." in marksweep("plan", "mine.py", "--set", "resources.cpus=2").out


def test_a_study_of_ones_own_cannot_take_the_name_of_one_that_is_there(marksweep, tmp_path):
    (tmp_path / "demo.py").write_text(study_file(tmp_path).read_text())
    said = marksweep("plan", "demo.py")
    assert said.code == 2
    assert "Rename the file" in said.err


def test_a_damaged_file_of_the_ledger_is_named_with_its_remedy(marksweep, tmp_path):
    (tmp_path / "runs" / "trials" / "0123456789abcdef").mkdir(parents=True)
    (tmp_path / "runs" / "trials" / "0123456789abcdef" / "trial.parquet").write_bytes(b"no Parquet")
    said = marksweep("status")
    assert said.code == 2
    assert "0123456789abcdef/trial.parquet is damaged" in said.err
    folder = tmp_path / "runs" / "trials" / "0123456789abcdef"
    assert f"Delete {folder} and run the study again: the trial is trained anew." in said.err


def test_a_study_with_five_mistakes_is_answered_with_all_five(marksweep, tmp_path):
    study_file(tmp_path, FIVE_MISTAKES)
    said = marksweep("plan", "mine.py")
    assert said.code == 2
    assert said.out == ""
    for where, what, fix in (
        ("mine.py:4:", "'trainables.methods.resnet81'", "Did you mean 'resnet18'?"),
        ("mine.py:5:", "'Addam'", "Did you mean 'Adam'?"),
        ("mine.py:10:", "Synthetic.landmarks = '70'", "'68'"),
        ("mine.py:10:", "Recipe has no setting 'epoch'", "Did you mean 'epochs'?"),
        ("mine.py:11:", "Recipe.batch_size = 0", "greater than 0"),
    ):
        (line,) = [line for line in said.err.splitlines() if what in line]
        assert line.startswith(where)
        assert fix in line
    assert len(said.err.splitlines()) == 5


def test_a_study_with_mistakes_is_not_run(marksweep, tmp_path):
    study_file(tmp_path, FIVE_MISTAKES)
    said = marksweep("run", "mine.py")
    assert said.code == 2
    assert "Ray" not in said.out
    assert not (tmp_path / "runs").exists()


def test_an_unknown_study_is_answered_with_the_nearest_name(marksweep):
    said = marksweep("plan", "resnet18_ytf86")
    assert said.code == 2
    assert "No study 'resnet18_ytf86'" in said.err
    assert "Did you mean 'resnet18_ytf68'?" in said.err


def test_a_study_file_that_does_not_exist_is_named(marksweep, tmp_path):
    said = marksweep("plan", "yours.py")
    assert said.code == 2
    assert str(tmp_path / "yours.py") in said.err


def test_a_missing_data_set_is_answered_with_the_tree_that_is_expected(marksweep):
    said = marksweep("run", "resnet18_ytf68", "--data-root", "nowhere")
    assert said.code == 2
    assert "nowhere/ytf68/training_frames_keypoints.csv does not exist" in said.err
    assert "Expected below the data root (nowhere):\nytf68/\n  training/" in said.err
    assert "--data-root or MARKSWEEP_DATA" in said.err


@pytest.mark.parametrize(
    "setting, expected",
    [
        ("recipe.epoch=2", "'recipe.epoch' names no setting: Recipe has no 'epoch'. Did you mean 'epochs'?"),
        ("recipe.epochs=0", "Recipe.epochs = 0: should be greater than 0."),
        ("recipe.epochs=two", "Recipe.epochs = 'two': should be a valid integer"),
        ("seeds=(0,0)", "a seed occurs twice in (0, 0)."),
        ("recipe.epochs", "--set 'recipe.epochs' is not PATH=VALUE. Write it like --set recipe.epochs=2."),
    ],
)
def test_a_wrong_setting_is_answered_with_what_is_wrong(marksweep, tmp_path, setting, expected):
    study_file(tmp_path)
    said = marksweep("plan", "mine.py", "--set", setting)
    assert said.code == 2
    assert expected in said.err
    assert len(said.err.strip().splitlines()) == 1


def test_several_wrong_settings_are_all_answered(marksweep, tmp_path):
    study_file(tmp_path)
    said = marksweep("plan", "mine.py", "--set", "recipe.epoch=2", "--set", "recipe.batch_size=0")
    assert "'epoch'" in said.err
    assert "Recipe.batch_size = 0" in said.err


def test_debug_shows_the_traceback(tmp_path, monkeypatch):
    """The error goes through to Python, which prints it."""
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app, ["plan", "resnet18_ytf86", "--debug"])
    assert isinstance(done.exception, ValueError)
    assert done.exc_info[2] is not None


def test_a_bug_of_ours_is_a_line_and_exit_code_1(marksweep, monkeypatch):
    def break_down(*arguments):
        raise AssertionError("this is our fault")

    monkeypatch.setattr("orchestrator.commands_look.methods", break_down)
    said = marksweep("methods")
    assert said.code == 1
    assert "AssertionError: this is our fault" in said.err
    assert "--debug" in said.err


def test_an_interruption_says_how_to_go_on(marksweep, monkeypatch):
    def interrupt(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr("orchestrator.commands_look.methods", interrupt)
    said = marksweep("methods")
    assert said.code == 130
    assert "the same command goes on" in said.err


def test_a_finished_study_is_planned_as_done_and_its_run_starts_nothing(in_done_study):
    planned = in_done_study("plan", "mine.py")
    assert "mine: 4 done, 0 to run." in planned.out
    assert planned.last == "Next: marksweep report mine"
    ran = in_done_study("run", "mine.py")
    assert (ran.code, "Ray" in ran.out) == (0, False)
    assert ran.out == "mine: 4 done, 0 to run.\nNext: marksweep report mine\n"


def test_what_a_study_asks_is_in_the_ledger(done_study):
    ledger = Ledger(str(done_study / "runs"))
    rows = ledger.read("studies").to_pylist()
    assert [(row["label"], row["seed"], row["split"], row["baseline"]) for row in rows] == [
        ("mean face", 0, "test", True),
        ("mean face, twice", 0, "test", False),
        ("mean face", 1, "test", True),
        ("mean face, twice", 1, "test", False),
    ]
    assert {row["question"] for row in rows} == {"How good is the mean face?"}
    (command,) = {row["command"] for row in rows}
    assert re.fullmatch(r"marksweep run (\S+/)?mine\.py", command)
    assert {row["evaluation"] for row in rows} == set(ledger.read("evaluations")["evaluation"].to_pylist())
    assert {row["trial"] for row in rows} == set(ledger.read("trials")["trial"].to_pylist())
    assert len({row["variant"] for row in rows}) == 2


def test_a_finished_studys_status_counts_its_trials(in_done_study):
    said = in_done_study("status")
    header, row = said.out.splitlines()[:2]
    assert header.split()[:5] == ["study", "done", "unfinished", "failed", "to"]
    assert row.split()[:5] == ["mine", "4", "0", "0", "0"]
    assert said.last == "Next: marksweep report"


@pytest.mark.parametrize("name", ["mine", "mine.py"])
def test_a_status_is_of_one_study_where_it_is_named(in_done_study, name):
    said = in_done_study("status", name)
    assert said.code == 0
    assert said.last == "Next: marksweep report mine"


def test_studies_are_listed_with_their_questions(marksweep):
    said = marksweep("studies")
    assert [line.split()[0] for line in said.out.splitlines()[1:-1]] == study_names()
    assert said.last.startswith("Next: marksweep plan demo")


def test_a_study_that_was_never_run_has_no_status(in_done_study):
    said = in_done_study("status", "demo")
    assert said.code == 2
    assert "no study 'demo'. Start it with: marksweep run demo" in said.err


def test_the_status_of_an_empty_ledger_says_how_to_begin(marksweep, tmp_path):
    said = marksweep("status")
    assert said.code == 0
    assert said.out == "The ledger in runs is empty.\nNext: marksweep demo\n"
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def with_failures(record, storage) -> Storage:
    """Six trials: one done, one running, two that failed for one reason, one that diverged, and one not begun."""
    errors = {"c": "RuntimeError: no memory", "d": "RuntimeError: no memory", "e": "Diverged: the loss …"}
    record("a")
    record("b", State.RUNNING)
    for trial, error in errors.items():
        state = State.DIVERGED if trial == "e" else State.FAILED
        record(trial, state, error=error, traceback=f"Traceback …\n{error}")
    asked = [{"question": "Why?", "trial": trial, "seed": 0, "label": trial} for trial in "abcdef"]
    record_study(storage, "mine", asked)
    return storage


def test_failures_are_grouped_by_cause_the_most_frequent_first(marksweep, with_failures):
    said = marksweep("status", "mine")
    lines = said.out.splitlines()
    assert lines[1].split()[:5] == ["mine", "1", "1", "3", "1"]
    assert lines[2].split("  ")[0].strip() == "2 × RuntimeError: no memory"
    assert "(c, d)" in lines[2]
    assert "1 × Diverged: the loss …" in lines[3]
    assert re.fullmatch(
        "Where it happened: marksweep query \"SELECT traceback FROM trials WHERE trial = '[cde]'\"", lines[4]
    )
    assert said.last == "Next: marksweep report mine"


def test_a_failed_trial_of_two_studies_is_counted_once(marksweep, with_failures):
    record_study(with_failures, "other", [{"question": "Why?", "trial": "c", "seed": 0, "label": "c"}])
    assert "2 × RuntimeError: no memory" in marksweep("status").out


def test_a_query_shows_rows_of_the_ledger(in_done_study):
    said = in_done_study("query", "SELECT state, count(*) AS trials FROM trials GROUP BY state")
    assert [line.split() for line in said.out.splitlines()[:3]] == [
        ["state", "trials"],
        ["finished", "4"],
        ["1", "rows"],
    ]
    assert said.last.startswith("Next: ")


def test_a_query_joins_all_tables(in_done_study):
    sql = (
        "SELECT count(DISTINCT i.image) FROM studies s JOIN trials t USING (trial) "
        "JOIN evaluations e USING (evaluation) JOIN images i USING (evaluation) "
        "JOIN epochs p ON p.trial = t.trial WHERE e.metric = 'nme_io'"
    )
    assert in_done_study("query", sql).out.splitlines()[1].split() == ["4"]


def test_a_query_without_rows_shows_its_columns(in_done_study):
    said = in_done_study("query", "SELECT trial, seed FROM trials WHERE seed = 99")
    assert [line.split() for line in said.out.splitlines()[:2]] == [["trial", "seed"], ["0", "rows"]]


def test_a_query_as_csv_is_csv_and_nothing_else(marksweep, storage, record):
    record("a", error="KeyError: 'x', [red] :x:", traceback="two\nlines")
    said = marksweep("query", "--csv", "SELECT trial, error, traceback FROM trials")
    assert list(csv.reader(io.StringIO(said.out))) == [
        ["trial", "error", "traceback"],
        ["a", "KeyError: 'x', [red] :x:", "two\nlines"],
    ]


@pytest.mark.parametrize("sql", ["SELECT nothing FROM trials", "SELECT * FROM trails", "SELEKT 1"])
def test_wrong_sql_is_answered_with_the_tables_and_their_columns(in_done_study, sql):
    said = in_done_study("query", sql)
    assert said.code == 2
    for name, schema in TABLES.items():
        assert f"  {name}: {', '.join(schema.names)}" in said.err


@pytest.mark.parametrize("sql", ["", ";"])
def test_sql_that_asks_for_nothing_is_answered_with_how_to_ask(in_done_study, sql):
    said = in_done_study("query", sql)
    assert said.code == 2
    assert "SELECT … FROM trials" in said.err


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM '/etc/passwd'",
        "SELECT * FROM read_text('mine.py')",
        "SELECT * FROM read_parquet('runs/compacted/trials.parquet')",
        "COPY trials TO 'stolen.csv'",
        "ATTACH 'other.duckdb'",
        "INSTALL httpfs",
        "SET enable_external_access = true",
        "SET enable_external_access = true; SELECT * FROM read_text('mine.py')",
    ],
)
def test_sql_reaches_no_file_and_no_network(in_done_study, done_study, sql):
    said = in_done_study("query", sql)
    assert said.code == 2
    assert "root:" not in said.out
    assert sorted(path.name for path in done_study.iterdir()) == ["cache", "mine.py", "runs"]


def test_sql_cannot_see_the_programs_own_variables(in_done_study):
    for name in ("ledger", "TABLES", "console"):
        assert in_done_study("query", f"SELECT * FROM {name}").code == 2


def test_every_method_is_listed_with_what_it_is(marksweep):
    said = marksweep("methods")
    for name in registry.method_names():
        assert re.search(rf"^{name} ", said.out, re.MULTILINE)
    assert "sharif2025resnet18" in said.out
    assert said.last.startswith("Next: marksweep methods ")


def test_a_method_is_described_by_its_front_page_its_settings_and_its_cost(marksweep):
    said = marksweep("methods", "mean_shape")
    assert said.code == 0
    assert "The mean shape: every face gets the average landmarks" in said.out
    assert "input_size = 64" in said.out
    assert "68 landmarks at 64×64: 0 parameters" in said.out
    assert said.last.startswith("Next: marksweep plan STUDY")


def test_the_modules_of_a_network_are_listed_with_shapes_and_parameters(marksweep):
    said = marksweep("methods", "resnet18", "--modules")
    assert said.code == 0
    # Its last layer: 512 inputs for 2 × 68 coordinates, and as many biases.
    assert re.search(rf"Linear \(fc\) +\[1, 136\] +{512 * 136 + 136:,}", said.out)


def test_an_unknown_method_is_answered_with_the_nearest_name(marksweep):
    said = marksweep("methods", "resnet81")
    assert said.code == 2
    assert "Did you mean 'resnet18'?" in said.err


@pytest.mark.slow
def test_a_report_of_a_small_ledger_is_a_page_with_its_tables_and_figures(in_done_study, tmp_path):
    said = in_done_study("report", "mine", "--out", tmp_path / "report")
    assert said.code == 0, said.err + said.out
    index = tmp_path / "report" / "index.html"
    assert said.last.endswith(f"Next: open {index}")
    assert "mean face, twice" in index.read_text()
    made = {path.suffix for path in (tmp_path / "report").rglob("*") if path.is_file()}
    assert {".md", ".tex", ".csv", ".html", ".pdf", ".png"} <= made


def test_an_unknown_report_is_answered_with_the_nearest_name(in_done_study, tmp_path):
    said = in_done_study("report", "minne", "--out", tmp_path / "report")
    assert said.code == 2
    assert "Did you mean 'mine'?" in said.err
    assert not (tmp_path / "report").exists()


def test_a_report_of_an_empty_ledger_is_still_a_page(marksweep, tmp_path):
    said = marksweep("report", "--out", "report")
    assert said.code == 0, said.err + said.out
    assert (tmp_path / "report" / "index.html").exists()


def test_storage_and_data_root_come_from_the_environment_too(marksweep, done_study, monkeypatch):
    monkeypatch.setenv("MARKSWEEP_STORAGE", str(done_study / "runs"))
    monkeypatch.setenv("MARKSWEEP_DATA", "elsewhere")
    assert "mine" in marksweep("status").out
    assert "elsewhere/ytf68" in marksweep("plan", "resnet18_ytf68").err


@pytest.mark.parametrize("verb", ["plan", "run", "status", "studies", "report", "query", "methods", "data", "demo"])
def test_every_verb_explains_itself(marksweep, verb):
    said = marksweep(verb, "--help")
    assert said.code == 0
    assert "Usage" in said.out


@pytest.mark.parametrize("verb", ["plan", "run"])
def test_a_table_is_wanted_instead_of_a_study(marksweep, verb):
    for arguments in ((), ("demo", "--table", "resnet18_1")):
        said = marksweep(verb, *arguments)
        assert said.code == 2
        assert "Name a study, or a table with --table: one of them." in said.err


def test_a_table_that_is_not_there_says_the_nearest(marksweep):
    said = marksweep("plan", "--table", "resnet81_1")
    assert said.code == 2
    assert "Did you mean 'resnet18_1'? Tables that can be run: " in said.err


def test_the_plan_of_a_papers_table_expects_gpu_hours_and_says_what_other_data_sets_lack(marksweep, tmp_path):
    write_300w(tmp_path / "data")
    said = marksweep("plan", "--table", "hrmlff_4")
    assert said.code == 0
    assert "hrmlff_wflw is left out: Data set 'wflw' is not complete" in said.out
    assert "list_98pt_rect_attr_train_test/" in said.out
    line = next(line for line in said.out.splitlines() if "HR-MLFF, fusion off" in line)
    assert line.rstrip().endswith("in its own process, 1 GPU")
    assert "GPU-hours (42 trials by an assumed speed: nothing was trained on such a device yet)" in said.out


def test_gpu_hours_are_operations_times_faces_times_epochs_at_the_assumed_speed(tmp_path):
    write_300w(tmp_path)
    place = Place(Storage(str(tmp_path / "runs")), tmp_path, tmp_path / "cache")
    made = make_plan(open_study("hrmlff_300w_private", {}, place), place)
    assert {(work.trial.method.input_size, work.trial.recipe.epochs) for work in made.works} == {(256, 140)}
    # 13 variants with fusion and one without, HRNet, FAN and hourglass; 3 seeds; 6 faces to learn from.
    operations = 3 * (13 * 5.06e9 + 4.75e9 + 4.66e9 + 25.24e9 + 15.08e9) * 140 * 6
    said = expected_of(made, place)
    assert said.hours == {"GPU": pytest.approx(operations / ASSUMED["GPU"] / 3600, rel=0.01)}
    assert said.bases == {Basis.ASSUMED: 51}


def write_300w(data_root: Path) -> None:
    """A face in each of its folders."""
    faces = Synthetic(train=4, val=1, test=1, size=96).faces(data_root)
    for folder, face in zip(FOLDERS, faces, strict=False):
        write_face(data_root / "300w", f"{folder}/face.png", face)


def test_a_table_without_any_data_says_which_studies_it_wants(marksweep):
    said = marksweep("plan", "--table", "resnet18_1")
    assert said.code == 2
    assert "resnet18_ytf68 is left out: Data set 'ytf68'" in said.out
    assert "No study of table resnet18_1 has its data: resnet18_300w, resnet18_ytf68." in said.err
