"""Preparing that goes wrong: killed, damaged, refused, or asked for twice; nothing is silent, nothing half-written."""

import fcntl
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
import pyarrow as pa
import pytest

from tests.trainables.layouts_csv68 import write_csv68
from trainables import face_cache
from trainables.cache_file import DamagedCache
from trainables.cache_folder import partial_of, spare_folder
from trainables.dataset import DataError
from trainables.datasets.csv68 import Csv68
from trainables.datasets.synthetic import Synthetic
from trainables.face_cache import Cutter, Part, cache_path, prepare
from trainables.faces import Faces, open_faces
from trainables.recipe import MARGIN
from trainables.transforms.crop import Crop

DATA, SIZE, FACES = Csv68(), 32, 20


@pytest.fixture(scope="module")
def written(tmp_path_factory) -> Path:
    """20 rendered faces as JPEG files with a list."""
    root = tmp_path_factory.mktemp("faces")
    return write_csv68(root, Synthetic(train=6, val=2, test=2, size=64).faces(root))


@pytest.fixture
def root(written, tmp_path) -> Path:
    return shutil.copytree(written, tmp_path / "data")


@pytest.fixture(autouse=True)
def in_small_parts_with_a_spare_folder_of_its_own(monkeypatch, tmp_path):
    monkeypatch.setattr(face_cache, "FACES_PER_RECORD_BATCH", 4)
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))


@pytest.fixture
def told() -> list[str]:
    return []


def prepared(root: Path, **given) -> Path:
    return prepare(DATA, root, Crop(), SIZE, given.pop("folder", root.parent / "cache"), **given)


def opened(path: Path) -> Faces:
    return open_faces(path, DATA.scheme)


class Ended(BaseException):
    """Stands for whatever ends a process."""


def ends_after(number: int):
    def run(cutter: Cutter, parts: Sequence[Part]) -> Iterator[pa.RecordBatch]:
        yield from map(cutter.cut, parts[:number])
        raise Ended

    return run


def counted(cut: list[int]):
    def run(cutter: Cutter, parts: Sequence[Part]) -> Iterator[pa.RecordBatch]:
        for part in parts:
            cut.append(len(part.faces))
            yield cutter.cut(part)

    return run


def left_overs(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if path.suffix not in (".arrow", ".lock")]


@pytest.fixture
def whole(root) -> bytes:
    """What an undisturbed preparation writes."""
    path = prepared(root, folder=root.parent / "undisturbed")
    return path.read_bytes()


@pytest.mark.parametrize("number", [0, 1, 3, 5])
def test_an_ended_preparation_goes_on_where_it_was(root, whole, told, number):
    with pytest.raises(Ended):
        prepared(root, run=ends_after(number))
    assert not list((root.parent / "cache").glob("*.arrow"))
    cut: list[int] = []
    progress: list[tuple[int, int]] = []
    path = prepared(root, run=counted(cut), tell=told.append, progress=lambda *done: progress.append(done))
    assert cut == [4] * (5 - number)
    assert progress == [(done, FACES) for done in range(4, FACES + 1, 4)]
    assert told == (
        [f"Going on after the {4 * number} faces that a preparation left when it was ended."] * (number > 0)
    )
    assert path.read_bytes() == whole
    assert not left_overs(path.parent)


KILLED = """
import os, signal, sys
from pathlib import Path
from trainables import face_cache
from trainables.datasets.csv68 import Csv68
from trainables.transforms.crop import Crop

def run(cutter, parts):
    yield from map(cutter.cut, parts[:3])
    os.kill(os.getpid(), signal.SIGKILL)

face_cache.FACES_PER_RECORD_BATCH = 4
face_cache.prepare(Csv68(), Path(sys.argv[1]), Crop(), 32, Path(sys.argv[2]), run=run)
"""


def test_a_killed_process_leaves_what_it_has_done(root, whole):
    done = subprocess.run([sys.executable, "-c", KILLED, root, root.parent / "cache"], check=False)
    assert done.returncode == -9
    cut: list[int] = []
    assert prepared(root, run=counted(cut)).read_bytes() == whole
    assert cut == [4, 4]


@pytest.mark.parametrize("change", ["cut off", "one pixel", "garbage", "empty"])
def test_only_what_is_whole_of_an_ended_preparation_is_kept(root, whole, change):
    with pytest.raises(Ended):
        prepared(root, run=ends_after(3))
    (partial,) = left_overs(root.parent / "cache")
    content = bytearray(partial.read_bytes())
    if change == "cut off":
        content = content[:-7]
    elif change == "one pixel":
        content[len(content) // 2] ^= 255  # in the second of three batches
    elif change == "garbage":
        content = bytearray(b"no Arrow file")
    else:
        content = bytearray()
    partial.write_bytes(content)
    cut: list[int] = []
    path = prepared(root, run=counted(cut))
    assert len(cut) == {"cut off": 3, "one pixel": 4, "garbage": 5, "empty": 5}[change]
    assert path.read_bytes() == whole
    assert not left_overs(path.parent)


@pytest.mark.parametrize("lost", [1, 8, 3000, 20_000])
def test_an_end_while_the_annotation_is_written_loses_no_crop(root, whole, lost):
    target = cache_path(root.parent / "cache", DATA, DATA.digest(root), Crop(), SIZE, MARGIN)
    target.parent.mkdir()
    partial_of(target).write_bytes(whole[:-lost])
    cut: list[int] = []
    assert prepared(root, run=counted(cut)).read_bytes() == whole
    assert cut == []


@pytest.mark.parametrize(("hours", "stays"), [(0, True), (23, True), (25, False)])
@pytest.mark.parametrize("changed", [False, True])
def test_what_another_node_is_writing_stays_unless_it_has_not_grown_for_a_day(root, hours, stays, changed):
    with pytest.raises(Ended):
        prepared(root, run=ends_after(3))
    (own,) = left_overs(root.parent / "cache")
    other = own.rename(own.with_name(f"{own.name.partition('.')[0]}.another.node.partial"))
    os.utime(other, (time.time() - hours * 3600,) * 2)
    if changed:  # it is of the data set as it was
        cv2.imwrite(str(next(root.glob("*.jpg"))), np.full((64, 64, 3), 90, dtype=np.uint8))
    prepared(root)
    assert left_overs(other.parent) == [other] * stays


def test_a_folder_that_another_node_fills_with_the_whole_file_is_not_left(root, told, request):
    made = prepared(root, folder=root.parent / "undisturbed")
    request.getfixturevalue("little_room")

    def run(cutter: Cutter, parts: Sequence[Part]) -> Iterator[pa.RecordBatch]:
        made.rename(root.parent / "cache" / made.name)
        return map(cutter.cut, parts)

    path = prepared(root, run=run, tell=told.append)
    assert path.parent == root.parent / "cache" and len(opened(path).images) == FACES
    assert told == [] and not left_overs(path.parent) and not spare_folder().exists()


def test_what_was_left_of_other_files_is_not_used_and_removed_in_the_end(root):
    with pytest.raises(Ended):
        prepared(root, run=ends_after(3))
    picture = next(root.glob("*.jpg"))
    cv2.imwrite(str(picture), np.full((64, 64, 3), 90, dtype=np.uint8))
    cut: list[int] = []
    path = prepared(root, run=counted(cut))
    assert len(cut) == 5
    assert not left_overs(path.parent)


def test_what_was_left_of_another_size_stays(root):
    with pytest.raises(Ended):
        prepare(DATA, root, Crop(), 48, root.parent / "cache", run=ends_after(3))
    assert len(left_overs(prepared(root).parent)) == 1


def test_who_comes_second_says_that_it_waits_and_makes_nothing(root, told):
    begun, go_on = threading.Event(), threading.Event()
    paths, cut = [], []

    def slowly(cutter: Cutter, parts: Sequence[Part]) -> Iterator[pa.RecordBatch]:
        begun.set()
        go_on.wait()
        return map(cutter.cut, parts)

    def tell(text: str) -> None:
        told.append(text)
        go_on.set()

    first = threading.Thread(target=lambda: paths.append(prepared(root, run=slowly)))
    first.start()
    begun.wait()
    paths.append(prepared(root, run=counted(cut), tell=tell))
    first.join()
    assert paths[0] == paths[1]
    assert cut == []
    assert told == [f"Another process is preparing {paths[0].name}: waiting for it."]


@pytest.mark.parametrize("damage", ["cut off", "half", "overwritten", "empty"])
def test_a_damaged_file_is_told_and_made_again(root, told, damage):
    path = prepared(root)
    content = path.read_bytes()
    cut_off = {"cut off": content[:-4000], "half": content[: len(content) // 2], "empty": b""}
    path.write_bytes(cut_off.get(damage, b"x" * len(content)))
    with pytest.raises(DamagedCache, match="is damaged"):
        opened(path)
    assert prepared(root, tell=told.append, digest=DATA.digest(root)) == path
    assert path.read_bytes() == content
    (text,) = told
    assert f"{path} is damaged" in text
    assert text.endswith("It is made again.")


def test_a_changed_pixel_is_found_where_checksums_are_compared(root, told):
    path = prepared(root)
    content = path.read_bytes()
    changed = bytearray(content)
    changed[len(content) // 2] ^= 1
    path.write_bytes(changed)
    assert prepared(root, tell=told.append) == path
    assert not told
    faces = opened(path)
    with pytest.raises(DamagedCache, match=rf"{path} is damaged \(the crop of face \d+ has another checksum\)"):
        faces.crops(np.arange(FACES))
    assert prepared(root, tell=told.append, verify=True) == path
    assert "checksums" in told[0]
    assert path.read_bytes() == content


@pytest.mark.parametrize(
    "column", ["landmarks", "state", "crop_maps", "difficulty", "norms", "images", "split", "facts"]
)
def test_a_changed_annotation_is_found_when_it_is_opened(root, told, column):
    path = prepared(root)
    content, faces = path.read_bytes(), opened(path)
    written = {
        "norms": lambda: faces.norms["diag"].tobytes(),
        "images": lambda: faces.images[3].encode(),
        "split": lambda: b"testtest",
        "facts": lambda: faces.digest.encode(),
    }.get(column, lambda: getattr(faces, column).tobytes())()
    changed = bytearray(content)
    changed[content.rindex(written) + 5] ^= 1
    path.write_bytes(changed)
    with pytest.raises(DamagedCache, match=f"{path} is damaged"):
        opened(path)
    assert prepared(root, tell=told.append) == path
    assert "checksums" in told[0]
    assert path.read_bytes() == content


def test_a_folder_that_takes_no_file_is_replaced_by_the_spare_one_which_is_told(root, told, whole):
    (root.parent / "file").write_text("")
    path = prepared(root, folder=root.parent / "file" / "cache", tell=told.append)
    assert path.parent == spare_folder()
    assert path.read_bytes() == whole
    (text,) = told
    assert str(root.parent / "file") in text
    assert str(path) in text
    assert "set MARKSWEEP_CACHE" in text
    # Its trials find it there without making or telling anything.
    cut: list[int] = []
    digest = DATA.digest(root)
    assert prepared(root, folder=root.parent / "file" / "cache", digest=digest, run=counted(cut)) == path
    assert cut == []


@pytest.fixture
def little_room() -> Iterator[None]:
    """No file may grow beyond 100 kB: the system refuses it in the middle of a write."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_where_no_folder_has_room_both_are_told_with_the_remedy_and_nothing_is_left(root, little_room):
    with pytest.raises(DataError, match=r"(?s)No folder takes .*'csv68'.*set MARKSWEEP_CACHE") as refused:
        prepared(root, folder=root.parent / "cache")
    for folder in (root.parent / "cache", spare_folder()):
        assert f"{folder} takes no prepared file: File too large." in str(refused.value)
        assert {path.suffix for path in folder.iterdir()} == {".lock"}


def test_a_full_disk_is_noticed_before_it_is_filled(root, told, tmp_path):
    full = tmp_path / "full"
    full.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", full], capture_output=True).returncode:
        pytest.skip("needs the right to mount a small file system")
    try:
        assert prepared(root, folder=full, tell=told.append).parent == spare_folder()
        assert "GB are needed" in told[0]
        assert not list(full.glob("*.partial"))
    finally:
        subprocess.run(["umount", full], check=True)


def test_a_spare_folder_that_somebody_else_made_is_not_used(root, tmp_path):
    (root.parent / "file").write_text("")
    (tmp_path / "theirs").mkdir()
    spare_folder().symlink_to(tmp_path / "theirs")
    with pytest.raises(DataError, match="belongs to somebody else"):
        prepared(root, folder=root.parent / "file" / "cache")
    assert list((tmp_path / "theirs").iterdir()) == []


def test_a_picture_that_was_cut_off_is_unreadable_and_not_half_grey(root):
    picture = root / "identity00000_view1.jpg"
    picture.write_bytes(picture.read_bytes()[:-40])
    faces = opened(prepared(root))
    assert faces.unreadable == ("identity00000_view1.jpg: the file ends before its picture does",)
    assert len(faces.rows["train"]) == 11


def test_something_after_the_end_of_a_picture_does_no_harm(root):
    picture = root / "identity00000_view1.jpg"
    picture.write_bytes(picture.read_bytes() + b"\0\0thumbnail")
    assert opened(prepared(root)).unreadable == ()


def test_a_lock_that_was_left_holds_nobody_up(root):
    path = prepared(root)
    path.unlink()
    with path.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
    assert prepared(root) == path
