"""What the studies of paper 000 share: its network, those that it is compared with, and every change of a setting."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from search_spaces.study import Study
from search_spaces.variants import Resources, Variant, ablate
from trainables.codecs.two_hot import TwoHot
from trainables.dataset import Dataset
from trainables.losses.composite import AdaptiveWing, LogWing, SquaredError
from trainables.method import Method
from trainables.methods.fan import METHOD as FAN
from trainables.methods.hrmlff import METHOD as HRMLFF
from trainables.methods.hrnet import METHOD as HRNET
from trainables.methods.shn import METHOD as SHN
from trainables.paper_recipes import PAPER_000
from trainables.recipe import Adam, Averaging, Recipe
from trainables.transforms.augmentation import AUGMENTATIONS
from trainables.transforms.curriculum import Curriculum
from trainables.trial import Evaluation, robustness_evaluations

ON_A_GPU = Resources(workers=0, cpus=2, gpus=1)
# All are taught and read alike: on small maps that makes more of a difference than the network does.
ALIKE: dict[str, Any] = {"encoder": HRMLFF.encoder, "decoder": HRMLFF.decoder}
NETWORKS: dict[str, Method] = {
    "HR-MLFF": HRMLFF,
    "HRNet": replace(HRNET, **ALIKE),
    "FAN": replace(FAN, **ALIKE),
    "Stacked hourglass": replace(SHN, **ALIKE),
}
# For processors: faces of 64×64 px, so heatmaps of 16×16, and a fraction of the channels.
SMALL_NETWORKS: dict[str, Method] = {
    "HR-MLFF": replace(HRMLFF, input_size=64, width=8, modules=(1, 1, 1)),
    "HRNet": replace(HRNET, input_size=64, width=8, modules=(1, 1, 1), **ALIKE),
    "FAN": replace(FAN, input_size=64, width=64, stacks=1, **ALIKE),
    "Stacked hourglass": replace(SHN, input_size=64, width=64, stacks=1, **ALIKE),
}
AUGMENTATION = AUGMENTATIONS["hrmlff"]
CHANGES: dict[str, dict[str, Any]] = {
    "method.fusion": {"off": False},
    "method.loss": {"mse": SquaredError(), "wing": LogWing(), "adaptive wing": AdaptiveWing()},
    "recipe.augmentation": {
        "off": None,
        "without rotation": replace(AUGMENTATION, rotation_deg=0),
        "without scaling": replace(AUGMENTATION, scale=0),
        "without flips": replace(AUGMENTATION, flip_probability=0),
        "without occluders": replace(AUGMENTATION, occlusion_probability=0),
    },
    "method.embedding": {"off": False},
    "method.modulation": {"off": False},
    "recipe.curriculum": {"off": None},
    "recipe.averaging": {"off": None},
}


def networks_and_ablations(
    data: Dataset,
    recipe: Recipe,
    networks: dict[str, Method],
    perturbations: Sequence[str] = (),
    resources: Resources = Resources(),  # noqa: B008
) -> Study:
    """Feeds the paper's tables: all networks by one recipe, and HR-MLFF with one setting changed at a time.

    `perturbations`: the kinds that faces are also measured under, by default all.
    """
    ours, *others = (
        Variant(method=method, data=data, recipe=recipe, resources=resources, label=label)
        for label, method in networks.items()
    )
    return Study(
        question="What do fusion, loss and training each give HR-MLFF, and how does it stand beside other networks?",
        variants=(*ablate(ours, CHANGES), *others),
        seeds=(0, 1, 2),
        evaluations=(
            Evaluation(),
            Evaluation(decoder=TwoHot()),
            Evaluation(weights="last"),
            *robustness_evaluations(*perturbations),
        ),
    )


def quick(epochs: int) -> Recipe:
    """The paper's recipe made short for processors: larger steps in half precision, in the layout that is quickest
    there; the curriculum and the averaging take the same shares of the epochs as in the paper."""
    return replace(
        PAPER_000,
        epochs=epochs,
        optimizer=Adam(lr=2e-3),
        curriculum=Curriculum(epochs=round(0.3 * epochs)),
        averaging=Averaging(from_epoch=max(1, round(0.8 * epochs)), images=512),
        convergence=None,
        precision="bfloat16",
        channels_last=True,
    )


def papers_own(data: Dataset) -> Study:
    """The paper's sizes and recipe on a data set, in the data set's crop, each trial on a GPU."""
    return networks_and_ablations(data, replace(PAPER_000, crop=data.CROP), NETWORKS, resources=ON_A_GPU)
