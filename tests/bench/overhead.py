"""50 trials that train nothing against as many bare Ray Tune function trials with reused actors: at most 1.1 times.

The mean face is such a trial: one epoch over a few faces, a checkpointed network, an evaluation, all rows recorded.
Each side runs in a fresh process with its own cluster; its time is from a running cluster to the last trial's end.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

TRIALS = 50
AT_ONCE = 2
ROUNDS = 7  # bare Tune has two modes: with both processes at work, or with one and a wait for the other at the end


def run() -> Iterator[str]:
    seconds: dict[str, list[float]] = {"bare": [], "bare, importing torch": [], "marksweep": []}
    for number in range(1, ROUNDS + 1):
        for side, found in seconds.items():
            done = subprocess.run(
                [sys.executable, "-m", "tests.bench.overhead", side], capture_output=True, text=True, check=True
            )
            found.append(float(done.stdout.split()[-1]))
        yield f"round {number}: " + ", ".join(f"{side} {found[-1]:.2f} s" for side, found in seconds.items())
    ours = seconds.pop("marksweep")
    for side, found in seconds.items():
        # The sides of one round ran next to each other; rounds minutes apart may find another machine.
        ratios = sorted(mine / theirs for mine, theirs in zip(ours, found, strict=True))
        yield (
            f"ratio to {side}: {statistics.median(ratios):.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f} in {ROUNDS} rounds "
            f"of {TRIALS} trials; at most 1.1)"
        )


def bare(imports_torch: bool, trials: int = TRIALS, ended: Callable[[], None] = lambda: None) -> float:
    """Seconds of bare Tune; `ended` is called at the end of each trial."""
    import ray
    from ray import tune

    class Told(tune.Callback):
        def __getstate__(self) -> dict:
            return {}  # Tune pickles callbacks when it writes its state

        def on_trial_complete(self, iteration: int, trials: list, trial: object, **info: object) -> None:
            ended()

    def trial(config: dict) -> None:
        if imports_torch:
            import torch  # noqa: F401
        tune.report({"epoch": 1, "loss": 0.0})

    for name, value in {"RAY_AIR_NEW_OUTPUT": "0", "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1"}.items():
        os.environ[name] = value
    ray.init(address="local", num_cpus=AT_ONCE, include_dashboard=False, log_to_driver=False)
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        tune.Tuner(
            tune.with_resources(trial, {"CPU": 1}),
            param_space={"seed": tune.grid_search(list(range(trials)))},
            tune_config=tune.TuneConfig(reuse_actors=True, max_concurrent_trials=AT_ONCE),
            run_config=tune.RunConfig(storage_path=folder, verbose=0, callbacks=[Told()]),
        ).fit()
        seconds = time.perf_counter() - started
    ray.shutdown()
    return seconds


def marksweep(trials: int = TRIALS, ended: Callable[[], None] = lambda: None, workers: int = 0) -> float:
    """Seconds of ours, each trial in a group of so many `workers`; `ended` is called at the end of each trial."""
    from rich.console import Console

    from orchestrator.assignment import Assignment
    from orchestrator.cluster import cluster
    from orchestrator.dispatch import Planned
    from orchestrator.launch import launch
    from orchestrator.leases import Leases
    from orchestrator.ledger import Ledger
    from orchestrator.progress import ENDED, Event, TrialLine, view_for
    from orchestrator.session import Place, make_plan, open_study, prepare_data
    from orchestrator.storage import Storage
    from orchestrator.units import units_of

    with tempfile.TemporaryDirectory() as folder:
        study = Path(folder) / "nothing.py"
        study.write_text(_STUDY.format(trials=trials, workers=workers))
        place = Place(Storage(f"{folder}/runs"), Path(folder), Path(folder) / "cache")
        opened = open_study(str(study), {}, place)
        plan = make_plan(opened, place)
        prepare_data(plan, place, lambda *progress: None)
        units = units_of(opened, plan, place)
        lines = {work.id: TrialLine(work.label, work.trial.seed, 1) for work, _ in units}
        with (
            cluster(None, AT_ONCE),
            Path(os.devnull).open("w") as nowhere,
            view_for(lines, AT_ONCE, Console(file=nowhere)) as view,
            Leases(place.storage) as leases,
        ):
            shown = view.show

            def show(event: Event) -> None:
                shown(event)
                if event.kind in ENDED:
                    ended()

            view.show = show  # type: ignore[method-assign]
            started = time.perf_counter()
            launch(Planned([Assignment(unit, work.resources) for work, unit in units]), view, leases)
            seconds = time.perf_counter() - started
        states = Ledger(place.storage).read("trials")["state"].to_pylist()
        assert states == ["finished"] * trials, states
    return seconds


_STUDY = """
from search_spaces.study import Study
from search_spaces.variants import Resources, Variant
from trainables.datasets.synthetic import Synthetic
from trainables.methods.mean_shape import MeanShape
from trainables.recipe import Recipe

STUDY = Study(
    question="What does a trial cost beyond training?",
    variants=(
        Variant(
            method=MeanShape(),
            data=Synthetic(train=4, val=2, test=2),
            recipe=Recipe(epochs=1, batch_size=4),
            resources=Resources(workers={workers}),
        ),
    ),
    seeds=tuple(range({trials})),
)
"""

if __name__ == "__main__":
    side = sys.argv[1]
    print(marksweep() if side == "marksweep" else bare(side.endswith("torch")))
