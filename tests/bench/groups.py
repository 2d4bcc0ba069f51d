"""Ours against a bare Ray Train worker group in each trial: alone at most 1/10 of its cost, in groups of two as much.

Bare is what Ray's guide to tuning its trainers shows: a Tune function trial that runs a trainer, which reports once. It
trains nothing; ours are the trials of `overhead.py`. Each side runs in a fresh process with its own cluster of two
cores, so that two groups of one worker run at once, or one of two. Seconds are those of a trial: from a running cluster
to the last trial's end, by the number of trials.
"""

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator

from tests.bench import overhead

GROUPS = 4  # trials
ROUNDS = 3


def run() -> Iterator[str]:
    seconds: dict[str, list[float]] = {side: [] for side in SIDES}
    for number in range(1, ROUNDS + 1):
        for side, found in seconds.items():
            command = [sys.executable, "-m", "tests.bench.groups", side]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            found.append(float(done.stdout.split()[-1]))
        yield f"round {number}, seconds a trial: " + ", ".join(
            f"{side} {all_[-1]:.2f}" for side, all_ in seconds.items()
        )
    for ours, bare, bound in (
        ("marksweep alone", "bare group of one", "0.10"),
        ("marksweep group of two", "bare group of two", "1.00"),
    ):
        ratios = sorted(mine / theirs for mine, theirs in zip(seconds[ours], seconds[bare], strict=True))
        spread = f"{ratios[0]:.2f} to {ratios[-1]:.2f} in {ROUNDS} rounds"
        yield f"{ours} to {bare}: {statistics.median(ratios):.2f} ({spread}; at most {bound})"


def bare(workers: int) -> float:
    """Seconds of a trial."""
    import ray
    from ray import train, tune
    from ray.train.torch import TorchTrainer
    from ray.tune.integration.ray_train import TuneReportCallback

    def work() -> None:
        train.report({"epoch": 1, "loss": 0.0})

    def trial(config: dict) -> None:
        with tempfile.TemporaryDirectory() as folder:
            TorchTrainer(
                work,
                scaling_config=train.ScalingConfig(num_workers=workers, resources_per_worker={"CPU": 1}),
                run_config=train.RunConfig(storage_path=folder, callbacks=[TuneReportCallback()]),
            ).fit()

    ray.init(address="local", num_cpus=overhead.AT_ONCE, include_dashboard=False, log_to_driver=False)
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        results = tune.Tuner(
            # A trial that only drives a group must not hold the core that a worker needs.
            tune.with_resources(trial, tune.PlacementGroupFactory([{"memory": 1e6}])),
            param_space={"seed": tune.grid_search(list(range(GROUPS)))},
            tune_config=tune.TuneConfig(max_concurrent_trials=overhead.AT_ONCE // workers),
            run_config=tune.RunConfig(storage_path=folder, verbose=0),
        ).fit()
        seconds = time.perf_counter() - started
    assert not results.errors, results.errors
    ray.shutdown()
    return seconds / GROUPS


SIDES: dict[str, Callable[[], float]] = {
    "bare group of one": lambda: bare(1),
    "marksweep alone": lambda: overhead.marksweep() / overhead.TRIALS,
    "bare group of two": lambda: bare(2),
    "marksweep group of two": lambda: overhead.marksweep(trials=GROUPS, workers=2) / GROUPS,
}

if __name__ == "__main__":
    print(SIDES[sys.argv[1]]())
