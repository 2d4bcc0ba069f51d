"""A storage on which a host sees late what another one has written, as NFS does: it remembers for a while which files
were not there, and what a folder held."""

import errno
import os
from collections.abc import Callable
from functools import cached_property
from pathlib import Path

import pytest
from pyarrow import fs

from orchestrator import leases, unit
from orchestrator.leases import Hold, LeaseLost, Leases
from orchestrator.ledger import Ledger
from orchestrator.referee import Verdict
from orchestrator.session import make_plan
from orchestrator.storage import Storage
from orchestrator.unit import Session, Unit, execute
from orchestrator.units import units_of
from tests.orchestrator.launching import Small, study
from tests.orchestrator.test_launch_ray import assert_same, metrics
from trainables import whole_files
from trainables.placement import Placement

LATE = 3  # looks that find what the one before has found: a clock would make these tests depend on the machine


class Late(fs.LocalFileSystem):
    """One host's view of a folder. Its own changes it sees at once."""

    def __init__(self) -> None:
        super().__init__()
        self._absent: dict[str, int] = {}  # for so many looks
        self._listed: dict[tuple[str, bool], tuple[int, list[fs.FileInfo]]] = {}

    def open_input_stream(self, path, *arguments, **options):
        return self._if_seen(path, lambda: super(Late, self).open_input_stream(path, *arguments, **options))

    def open_input_file(self, path, *arguments, **options):
        return self._if_seen(path, lambda: super(Late, self).open_input_file(path, *arguments, **options))

    def open_output_stream(self, path, *arguments, **options):
        self._changes(path)
        return super().open_output_stream(path, *arguments, **options)

    def move(self, source, target):
        self._changes(source)
        self._changes(target)
        return super().move(source, target)

    def delete_file(self, path):
        self._changes(path)
        return super().delete_file(path)

    def delete_dir(self, path):
        self._changes(path)
        return super().delete_dir(path)

    def get_file_info(self, asked):
        if not isinstance(asked, fs.FileSelector):
            return super().get_file_info(asked)
        key = (asked.base_dir, asked.recursive)
        looks, found = self._listed.get(key, (0, []))
        if looks == 0:
            looks, found = LATE + 1, super().get_file_info(asked)
        self._listed[key] = (looks - 1, found)
        return found

    def _if_seen(self, path, opened):
        if looks := self._absent.pop(path, 0):
            self._absent[path] = looks - 1
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
        try:
            return opened()
        except FileNotFoundError:
            self._absent[path] = LATE
            raise

    def _changes(self, path) -> None:
        self._absent.pop(path, None)
        self._listed.pop((path.rpartition("/")[0], False), None)


class Host(Storage):
    """The storage as one host sees it."""

    @cached_property
    def _resolved(self) -> tuple[fs.FileSystem, str]:
        return Late(), str(Path(self.location).resolve())


@pytest.fixture(autouse=True)
def short_looks(monkeypatch) -> None:
    monkeypatch.setattr(whole_files, "LOOK_SECONDS", 0.01)
    monkeypatch.setattr(whole_files, "LATE_SECONDS", 1.0)
    monkeypatch.setattr(leases, "AGAIN_SECONDS", 0.0)


@pytest.fixture
def small(tmp_path) -> Small:
    return Small("small", tmp_path, study("variant('one')", "after('first')"))


@pytest.fixture
def at(small, monkeypatch) -> Callable[..., None]:
    """Does a unit at a host."""

    def do(host: Host, asked: Unit, **session) -> None:
        with monkeypatch.context() as only_now:
            only_now.setattr(unit, "Storage", lambda location: host)
            execute(asked, Session(**session))

    return do


def units(small: Small) -> dict[str, Unit]:
    """Label → what is left to do, as a host that sees all at once plans it."""
    opened = small.open()
    plan = make_plan(opened, small.place)
    return {work.label: unit for work, unit in units_of(opened, plan, small.place)}


def test_a_lease_that_is_seen_late_is_waited_for_and_one_that_never_comes_is_lost(tmp_path):
    here, there = Host(str(tmp_path / "runs")), Host(str(tmp_path / "runs"))
    assert leases.holder_of(there, "trial") is None
    with Leases(here) as own:
        assert own.take("trial")
        assert leases.holder_of(there, "trial") is None, "nothing is late: this tests nothing"
        assert Hold(there, "trial", own.token("trial")).is_to_go_on()
        own.release("trial")
    with pytest.raises(LeaseLost):
        Hold(there, "trial", "whoever/1").is_to_go_on()


def test_of_two_hosts_that_do_not_see_each_others_leases_one_takes_a_trial(tmp_path):
    here, there = Host(str(tmp_path / "runs")), Host(str(tmp_path / "runs"))
    with Leases(here) as one, Leases(there) as other:
        other.process = f"elsewhere-{other.process}"
        for name in ("a", "b", "c"):
            assert not one.holds(name) and not other.holds(name)
            assert one.take(name)
            assert not other.take(name)
            one.release(name)
            assert other.take(name)
            assert not one.take(name)
            other.release(name)


def test_a_network_of_another_host_is_waited_for_where_a_trial_starts_from_it(small, at):
    here, there = Host(str(small.runs)), Host(str(small.runs))
    todo = units(small)
    (stage,) = todo["after first"].starts_from
    with pytest.raises(FileNotFoundError):
        whole_files.read_whole(there.filesystem, f"{there.trial(stage)}/weights.safetensors")
    at(here, next(each for each in todo.values() if each.id == stage))
    at(there, todo["after first"])
    found = {row["trial"]: row["state"] for row in Ledger(str(small.runs)).read("trials").to_pylist()}
    assert found == {stage: "finished", todo["after first"].id: "finished"}


def test_a_worker_waits_for_the_checkpoint_that_the_lead_sees(small, at):
    """It goes on with the same numbers as a trial that nobody disturbed."""
    here, there = Host(str(small.runs)), Host(str(small.runs))
    asked = units(small)["one"]
    assert there.names(f"trials/{asked.id}") == []
    at(here, asked, verdict=lambda values, may_be_given_up: Verdict.PAUSE)
    assert there.names(f"trials/{asked.id}") == [], "nothing is late: this tests nothing"
    at(there, asked, placement=Placement(broadcast=lambda value: 1 if type(value) is int else value))
    (row,) = Ledger(str(small.runs)).read("trials").to_pylist()
    assert (row["state"], row["began_after"]) == ("finished", [0, 1])
    small.without_ray("one")
    assert_same(*(metrics(small.runs.with_name(name)) for name in ("small", "small without Ray")))
