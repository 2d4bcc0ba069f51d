"""A short version of `python -m tests.fuzz`, and what thousands of inputs would not meet by chance."""

import zlib
from pathlib import Path
from struct import pack

import cv2
import numpy as np
import pytest

from search_spaces.loading import load_study
from tests.fuzz import layouts
from tests.fuzz.running import KINDS, fuzz
from tests.fuzz.study_files import BASES
from trainables.config import ConfigError
from trainables.dataset import DataError, Face
from trainables.datasets import _matlab
from trainables.datasets.csv68 import Csv68
from trainables.listing import list_faces
from trainables.picture_files import MOST_PIXELS, read_picture

INPUTS = {"study_files": 300, "ledgers": 300, "checkpoints": 500, "caches": 300, "datasets": 200}


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_spoiled_files_are_refused_by_name_or_read_as_they_were(kind):
    tally = fuzz(kind, INPUTS[kind], seed=1)
    assert tally.inputs == INPUTS[kind]
    assert not tally.failed, "\n".join(tally.failures)


def test_the_same_number_of_the_same_seed_is_the_same_file():
    assert fuzz("checkpoints", 40, seed=3).counts == fuzz("checkpoints", 40, seed=3).counts


def png(width: int, height: int, rows: int) -> bytes:
    """A grey picture of one bit for each pixel, of which so many rows are there."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return pack(">I", len(content)) + kind + content + pack(">I", zlib.crc32(kind + content))

    header = chunk(b"IHDR", pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0))
    pixels = zlib.compress(bytes((1 + (width + 7) // 8) * rows), 9)
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (png(20_000, 20_000, 20_000), f"20000×20000 px are more than {MOST_PIXELS:,}"),
        (png(2**31 - 1, 2**31 - 1, 1), "px are more than"),
        (png(10_000, 10_000, 1), "the file is too short for 10000×10000 px"),
        (b"BM" + pack("<IHHIIiiHHIIiiII", 90, 0, 0, 54, 40, 2**30, 2**30, 1, 24, 0, 0, 0, 0, 0, 0), "not a readable"),
        (b"", "not a readable image"),
    ],
    ids=["bomb", "absurd", "claims more", "of another format", "empty"],
)
def test_a_picture_that_would_fill_the_memory_is_not_decoded(tmp_path, content, told):
    path = tmp_path / "bomb.png"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=told):
        read_picture(path)


def test_a_large_plain_picture_is_decoded(tmp_path):
    path = tmp_path / "plain.png"
    path.write_bytes(png(4096, 4096, 4096))
    assert read_picture(path).shape == (4096, 4096, 3)


def test_a_matlab_file_in_which_hdf5_loops_for_ever_is_refused(monkeypatch):
    """10 kB, spoiled as number 1405 of seed 7 once was: looking a variable up never returns."""
    monkeypatch.setattr(_matlab, "SECONDS", 3.0)
    path = Path(__file__).with_name("endless.mat")
    with (
        pytest.raises(DataError, match=r"endless\.mat: its structure leads nowhere"),
        _matlab.open_matlab(path, ("phisTr",)) as variables,
    ):
        variables.numbers("phisTr")


@pytest.fixture
def written(tmp_path) -> Path:
    """A data set, and beside it what it must not show."""
    (tmp_path / "data").mkdir()
    layouts.csv68(tmp_path / "data")
    (tmp_path / "secret.csv").write_text("password")
    cv2.imwrite(str(tmp_path / "secret.png"), np.zeros((8, 8, 3), np.uint8))
    return tmp_path / "data"


@pytest.mark.parametrize("leads_to", ["../secret.csv", "/dev/zero", "/etc/passwd"])
def test_an_annotation_file_that_is_a_link_out_of_the_data_set_is_not_read(written, leads_to):
    (written / "landmarks.csv").unlink()
    (written / "landmarks.csv").symlink_to(leads_to)
    for read in (list_faces, Csv68.digest):
        with pytest.raises(DataError, match=r"csv") as refused:
            read(Csv68(), written)
        assert "password" not in str(refused.value) and "root:" not in str(refused.value)


def test_a_folder_of_annotation_that_is_a_link_out_of_the_data_set_is_not_read(tmp_path):
    dataset = layouts.pts(tmp_path)
    folder = tmp_path / "300w" / "ibug"
    folder.rename(tmp_path / "elsewhere")
    folder.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(DataError, match="a link leads it out of"):
        list_faces(dataset, tmp_path)


def test_a_data_set_may_itself_be_a_link(tmp_path):
    (tmp_path / "disk").mkdir()
    dataset = layouts.pts(tmp_path / "disk")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "300w").symlink_to(tmp_path / "disk" / "300w")
    found = list_faces(dataset, tmp_path / "data")
    assert dataset.read_image(tmp_path / "data", found.faces[0]).shape == (32, 32, 3)


@pytest.mark.parametrize("name", ["../secret.png", "/etc/passwd", "a/../../secret.png", "link.png", "below/secret.png"])
def test_a_picture_outside_of_the_data_set_is_not_read(written, name):
    (written / "link.png").symlink_to("../secret.png")
    (written / "below").symlink_to("..")
    face = Face(image=name, landmarks=np.zeros((68, 2)), split="train", group="a")
    with pytest.raises(ValueError, match="lies outside"):
        Csv68().read_image(written, face)


@pytest.mark.parametrize(
    ("setting", "told"),
    [
        ('Csv68(file="../list.csv")', "lies outside"),
        ('Csv68(file="/etc/passwd")', "lies outside"),
        ('Csv68(file="a\\0.csv")', "null character"),
        ('Menpo(folder="../faces")', "lies outside"),
        ('Menpo(folder="\\ud800")', "a character that is none"),
        ('Menpo(folder="' + 300 * "a" + '")', "more than 255 bytes"),
    ],
)
def test_a_study_cannot_name_files_outside_of_the_data_root(tmp_path, setting, told):
    text = BASES[1].replace('Menpo(folder="faces")', setting).replace('Csv68(file="list.csv")', setting)
    (tmp_path / "mine.py").write_text(text, encoding="utf-8")
    with pytest.raises((ConfigError, DataError), match=told):
        for variant, _ in load_study(tmp_path / "mine.py").trials():
            variant.data.sources(tmp_path)
            variant.data.root(tmp_path)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("x = " + "(" * 20_000, r"mine.py(:\d+)?: "),
        ("x = '\0'", r"mine.py(:\d+)?: .*null"),
        ("raise SystemExit", "mine.py:1: SystemExit"),
        ("from trainables.nowhere.deeper import A", "mine.py:1: cannot import 'trainables.nowhere.deeper'"),
    ],
)
def test_odd_python_is_a_mistake_of_the_file(tmp_path, line, told):
    (tmp_path / "mine.py").write_text(f"{line}\n{BASES[0]}", encoding="utf-8")
    with pytest.raises(ConfigError, match=told):
        load_study(tmp_path / "mine.py")


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("seeds=(0, 1, 2)", "seeds=range(10**15)", r"mine.py:\d+: Study.seeds"),
        ("lr=1e-3", "lr=1e999", r"mine.py:\d+: Adam.lr = inf: should be a finite number"),
    ],
)
def test_absurd_numbers_are_mistakes_of_the_file(tmp_path, old, new, told):
    (tmp_path / "mine.py").write_text(BASES[0].replace(old, new), encoding="utf-8")
    with pytest.raises(ConfigError, match=told):
        load_study(tmp_path / "mine.py")


def test_seeds_to_confirm_with_are_told_apart_before_the_search(tmp_path):
    (tmp_path / "mine.py").write_text(BASES[2].replace("(1, 2, 3)", "(1, 2, 2)"), encoding="utf-8")
    with pytest.raises(ConfigError, match=r"mine.py:\d+: .*a seed occurs twice in confirm"):
        load_study(tmp_path / "mine.py")


@pytest.mark.parametrize("number", ["1e7", "1e308", "1_0", "١٢", "9" * 400, "nan"])
def test_a_number_that_is_no_place_in_a_picture_is_refused(written, number):
    path = written / "landmarks.csv"
    lines = path.read_text().splitlines()
    cells = lines[2].split(",")
    path.write_text("\n".join([*lines[:2], ",".join([cells[0], number, *cells[2:]]), *lines[3:]]))
    with pytest.raises(DataError, match=r"landmarks.csv, line 3: "):
        list_faces(Csv68(), written)
