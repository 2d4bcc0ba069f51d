"""A storage that is slow to answer, fails now and then, is full, or is an object store behind a network."""

import errno
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pyarrow as pa
import pyarrow.compute as pc
import pytest
import torch
from pyarrow import fs

from orchestrator.failures import Failure, failure_of
from orchestrator.leases import Leases, leased
from orchestrator.ledger import Ledger
from orchestrator.recorder import TrialRecorder
from orchestrator.schema import State
from orchestrator.session import make_plan
from orchestrator.storage import Storage
from orchestrator.unit import Session, execute
from orchestrator.units import units_of
from tests.orchestrator.launching import Small, study
from trainables import whole_files
from trainables.checkpoints import read_weights, write_weights
from trainables.out_of_memory import out_of_memory

SCHEMA = pa.schema([("trial", pa.string())])
ROWS, MORE = pa.table({"trial": ["a"]}), pa.table({"trial": ["a", "b"]})


class Failing(fs.LocalFileSystem):
    """Fails in this way at its next so many requests."""

    error: OSError
    times = 0

    def _fail(self) -> None:
        if self.times:
            self.times -= 1
            raise self.error

    def open_output_stream(self, *arguments, **options):
        self._fail()
        return super().open_output_stream(*arguments, **options)

    def open_input_file(self, *arguments, **options):
        self._fail()
        return super().open_input_file(*arguments, **options)

    def move(self, *arguments, **options):
        self._fail()
        return super().move(*arguments, **options)


class Unreliable(Storage):
    @cached_property
    def _resolved(self) -> tuple[fs.FileSystem, str]:
        return Failing(), str(Path(self.location).resolve())


@pytest.fixture
def unreliable(tmp_path, monkeypatch) -> Storage:
    monkeypatch.setattr(whole_files, "DELAYS", (0.0,) * 5)
    made = Unreliable(str(tmp_path / "runs"))
    made.write(made.study("demo"), ROWS)
    return made


def fail(storage: Storage, number: int, times: int) -> None:
    storage.filesystem.error = OSError(number, os.strerror(number))
    storage.filesystem.times = times


@pytest.mark.parametrize("number", [errno.EIO, errno.ESTALE, errno.ETIMEDOUT, errno.ENOSPC, errno.EDQUOT])
@pytest.mark.parametrize("times", [1, 3, 5])
def test_what_fails_now_and_then_is_tried_again(unreliable, number, times):
    fail(unreliable, number, times)
    unreliable.write(unreliable.study("demo"), MORE)
    fail(unreliable, number, times)
    assert unreliable.read(unreliable.study("demo"), SCHEMA) == MORE


def test_what_fails_for_long_is_an_error_of_the_system_and_the_old_rows_stay(unreliable):
    fail(unreliable, errno.ENOSPC, 100)
    with pytest.raises(OSError, match="No space left"):
        unreliable.write(unreliable.study("demo"), MORE)
    fail(unreliable, errno.EIO, 0)
    assert unreliable.read(unreliable.study("demo"), SCHEMA) == ROWS


@pytest.mark.parametrize("number", [errno.EACCES, errno.EROFS])
def test_what_no_other_try_would_mend_is_told_at_once(unreliable, number):
    fail(unreliable, number, 1)
    with pytest.raises(OSError, match=os.strerror(number)):
        unreliable.write(unreliable.study("demo"), MORE)


def test_what_an_object_store_says_is_passed_on_as_it_is(unreliable):
    """It has no number of the system's."""
    unreliable.filesystem.error, unreliable.filesystem.times = OSError("AWS Error NETWORK_CONNECTION"), 100
    with pytest.raises(OSError, match="NETWORK_CONNECTION") as raised:
        unreliable.write(unreliable.study("demo"), MORE)
    assert raised.value.__cause__ is None
    assert not out_of_memory(raised.value)
    assert failure_of(f"{type(raised.value).__name__}: {raised.value}") is Failure.UNKNOWN  # so it is tried again


@pytest.fixture
def tiny(tmp_path, monkeypatch) -> Iterator[Path]:
    """A filesystem of 64 kB and a few files."""
    monkeypatch.setattr(whole_files, "DELAYS", (0.0,))
    folder = tmp_path / "tiny"
    folder.mkdir()
    options = ["-t", "tmpfs", "-o", "size=64k,nr_inodes=12", "tmpfs", str(folder)]
    if subprocess.run(["mount", *options], capture_output=True).returncode:
        pytest.skip("needs a right that this user has not: to mount a small filesystem")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_on_a_full_disk_what_was_recorded_stays_readable(tiny):
    storage = Storage(str(tiny / "runs"))
    recorder = TrialRecorder(storage, {"trial": "a", "variant": "v", "seed": 0})
    recorder.start()
    with pytest.raises(OSError, match="No space left"):
        write_weights(storage.trial_folder("a"), {"layer": torch.zeros(100_000)})
    assert Ledger(storage).read("trials")["state"].to_pylist() == ["running"]
    for left in tiny.rglob("*.partial"):
        left.unlink()
    recorder.end(State.FINISHED)
    assert Ledger(storage).read("trials")["state"].to_pylist() == ["finished"]


def test_without_room_for_one_more_file_nothing_is_lost(tiny):
    storage = Storage(str(tiny / "runs"))
    storage.write(storage.study("demo"), ROWS)
    number = 0
    with pytest.raises(OSError, match="No space left"):
        for number in range(20):
            storage.write(storage.study(f"more {number}"), ROWS)
    assert len(Ledger(storage).storage.names("studies")) == number + 1
    assert storage.read(storage.study("demo"), SCHEMA) == ROWS


@pytest.fixture(scope="module")
def object_store() -> Iterator[str]:
    """A URI of a bucket on an S3 server of this machine."""
    port = 20_000 + os.getpid() % 20_000
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while True:
        try:
            urlopen(f"http://127.0.0.1:{port}/moto-api/").close()
            break
        except URLError:
            assert server.poll() is None and time.monotonic() < deadline, "the S3 server did not start"
            time.sleep(0.1)
    before = dict(os.environ)
    keys = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "not-a-secret"}
    os.environ |= keys | {"AWS_EC2_METADATA_DISABLED": "true"}
    yield f"s3://bucket/runs?endpoint_override=127.0.0.1:{port}&scheme=http&region=us-east-1&allow_bucket_creation=true"
    os.environ.clear()
    os.environ |= before
    server.terminate()
    server.wait()


@pytest.fixture
def s3(object_store) -> Iterator[Storage]:
    storage = Storage(object_store)
    storage.filesystem.create_dir("bucket")
    yield storage
    storage.filesystem.delete_dir_contents("bucket")


def test_an_object_store_keeps_tables_weights_and_leases(s3):
    s3.write(s3.study("demo"), ROWS)
    s3.write(s3.study("demo"), MORE)
    assert s3.read(s3.study("demo"), SCHEMA) == MORE
    assert s3.read(s3.study("absent"), SCHEMA) is None
    write_weights(s3.trial_folder("a"), {"layer": torch.arange(5.0)})
    assert read_weights(s3.trial_folder("a"))["layer"].tolist() == [0, 1, 2, 3, 4]
    with Leases(s3) as own:
        assert own.take("a")
        assert own.holds("a")
        assert not s3.create(s3.lease("a"), "another's")
    assert leased(s3) == []


def test_a_trial_in_an_object_store_is_the_one_in_a_folder(s3, tmp_path):
    small = Small("small", tmp_path, study("variant('plain')"), epochs=2)
    here = Ledger(str(small.without_ray("plain")))
    opened, place = small.open(), replace(small.place, storage=s3)
    ((_, unit),) = units_of(opened, make_plan(opened, place), place)
    execute(unit, Session())
    there = Ledger(s3)
    there.compact()
    assert there.read("trials")["state"].to_pylist() == ["finished"]
    timed = pc.field("metric").isin(["seconds", "images_per_second"])
    assert there.read("epochs").filter(~timed) == here.read("epochs").filter(~timed)
    assert there.read("evaluations")["value"] == here.read("evaluations")["value"]
    found = s3.filesystem.get_file_info(fs.FileSelector(s3.root, recursive=True))
    assert not [info.path for info in found if "epoch-" in info.path or info.path.endswith(".partial")]
