"""A study of 10,000 trials of which 9,999 are done: `marksweep plan` and `marksweep status`, at most 5 s each.

A fresh process each, from start to end, on this machine's disk; once with a thousand trials that are not gathered yet,
once with all of them gathered. Beside it, in fresh processes too, what the peers take to say how many trials are done:
Optuna of as many trials with two settings and one value, from its journal file and from SQLite, and Ray Tune's restore
of a thousand.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa

from orchestrator.ledger import Ledger
from orchestrator.plan import Plan
from orchestrator.session import Place, make_plan, open_study, prepare_data, remember_question
from orchestrator.storage import Storage
from orchestrator.unit import Session, execute
from orchestrator.units import units_of

SETTINGS, SEEDS = 100, 100
TRIALS = SETTINGS * SEEDS
NOT_GATHERED = 1000
TUNE_TRIALS = 1000
ROUNDS = 3
MOST = 5.0  # seconds


def run() -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder:
        place = Place(Storage(f"{folder}/runs"), Path(folder), Path(folder) / "cache")
        study = Path(folder) / "thousands.py"
        study.write_text(_STUDY)
        commands = {"plan": [str(study), "--data-root", folder], "status": []}
        for gathered in _finished_but_one(str(study), place):
            what = "all gathered" if gathered else f"{NOT_GATHERED:,} not gathered"
            for verb, arguments in commands.items():
                program = [sys.executable, "-m", "reports", verb, *arguments, "--storage", place.storage.location]
                seconds = _fresh(program, expected=str(TRIALS - 1))
                yield f"marksweep {verb}, {what}: {seconds:.2f} s (at most {MOST:g})"
        for peer in _PEERS:
            program = [sys.executable, "-m", "tests.bench.planning"]
            subprocess.run([*program, "write", peer, folder], capture_output=True, check=True)
            yield f"{peer}: {_fresh([*program, 'read', peer, folder]):.2f} s"


def _fresh(program: Sequence[str], expected: str = "") -> float:
    """The best of a few rounds. Other work on the machine only ever adds."""
    seconds = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        done = subprocess.run(program, capture_output=True, text=True, check=True, env=os.environ | {"COLUMNS": "200"})
        seconds.append(time.perf_counter() - started)
        assert expected in done.stdout, done.stdout
    return min(seconds)


def _finished_but_one(study: str, place: Place) -> Iterator[bool]:
    """Fills the ledger as if all trials but the last had run: False while some are not gathered yet, then True."""
    opened = open_study(study, {}, place)
    plan = make_plan(opened, place)
    remember_question(opened, plan, place)
    prepare_data(plan, place, lambda *progress: None)
    (_, unit), *_ = units_of(opened, plan, place)
    execute(unit, Session())
    late = TRIALS - 1 - NOT_GATHERED
    _record_alike(plan, range(1, late), place.storage)
    Ledger(place.storage).compact()
    _record_alike(plan, range(late, TRIALS - 1), place.storage)
    yield False
    Ledger(place.storage).compact()
    yield True


def _record_alike(plan: Plan, numbers: Sequence[int], storage: Storage) -> None:
    """Rows like those of the plan's first trial, which has run, for others of its trials."""
    first = plan.works[0]
    measured = first.measurements[0].id
    ledger = Ledger(storage)
    trial, epochs = ledger.read("trials", only=[first.id]), ledger.read("epochs", only=[first.id])
    evaluation, images = (ledger.read(name, only=[measured]) for name in ("evaluations", "images"))
    for number in numbers:
        work = plan.works[number]
        changed = {"trial": work.id, "variant": work.variant_id, "seed": work.trial.seed}
        folder = storage.trial(work.id)
        storage.write(f"{folder}/trial.parquet", _with(trial, changed))
        storage.write(f"{folder}/epochs.parquet", _with(epochs, {"trial": work.id}))
        changed = {"trial": work.id, "evaluation": work.measurements[0].id}
        folder = storage.evaluation(work.measurements[0].id)
        storage.write(f"{folder}/evaluation.parquet", _with(evaluation, changed))
        storage.write(f"{folder}/images.parquet", _with(images, changed))


def _with(table: pa.Table, values: Mapping[str, object]) -> pa.Table:
    for name, value in values.items():
        position = table.schema.get_field_index(name)
        field = table.schema.field(position)
        table = table.set_column(position, field, pa.repeat(pa.scalar(value, field.type), len(table)))
    return table


_STUDY = f"""
from search_spaces.study import Study
from search_spaces.variants import Variant, grid
from trainables.datasets.synthetic import Synthetic
from trainables.methods.mean_shape import MeanShape
from trainables.recipe import Recipe

STUDY = Study(
    question="How long does a plan take?",
    variants=grid(
        Variant(method=MeanShape(), data=Synthetic(train=4, val=2, test=2), recipe=Recipe(epochs=1)),
        {{"recipe.batch_size": range(1, {SETTINGS} + 1)}},
    ),
    seeds=tuple(range({SEEDS})),
)
"""


def _optuna(kind: str, folder: str) -> Any:
    import optuna
    from optuna.storages.journal import JournalFileBackend

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    if kind == "journal":
        return optuna.storages.JournalStorage(JournalFileBackend(f"{folder}/journal"))
    return optuna.storages.RDBStorage(f"sqlite:///{folder}/optuna.db")


def _write_optuna(kind: str, folder: str) -> None:
    import optuna
    from optuna.distributions import FloatDistribution, IntDistribution
    from sqlalchemy import event

    storage = _optuna(kind, folder)
    if kind == "sqlite":  # safe writes would take minutes, and only reading is measured
        event.listen(storage.engine, "connect", lambda connection, _: connection.execute("PRAGMA synchronous=OFF"))
        storage.engine.dispose()
    distributions = {"lr": FloatDistribution(0, 1), "batch_size": IntDistribution(1, SETTINGS)}
    settings = ({"lr": n / TRIALS, "batch_size": n % SETTINGS + 1} for n in range(TRIALS - 1))
    study = optuna.create_study(storage=storage, study_name="thousands")
    study.add_trials(
        [optuna.trial.create_trial(params=each, distributions=distributions, value=each["lr"]) for each in settings]
    )


def _read_optuna(kind: str, folder: str) -> int:
    import optuna

    study = optuna.load_study(study_name="thousands", storage=_optuna(kind, folder))
    return sum(trial.state == optuna.trial.TrialState.COMPLETE for trial in study.get_trials(deepcopy=False))


def _tune_trial(config: dict) -> None:
    from ray import tune

    tune.report({"loss": 0.0})


def _write_tune(folder: str) -> None:
    import ray
    from ray import tune

    ray.init(address="local", num_cpus=2, include_dashboard=False, log_to_driver=False)
    tune.Tuner(
        tune.with_resources(_tune_trial, {"CPU": 1}),
        param_space={"seed": tune.grid_search(list(range(TUNE_TRIALS)))},
        tune_config=tune.TuneConfig(reuse_actors=True),
        run_config=tune.RunConfig(name="thousand", storage_path=folder, verbose=0),
    ).fit()
    ray.shutdown()


def _read_tune(folder: str) -> int:
    """What a resumed experiment knows; starting its cluster would come on top."""
    from ray.tune import ExperimentAnalysis

    return sum(trial.is_finished() for trial in ExperimentAnalysis(f"{folder}/thousand").trials)


# What is said of it: how it is written and how it is read.
_PEERS: dict[str, tuple[Callable[[str], None], Callable[[str], int]]] = {
    f"Optuna, {TRIALS - 1:,} trials in a journal file": (
        partial(_write_optuna, "journal"),
        partial(_read_optuna, "journal"),
    ),
    f"Optuna, {TRIALS - 1:,} trials in SQLite": (partial(_write_optuna, "sqlite"), partial(_read_optuna, "sqlite")),
    f"Ray Tune's state of {TUNE_TRIALS:,} trials": (_write_tune, _read_tune),
}

if __name__ == "__main__":
    _, what, peer, folder = sys.argv
    _PEERS[peer][what == "read"](folder)
