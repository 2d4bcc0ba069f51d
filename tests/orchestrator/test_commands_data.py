"""The verbs of `marksweep data`: what a person sees, and the exit code."""

import re
import tempfile

import cv2
import pytest
from rich.console import Console

from orchestrator.commands_data import data_prepare
from orchestrator.session import Place
from orchestrator.storage import Storage
from trainables import registry
from trainables.datasets import synthetic
from trainables.datasets.synthetic import Synthetic


@pytest.fixture
def few_faces(monkeypatch) -> Synthetic:
    few = Synthetic(train=3, val=1, test=2, size=64)
    monkeypatch.setattr(synthetic, "DATASET", few)
    return few


def test_every_data_set_is_listed_with_whether_it_is_here(marksweep):
    said = marksweep("data", "list", "--data-root", "nowhere")
    rows = {line.split()[0]: line for line in said.out.splitlines()}
    assert set(registry.dataset_names()) <= set(rows)
    assert re.search(r"\byes\b", rows["synthetic"])
    assert re.search(r"\bno\b", rows["ytf68"])
    assert "Looked below nowhere" in said.out
    assert said.last == "Next: marksweep data check NAME"


@pytest.mark.parametrize("verb", ["check", "prepare", "show"])
def test_a_data_set_that_is_not_there_is_answered_with_its_tree(marksweep, verb):
    said = marksweep("data", verb, "ytf68", "--data-root", "nowhere")
    assert said.code == 2
    assert "training_frames_keypoints.csv" in said.err
    assert "--data-root or MARKSWEEP_DATA" in said.err


@pytest.mark.parametrize("verb", ["check", "prepare", "show"])
def test_an_unknown_data_set_is_answered_with_the_nearest_name(marksweep, verb):
    said = marksweep("data", verb, "ytf86")
    assert said.code == 2
    assert "Did you mean 'ytf68'?" in said.err


@pytest.mark.parametrize("verb", ["check", "prepare", "show"])
def test_the_list_of_another_data_set_is_answered_with_file_line_and_remedy(marksweep, own_faces, verb):
    (own_faces / "landmarks.csv").write_text("name,x0,y0\na.jpg,1,2\n")
    said = marksweep("data", verb, "csv68")
    assert said.code == 2
    assert "landmarks.csv, line 2: 3 columns, expected 137" in said.err
    assert "is it another scheme" in said.err


def test_settings_of_a_data_set_are_given_by_name(marksweep, few_faces):
    said = marksweep("data", "check", "synthetic", "--set", "landmarks=98", "--set", "train=2")
    assert "98 landmarks" in said.out
    assert said.out.splitlines()[-1].startswith(
        "Next: marksweep data prepare synthetic --set landmarks=98 --set train=2"
    )


def test_all_wrong_settings_are_told_with_the_nearest_right_ones(marksweep):
    said = marksweep("data", "show", "ibug300w", "--set", "protocl=full", "--set", "one_based=maybe")
    assert said.code == 2
    first, second = said.err.splitlines()
    assert first.startswith("--set: 'protocl' names no setting") and "Did you mean 'protocol'?" in first
    assert second.startswith("--set: Ibug300w.one_based = 'maybe'")


def test_a_data_set_that_is_whole_is_counted(marksweep, few_faces):
    said = marksweep("data", "check", "synthetic")
    assert said.code == 0
    assert said.out.splitlines()[:6] == [
        "synthetic: 12 faces, 68 landmarks",
        "  train: 6 faces in 3 groups",
        "  val: 2 faces in 1 groups",
        "  test: 4 faces in 2 groups",
        "  0 unreadable images",
        "  0 images with landmarks outside them (kept)",
    ]
    assert said.last == "Next: marksweep data prepare synthetic"


def test_what_makes_a_data_set_unusable_is_told_and_the_exit_code(marksweep, own_faces):
    (own_faces / "identity00004_view0.jpg").write_bytes((own_faces / "identity00000_view0.jpg").read_bytes())
    said = marksweep("data", "check", "csv68")
    assert said.code == 1
    assert "stand in more than one split: train identity00000_view0.jpg = test identity00004_view0.jpg" in said.out
    assert said.last == "Next: mend what is listed above, then check again"


def test_a_data_set_is_prepared_once(marksweep, few_faces, tmp_path):
    said = marksweep("data", "prepare", "synthetic", "--size", "32")
    assert said.code == 0
    (made,) = (tmp_path / "runs" / "cache").glob("*.arrow")
    assert said.out.startswith(str(made))
    assert said.last == "Next: marksweep run STUDY"
    before = made.stat().st_mtime_ns
    assert marksweep("data", "prepare", "synthetic", "--size", "32").out == said.out
    assert made.stat().st_mtime_ns == before


def test_unreadable_pictures_are_few_and_named(marksweep, own_faces):
    for number in range(3):
        for view in range(2 if number < 2 else 1):
            (own_faces / f"identity0000{number}_view{view}.jpg").write_bytes(b"")
    said = marksweep("data", "prepare", "csv68")
    assert said.code == 0
    assert "csv68: 5 unreadable images are left out: identity00000_view0.jpg: not a readable image; " in said.out
    assert "… and 2 more (all of them: marksweep data check csv68)" in said.out


def test_a_split_without_a_readable_picture_is_answered_with_how_to_look(marksweep, own_faces):
    for view in range(2):
        (own_faces / f"identity00003_view{view}.jpg").write_bytes(b"")
    said = marksweep("data", "prepare", "csv68")
    assert said.code == 2
    assert "no image of val can be read" in said.err
    assert "marksweep data check csv68" in said.err


def test_a_damaged_file_is_made_again_and_told(marksweep, own_faces, tmp_path):
    marksweep("data", "prepare", "csv68")
    (made,) = (tmp_path / "runs" / "cache").glob("*.arrow")
    content = made.read_bytes()
    made.write_bytes(content[:5000])
    said = marksweep("data", "prepare", "csv68")
    assert said.code == 0
    assert f"{made} is damaged" in said.out
    assert made.read_bytes() == content


def test_a_cache_folder_that_takes_no_file_is_replaced_and_told(marksweep, own_faces, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("MARKSWEEP_CACHE", str(tmp_path / "file" / "cache"))
    said = marksweep("data", "prepare", "csv68")
    assert said.code == 0
    assert "takes no prepared file" in said.out
    assert len(list(tmp_path.glob("marksweep-cache-*/*.arrow"))) == 1


def test_a_contact_sheet_is_drawn_where_it_was_asked_for(marksweep, few_faces, tmp_path):
    said = marksweep("data", "show", "synthetic", "--split", "test", "--count", "2", "--out", "sheet.png")
    assert said.code == 0
    assert said.out.splitlines()[0] == "sheet.png (2 faces)"
    assert said.last == "Next: marksweep data show synthetic --split test --seed 1, for other faces"
    assert cv2.imread(str(tmp_path / "sheet.png")) is not None


def test_a_contact_sheet_is_called_as_what_it_shows(marksweep, few_faces, tmp_path):
    assert marksweep("data", "show", "synthetic", "--split", "val", "--count", "1").code == 0
    assert (tmp_path / "synthetic_val.png").exists()


@pytest.mark.parametrize("option, value, answer", [("--split", "tset", "'test'"), ("--tag", "hats", "Known: ")])
def test_a_contact_sheet_of_nothing_is_answered_with_what_there_is(marksweep, few_faces, option, value, answer):
    said = marksweep("data", "show", "synthetic", option, value)
    assert said.code == 2
    assert answer in said.err


def test_a_terminal_sees_no_bar_of_what_is_done_at_once(few_faces, tmp_path):
    with (tmp_path / "screen").open("w") as screen:
        place = Place(Storage(str(tmp_path / "runs")), tmp_path, tmp_path / "cache")
        data_prepare("synthetic", {}, 32, "resnet18", place, None, Console(file=screen, force_terminal=True, width=200))
    assert "preparing" not in (tmp_path / "screen").read_text()


def test_a_study_that_measures_on_no_face_is_refused_before_it_trains(marksweep, own_faces, tmp_path):
    listed = (own_faces / "landmarks.csv").read_text()
    (own_faces / "landmarks.csv").write_text(listed.replace(",test", ",train"))
    (tmp_path / "mine.py").write_text(
        "from search_spaces.study import Study\n"
        "from search_spaces.variants import Variant\n"
        "from trainables.datasets.csv68 import Csv68\n"
        "from trainables.methods.mean_shape import MeanShape\n"
        'STUDY = Study(question="Which?", variants=(Variant(method=MeanShape(), data=Csv68()),))\n'
    )
    said = marksweep("run", "mine.py")
    assert said.code == 2
    assert "Data set 'csv68' has no readable test face. A study learns from train" in said.err
