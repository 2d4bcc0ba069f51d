"""Who runs what: so that commands on one storage, on whatever hosts, share trials and never run one at once.

A command holds a lease, a small file, of each trial that it runs. Who holds it is told by the name of the command's
process: on its own host one sees whether the process is there; of one on another host one sees that it writes a sign of
life every ten seconds, by one's own clock, so that it does not matter what the clocks say. One that has not for two
minutes has ended, and its leases can be taken over. Should it wake up after all, its trials find that the lease is no
longer theirs before they write anything.
"""

import json
import logging
import random
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from orchestrator.storage import Storage
from trainables.process_name import has_ended, own_name
from trainables.whole_files import awaited

log = logging.getLogger(__name__)

BEAT_SECONDS = 10.0
LOOKS = 12  # so far apart, at a sign of life that does not change: then the process has ended
AGAIN_SECONDS = 2.0  # before what is another's is looked at again
_SIGN = "command~"  # begins the name of a sign of life


class LeaseLost(Exception):
    """Another command, or another attempt of the same one, has the trial now: nothing more may be written."""


@dataclass(frozen=True)
class Holder:
    """Who has a lease. `attempt` tells apart the processes that one command has given it to, one after the other."""

    process: str
    attempt: int = 0
    stop: bool = False  # its trial is to stop after its epoch

    @property
    def token(self) -> str:
        """What the process that works on it has to find."""
        return f"{self.process}/{self.attempt}"


@dataclass(frozen=True)
class Hold:
    """A lease, seen by the process that works on its trial."""

    storage: Storage
    name: str
    token: str = ""  # empty: it works without one

    def is_to_go_on(self) -> bool:
        """False where the trial is to stop after its epoch. Raises `LeaseLost`."""
        if not self.token:
            return True
        holder = awaited(lambda: holder_of(self.storage, self.name))
        if holder is None or holder.token != self.token:
            raise LeaseLost(f"trial {self.name} is run by another process now")
        return not holder.stop


@dataclass
class _Sign:
    """Another process' last sign of life."""

    beat: Any
    at: float  # when it was looked at last
    looks: int = 1  # that found the same


class Leases:
    """The leases of this command. A context manager: within it signs of life are written, at its end nothing is left.

    `about`: what others are told of this command, as words.
    """

    def __init__(self, storage: Storage, about: str = "") -> None:
        self.storage = storage
        self.process = own_name()
        self._about = about
        self._held: dict[str, Holder] = {}
        self._attempts = 0
        self._elsewhere: dict[str, float] = {}  # since when it is known to be another's
        self._signs: dict[str, _Sign] = {}
        self._over = threading.Event()
        self._heart = threading.Thread(target=self._live, name="leases", daemon=True)

    def __enter__(self) -> "Leases":
        self._sign(0)
        self._heart.start()
        return self

    def __exit__(self, *problem: object) -> None:
        self._over.set()
        self._heart.join()
        try:
            for name in list(self._held):
                self.release(name)
            self.storage.delete(self.storage.lease(_SIGN + self.process))
        except OSError as error:  # they end with this process
            log.warning("leases could not be given back: %s", error)

    def take(self, name: str) -> bool:
        """Whether it is this command's now, for another attempt; False where another one has it."""
        if time.monotonic() - self._elsewhere.get(name, float("-inf")) < AGAIN_SECONDS:
            return False
        self._attempts += 1
        own = Holder(self.process, self._attempts)
        if self._taken(name, own):
            self._held[name] = own
            self._elsewhere.pop(name, None)
            return True
        self._held.pop(name, None)
        self._elsewhere[name] = time.monotonic()
        return False

    def take_patiently(self, name: str, tell: Callable[[str], None]) -> bool:
        """As `take`, but where nobody can see whether who has it is still there, a sign of life is waited for."""
        beats: dict[str, Any] = {}
        while not self.take(name):
            holder = holder_of(self.storage, name)
            if holder is not None:
                if has_ended(holder.process) is False:
                    return False
                if not beats:
                    tell(f"Waiting for a sign of life of {self.who_has(name)}: two minutes at most.")
                beat = self._signs[holder.process].beat if holder.process in self._signs else None
                if beats.setdefault(holder.process, beat) != beat:
                    return False
            # Of two that withdraw for each other, one comes first the next time.
            time.sleep(AGAIN_SECONDS * random.uniform(1.0, 1.5))
        return True

    def take_from_the_dead(self, name: str) -> bool:
        """As `take`, where a process of this host had it that has ended. Such a process' sign of life is removed."""
        if name.startswith(_SIGN):
            if has_ended(name.removeprefix(_SIGN)):
                self.storage.delete(self.storage.lease(name))
            return False
        holder = holder_of(self.storage, name)
        return holder is not None and bool(has_ended(holder.process)) and self.take(name)

    def token(self, name: str) -> str:
        """What the process that works on it has to find there. KeyError where it is not held."""
        return self._held[name].token

    def holds(self, name: str) -> bool:
        """Also by the storage: another one may have taken it over, should this process have been stopped for long."""
        own = self._held.get(name)
        found = holder_of(self.storage, name) if own else None
        return own is not None and found is not None and found.token == own.token

    def release(self, name: str) -> None:
        if self.holds(name):
            self.storage.delete(self.storage.lease(name))
        self._held.pop(name, None)

    def ask_to_stop(self) -> None:
        """Let the trials of all that is held stop after their epoch, and save."""
        for name, own in self._held.items():
            if self.holds(name):
                self._held[name] = replace(own, stop=True)
                self.storage.write_text(self.storage.lease(name), _text(self._held[name]))

    def who_has(self, name: str) -> str:
        """In words for people; empty where nobody has it."""
        return who_has(self.storage, name)

    def _taken(self, name: str, own: Holder) -> bool:
        path = self.storage.lease(name)
        if self.storage.create(path, _text(own)):
            return True
        holder = holder_of(self.storage, name)
        if holder is None:  # given back just now
            return self.storage.create(path, _text(own))
        if holder.process != self.process:
            return self._has_ended(holder.process) and self._taken_over(name, holder, own)
        self.storage.write_text(path, _text(own))
        return True

    def _taken_over(self, name: str, dead: Holder, own: Holder) -> bool:
        """Of several that find a holder dead, the one takes over that has the lease of doing it."""
        right = f"{name}~{dead.process}"
        if not self._taken(right, own):
            return False
        is_free = holder_of(self.storage, name) == dead
        if is_free:
            self.storage.write_text(self.storage.lease(name), _text(own))
        self.storage.delete(self.storage.lease(right))
        return is_free

    def _has_ended(self, process: str) -> bool:
        seen_here = has_ended(process)
        if seen_here is not None:
            return seen_here
        now, beat = time.monotonic(), self.storage.read_text(self.storage.lease(_SIGN + process))
        sign = self._signs.get(process)
        if sign is None or sign.beat != beat:
            self._signs[process] = _Sign(beat, now)
            return False
        # Counted, not timed: while this process was stopped, or the storage away, it has seen nothing.
        if now - sign.at >= BEAT_SECONDS:
            sign.at, sign.looks = now, sign.looks + 1
        return sign.looks > LOOKS

    def _live(self) -> None:
        beat = 0
        while not self._over.wait(BEAT_SECONDS):
            beat += 1
            try:
                self._sign(beat)
            except OSError as error:  # others wait for long enough
                log.warning("a sign of life could not be written: %s", error)

    def _sign(self, beat: int) -> None:
        plain = {"beat": beat, "about": self._about}
        self.storage.write_text(self.storage.lease(_SIGN + self.process), json.dumps(plain))


def leased(storage: Storage) -> list[str]:
    """The names of all leases and signs of life that there are."""
    return [name.removesuffix(".json") for name in storage.names("leases")]


def holder_of(storage: Storage, name: str) -> Holder | None:
    """None where nobody has it."""
    text = storage.read_text(storage.lease(name))
    plain = None if text is None else _plain(text)
    if plain is None:
        return None
    # One that is damaged is nobody's, so it can be taken over.
    return Holder(str(plain.get("process")), plain.get("attempt", 0), bool(plain.get("stop")))


def who_has(storage: Storage, name: str) -> str:
    """In words for people; empty where nobody has it."""
    holder = holder_of(storage, name)
    if holder is None:
        return ""
    place, _, number = holder.process.partition("~")
    sign = storage.read_text(storage.lease(_SIGN + holder.process))
    about = (_plain(sign) if sign else {}).get("about") or "a command"
    return f"{about} (process {number.partition('~')[0]} on {place.rsplit('-', 2)[0]})"


def _text(holder: Holder) -> str:
    return json.dumps(asdict(holder))


def _plain(text: str) -> Mapping[str, Any]:
    try:
        plain = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return plain if isinstance(plain, dict) else {}
