"""Preparing for a command: in threads, on Ray where it pays, and always the same file."""

import threading
import time
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
from rich.console import Console

from orchestrator import preparing
from orchestrator.preparing import in_threads, on_ray, progress_shown, runner
from tests.trainables.layouts_csv68 import write_csv68
from trainables.config import config
from trainables.dataset import DataError, Face
from trainables.datasets.csv68 import Csv68
from trainables.datasets.synthetic import Synthetic
from trainables.face_cache import Cutter, Part, Run, prepare, run_serially
from trainables.transforms.crop import Crop

DATA = Csv68()


@pytest.fixture(scope="module")
def root(tmp_path_factory) -> Path:
    """200 small JPEG files with a list, which make four parts."""
    random = np.random.default_rng(0)
    faces = [
        Face(
            image=f"{number}",
            landmarks=random.uniform(4, 36, (68, 2)),
            split=("train", "val", "test")[number % 3],
            group=f"{number}",
            pixels=random.integers(0, 256, (40, 40, 3), dtype=np.uint8),
        )
        for number in range(200)
    ]
    return write_csv68(tmp_path_factory.mktemp("faces"), faces)


@pytest.fixture
def prepared(root, tmp_path) -> Callable[[Run], bytes]:
    def prepared_by(run: Run) -> bytes:
        path = prepare(DATA, root, Crop(), 32, tmp_path / str(time.monotonic_ns()), run=run)
        return path.read_bytes()

    return prepared_by


def test_threads_make_the_same_file(prepared):
    serially = prepared(run_serially)
    assert prepared(lambda cutter, parts: in_threads(cutter, parts, 3)) == serially
    assert prepared(runner(None, print)) == serially


def test_what_a_thread_raises_reaches_the_caller(root):
    nowhere = Part((Face("0.jpg", np.full((68, 2), np.nan), "train", "a"),))
    with pytest.raises(DataError, match="neither a landmark nor a box"):
        list(in_threads(Cutter(DATA, root, Crop(), 32, 8, ""), [nowhere], 2))


@config
class Film(Csv68):
    """Says of its frames in which order and thread they are read."""

    kind: ClassVar[str] = "film_of_tests"

    def read_image(self, data_root: Path, face: Face) -> np.ndarray:
        read.append((int(face.which), threading.current_thread().name))
        return np.zeros((40, 40, 3), dtype=np.uint8)


read: list[tuple[int, str]] = []


def test_frames_of_a_film_are_read_in_order_by_one_thread(root):
    read.clear()
    faces = [Face("vid.avi", np.random.default_rng(n).uniform(0, 40, (68, 2)), "train", "a", str(n)) for n in range(9)]
    parts = [Part(tuple(faces[start : start + 3])) for start in (0, 3, 6)]
    assert len(list(runner(None, print)(Cutter(Film(), root, Crop(), 32, 8, ""), parts))) == 3
    assert read == [(number, threading.current_thread().name) for number in range(9)]


@pytest.mark.ray
def test_ray_makes_the_same_file_also_where_the_data_root_is_relative(prepared, root, tmp_path, monkeypatch):
    told = []
    serially = prepared(run_serially)
    assert prepared(runner("local", told.append, worth=0.0)) == serially
    assert len(told) == 1
    assert told[0].endswith("faces are left: cutting them on Ray.")
    monkeypatch.chdir(root)
    path = prepare(DATA, Path(), Crop(), 32, tmp_path, run=lambda cutter, parts: on_ray(cutter, parts, None))
    assert path.read_bytes() == serially


@pytest.mark.ray
def test_what_is_raised_on_ray_reaches_the_caller_as_it_was(root):
    nowhere = Part((Face("0.jpg", np.full((68, 2), np.nan), "train", "a"),))
    with pytest.raises(DataError, match="neither a landmark nor a box") as raised:
        list(on_ray(Cutter(DATA, root, Crop(), 32, 8, ""), [nowhere], None))
    assert "ray" not in str(raised.value)


def test_rendered_faces_stay_in_this_process(tmp_path):
    told = []
    few = Synthetic(train=3, val=1, test=2, size=64)
    prepare(few, tmp_path, Crop(), 32, tmp_path, run=runner("local", told.append, worth=0.0))
    assert told == []


def test_where_there_is_no_terminal_lines_say_how_far_it_is(monkeypatch):
    monkeypatch.setattr(preparing, "LINE_EVERY", 0.0)
    screen = StringIO()
    with progress_shown(Console(file=screen), "preparing") as show:
        for done in (1000, 7000):
            show("ytf68 at 64 px", done, 7000)
    assert screen.getvalue().splitlines() == [
        "preparing ytf68 at 64 px: 1,000 of 7,000 faces",
        "preparing ytf68 at 64 px: 7,000 of 7,000 faces",
    ]


@pytest.mark.parametrize("terminal", [True, False])
def test_what_is_done_at_once_shows_no_progress(terminal):
    screen = StringIO()
    with progress_shown(Console(file=screen, force_terminal=terminal), "preparing") as show:
        for done in (1000, 7000):
            show("ytf68 at 64 px", done, 7000)
    assert screen.getvalue() == ""


def test_a_terminal_sees_a_bar_of_what_takes_longer(monkeypatch):
    monkeypatch.setattr(preparing, "SILENT", 0.0)
    screen = StringIO()
    with progress_shown(Console(file=screen, force_terminal=True, width=100), "checking") as show:
        for done in (1000, 7000):
            show("ytf68", done, 7000)
    assert "checking ytf68" in screen.getvalue()
