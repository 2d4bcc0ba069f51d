"""A search's next point, by Optuna. The only home of Optuna here; its study lives in memory alone.

It is built from what the ledger knows, so that a search that was interrupted goes on as if it had not been, and nothing
else can be lost, locked or damaged. Each proposal seeds its sampler anew, so that a restart does not repeat the first.
"""

import json
import math
import random
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.storages.journal import JournalFileBackend
from optuna.trial import TrialState

from orchestrator.schema import State
from search_spaces.domains import Choice, Domain, Integer, LogUniform, Point, Uniform
from search_spaces.samplers import CmaEs, GaussianProcess, Nsga2, Nsga3, Random, Sampler, Tpe
from search_spaces.search import Search

_PROPOSALS = 10  # before a sampler that only repeats itself is left for the points that nobody tried
_DRAWS = 1000  # before a space is taken for used up
_SOURCES = 10  # trials of which CMA-ES can take the best tenth


@dataclass(frozen=True)
class Tried:
    """What is known of a trial at one point.

    `state`: None while it is not over. `values`: of the objectives, where it was trained to its end. `history`: of the
    first objective after each epoch, where it was given up before.
    """

    point: Point
    state: State | None
    values: tuple[float, ...] = ()
    history: tuple[float, ...] = ()


class Proposals:
    """Proposes points and learns what became of them. `known`: all that was tried before, in its order."""

    def __init__(self, search: Search, known: Iterable[Tried]) -> None:
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        self._search = search
        self._study = optuna.create_study(
            directions=["minimize" if objective.minimize else "maximize" for objective in search.objectives],
            sampler=optuna.samplers.RandomSampler(seed=search.seed),
        )
        self._numbers: dict[str, int] = {}  # of the points that have been proposed, in Optuna's study
        for tried in known:
            self.add(tried)
        self._before = [
            _numbers_of(trial, search) for trial in self._study.trials if trial.state is TrialState.COMPLETE
        ]

    def add(self, tried: Tried) -> None:
        """A point that the sampler did not propose, or proposed before a restart."""
        trial = self._frozen(tried)
        self._study.add_trial(trial)
        self._numbers.setdefault(_key(tried.point), len(self._study.get_trials(deepcopy=False)) - 1)

    def propose(self) -> Point | None:
        """A point that nobody has tried; None where there is none left."""
        all_points = self._search.space.points()
        if all_points is not None and all(_key(point) in self._numbers for point in all_points):
            return None
        for _ in range(_PROPOSALS):
            number = len(self._study.get_trials(deepcopy=False))
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
                self._study.sampler = self._sampler(self._search.seed + 7919 * number)
            trial = self._study.ask()
            point = self._point(trial)
            if _key(point) not in self._numbers:
                self._numbers[_key(point)] = trial.number
                return point
            # Told as a failure, which samplers pass over: the point itself counts once.
            self._study.tell(trial, state=TrialState.FAIL)
        if all_points is None:
            return self._at_random()
        untried = [point for point in all_points if _key(point) not in self._numbers]
        point = random.Random(f"{self._search.seed} {len(self._numbers)}").choice(untried)
        self.add(Tried(point, None))
        return point

    def _at_random(self) -> Point | None:
        """A point of an endless space whose sampler only repeats itself; None where chance does, too."""
        for _ in range(_DRAWS):
            self._study.sampler = optuna.samplers.RandomSampler(seed=self._search.seed + 7919 * self._count)
            trial = self._study.ask()
            point = self._point(trial)
            if _key(point) not in self._numbers:
                self._numbers[_key(point)] = trial.number
                return point
            self._study.tell(trial, state=TrialState.FAIL)
        return None

    @property
    def _count(self) -> int:
        return len(self._study.get_trials(deepcopy=False))

    def learn(self, tried: Tried) -> None:
        """What became of a point that was proposed or added."""
        number = self._numbers[_key(tried.point)]
        state = _state(tried, self._search)
        if state is TrialState.RUNNING:
            return
        known = self._study.get_trials(deepcopy=False)[number]
        if known.state.is_finished():
            if known.state is not state:  # given up in another search, and trained whole here
                self._study.add_trial(self._frozen(tried))
            return
        storage_id = known._trial_id
        for epoch, value in enumerate(_truth(tried), start=1):
            if len(self._search.objectives) == 1:
                optuna.trial.Trial(self._study, storage_id).report(value, epoch)
        values = list(tried.values) if state is TrialState.COMPLETE else None
        self._study.tell(number, values, state=state)

    def export(self, storage: str, name: str) -> str:
        """Copy all into a new study of an Optuna storage (a database URL, or the path of a journal file), for its
        dashboard and other tools. The study's name there. Raises ValueError where there is one of this name."""
        where: Any = storage
        if "://" not in storage:
            where = optuna.storages.JournalStorage(JournalFileBackend(storage))
        try:
            copied = optuna.create_study(study_name=name, storage=where, directions=self._study.directions)
        except optuna.exceptions.DuplicatedStudyError as error:
            raise ValueError(f"{storage} has a study {name!r} already. Name another file or database.") from error
        copied.add_trials(
            trial for trial in self._study.get_trials(deepcopy=False) if trial.state is not TrialState.RUNNING
        )
        return name

    def _point(self, trial: optuna.Trial) -> Point:
        space, point = self._search.space, {}
        for path, domain in space.domains.items():
            if space.exists(path, point):
                point[path] = trial._suggest(path, _distribution(domain))
        return point

    def _frozen(self, tried: Tried) -> optuna.trial.FrozenTrial:
        domains, state = self._search.space.domains, _state(tried, self._search)
        kind = {Nsga2: optuna.samplers.NSGAIISampler, Nsga3: optuna.samplers.NSGAIIISampler}.get(
            type(self._search.sampler)
        )
        attributes: dict[str, Any] = {}
        if kind is not None and state is TrialState.COMPLETE:
            # Whole generations of those before, in their order: what the sampler breeds from.
            done = len(self._study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,)))
            attributes[kind._get_generation_key()] = done // self._search.sampler.population  # type: ignore[attr-defined]
        return optuna.trial.create_trial(
            state=state,
            params=dict(tried.point),
            distributions={path: _distribution(domains[path]) for path in tried.point},
            values=list(tried.values) if state is TrialState.COMPLETE else None,
            intermediate_values=dict(enumerate(_truth(tried), start=1)) if len(self._search.objectives) == 1 else {},
            system_attrs=attributes,
        )

    def _sampler(self, seed: int) -> optuna.samplers.BaseSampler:
        declared: Sampler = self._search.sampler
        match declared:
            case Tpe():
                return optuna.samplers.TPESampler(
                    seed=seed, n_startup_trials=declared.startup, multivariate=True, group=True, constant_liar=True
                )
            case GaussianProcess():
                return optuna.samplers.GPSampler(
                    seed=seed, n_startup_trials=declared.startup, warn_independent_sampling=False
                )
            case CmaEs():
                # Of a search that goes on, the distribution of the best before is where it begins again.
                before = self._before if len(self._before) >= _SOURCES else None
                return optuna.samplers.CmaEsSampler(seed=seed, source_trials=before, warn_independent_sampling=False)
            case Nsga2():
                return optuna.samplers.NSGAIISampler(seed=seed, population_size=declared.population)
            case Nsga3():
                return optuna.samplers.NSGAIIISampler(seed=seed, population_size=declared.population)
            case Random():
                return optuna.samplers.RandomSampler(seed=seed)
        raise ValueError(f"{type(declared).__name__} has no sampler of Optuna")


def best_of(search: Search, tried: Iterable[Tried]) -> Tried | None:
    """The best of those trained to their end, by the first objective."""
    whole = [each for each in tried if _state(each, search) is TrialState.COMPLETE]
    return min(whole, key=lambda each: search.objectives[0].sign * each.values[0], default=None)


def _state(tried: Tried, search: Search) -> TrialState:
    """What a sampler is told. A diverged trial counts as given up at once: the worst that is known of a point. A failed
    one says nothing of its point."""
    if tried.state is None or tried.state is State.RUNNING:
        return TrialState.RUNNING
    if tried.state is State.FINISHED:
        whole = len(tried.values) == len(search.objectives) and all(map(math.isfinite, tried.values))
        return TrialState.COMPLETE if whole else TrialState.FAIL
    stopped = tried.state in (State.PRUNED, State.DIVERGED) and len(search.objectives) == 1
    return TrialState.PRUNED if stopped else TrialState.FAIL


def _numbers_of(trial: optuna.trial.FrozenTrial, search: Search) -> optuna.trial.FrozenTrial:
    """The same trial as CMA-ES knows it: without choices, and without what depends on them."""
    domains = search.space.domains
    names = [name for name in trial.params if domains[name].given is None and not isinstance(domains[name], Choice)]
    return optuna.trial.create_trial(
        params={name: trial.params[name] for name in names},
        distributions={name: trial.distributions[name] for name in names},
        values=trial.values,
    )


def _truth(tried: Tried) -> tuple[float, ...]:
    """The values of a trial that is over, after each epoch that it had: all that is known of one that was given up, and
    the curve of one that was not."""
    return tried.history if tried.state in (State.PRUNED, State.FINISHED) else ()


def _distribution(domain: Domain) -> BaseDistribution:
    match domain:
        case Choice():
            return CategoricalDistribution(list(domain.options))
        case Integer():
            return IntDistribution(int(domain.low), int(domain.high))
        case Uniform():
            return FloatDistribution(domain.low, domain.high, log=isinstance(domain, LogUniform))
    raise ValueError(f"{type(domain).__name__} has no distribution of Optuna")


def _key(point: Mapping[str, Any]) -> str:
    return json.dumps(dict(point), sort_keys=True)
