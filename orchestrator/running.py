"""Doing what a plan or a search lacks: prepare the data, start Ray, launch, say what comes of it."""

import shlex
import sys
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from orchestrator.assignment import Assignment
from orchestrator.board import Event, Goal
from orchestrator.dispatch import Limits, Planned, Supply, refuse_what_cannot_fit
from orchestrator.imports import uncollected
from orchestrator.leases import Leases
from orchestrator.ledger import Ledger
from orchestrator.packing import packed, unprobed
from orchestrator.plan import Plan, Status, Work
from orchestrator.preparing import progress_shown, runner, show_findings
from orchestrator.progress import TrialLine, view_for
from orchestrator.recorder import record_probe
from orchestrator.searched import Asked
from orchestrator.searching import Searching
from orchestrator.secrets import without_secrets
from orchestrator.session import Opened, Place, memory_of, prepare_data
from orchestrator.sinks.registry import sink_named
from orchestrator.tidying import tidy
from orchestrator.units import units_of


class CutOff(Exception):
    """A launch ended in the middle, because the storage, or whatever its words name, does not work."""


@dataclass
class Running:
    """How a command runs what is missing, and what its launches have used of its limits so far.

    A context manager: the cluster that its first launch starts serves all of them, and is left at the end.
    """

    place: Place
    console: Console
    address: str | None = None
    retry_failed: bool = False
    limits: Limits = field(default_factory=Limits)
    sinks: tuple[str, ...] = ()
    why: str = ""  # a launch ended before all was done, in words
    is_spent: bool = False  # because of a budget
    is_interrupted: bool = False  # by a signal
    _began: float = field(default_factory=time.monotonic)
    _gpu_hours: float = 0.0
    _cluster: ExitStack | None = None
    _leases: Leases | None = None

    @property
    def goes_on(self) -> bool:
        """Whether a launch that ended early needs nothing but the same command."""
        return self.is_spent or self.is_interrupted

    def __enter__(self) -> "Running":
        tidy(self.place.storage)
        return self

    def __exit__(self, *problem: object) -> None:
        if self._cluster is not None:
            self._cluster.close()

    def plan(self, opened: Opened, made: Plan) -> None:
        """All that is left of a plan."""
        self._prepare(made)
        self._start_ray()
        work_and_units = units_of(opened, self._packed(opened, made), self.place, self.retry_failed)
        assignments = [Assignment(unit, work.resources) for work, unit in work_and_units]
        lines = {work.id: _line(work, unit.trial) for work, unit in work_and_units}
        self._launch(opened, Planned(assignments), lines)

    def search(self, opened: Opened, base: Plan) -> None:
        """All that is left of a search. `base`: a plan with the trial of its base, whose data all points need."""
        assert opened.search is not None
        *stages, first = base.works
        base = replace(base, works=(*stages, replace(first, status=Status.RUN)))  # though it may be done itself
        self._prepare(base)
        self._start_ray()
        given = self._packed(opened, base).works[-1].resources
        opened = replace(opened, search=replace(opened.search, base=replace(opened.search.base, resources=given)))
        assert self._leases is not None
        name = f"search~{opened.name}"
        # Points follow from those before: two commands would ask for different ones under the same numbers.
        if not self._leases.take_patiently(name, lambda text: self.console.print(Text(text), soft_wrap=True)):
            raise ValueError(
                f"{opened.name} is searched just now by {self._leases.who_has(name)}. Follow it: "
                f"{self.place.storage.on(f'marksweep status --watch {shlex.quote(opened.name)}')}"
            )
        self._launch_search(opened, Searching(opened, self.place, self.retry_failed))
        self._leases.release(name)

    def probe(self, opened: Opened, made: Plan) -> None:
        """Measure a few steps of every variant that the plan would train."""
        self._prepare(made)
        self._start_ray()
        self._probe(opened, self._placed(made), [work.variant_id for work in made.todo])

    def _launch_search(self, opened: Opened, searching: Searching) -> None:
        from orchestrator.desk import Judging

        search = searching.search
        objective = search.objectives[0]
        judging = None if search.stopping is None else Judging(search.stopping, searching.standing.histories)
        best = searching.standing.best(search)
        before = None if best is None else (best.values[0], searching.standing.name_of(best))
        goal = Goal(objective.metric, objective.minimize, before)
        self._launch(opened, searching, {}, searching.standing.left, goal, judging)

    def _launch(
        self,
        opened: Opened,
        supply: Supply,
        lines: Mapping[str, TrialLine],
        expected: int | None = None,
        goal: Goal | None = None,
        judging: Any = None,
    ) -> None:
        from ray.exceptions import RayError

        from orchestrator.capacity import at_once
        from orchestrator.desk import nodes_of_cluster
        from orchestrator.launch import launch

        assert self._leases is not None
        if self.limits.gpu_hours is not None and not any(needs.share for needs in supply.needs):
            raise ValueError("--gpu-hours counts GPUs, and no trial asks for one. Take --hours, or resources.gpus=1.")
        folder = Path(self.place.storage.root) if self.place.storage.is_local else Path.cwd()
        sinks = [sink_named(name, folder / "sinks" / name, opened.name) for name in self.sinks]
        many = at_once(supply.needs, nodes_of_cluster())
        with view_for(lines, many, self.console, expected, goal, sinks) as view:
            if isinstance(supply, Searching):
                supply.announce = lambda asked: view.add(asked.work.id, _line_of_point(asked))
            elif isinstance(supply, Planned):
                supply.announce_blocked = lambda trial: view.show(Event(trial, "blocked"))
            try:
                result = launch(supply, view, self._leases, self._limits(), judging)
            except OSError as error:
                if isinstance(error, RayError):
                    raise
                words = f"{error.filename}: {error.strerror}" if error.filename else str(error)
                raise CutOff(words) from error
        self.why, self.is_spent = self.why or result.why, self.is_spent or result.is_spent
        self.is_interrupted |= result.is_interrupted
        self._gpu_hours += result.gpu_hours
        Ledger(self.place.storage).compact()

    def _start_ray(self) -> None:
        if self._cluster is not None:
            return
        # Ray takes seconds to import, and a run with nothing to do must not wait for it.
        with uncollected():
            from orchestrator.cluster import cluster

        joining = f"Joining Ray at {self.address} …"
        Ledger(self.place.storage).compact()  # a launch that was killed has left it to this one
        self.console.print("Starting Ray …" if self.address is None else joining, style="dim")
        self._cluster = ExitStack()
        # Given back when no process of a private cluster is left that could write.
        about = without_secrets(shlex.join(["marksweep", *sys.argv[1:]]))
        self._leases = self._cluster.enter_context(Leases(self.place.storage, about))
        self._cluster.enter_context(cluster(self.address))

    def _packed(self, opened: Opened, made: Plan) -> Plan:
        """With a share of a GPU for each trial that asks for one by a probe."""
        from orchestrator.desk import nodes_of_cluster

        nodes = tuple(nodes_of_cluster())
        if any(node.gpus for node in nodes):
            self._probe(opened, self._placed(made), unprobed(made, memory_of(self.place)))
        return packed(made, memory_of(self.place), nodes)

    def _placed(self, made: Plan) -> Plan:
        """With a whole GPU, or none where there is none, for what asks for a share. ValueError for what cannot fit."""
        from orchestrator.desk import nodes_of_cluster

        nodes = tuple(nodes_of_cluster())
        placed = packed(made, {}, nodes)
        refuse_what_cannot_fit([work.resources for work in placed.todo], nodes)
        return placed

    def _probe(self, opened: Opened, made: Plan, variants: list[str]) -> None:
        from orchestrator.probing import probe_on_ray

        # One trial stands for its variant.
        some = {work.variant_id: work for work in made.todo if work.variant_id in variants}
        units = units_of(opened, replace(made, works=tuple(some.values())), self.place)
        for done, (unit, found) in enumerate(probe_on_ray([(u, w.resources) for w, u in units]), start=1):
            label = some[unit.facts["variant"]].label or unit.facts["method"]
            if isinstance(found, str):
                text = f"{label} could not be probed: {found}"
            else:
                record_probe(self.place.storage, found)
                text = f"{label}: {_found(found)}"
            self.console.print(f"probe {done} of {len(units)}: {text}", markup=False, highlight=False)

    def _limits(self) -> Limits:
        """What is left of the command's own."""
        hours, gpu_hours = self.limits.hours, self.limits.gpu_hours
        return replace(
            self.limits,
            hours=None if hours is None else max(0.0, hours - (time.monotonic() - self._began) / 3600),
            gpu_hours=None if gpu_hours is None else max(0.0, gpu_hours - self._gpu_hours),
        )

    def _prepare(self, made: Plan) -> None:
        def tell(text: str) -> None:
            self.console.print(Text(text, style="yellow"), soft_wrap=True)

        with progress_shown(self.console, "preparing") as show:
            prepared = prepare_data(made, self.place, show, runner(self.address, tell), tell)
        for name, faces in prepared.items():
            show_findings(name, faces, self.console)


def _found(probe: Mapping[str, Any]) -> str:
    if probe["parts"] is None:
        return "not even one face at a time fits into memory"
    parts = f", in {probe['parts']} parts" if probe["parts"] > 1 else ""
    return f"{probe['epoch_seconds']:.1f} s an epoch, {probe['peak_memory_mb']:,.0f} MiB{parts}"


def _line(work: Work, parameters: Mapping[str, Any], label: str = "") -> TrialLine:
    return TrialLine(
        label or work.label or work.trial.method.kind,
        work.trial.seed,
        work.trial.recipe.epochs,
        epoch=work.begun.epochs,
        parameters=parameters,
    )


def _line_of_point(asked: Asked) -> TrialLine:
    return _line(asked.work, asked.tried.point, asked.label)
