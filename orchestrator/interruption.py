"""Signals that end a launch: Ctrl-C once, and trials stop after their epochs; twice, and all stops now. A notice that
this machine is taken away (SIGTERM, SIGUSR1) leaves them some seconds."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType
from typing import Any

_NOTICES = (signal.SIGTERM, signal.SIGUSR1)


@dataclass
class Interruption:
    """What signals have asked for so far. `grace`: seconds that a notice leaves."""

    grace: float
    why: str = ""  # the launch is to end, in words; empty: it goes on
    until: str = ""  # what becomes of the trials that run, in words
    _is_noticed: bool = False
    _before: dict[int, Any] = field(default_factory=dict)

    def listen(self) -> None:
        """From now on; also where somebody else has begun to listen meanwhile. Only in the main thread."""
        for number in (signal.SIGINT, signal.SIGALRM, *_NOTICES):
            before = signal.signal(number, self._take)
            self._before.setdefault(number, before)

    def no_longer(self) -> None:
        signal.setitimer(signal.ITIMER_REAL, 0)
        for number, before in self._before.items():
            signal.signal(number, before)

    # It interrupts whatever runs, locks in hand: so it only notes what was asked.
    def _take(self, number: int, frame: FrameType | None) -> None:
        if number == signal.SIGALRM or (number == signal.SIGINT and self.why):
            raise KeyboardInterrupt
        if number == signal.SIGINT:
            self.why = "Ctrl-C"
            self.until = "What runs ends its epoch and is saved. Ctrl-C again stops it now, at the epoch before."
        elif not self._is_noticed:
            self._notice(signal.Signals(number).name)

    def _notice(self, name: str) -> None:
        """Also after Ctrl-C: then there is less time."""
        self._is_noticed = True
        if not self.why:
            said = f"What ends its epoch within {self.grace:g} s is saved up to there, the rest up to the one before."
            self.why, self.until = name, said
        if self.grace <= 0:  # a timer of nothing never rings
            raise KeyboardInterrupt
        signal.setitimer(signal.ITIMER_REAL, self.grace)


@contextmanager
def interruption(grace: float) -> Iterator[Interruption]:
    """Within this block signals are noted; afterwards they do what they did before."""
    noted = Interruption(grace)
    noted.listen()
    try:
        yield noted
    finally:
        noted.no_longer()
