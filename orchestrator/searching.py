"""A search as a supply of trials: which point is next, and what became of those before."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from orchestrator.assignment import Assignment
from orchestrator.dispatch import Claiming, Fits, unshared
from orchestrator.ledger import Ledger
from orchestrator.plan import ACTIVE
from orchestrator.provenance import of_code
from orchestrator.recorder import canonical_json, record_study
from orchestrator.schema import State
from orchestrator.search import Proposals, Tried
from orchestrator.searched import Asked, look_at, search_of, standing_of, work_of
from orchestrator.session import Opened, Place, known, remembered
from orchestrator.unit import Unit
from orchestrator.units import unit_of
from search_spaces.domains import Point
from search_spaces.variants import Resources
from trainables.config import ConfigError

_INVALID = 100  # points in a row that are no valid settings, before the space is to blame


class Searching:
    """The supply of one launch. `announce` is told of each trial before anything is known of it here; of some again."""

    def __init__(self, opened: Opened, place: Place, retry_failed: bool = False) -> None:
        self._opened, self._place, self._anew = opened, place, retry_failed
        self.announce: Callable[[Asked], None] = lambda asked: None
        self.search = search_of(opened)
        self._code = of_code()
        self._known = known(Ledger(place.storage))  # what others do meanwhile is not seen
        self.standing = standing_of(opened, place, retry_failed)
        self._asked = {each.work.id: each for each in self.standing.asked}
        self._left = [each for each in self.standing.asked if each.work.status in ACTIVE]
        self._running: set[str] = set()
        self._exhausted = False
        # What is tried again is not over, whatever became of it before.
        asked = [
            replace(each.tried, state=None) if each.work.status in ACTIVE else each.tried
            for each in self.standing.asked
        ]
        self._proposals = Proposals(self.search, [*self.standing.others, *asked])

    def next(self, fits: Fits, claim: Claiming = unshared) -> Assignment | None:
        room = self.search.at_once is None or len(self._running) < self.search.at_once
        while room and fits(self.search.base.resources):
            asked = self._left.pop(0) if self._left else self._new()
            if asked is None:
                return None
            unit = self._unit(asked)
            self.announce(asked)
            found = claim(unit)
            if found.token is None and found.ended is None:
                self._left.append(asked)  # what another study runs just now is waited for
                return None
            if found.token is not None:
                self._running.add(asked.work.id)
                return Assignment(unit, asked.work.resources).leased(found.token)
            if found.ended is not None:
                self.ended(asked.work.id, found.ended)
        return None

    def ended(self, trial: str, state: State) -> None:
        self._running.discard(trial)
        asked = self._asked[trial]
        if state is State.RUNNING:
            return
        self._asked[trial] = replace(asked, tried=self._look(asked.work.id, asked.tried.point))
        self._proposals.learn(self._asked[trial].tried)

    @property
    def is_empty(self) -> bool:
        return not self._left and (self._exhausted or len(self._asked) >= self.search.trials)

    @property
    def needs(self) -> Sequence[Resources]:
        return [self.search.base.resources]

    def _new(self) -> Asked | None:
        """The next point that has to be trained; None where the budget is spent, or all points are known."""
        invalid = 0
        while len(self._asked) < self.search.trials:
            point = self._next_point()
            if point is None:
                self._exhausted = True
                return None
            try:
                work, stages = work_of(self._opened, point, self._known, self._anew)
            except ConfigError as error:
                invalid += 1
                if invalid >= _INVALID:
                    raise ValueError(f"The space has hardly a point that can be trained: {error}") from error
                self._proposals.learn(Tried(point, State.FAILED))
                continue
            if work.id in self._asked:  # its settings change no result, or are two names of one value
                invalid += 1
                if invalid >= _INVALID:
                    raise ValueError(f"The space has hardly a point that is another trial: {dict(point)} was tried.")
                self._proposals.learn(Tried(point, State.FAILED))
                continue
            tried = self._look(work.id, point)
            asked = Asked(len(self._asked), work, stages, tried, is_base=point == self.search.start[0])
            self._asked[work.id] = asked
            self._remember()
            if work.status in ACTIVE:
                return asked
            self._proposals.learn(asked.tried)
        return None

    def _next_point(self) -> Point | None:
        for point in self.search.start:
            if all(each.tried.point != point for each in self._asked.values()):
                if point not in [other.point for other in self.standing.others]:
                    self._proposals.add(Tried(point, None))
                return point
        return self._proposals.propose()

    def _look(self, trial: str, point: Point) -> Tried:
        return look_at(self.search, Ledger(self._place.storage), trial, point)

    def _unit(self, asked: Asked) -> Unit:
        unit = unit_of(asked.work, self._opened, self._place, self._code, self._anew)
        # The base is trained whole, whatever it promises: it is what all others are compared with.
        if self.search.stopping is None:
            return unit
        objective = self.search.objectives[0]
        return replace(
            unit, judged_by=objective.metric, minimized=objective.minimize, may_be_given_up=not asked.is_base
        )

    def _remember(self) -> None:
        shared = {
            "question": self.search.question,
            "command": self._opened.command,
            "baseline": False,
            "search": canonical_json(self.search.described()),
        }
        rows = [
            {
                **shared,
                "label": asked.label,
                "variant": asked.work.variant_id,
                "trial": asked.work.id,
                "seed": self.search.seed,
                "stages": list(asked.stages),
                "number": asked.number,
                "point": canonical_json(asked.tried.point),
            }
            for asked in self._asked.values()
        ]
        confirmation = [row for row in remembered(self._opened, self._place) if row["point"] is None]
        record_study(self._place.storage, self._opened.name, [*rows, *confirmation])
