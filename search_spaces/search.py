"""A search: which settings of a variant are best, found by trying."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field

from search_spaces.domains import Point, Space
from search_spaces.measured import metrics_of
from search_spaces.samplers import CmaEs, Sampler, Tpe
from search_spaces.stopping import Asha, Stopping
from search_spaces.study import MOST, Study
from search_spaces.variants import Variant
from trainables.config import collect_mistakes, config, nearest, with_changes
from trainables.trial import Evaluation

COSTS = ("macs", "parameters", "peak_memory_mb")  # columns of the ledger's table "trials"
HIGHER_IS_BETTER = ("auc_", "psnr", "ssim")
DEFAULT, BEST = "default", "best found"


@config
class Objective:
    """What a search makes small, or large: a validation metric of the selected epoch, or a cost of the network."""

    metric: str = "val_nme_io"
    minimize: bool = True

    def __post_init__(self) -> None:
        if self.metric.startswith("test_"):
            raise ValueError(
                f"{self.metric} would choose settings by the pictures that they are judged on afterwards. Search by "
                f"val_{self.metric.removeprefix('test_')}"
            )
        if not self.metric.startswith("val_") and self.metric not in COSTS:
            raise ValueError(f"{self.metric} is nothing to search by. Take val_nme_io, or {', '.join(COSTS)}")

        if self.minimize and self.metric.removeprefix("val_").startswith(HIGHER_IS_BETTER):
            raise ValueError(f"{self.metric} is better the larger it is: set minimize to False")

    @property
    def sign(self) -> int:
        """What makes values of which lower ones are better."""
        return 1 if self.minimize else -1


@config
class Search:
    """Points of a space, tried for a base variant until `trials` have been: first the base's own and those in `first`,
    then what the sampler proposes. The others of the ledger that differ from the base in the space alone are known to
    the sampler, and are not tried again.

    Trials are judged by validation, and `stopping` gives up those that promise little (with one objective). What is
    found best is then trained whole, beside the base, with the seeds `confirm`, which the search has not seen, and both
    are measured by `evaluations`: choosing the best of many by validation makes it look better than it is.
    `seed`: of the trials, and of the sampler. `at_once`: at most so many trials at the same time; by default as many as
    the cluster holds. The fewer, the more each learns from those before.
    """

    question: Annotated[str, Field(min_length=1)]
    base: Variant
    space: Space
    trials: Annotated[int, Field(ge=1)] = 50
    sampler: Sampler = Tpe()
    objectives: Annotated[tuple[Objective, ...], Field(min_length=1)] = (Objective(),)
    stopping: Stopping | None = Asha()
    first: tuple[Mapping[str, Any], ...] = ()
    seed: Annotated[int, Field(ge=0)] = 0
    at_once: Annotated[int, Field(ge=1)] | None = None
    confirm: Annotated[tuple[Annotated[int, Field(ge=0)], ...], Field(max_length=MOST)] = (1, 2, 3)
    evaluations: tuple[Evaluation, ...] = (Evaluation(),)

    def __post_init__(self) -> None:
        missing = [path for path in self.space.domains if path.startswith("starts_from")]
        if missing:
            raise ValueError(f"{missing[0]} is a setting of a stage. Search the stage by itself, then what follows it")
        idle = [path for path in self.space.domains if path.partition(".")[0] in ("resources", "label")]
        if idle:
            raise ValueError(f"{idle[0]} changes no result: every point would be the same trial")
        try:
            points = {"the base's own point": self.space.point_of(self.base)}
        except AttributeError as error:
            raise ValueError(f"the space does not fit the base: {error}") from error
        points |= {f"first[{place}]": point for place, point in enumerate(self.first)}
        for name, point in points.items():
            if not self.space.holds(point):
                raise ValueError(f"{name}, {dict(point)}, is not in the space. Widen its bounds, or change the point")
            with collect_mistakes() as mistakes:
                self.variant(point)
            if mistakes:
                raise ValueError(f"{name}, {dict(point)}, cannot be trained: {mistakes[0].what}")
        for objective in self.objectives:
            known = [*COSTS, *(f"val_{metric}" for metric in metrics_of(self.base.method))]
            if objective.metric not in known:
                raise ValueError(f"{objective.metric} is not measured. {nearest(objective.metric, known)}")
        first, *others = self.objectives
        if self.stopping is not None and others:
            raise ValueError(
                "which of two trials is better is not known by several objectives, so none can be stopped early: set "
                "stopping to None"
            )
        if self.stopping is not None and first.metric in COSTS:
            raise ValueError(f"{first.metric} is the same after every epoch: set stopping to None")
        if isinstance(self.sampler, CmaEs) and others:
            raise ValueError("CmaEs knows one objective. Take Tpe(), GaussianProcess() or Nsga2()")
        if len(set(self.confirm)) < len(self.confirm):
            raise ValueError(f"a seed occurs twice in confirm, {self.confirm}. Name each seed once")
        if self.seed in self.confirm:
            raise ValueError(
                f"confirm has the seed {self.seed}, by which the best point was chosen. Name others, or change seed"
            )

    @property
    def start(self) -> tuple[Point, ...]:
        """What is tried before the sampler is asked."""
        return (self.space.point_of(self.base), *self.first)

    def variant(self, point: Point) -> Variant:
        """The base with a point's settings."""
        return self.space.at(self.base, point)

    def stages(self) -> Study | None:
        """What has to be trained before the first point can be tried."""
        if not self.base.starts_from:
            return None
        named = tuple(
            with_changes(stage, {"label": stage.label or f"stage {place}"})
            for place, stage in enumerate(self.base.starts_from, start=1)
        )
        return Study(question=self.question, variants=named, seeds=(self.seed,), evaluations=())

    def confirmation(self, best: Point) -> Study | None:
        """The base and what was found best, with seeds that the search has not seen; None where it wants none."""
        if not self.confirm:
            return None
        found = [(DEFAULT, self.base)]
        if best != self.start[0]:
            found.append((BEST, self.variant(best)))
        return Study(
            question=self.question,
            variants=tuple(with_changes(variant, {"label": label}) for label, variant in found),
            seeds=self.confirm,
            evaluations=self.evaluations,
        )

    def described(self) -> dict[str, Any]:
        """As JSON, for reports."""
        objectives = [{"metric": each.metric, "minimize": each.minimize} for each in self.objectives]
        return {
            "objectives": objectives,
            "domains": self.space.described(),
            "trials": self.trials,
            "confirm": bool(self.confirm),
        }
