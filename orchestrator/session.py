"""From a study's name to a plan, and from a plan to what a launch needs. The command line is a thin layer on this."""

import logging
import os
import re
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache, lru_cache, partial
from pathlib import Path
from typing import Any

from orchestrator.costs import complexity_of
from orchestrator.estimate import PACE_COLUMNS, Expected, expect, paces
from orchestrator.identity import trial_id
from orchestrator.ledger import Ledger
from orchestrator.packing import Memory
from orchestrator.plan import Begun, Known, Plan, Status, Wanted, Work, plan_study
from orchestrator.recorder import record_study
from orchestrator.schema import State
from orchestrator.storage import Storage
from search_spaces.loading import load_study
from search_spaces.search import DEFAULT, Search
from search_spaces.study import STUDIES, Study, study_names, study_path
from search_spaces.variants import Variant
from trainables.cache_folder import Tell
from trainables.dataset import UNLABELLED, DataError, Dataset
from trainables.face_cache import Run, prepare, run_serially
from trainables.faces import Faces, open_faces
from trainables.stages import mistakes_of_stages
from trainables.transforms.crop import Crop

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Place:
    """Where results, data sets and prepared data lie."""

    storage: Storage
    data_root: Path
    cache: Path

    def on(self, command: str) -> str:
        """The command with the places that were given, where defaults and the environment do not say them already."""
        command = self.storage.on(command)
        if str(self.data_root) not in ("data", os.environ.get("MARKSWEEP_DATA")):
            command += f" --data-root {shlex.quote(str(self.data_root))}"
        return command


@dataclass(frozen=True)
class WantedByTable:
    """What a table shows: of which studies, and which of their evaluations."""

    table: str
    studies: tuple[str, ...]
    wants: Wanted

    def command(self, place: Place, changes: Mapping[str, Any]) -> str:
        return place.on(f"marksweep run --table {self.table}{_as_arguments(changes)}")


@dataclass(frozen=True)
class Opened:
    """A study that was read and whose data are there. `name` tells apart a study run with other settings."""

    name: str
    study: Study
    path: Path
    command: str
    digest_of: Callable[[Dataset], str]
    adds_seeds: bool = False  # were the seeds named on the command line?
    search: Search | None = None  # what it is when it is no plain study; `study` is then its base alone


def open_study(name: str, changes: Mapping[str, Any], place: Place, small: bool = False) -> Opened:
    """Read a study or a search (`small`: its profile for two cores) and check that its data are there.

    Raises ConfigError, ValueError or DataError.
    """
    path = study_path(name)
    if path.parent != STUDIES and path.stem in study_names():
        raise ValueError(f"{path} has the name of a study that is already there. Rename the file: tables go by it.")
    found = load_study(path, changes, small)
    search = found if isinstance(found, Search) else None
    study = found if isinstance(found, Study) else _base_of(found)
    missing = [text for dataset in dict.fromkeys(_datasets(study)) if (text := dataset.missing(place.data_root))]
    if missing:
        raise DataError("\n\n".join(missing))
    named = [(variant.label or variant.method.kind, variant.trial(seed=0)) for variant in study.variants]
    wrong = [f"{name}: {mistake}" for name, trial in named for mistake in mistakes_of_stages(trial)]
    if wrong:
        raise ValueError("\n".join(wrong))
    settings = [*(["small"] if small else []), *_settings(changes)]
    # More seeds or other machines are still the same question; other settings are another one.
    same = ("seeds=", "resources.cpus=", "resources.gpus=")
    if search is not None:
        # A search goes on with another budget, however it proposes points and gives trials up.
        same += ("trials=", "at_once=", "sampler=", "stopping=", "confirm=")
    differing = [setting for setting in settings if not setting.startswith(same)]
    return Opened(
        name=re.sub(r"[^\w.+=,()-]", "_", "+".join([path.stem, *differing])),
        study=study,
        path=path,
        command=place.on(f"marksweep run {shlex.quote(name)}{' --small' if small else ''}{_as_arguments(changes)}"),
        adds_seeds="seeds" in changes,
        digest_of=lru_cache(maxsize=None)(lambda dataset: dataset.digest(place.data_root)),
        search=search,
    )


def _base_of(search: Search) -> Study:
    base = replace(search.base, label=search.base.label or DEFAULT)
    return Study(question=search.question, variants=(base,), seeds=(search.seed,), evaluations=search.evaluations)


def _settings(changes: Mapping[str, Any]) -> list[str]:
    return [f"{key}={value}" for key, value in sorted(changes.items())]


def _as_arguments(changes: Mapping[str, Any]) -> str:
    return "".join(f" --set {shlex.quote(setting)}" for setting in _settings(changes))


def make_plan(opened: Opened, place: Place, retry_failed: bool = False) -> Plan:
    return plan_study(opened.name, opened.study, known(Ledger(place.storage)), opened.digest_of, retry_failed)


def expected_of(plan: Plan, place: Place) -> Expected:
    """What the plan's training is expected to take."""

    @cache
    def training_images(dataset: Dataset) -> int:
        return dataset.num_training(place.data_root)

    def operations_of(work: Work) -> float | None:
        macs = complexity_of(work.trial).get("training_macs")
        return None if macs is None else macs * training_images(work.trial.data)

    rows = Ledger(place.storage).read("trials", columns=PACE_COLUMNS).to_pylist()
    probes = Ledger(place.storage).read("probes").to_pylist()
    probed = {(row["device"], row["variant"]): row["epoch_seconds"] for row in probes if row["epoch_seconds"]}
    return expect(plan.works, paces(rows), operations_of, probed)


def memory_of(place: Place) -> dict[str, Memory]:
    """What probes found on GPUs, by variant."""
    rows = Ledger(place.storage).read("probes").to_pylist()
    on_gpus = [row for row in rows if row["device"] == "GPU" and row["reserved_memory_mb"]]
    return {row["variant"]: Memory(row["reserved_memory_mb"], row["device_memory_mb"]) for row in on_gpus}


def known(ledger: Ledger) -> Known:
    """What the ledger knows, reduced to what plans depend on."""
    columns = ["trial", "state", "error", "epochs_run", "failures", "parts", "attempts"]
    trials = ledger.read("trials", columns=columns).to_pylist()
    return Known(
        states={row["trial"]: State(row["state"]) for row in trials},
        errors={row["trial"]: row["error"] or "" for row in trials},
        evaluated=set(ledger.read("evaluations", columns=["evaluation"])["evaluation"].unique().to_pylist()),
        begun={
            row["trial"]: Begun(
                row["epochs_run"] or 0, row["failures"], row["parts"] or 1, row["error"] or "", row["attempts"] or 0
            )
            for row in trials
        },
    )


def remember_question(opened: Opened, plan: Plan, place: Place) -> None:
    """Put into the ledger what the study asks, so that reports know its rows before they are filled.

    Seeds named on the command line come to those that were asked for before.
    """
    works = {work.id: work for work in plan.works}
    compared = len(opened.study.variants) > 1
    rows = [
        {
            "question": opened.study.question,
            "command": opened.command,
            "label": variant.label or trial.method.kind,
            "variant": work.variant_id,
            "trial": work.id,
            "seed": trial.seed,
            "stages": sorted(stages_of(work, works)),
            "evaluation": measurement.id,
            "split": measurement.evaluation.split,
            "perturbation": measurement.evaluation.perturbed_by,
            "decoder": measurement.evaluation.read_by,
            "baseline": compared and variant is opened.study.variants[0],
        }
        for variant, trial in opened.study.trials()
        for work in (works[trial_id(trial, opened.digest_of)],)
        for measurement in work.measurements
    ]
    if opened.adds_seeds:
        asked = {(row["variant"], row["seed"]) for row in rows}
        rows += [
            row
            for row in remembered(opened, place)
            if row["point"] is None
            and any(row["variant"] == variant for variant, _ in asked)
            and (row["variant"], row["seed"]) not in asked
        ]
    if opened.search is not None:
        rows += [row for row in remembered(opened, place) if row["point"] is not None]
    record_study(place.storage, opened.name, rows)


def remembered(opened: Opened, place: Place) -> list[dict[str, Any]]:
    """What the ledger has of this question so far."""
    return [row for row in Ledger(place.storage).read("studies").to_pylist() if row["study"] == opened.name]


def stages_of(work: Work, works: Mapping[str, Work]) -> set[str]:
    """Ids of all that a trial starts from, however far before."""
    return set(work.starts_from).union(*(stages_of(works[stage], works) for stage in work.starts_from))


def prepare_data(
    plan: Plan,
    place: Place,
    progress: Callable[[str, int, int], None],
    run: Run = run_serially,
    tell: Tell = log.warning,
) -> dict[str, Faces]:
    """Make every prepared data set that the plan needs, before any trial waits for it, and open it. Raises DataError.

    Also where a split that is to be measured has no readable face: training would be in vain.

    `run` and `tell` as in `trainables.face_cache.prepare`.
    """
    needed: dict[tuple[Dataset, Crop, int, float], set[str]] = {}
    prepared: dict[str, Faces] = {}
    for work in plan.todo:
        trial = work.trial
        learned_from = set() if work.status is Status.EVALUATE else {"train", "val"}
        wanted = [(trial.data, learned_from), *((one.data, {one.evaluation.split}) for one in work.missing)]
        if trial.unlabelled is not None and learned_from:
            wanted.append((trial.unlabelled, {UNLABELLED}))
        for data, splits in wanted:
            needed.setdefault((data, trial.recipe.crop, trial.method.input_size, trial.recipe.margin), set()).update(
                splits
            )
    for (data, crop, size, margin), splits in needed.items():
        told = partial(progress, f"{data.kind} at {size} px")
        path = prepare(data, place.data_root, crop, size, place.cache, told, margin=margin, run=run, tell=tell)
        prepared[data.kind] = faces = open_faces(path, data.scheme)
        empty = [split for split in sorted(splits) if not len(faces.pool if split == UNLABELLED else faces.rows[split])]
        if empty:
            raise DataError(
                f"Data set {data.kind!r} has no readable {' and no '.join(empty)} face. A study learns from train, "
                "selects by val (a tenth of train where a data set has no other, so two groups at least), and measures "
                "on what its evaluations name, by default test. Add faces, or name other splits."
            )
    return prepared


def _datasets(study: Study) -> list[Dataset]:
    learned_from = [dataset for variant in study.variants for dataset in _learned_from(variant)]
    return learned_from + [evaluation.data for evaluation in study.evaluations if evaluation.data is not None]


def _learned_from(variant: Variant) -> list[Dataset]:
    own = [variant.data] if variant.unlabelled is None else [variant.data, variant.unlabelled]
    return [*(dataset for stage in variant.starts_from for dataset in _learned_from(stage)), *own]
