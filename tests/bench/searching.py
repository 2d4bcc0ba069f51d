"""Searches of 60 trials through Ray, 4 at once, against Optuna alone, one after the other: statistically no worse.

The valley has six settings, some of which exist under a condition alone, and its lowest point is known: 0. Trials train
nothing: their error is the valley's height, in units that the first trial tells. Both sides have the same sampler and
seeds; the paired Wilcoxon test asks whether ours end higher.
"""

import math
import tempfile
from collections.abc import Iterator, Mapping
from io import StringIO
from pathlib import Path
from typing import Any

import optuna
from scipy.stats import wilcoxon

REPETITIONS = 20
TRIALS = 60
AT_ONCE = 4


def run() -> Iterator[str]:
    ours, alone = [], [optuna_alone(seed) for seed in range(REPETITIONS)]
    for found in marksweep(range(REPETITIONS)):
        ours.append(found)
    worse = wilcoxon(ours, alone, alternative="greater").pvalue
    yield (
        f"lowest point found, median of {REPETITIONS}: ours {_median(ours):.4f}, Optuna alone {_median(alone):.4f}; "
        f"p that ours are no higher {worse:.2f} (at least 0.05)"
    )


def height(point: Mapping[str, Any]) -> float:
    """0 at the bottom; how wide the last two settings' valley is, and whether there is one, depends on a choice."""
    found = (math.log10(point["rate"]) + 2.5) ** 2 + (point["first"] - 0.3) ** 2 + (point["second"] + 0.2) ** 2
    found += ((point["count"] - 7) / 5) ** 2
    return found + ((point["depth"] - 0.6) ** 2 if point["kind"] == "deep" else 0.3)


def optuna_alone(seed: int) -> float:
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    sampler = optuna.samplers.TPESampler(seed=seed, multivariate=True, group=True, constant_liar=True)
    study = optuna.create_study(sampler=sampler)
    study.enqueue_trial({"rate": 1e-4, "first": 0.9, "second": 0.9, "count": 1, "kind": "flat"})

    def objective(trial: optuna.Trial) -> float:
        point: dict[str, Any] = {
            "rate": trial.suggest_float("rate", 1e-5, 1e-1, log=True),
            "first": trial.suggest_float("first", -1, 1),
            "second": trial.suggest_float("second", -1, 1),
            "count": trial.suggest_int("count", 1, 20),
            "kind": trial.suggest_categorical("kind", ["flat", "deep"]),
        }
        if point["kind"] == "deep":
            point["depth"] = trial.suggest_float("depth", 0, 1)
        return height(point)

    study.optimize(objective, n_trials=TRIALS)
    return study.best_value


def marksweep(seeds: range) -> Iterator[float]:
    """The lowest height that the search of each seed finds, all on one cluster."""
    from rich.console import Console

    from orchestrator.cluster import cluster
    from orchestrator.launch import launch
    from orchestrator.leases import Leases
    from orchestrator.progress import TrialLine, view_for
    from orchestrator.searched import standing_of
    from orchestrator.searching import Searching
    from orchestrator.session import Place, make_plan, open_study, prepare_data
    from orchestrator.storage import Storage

    with tempfile.TemporaryDirectory() as folder, cluster(None, AT_ONCE):
        study = Path(folder) / "valley.py"
        study.write_text(_STUDY)
        for seed in seeds:
            place = Place(Storage(f"{folder}/runs-{seed}"), Path(folder), Path(folder) / "cache")
            opened = open_study(str(study), {"seed": seed, "trials": TRIALS}, place)
            prepare_data(make_plan(opened, place), place, lambda *progress: None)
            searching = Searching(opened, place)
            with view_for({}, AT_ONCE, Console(file=StringIO())) as view, Leases(place.storage) as leases:
                searching.announce = lambda asked, view=view: view.add(asked.work.id, TrialLine(asked.label, 0, 1))
                launch(searching, view, leases)
            standing = standing_of(opened, place)
            errors = [each.tried.values[0] for each in standing.asked]
            assert len(errors) == TRIALS
            unit = height(BASE) / errors[0]
            yield unit * min(errors)


def _median(values: list[float]) -> float:
    return sorted(values)[len(values) // 2]


BASE = {"rate": 1e-4, "first": 0.9, "second": 0.9, "count": 1, "kind": "flat"}

_STUDY = '''
from typing import ClassVar

from search_spaces.domains import Choice, Integer, LogUniform, Space, Uniform
from search_spaces.search import Search
from search_spaces.variants import Variant
from tests.bench.searching import BASE, height
from trainables.config import config
from trainables.datasets.synthetic import Synthetic
from trainables.codecs.gaussian import Gaussian
from trainables.codecs.heatmap_model import TruthModel
from trainables.codecs.one_hot import OneHot
from trainables.methods.mean_shape import MeanShape
from trainables.recipe import Recipe


class ValleyModel(TruthModel):
    """The truth itself, moved aside by the height of the valley."""

    aside = 0.0

    def forward(self, images):
        return self.mean.expand(len(images), -1, -1)

    def maps_of_truth(self, landmarks, present):
        return landmarks + self.aside

    def losses(self, output, batch):
        return {"none": output.sum() * 0}

    def decode(self, output):
        return output


@config
class Valley(MeanShape):
    kind: ClassVar[str] = "valley"
    rate: float
    first: float
    second: float
    count: int
    kind_of: str
    depth: float = 0.0

    def build(self, scheme):
        model = ValleyModel(scheme.num_landmarks, 8, Gaussian(sigma=1.0), OneHot(), 8)
        point = {"rate": self.rate, "first": self.first, "second": self.second, "count": self.count}
        model.aside = height(point | {"kind": self.kind_of, "depth": self.depth})
        return model


named = {("kind_of" if name == "kind" else name): value for name, value in BASE.items()}
BEGIN = Variant(method=Valley(**named), data=Synthetic(train=4, val=2, test=2), recipe=Recipe(epochs=1))
STUDY = Search(
    question="Where is the bottom?",
    base=BEGIN,
    stopping=None,
    confirm=(),
    space=Space(
        domains={
            "method.rate": LogUniform(low=1e-5, high=1e-1, why="by powers of ten"),
            "method.first": Uniform(low=-1, high=1, why="around 0.3"),
            "method.second": Uniform(low=-1, high=1, why="around -0.2"),
            "method.count": Integer(low=1, high=20, why="around 7"),
            "method.kind_of": Choice(options={"flat": "flat", "deep": "deep"}, why="only one has a bottom"),
            "method.depth": Uniform(low=0, high=1, why="around 0.6", given=("method.kind_of", "deep")),
        }
    ),
)
'''
