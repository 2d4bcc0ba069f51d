"""What a person sees of a search on the command line, without Ray."""

import json
import textwrap
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import optuna
import pytest

from orchestrator.ledger import Ledger
from orchestrator.searched import standing_of
from orchestrator.searching import Searching
from orchestrator.session import Opened, Place, make_plan, open_study, remember_question
from orchestrator.storage import Storage
from orchestrator.unit import Session, execute
from orchestrator.units import units_of
from tests.orchestrator.conftest import Said

MINE = """
    from dataclasses import replace

    from search_spaces.domains import Choice, LogUniform, Space
    from search_spaces.search import Objective, Search
    from search_spaces.variants import Variant
    from trainables.datasets.synthetic import Synthetic
    from trainables.methods.resnet18 import ResNet18
    from trainables.recipe import Adam, Recipe
    from trainables.transforms.augmentation import Augmentation

    BASE = Variant(
        label="ResNet18",
        method=ResNet18(input_size=32, width=8),
        data=Synthetic(train=6, val=3, test=3, size=96),
        recipe=Recipe(epochs=1, batch_size=4, optimizer=Adam(lr=1e-3), augmentation=Augmentation()),
    )
    STUDY = Search(
        question="Which rate is best?",
        base=BASE,
        space=Space(
            domains={
                "recipe.optimizer.lr": LogUniform(low=1e-5, high=1e-1, why="Scales."),
                "recipe.batch_size": Choice(options={"2": 2, "4": 4}, why="Few faces."),
            }
        ),
        trials=12,
        confirm=(1,),
    )
    SMALL = replace(STUDY, trials=3)
"""

pytestmark = pytest.mark.usefixtures("nothing_from_the_environment")


def study_file(folder: Path, body: str = MINE) -> Path:
    path = folder / "mine.py"
    path.write_text(textwrap.dedent(body).lstrip("\n"), encoding="utf-8")
    return path


def do_points(opened: Opened, place: Place, count: int = 99) -> None:
    """So many points of a search, in this process."""
    searching = Searching(opened, place)
    for _ in range(count):
        assignment = searching.next(lambda resources: True)
        if assignment is None:
            return
        execute(assignment.unit, Session())
        (row,) = Ledger(place.storage).read("trials", only=[assignment.unit.id]).to_pylist()
        searching.ended(assignment.unit.id, row["state"])


def confirm(opened: Opened, place: Place) -> None:
    assert opened.search is not None
    best = standing_of(opened, place).best(opened.search)
    study = opened.search.confirmation(best.point) if best else None
    assert study is not None
    confirming = replace(opened, study=study)
    plan = make_plan(confirming, place)
    remember_question(confirming, plan, place)
    for _, unit in units_of(confirming, plan, place):
        execute(unit, Session())


@pytest.fixture(scope="module")
def some_points(tmp_path_factory) -> Path:
    """A folder with `mine.py` whose small search has tried two of its three points."""
    root = tmp_path_factory.mktemp("search")
    place = Place(Storage(str(root / "runs")), root / "data", root / "cache")
    do_points(open_study(str(study_file(root)), {}, place, small=True), place, count=2)
    return root


@pytest.fixture(scope="module")
def all_done(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("search")
    place = Place(Storage(str(root / "runs")), root / "data", root / "cache")
    opened = open_study(str(study_file(root)), {}, place, small=True)
    do_points(opened, place)
    confirm(opened, place)
    return root


@pytest.fixture
def within(marksweep, monkeypatch) -> Callable[..., Said]:
    """`within(folder, *arguments)`"""

    def run(folder: Path, *arguments: str) -> Said:
        monkeypatch.chdir(folder)
        return marksweep(*arguments)

    return run


def test_the_plan_of_a_search_says_its_question_budget_and_sampler_and_starts_nothing(marksweep, tmp_path):
    study_file(tmp_path)
    said = marksweep("plan", "mine.py")
    assert said.code == 0
    assert said.out.splitlines()[:2] == [
        "mine: Which rate is best?",
        "0 of at most 12 points: 0 trained; 12 more by Tpe.",
    ]
    assert "14 trials by an assumed speed" in said.out  # two more confirm what is found
    assert said.last == "Next: marksweep run mine.py"
    assert [path.name for path in tmp_path.iterdir()] == ["mine.py"]


def test_the_small_profile_is_another_question(marksweep, tmp_path):
    study_file(tmp_path)
    said = marksweep("plan", "mine.py", "--small")
    assert "mine+small: Which rate is best?" in said.out
    assert "0 of at most 3 points" in said.out
    assert said.last == "Next: marksweep run mine.py --small"


def test_a_larger_budget_is_the_same_question(marksweep, tmp_path):
    study_file(tmp_path)
    said = marksweep("plan", "mine.py", "--set", "trials=20")
    assert said.out.splitlines()[:2] == [
        "mine: Which rate is best?",
        "0 of at most 20 points: 0 trained; 20 more by Tpe.",
    ]


def test_the_plan_of_a_begun_search_says_how_far_it_is_and_what_is_best(within, some_points):
    said = within(some_points, "plan", "mine.py", "--small")
    lines = said.out.splitlines()
    assert lines[1] == "2 of at most 3 points: 2 trained; 1 more by Tpe."
    assert lines[2].startswith("Best so far")
    assert "NME" in lines[2]
    assert "Then, with seeds that the search has not seen:" in said.out
    assert said.last == "Next: marksweep run mine.py --small"


def test_the_paper_sized_search_knows_what_the_small_one_tried(within, some_points):
    """They differ in their budgets alone here."""
    said = within(some_points, "plan", "mine.py")
    assert "0 of at most 12 points: 0 trained; 12 more by Tpe." in said.out
    assert "2 trials tell of this space, too." in said.out


def test_a_finished_search_is_planned_as_done_and_its_run_starts_nothing(within, all_done):
    planned = within(all_done, "plan", "mine.py", "--small")
    assert "3 of at most 3 points: 3 trained; 0 more by Tpe." in planned.out
    assert planned.last == "Next: marksweep report mine+small"
    ran = within(all_done, "run", "mine.py", "--small")
    assert (ran.code, "Ray" in ran.out) == (0, False)
    assert ran.last == "Next: marksweep report mine+small"


def test_points_and_their_confirmation_are_rows_of_one_study(all_done):
    rows = [row for row in Ledger(str(all_done / "runs")).read("studies").to_pylist() if row["study"] == "mine+small"]
    points = sorted((row for row in rows if row["point"] is not None), key=lambda row: row["number"])
    assert [row["label"] for row in points] == ["default", "point 1", "point 2"]
    assert json.loads(points[0]["point"]) == {"recipe.optimizer.lr": 1e-3, "recipe.batch_size": "4"}
    confirmed = [row for row in rows if row["point"] is None]
    assert {row["label"] for row in confirmed} <= {"default", "best found"}
    assert {(row["seed"], row["split"]) for row in confirmed} == {(1, "test")}


def test_the_status_of_a_search_is_done_when_its_confirmation_is(within, all_done):
    said = within(all_done, "status", "mine+small")
    assert said.code == 0
    assert said.last == "Next: marksweep report mine+small"


def test_a_search_is_exported_for_optunas_dashboard_once(within, some_points, tmp_path):
    place = f"sqlite:///{tmp_path}/optuna.db"
    said = within(some_points, "export", "mine.py", place, "--small")
    assert (said.code, said.last) == (0, f"Next: optuna-dashboard {place}")
    assert len(optuna.load_study(study_name="mine+small", storage=place).trials) == 2
    again = within(some_points, "export", "mine.py", place, "--small")
    assert again.code == 2
    assert "has a study 'mine+small' already" in again.err


def test_a_plain_study_is_not_exported(marksweep):
    said = marksweep("export", "demo", "demo.log")
    assert said.code == 2
    assert "demo is no search" in said.err


@pytest.mark.parametrize(
    "wrong, complaint",
    [
        ('objectives=(Objective(metric="test_nme_io"),),', "Search by val_nme_io"),
        ('objectives=(Objective(metric="val_nonsense"),),', "val_nonsense is not measured."),
        ("objectives=(Objective(), Objective(metric='macs')),", "set stopping to None"),
        ('first=({"recipe.optimizer.lr": 1.0, "recipe.batch_size": "2"},),', "is not in the space"),
        ("seed=1,", "confirm has the seed 1"),
    ],
)
def test_a_wrong_search_is_answered_with_its_line_before_anything_starts(marksweep, tmp_path, wrong, complaint):
    study_file(tmp_path, MINE.replace("confirm=(1,),", f"confirm=(1,),\n        {wrong}"))
    for verb in ("plan", "run"):
        said = marksweep(verb, "mine.py")
        assert said.code == 2
        assert said.out == ""
        assert complaint in said.err
        assert said.err.startswith("mine.py:")
    assert not (tmp_path / "runs").exists()


def test_a_searched_setting_that_is_set_beyond_its_bounds_is_a_mistake(marksweep, tmp_path):
    study_file(tmp_path)
    said = marksweep("plan", "mine.py", "--set", "recipe.optimizer.lr=0.5")
    assert said.code == 2
    assert "the base's own point" in said.err
    assert "Widen its bounds" in said.err


def test_a_plain_study_has_no_small_profile(marksweep):
    said = marksweep("plan", "demo", "--small")
    assert said.code == 2
    assert "Leave --small out" in said.err
