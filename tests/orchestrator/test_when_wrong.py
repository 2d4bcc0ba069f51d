"""Entries of the README's page "When something goes wrong", each brought about by a real command; those that need
trials are in `test_when_wrong_ray.py` and `test_launch_ray.py`."""

import fcntl
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from orchestrator.session import Place, make_plan, open_study, remember_question
from orchestrator.storage import Storage
from orchestrator.unit import Session, execute
from orchestrator.units import units_of
from tests.orchestrator import test_launch_ray, test_when_wrong_ray
from tests.orchestrator.readme_page import assert_page_shows, entries, is_seen
from tests.orchestrator.test_commands import FIVE_MISTAKES, SMALL, study_file

OWN_FACES = SMALL.replace("Synthetic(train=4, val=2, test=2, size=64)", "Csv68()").replace(
    "datasets.synthetic import Synthetic", "datasets.csv68 import Csv68"
)


@pytest.fixture
def prepared(marksweep, own_faces, tmp_path) -> Path:
    assert marksweep("data", "prepare", "csv68").code == 0
    (made,) = (tmp_path / "runs" / "cache").glob("*.arrow")
    return made


def a_wrong_name(marksweep, request) -> str:
    return marksweep("plan", "resnet18_ytf86").err


def mistakes_in_a_study(marksweep, request) -> str:
    study_file(Path(), FIVE_MISTAKES, "my_study.py")
    said = marksweep("run", "my_study.py")
    assert said.code == 2 and not Path("runs").exists()
    return said.err


def no_data_set(marksweep, request) -> str:
    return marksweep("plan", "resnet18_ytf68").err


def an_unreadable_picture(marksweep, request) -> str:
    (request.getfixturevalue("own_faces") / "identity00000_view0.jpg").write_bytes(b"")
    return marksweep("data", "prepare", "csv68").out


def a_cache_that_takes_nothing(marksweep, request) -> str:
    request.getfixturevalue("own_faces")
    change = request.getfixturevalue("monkeypatch")
    change.setattr(tempfile, "tempdir", str(Path.cwd()))
    Path("file").write_text("")
    change.setenv("MARKSWEEP_CACHE", "file/cache")
    return marksweep("data", "prepare", "csv68").out


def a_damaged_cache(marksweep, request) -> str:
    made = request.getfixturevalue("prepared")
    made.write_bytes(made.read_bytes()[:5000])
    return marksweep("data", "prepare", "csv68").out


def another_that_prepares(marksweep, request) -> str:
    made = request.getfixturevalue("prepared")
    made.unlink()
    with made.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        command = [sys.executable, "-m", "reports", "data", "prepare", "csv68"]
        paths = {"PYTHONPATH": str(Path(__file__).parents[2])}
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=os.environ | paths) as second:
            assert second.stdout is not None
            first_words = second.stdout.readline()
            fcntl.flock(lock, fcntl.LOCK_UN)
            return first_words + second.stdout.read()


def files_that_changed_meanwhile(marksweep, request) -> str:
    faces = request.getfixturevalue("own_faces")
    place = Place(Storage("runs"), faces, Path("cache"))
    opened = open_study(str(study_file(Path(), OWN_FACES)), {}, place)
    plan = make_plan(opened, place)
    remember_question(opened, plan, place)
    cv2.imwrite(str(faces / "identity00000_view0.jpg"), np.full((64, 64, 3), 90, dtype=np.uint8))
    (_, unit), *_ = units_of(opened, plan, place)
    execute(unit, Session())
    return marksweep("status").out


def a_damaged_ledger(marksweep, request) -> str:
    place = Place(Storage("runs"), Path("data"), Path("cache"))
    opened = open_study(str(study_file(Path())), {}, place)
    plan = make_plan(opened, place)
    remember_question(opened, plan, place)
    (_, unit), *_ = units_of(opened, plan, place)
    execute(unit, Session())
    for path in Path("runs").rglob("trial.parquet"):
        path.write_bytes(path.read_bytes()[:-40])
    return marksweep("status").err


HOW: dict[str, Callable] = {
    "No study": a_wrong_name,
    "several lines": mistakes_in_a_study,
    "Data set": no_data_set,
    "csv68:": an_unreadable_picture,
    "… takes no prepared file": a_cache_that_takes_nothing,
    "… is damaged … It is made": a_damaged_cache,
    "waiting for it": another_that_prepares,
    "… is not the one": files_that_changed_meanwhile,
    "….parquet is damaged": a_damaged_ledger,
}


@pytest.mark.parametrize("beginning", HOW)
def test_what_the_page_says_is_what_a_command_says(marksweep, request, beginning):
    assert_page_shows(beginning, HOW[beginning](marksweep, request))


def test_every_entry_of_the_page_is_brought_about():
    beginnings = {*HOW, *test_when_wrong_ray.ENTRIES, *test_launch_ray.ENTRIES}
    plain = {entry.replace("`", "") for entry in entries()}
    assert {entry for entry in plain if not any(map(entry.startswith, beginnings))} == set()
    assert {each for each in beginnings if not any(entry.startswith(each) for entry in plain)} == set()


def test_an_entry_is_seen_where_all_its_code_is():
    assert is_seen("lines `a.py:12: …` and `b`", "a.py:12: wrong\nb")
    assert not is_seen("lines `a.py:12: …` and `b`", "a.py:12: wrong")
    assert is_seen("`run by … on HOST`", "run by\n  me on HOST")
