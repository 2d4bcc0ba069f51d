"""From a study's name to a plan, and from a plan to what a launch needs. The command line is a thin layer on this."""

import logging
import os
import re
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache, partial
from pathlib import Path
from typing import Any

from orchestrator.estimate import PACE_COLUMNS, Expected, expect, paces
from orchestrator.identity import trial_id
from orchestrator.ledger import Ledger
from orchestrator.plan import Known, Plan, Status, Wanted, Work, plan_study
from orchestrator.provenance import of_code
from orchestrator.recorder import canonical_json, record_study
from orchestrator.schema import State
from orchestrator.storage import Storage
from orchestrator.unit import Unit
from search_spaces.loading import load_study
from search_spaces.study import STUDIES, Study, study_names, study_path
from search_spaces.variants import Variant
from trainables.cache_folder import Tell
from trainables.complexity import complexity, operations_of_training
from trainables.config import to_plain
from trainables.dataset import UNLABELLED, DataError, Dataset
from trainables.face_cache import Run, prepare, run_serially
from trainables.faces import Faces, open_faces
from trainables.method import Method
from trainables.schemes import Scheme
from trainables.stages import mistakes_of_stages
from trainables.transforms.crop import Crop
from trainables.trial import Trial

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


def open_study(name: str, changes: Mapping[str, Any], place: Place) -> Opened:
    """Read a study and check that its data are there. Raises ConfigError, ValueError or DataError."""
    path = study_path(name)
    if path.parent != STUDIES and path.stem in study_names():
        raise ValueError(f"{path} has the name of a study that is already there. Rename the file: tables go by it.")
    study = load_study(path, changes)
    missing = [text for dataset in dict.fromkeys(_datasets(study)) if (text := dataset.missing(place.data_root))]
    if missing:
        raise DataError("\n\n".join(missing))
    named = [(variant.label or variant.method.kind, variant.trial(seed=0)) for variant in study.variants]
    wrong = [f"{name}: {mistake}" for name, trial in named for mistake in mistakes_of_stages(trial)]
    if wrong:
        raise ValueError("\n".join(wrong))
    settings = _settings(changes)
    # More seeds or other machines are still the same question; other settings are another one.
    same = ("seeds=", "resources.cpus=", "resources.gpus=")
    differing = [setting for setting in settings if not setting.startswith(same)]
    return Opened(
        name=re.sub(r"[^\w.+=,()-]", "_", "+".join([path.stem, *differing])),
        study=study,
        path=path,
        command=place.on(f"marksweep run {shlex.quote(name)}{_as_arguments(changes)}"),
        adds_seeds="seeds" in changes,
        digest_of=lru_cache(maxsize=None)(lambda dataset: dataset.digest(place.data_root)),
    )


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
        macs = _complexity(work.trial).get("training_macs")
        return None if macs is None else macs * training_images(work.trial.data)

    rows = Ledger(place.storage).read("trials").select(PACE_COLUMNS).to_pylist()
    return expect(plan.works, paces(rows), operations_of)


def known(ledger: Ledger) -> Known:
    """What the ledger knows, reduced to what plans depend on."""
    trials = ledger.read("trials").select(["trial", "state", "error"]).to_pylist()
    return Known(
        states={row["trial"]: State(row["state"]) for row in trials},
        errors={row["trial"]: row["error"] or "" for row in trials},
        evaluated=set(ledger.read("evaluations")["evaluation"].unique().to_pylist()),
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
            "stages": sorted(_stages(work, works)),
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
        before = Ledger(place.storage).read("studies").to_pylist()
        rows += [
            row
            for row in before
            if row["study"] == opened.name
            and any(row["variant"] == variant for variant, _ in asked)
            and (row["variant"], row["seed"]) not in asked
        ]
    record_study(place.storage, opened.name, rows)


def _stages(work: Work, works: Mapping[str, Work]) -> set[str]:
    """Ids of all that a trial starts from, however far before."""
    return set(work.starts_from).union(*(_stages(works[stage], works) for stage in work.starts_from))


def units_of(opened: Opened, plan: Plan, place: Place) -> list[tuple[Work, Unit]]:
    """What a launch carries out, in the plan's order."""
    code = of_code()
    own = opened.path.parent != STUDIES
    return [(work, _unit(work, code, place, str(opened.path) if own else None, opened.digest_of)) for work in plan.todo]


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


def _unit(
    work: Work, code: dict[str, Any], place: Place, study_file: str | None, digest_of: Callable[[Dataset], str]
) -> Unit:
    plain = to_plain(work.trial)
    return Unit(
        trial=plain,
        facts={
            "trial": work.id,
            "variant": work.variant_id,
            "seed": work.trial.seed,
            "method": work.trial.method.kind,
            "dataset": work.trial.data.kind,
            "data_digest": digest_of(work.trial.data),
            "config": canonical_json(plain),
            "cpus": work.resources.cpus,
            "gpus": work.resources.gpus,
            **_complexity(work.trial),
            **code,
        },
        evaluations=tuple(
            {"id": m.id, "config": to_plain(m.evaluation), "digest": digest_of(m.data)} for m in work.missing
        ),
        storage=place.storage.location if "://" in place.storage.location else place.storage.root,
        data_root=str(place.data_root.resolve()),
        cache=str(place.cache.resolve()),
        study_file=study_file,
        starts_from=work.starts_from,
        unlabelled_digest=digest_of(work.trial.unlabelled) if work.trial.unlabelled else None,
        trained=work.status is Status.EVALUATE,
        threads=work.resources.cpus,
    )


def _complexity(trial: Trial) -> dict[str, int]:
    """What a trial's network and its training cost. Here and not in the trials, because the first count in a process
    takes a second."""
    counted = _counted(trial.method, trial.data.scheme)
    if not counted:
        return {}
    faces = 1 + trial.recipe.unlabelled / trial.recipe.batch_size  # for each labelled one
    return counted | {"training_macs": round(faces * counted["training_macs"])}


@lru_cache
def _counted(method: Method, scheme: Scheme) -> dict[str, int]:
    """`training_macs` is of one face, labelled or not."""
    try:
        parameters, macs = complexity(partial(method.build, scheme), method.input_size)
        # Where one view is all that is looked at, training is three forward passes: counting it would take long.
        training_macs = operations_of_training(method, scheme) if method.moves_faces else macs
        return {"parameters": parameters, "macs": macs, "training_macs": training_macs}
    except Exception:
        # A bug in the method: its trials fail with it, alone, and record where it is.
        return {}


def _datasets(study: Study) -> list[Dataset]:
    learned_from = [dataset for variant in study.variants for dataset in _learned_from(variant)]
    return learned_from + [evaluation.data for evaluation in study.evaluations if evaluation.data is not None]


def _learned_from(variant: Variant) -> list[Dataset]:
    own = [variant.data] if variant.unlabelled is None else [variant.data, variant.unlabelled]
    return [*(dataset for stage in variant.starts_from for dataset in _learned_from(stage)), *own]
