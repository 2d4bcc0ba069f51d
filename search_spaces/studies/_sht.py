"""What the studies of paper 003 share: DHLN, its streams alone, and the stages that make it SHT.

A landmark and hallucination network (DHLN) and a pose-transfer network (FPTN) are trained apart; SHT starts from both,
and SHT with unlabelled faces from SHT. Each stage is declared once, so that rows that need it share its trials.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from search_spaces.study import Study
from search_spaces.variants import Resources, Variant
from trainables.codecs.dark import Dark
from trainables.dataset import Dataset
from trainables.methods.bicubic import Bicubic
from trainables.methods.dhln import METHOD as DHLN
from trainables.methods.dhln import Dhln
from trainables.methods.fptn import METHOD as FPTN
from trainables.methods.fptn import Fptn
from trainables.methods.shn import METHOD as SHN
from trainables.pose_transfer import PoseTransfer
from trainables.recipe import PICTURES, Adam, LinearDecay, Multistep, Pairs, Recipe
from trainables.transforms.perturb import Downsampling
from trainables.trial import Evaluation, robustness_evaluations

ON_A_GPU = Resources(workers=0, cpus=2, gpus=1)
DHLN_M = replace(DHLN, input_size=256, low=64, doublings=2)
FPTN_M = replace(FPTN, input_size=256, doublings=2)
# For processors: faces of 64×64 px, and a fraction of the channels.
SMALL_DHLN = replace(DHLN, input_size=64, width=32, face_width=16, blocks=2)
SMALL_FPTN = replace(FPTN, input_size=64, transfer=PoseTransfer(width=8, blocks=2))
# By the paper's weights the terms of pose transfer together are a hundred times those of landmarks and restored faces.
# What the transfer learns in so few steps is too little to lead them: with weight 1 SHT lost the landmarks again.
SMALL_WEIGHT = 0.01

EVALUATIONS = (Evaluation(), Evaluation(decoder=Dark()), Evaluation(pairs=Pairs()))
_RECIPES = Dhln.recipes()


@dataclass(frozen=True)
class Stages:
    """How each stage is trained."""

    alone: Recipe  # DHLN, and its streams
    transfer: Recipe
    joint: Recipe
    weakly_supervised: Recipe


PAPER_STAGES = Stages(
    alone=_RECIPES["paper"],
    transfer=Fptn.recipes()["paper"],
    joint=_RECIPES["joint"],
    weakly_supervised=_RECIPES["weakly_supervised"],
)


def of_size(images: int, steps: int = 150_000) -> Stages:
    """The stages for a super-resolution data set of `images` training faces: `steps` for DHLN, at half the rate after
    10,000, 20,000, 40,000 and 80,000, and 120,000, 30,000 and 60,000 for those that follow, all to whole epochs.

    Source: ma2020dic (public code), of which the first stage takes rate and length.
    """

    def epochs(steps: int, faces_in_a_batch: int) -> int:
        return max(1, round(steps * faces_in_a_batch / images))

    alone = _RECIPES["paper"]
    halved = Multistep(milestones=tuple(epochs(each, 16) for each in (10_000, 20_000, 40_000, 80_000)), factor=0.5)
    return Stages(
        alone=replace(alone, epochs=epochs(steps, 16), optimizer=Adam(lr=1e-4), schedule=halved),
        transfer=replace(PAPER_STAGES.transfer, epochs=epochs(120_000, 8)),
        joint=replace(PAPER_STAGES.joint, epochs=epochs(30_000, 8)),
        weakly_supervised=replace(PAPER_STAGES.weakly_supervised, epochs=epochs(60_000, 4)),
    )


def quick(epochs: int) -> Stages:
    """For processors: few epochs of half precision, and one of each stage that follows DHLN."""
    fast: dict[str, Any] = {"precision": "bfloat16", "channels_last": True}
    falling = LinearDecay(constant=0.5)
    alone = replace(PAPER_STAGES.alone, epochs=epochs, batch_size=8, optimizer=Adam(lr=1e-3), schedule=falling, **fast)
    joint = replace(
        PAPER_STAGES.joint, epochs=1, optimizer=Adam(lr=1e-4), other_optimizer=Adam(lr=2e-4, beta1=0.5), **fast
    )
    return Stages(
        alone=alone,
        transfer=replace(PAPER_STAGES.transfer, epochs=max(1, epochs // 2), schedule=falling, **fast),
        joint=joint,
        weakly_supervised=replace(joint, batch_size=4, unlabelled=4),
    )


@dataclass(frozen=True)
class Pool:
    """Faces without landmarks to learn from. `name`: the end of the name of what does. `pairs`: of one picture each, or
    of two frames of a video."""

    name: str
    data: Dataset
    pairs: Literal["image", "video"] = "video"


@dataclass(frozen=True)
class Chain:
    """The stages of one DHLN on one data set, from which a study takes its variants."""

    data: Dataset
    dhln: Dhln
    fptn: Fptn
    stages: Stages
    resources: Resources
    suffix: str = ""  # of the names: "-M" where 256 px are restored from 64
    transfer_weight: float = 1.0  # of pose transfer beside what DHLN learns by itself

    def bicubic(self) -> Variant:
        method = Bicubic(input_size=self.dhln.input_size, low=self.dhln.low)
        return self._variant("Bicubic", method, replace(self.stages.alone, epochs=1, monitor=PICTURES))

    def hourglass(self) -> Variant:
        """What finds landmarks, without what restores faces: it sees the bicubically enlarged picture."""
        return self._variant("Hourglass", replace(self.dhln, streams="landmarks"), self.stages.alone)

    def whole_hourglass(self) -> Variant:
        """The same hourglass on pictures that were never shrunk below the side that it sees."""
        side = self.dhln.seen_size
        method = replace(self.dhln, streams="landmarks", low=side)
        return self._variant(f"Hourglass ({side}×{side})", method, self.stages.alone)

    def hallucination(self) -> Variant:
        recipe = replace(self.stages.alone, monitor=PICTURES)
        return self._variant("FHS", replace(self.dhln, streams="face"), recipe)

    def dual(self, edges: bool = True) -> Variant:
        """`edges`: off, the loss has no gradient maps (paper 003, Table 5)."""
        return self._variant(f"DHLN{self.suffix}{_star(edges)}", self._dhln(edges), self.stages.alone)

    def longer(self) -> Variant:
        """DHLN that sees as many pictures as SHT does, without its pose transfer."""
        joint = self.stages.joint
        recipe = replace(joint, epochs=2 * joint.epochs, pairs=None, other_optimizer=None)
        return self._variant(f"DHLN{self.suffix}, trained on", self.dhln, recipe, starts_from=(self.dual(),))

    def transfer(self) -> Variant:
        return self._variant(f"FPTN{self.suffix}", self.fptn, self.stages.transfer)

    def joint(self, edges: bool = True) -> Variant:
        stages = (self.dual(edges), self.transfer())
        return self._variant(f"SHT{self.suffix}{_star(edges)}", self._sht(edges), self.stages.joint, starts_from=stages)

    def weakly_supervised(self, pool: Pool, edges: bool = True) -> Variant:
        return self._variant(
            f"SHT{self.suffix}{pool.name}{_star(edges)}",
            self._sht(edges),
            replace(self.stages.weakly_supervised, pairs=Pairs(source=pool.pairs)),
            starts_from=(self.joint(edges),),
            unlabelled=pool.data,
        )

    def _dhln(self, edges: bool) -> Dhln:
        return self.dhln if edges else replace(self.dhln, gradient_weight=0.0)

    def _sht(self, edges: bool) -> Dhln:
        return replace(self._dhln(edges), transfer=replace(self.fptn.transfer, weight=self.transfer_weight))

    def _variant(self, label: str, method: Any, recipe: Recipe, **others: Any) -> Variant:
        return Variant(
            method=method,
            data=self.data,
            recipe=replace(recipe, crop=self.data.CROP),
            resources=self.resources,
            label=label,
            **others,
        )


def super_resolution(data: Dataset, stages: Stages, pool: Pool) -> Study:
    """Paper 003's Tables 1 and 5 on one data set: 16 px are restored to 128."""
    chain = Chain(data, DHLN, FPTN, stages, ON_A_GPU)
    edges = (False, True)
    return Study(
        question=f"Do hallucination and transfer restore faces of 16 px, and find their landmarks, on {data.kind}?",
        variants=(
            chain.hourglass(),
            chain.bicubic(),
            chain.hallucination(),
            *(chain.dual(on) for on in edges),
            *(chain.joint(on) for on in edges),
            *(chain.weakly_supervised(pool, on) for on in edges),
        ),
        seeds=(0, 1, 2),
        evaluations=EVALUATIONS,
    )


def precise_landmarks(data: Dataset, pools: Sequence[Pool]) -> Study:
    """Paper 003's Tables 2 to 4 and 6 on one data set: 64 px are restored to 256."""
    chain = Chain(data, DHLN_M, FPTN_M, PAPER_STAGES, ON_A_GPU, suffix="-M")
    whole = Variant(
        method=SHN,
        data=data,
        recipe=replace(type(SHN).recipes()["paper"], crop=data.CROP),
        resources=ON_A_GPU,
        label="SHN (256×256)",
    )
    return Study(
        question=f"Do hallucination and transfer find landmarks better than an hourglass does, on {data.kind}?",
        variants=(
            chain.hourglass(),
            whole,
            chain.dual(),
            chain.joint(),
            *map(chain.weakly_supervised, pools),
        ),
        seeds=(0, 1, 2),
        # Down to 16 px, of which the paper's Fig. 1 speaks.
        evaluations=(*EVALUATIONS, *(Evaluation(perturbation=Downsampling(factor=each)) for each in (2, 4, 8, 16))),
    )


def small(data: Dataset, pool: Pool, stages: Stages, seeds: tuple[int, ...]) -> Study:
    """All stages on small networks: 16 px are restored to 64. The gradient loss is left out once, of DHLN; DHLN is also
    trained for as long as SHT, and an hourglass sees faces of 32 px."""
    chain = Chain(data, SMALL_DHLN, SMALL_FPTN, stages, Resources(), transfer_weight=SMALL_WEIGHT)
    return Study(
        question=f"Do hallucination and transfer help on faces of 16 px, on {data.kind}?",
        variants=(
            chain.hourglass(),
            chain.whole_hourglass(),
            chain.bicubic(),
            chain.hallucination(),
            chain.dual(edges=False),
            chain.dual(),
            chain.longer(),
            chain.joint(),
            chain.weakly_supervised(pool),
        ),
        seeds=seeds,
        evaluations=(*EVALUATIONS, *robustness_evaluations("downsampling")),
    )


def _star(edges: bool) -> str:
    return "" if edges else "*"
