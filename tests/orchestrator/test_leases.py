"""Two commands on one storage never run one trial at once, whatever clocks and pauses do."""

import errno
import json
import multiprocessing
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator import leases
from orchestrator.leases import Hold, LeaseLost, Leases, holder_of, leased
from orchestrator.storage import Storage
from orchestrator.tidying import tidy
from trainables import process_name
from trainables.process_name import has_ended, own_name

FAR = "elsewhere-0a1b2c3d-4026531836~77~12345"  # a process of another host
SIGN = "command~"


class Other:
    """Another command on this host: it takes a trial, and then waits until it is ended."""

    def __init__(self, storage: Storage, name: str, enters: bool = True) -> None:
        self._ended = multiprocessing.get_context("fork").Event()
        self._took = multiprocessing.get_context("fork").SimpleQueue()
        self.process = multiprocessing.get_context("fork").Process(target=self._run, args=(storage, name), daemon=True)
        self.process.start()
        self.took = self._took.get()

    def _run(self, storage: Storage, name: str) -> None:
        with Leases(storage, "another command") as own:
            self._took.put(own.take(name))
            self._ended.wait()

    def kill(self) -> None:
        assert self.process.pid is not None
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.join()

    def end(self) -> None:
        self._ended.set()
        self.process.join()


@pytest.fixture(autouse=True)
def no_patience(monkeypatch) -> None:
    monkeypatch.setattr(leases, "AGAIN_SECONDS", 0.0)


@pytest.fixture
def own(storage) -> Iterator[Leases]:
    with Leases(storage, "marksweep run study") as made:
        yield made


@pytest.fixture(params=["local", "elsewhere"])
def place(request) -> Storage:
    """A filesystem that creates files exclusively, and one that does not."""
    return request.getfixturevalue("storage" if request.param == "local" else "elsewhere")


def of_another_host(storage: Storage, name: str, beat: int = 1, at: float = 0.0) -> None:
    storage.write_text(storage.lease(name), json.dumps({"process": FAR, "attempt": 1, "stop": False}))
    sign(storage, beat, at)


def sign(storage: Storage, beat: int, at: float = 0.0) -> None:
    """A sign of life of the other host, by whose clock it is another time."""
    path = storage.lease(SIGN + FAR)
    storage.write_text(path, json.dumps({"beat": beat, "about": "marksweep run theirs"}))
    if at:
        os.utime(path, (at, at))


def test_what_one_has_taken_no_other_takes_until_it_is_given_back(storage, own):
    assert own.take("trial")
    other = Other(storage, "trial")
    assert not other.took
    other.end()
    own.release("trial")
    other = Other(storage, "trial")
    assert other.took
    assert not own.take("trial")
    assert own.who_has("trial") == f"another command (process {other.process.pid} on {os.uname().nodename})"
    other.end()
    assert own.take("trial")


def test_at_the_end_nothing_is_left(place):
    with Leases(place) as made:
        assert made.take("a")
        assert made.take("b")
        made.release("a")
        assert leased(place) == ["b", SIGN + own_name()]
    assert leased(place) == []
    assert place.names("leases") == []


def test_only_one_of_many_takes_a_trial(storage):
    with multiprocessing.get_context("fork").Pool(4) as pool:
        took = pool.map(_takes, [storage.location] * 40, chunksize=1)
    # Each gives it back when it has it: whoever had it, had it alone.
    assert any(took)
    assert not Path(storage.root, "twice").exists()


def _takes(location: str) -> bool:
    storage = Storage(location)
    alone = Path(storage.root, "alone")
    own = Leases(storage)
    if not own.take("trial"):
        return False
    try:
        alone.touch(exist_ok=False)
    except FileExistsError:
        Path(storage.root, "twice").touch()
    time.sleep(0.01)
    alone.unlink()
    own.release("trial")
    return True


def test_of_a_command_that_died_on_this_host_it_is_taken_at_once(storage, own):
    other = Other(storage, "trial")
    assert other.took
    other.kill()
    assert own.take("trial")
    own.release("trial")
    assert leased(storage) == sorted([SIGN + own_name(), SIGN + _name_of(storage)])


def _name_of(storage: Storage) -> str:
    (other,) = [name for name in leased(storage) if name != SIGN + own_name()]
    return other.removeprefix(SIGN)


def test_the_next_command_clears_away_what_the_dead_have_left(storage):
    other = Other(storage, "trial")
    other.kill()
    Path(storage.root, "leases", f"trial.json.{_dead_name()}.partial").write_text("half")
    tidy(storage)
    with Leases(storage):
        assert leased(storage) == [SIGN + own_name()]
    assert list(Path(storage.root, "leases").iterdir()) == []


def _dead_name() -> str:
    child = multiprocessing.get_context("fork").Process(target=int)
    child.start()
    name = process_name._name(child.pid or 0)
    child.join()
    assert has_ended(name)
    return name


def test_a_command_that_is_stopped_for_long_is_never_robbed_on_its_own_host(storage, own, monkeypatch):
    monkeypatch.setattr(leases, "BEAT_SECONDS", 0.0)
    other = Other(storage, "trial")
    os.kill(other.process.pid or 0, signal.SIGSTOP)
    assert not any(own.take("trial") for _ in range(5 * leases.LOOKS))
    other.kill()
    assert own.take("trial")


def test_of_another_host_it_is_taken_when_it_has_given_no_sign_of_life_at_twelve_looks(storage, own, monkeypatch):
    now = 1000.0
    monkeypatch.setattr(leases.time, "monotonic", lambda: now)
    of_another_host(storage, "trial")
    for _ in range(leases.LOOKS):
        assert not own.take("trial")
        now += leases.BEAT_SECONDS
    assert own.take("trial")
    assert own.holds("trial")


@pytest.mark.parametrize("clock", [0.0, 1.0, 4e9])
def test_a_slow_one_on_another_host_is_not_robbed_whatever_its_clock_says(storage, own, monkeypatch, clock):
    now = 1000.0
    monkeypatch.setattr(leases.time, "monotonic", lambda: now)
    for beat in range(5):
        of_another_host(storage, "trial", beat, clock)
        for _ in range(leases.LOOKS):  # nearly two minutes without a sign
            assert not own.take("trial")
            now += leases.BEAT_SECONDS


def test_a_pause_of_this_command_takes_nothing_from_another_one(storage, own, monkeypatch):
    """It was stopped itself, or the storage was away: what it has not seen says nothing."""
    now = 1000.0
    monkeypatch.setattr(leases.time, "monotonic", lambda: now)
    of_another_host(storage, "trial")
    assert not own.take("trial")
    now += 1e6
    assert not own.take("trial")
    sign(storage, 2)
    now += leases.BEAT_SECONDS
    assert not own.take("trial")


def test_who_was_robbed_writes_nothing_more(storage, own):
    assert own.take("trial")
    hold = Hold(storage, "trial", own.token("trial"))
    assert hold.is_to_go_on()
    of_another_host(storage, "trial")
    with pytest.raises(LeaseLost):
        hold.is_to_go_on()
    assert not own.holds("trial")
    own.release("trial")
    found = holder_of(storage, "trial")
    assert found is not None
    assert found.process == FAR


def test_an_earlier_attempt_of_the_same_command_writes_nothing_more(storage, own):
    own.take("trial")
    earlier = Hold(storage, "trial", own.token("trial"))
    own.release("trial")
    assert own.take("trial")
    with pytest.raises(LeaseLost):
        earlier.is_to_go_on()
    assert Hold(storage, "trial", own.token("trial")).is_to_go_on()


def test_trials_are_asked_to_stop_by_their_leases(storage, own):
    own.take("trial")
    own.ask_to_stop()
    assert not Hold(storage, "trial", own.token("trial")).is_to_go_on()


def test_where_nobody_can_see_who_has_it_a_sign_of_life_is_waited_for(storage, own, monkeypatch):
    """Unlike a trial, a search is asked for once: its command would otherwise be refused for ever."""
    monkeypatch.setattr(leases, "BEAT_SECONDS", 0.0)
    told: list[str] = []
    of_another_host(storage, "search~dead")
    assert own.take_patiently("search~dead", told.append)
    assert told == [
        "Waiting for a sign of life of marksweep run theirs (process 77 on elsewhere): two minutes at most."
    ]
    of_another_host(storage, "search~alive", beat=2)
    assert not own.take_patiently("search~alive", lambda _: sign(storage, 3))
    other = Other(storage, "search~here")
    assert not own.take_patiently("search~here", told.append)
    other.end()


@pytest.mark.parametrize("number", [errno.EPERM, errno.ENOSYS, errno.EOPNOTSUPP])
def test_on_a_filesystem_without_links_one_takes_a_trial_too(storage, own, monkeypatch, number):
    def refuse(*paths):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "link", refuse)
    assert own.take("trial")
    other = Other(storage, "trial")
    assert not other.took
    other.end()
    assert holder_of(storage, "trial").token == own.token("trial")


def test_where_the_system_hides_other_peoples_processes_nobody_is_taken_for_ended(storage, monkeypatch):
    other = Other(storage, "trial")
    name = holder_of(storage, "trial").process
    assert has_ended(name) is False
    read = process_name._read
    monkeypatch.setattr(process_name, "_read", lambda path: "" if path.endswith("/stat") else read(path))
    assert has_ended(name) is None
    other.kill()
    assert has_ended(name) is True


@pytest.mark.parametrize("text", ["", "{", "[1]", "null", '{"process": 7}', "[" * 100_000])
def test_a_damaged_lease_is_nobodys_and_is_taken_when_it_stays_so(storage, own, monkeypatch, text):
    now = 1000.0
    monkeypatch.setattr(leases.time, "monotonic", lambda: now)
    storage.write_text(storage.lease("trial"), text)
    for _ in range(leases.LOOKS):
        assert not own.take("trial")
        now += leases.BEAT_SECONDS
    assert own.take("trial")


def test_of_two_that_find_a_holder_dead_one_takes_over(storage, own, monkeypatch):
    """Also where the other one has the right to, and dies before it has done so."""
    now = 1000.0
    monkeypatch.setattr(leases.time, "monotonic", lambda: now)
    of_another_host(storage, "trial")
    right = storage.lease(f"trial~{FAR}")
    storage.write_text(right, json.dumps({"process": _dead_name(), "attempt": 1, "stop": False}))
    for _ in range(leases.LOOKS):
        assert not own.take("trial")
        now += leases.BEAT_SECONDS
    assert own.take("trial")
    assert f"trial~{FAR}" not in leased(storage)
