"""What the studies of paper 002 share: maps of every size, of a network or of the truth, read by every decoder."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from search_spaces.study import Study
from search_spaces.variants import Resources, Variant
from trainables.codecs.dark import Dark
from trainables.codecs.flip import Shift
from trainables.codecs.gauss_newton import GaussNewton
from trainables.codecs.gaussian import Gaussian
from trainables.codecs.multilateration import Multilateration
from trainables.codecs.one_hot import OneHot
from trainables.codecs.two_hot import TwoHot
from trainables.dataset import Dataset
from trainables.methods.keyposs import METHOD
from trainables.methods.truth import METHOD as TRUTH
from trainables.recipe import Adam, Recipe, Warmup
from trainables.trial import Evaluation

SIZES = (64, 32, 16, 8, 4)
SMALL = 16  # cells: maps of this side or less may have a recipe of their own
ALONE = Resources()
ON_A_GPU = Resources(workers=0, cpus=2, gpus=1)
KEYPOSS = tuple(Multilateration(kernel=kernel) for kernel in (2, 3, 4, 5, 6))
DECODERS = (OneHot(), TwoHot(), Dark(), *KEYPOSS, GaussNewton())


def sizes_and_encodings(
    data: Dataset,
    recipe: Recipe,
    sizes: Sequence[int] = SIZES,
    seeds: Sequence[int] = (0, 1, 2),
    flip_test: Shift | None = None,
    resources: Resources = ALONE,
    small_maps: Recipe | None = None,
) -> Study:
    """Feeds the paper's Tables 3 to 6: one training for each size of map and encoding, however many decoders.

    `small_maps`: the recipe of maps of `SMALL` or less, where it is another one.
    """
    return Study(
        question="How should a face's heatmaps be read, the smaller they are?",
        variants=tuple(
            Variant(
                method=replace(METHOD, stride=METHOD.input_size // size, encoder=Gaussian(biased=biased)),
                data=data,
                recipe=small_maps if small_maps and size <= SMALL else recipe,
                resources=resources,
                label=f"{size}×{size}, {'biased' if biased else 'unbiased'}",
            )
            for size in sizes
            for biased in (False, True)
        ),
        seeds=tuple(seeds),
        evaluations=(
            *(Evaluation(decoder=decoder, flip_test=flip_test) for decoder in DECODERS),
            # Among these a table may choose, and not by the test faces.
            *(Evaluation(split="val", decoder=kernel, flip_test=flip_test) for kernel in KEYPOSS),
        ),
    )


def quick(epochs: int, warmup: int) -> Recipe:
    """The paper's recipe made short for processors: small batches in half precision, a cosine, `warmup` iterations."""
    return replace(
        METHOD.recipes()["paper_cosine"],
        epochs=epochs,
        batch_size=16,
        optimizer=Adam(lr=1e-3),
        warmup=Warmup(iterations=warmup),
        precision="bfloat16",
    )


def papers_own(data: Dataset, **changes: Any) -> Study:
    """The paper's sizes, recipe and flip test on a data set, in the data set's crop, each trial on a GPU.

    The recipe is the paper's 100 epochs; small maps, which go on improving, have 300. `changes`: settings of it that
    this data set needs otherwise.
    """
    recipes, changes = METHOD.recipes(), {"crop": data.CROP, **changes}
    return sizes_and_encodings(
        data,
        replace(recipes["paper"], **changes),
        small_maps=replace(recipes["paper_small_maps"], **changes),
        flip_test="one",
        resources=ON_A_GPU,
    )


def maps_of_truth(data: Dataset) -> Study:
    """Feeds the paper's Table 1: every decoder reads maps of the truth, so that what is lost is lost by the decoder."""
    return Study(
        question="What does a decoder lose on perfect heatmaps, the smaller they are?",
        variants=tuple(
            Variant(
                method=replace(TRUTH, stride=TRUTH.input_size // size),
                data=data,
                recipe=replace(TRUTH.recipes()["paper"], crop=data.CROP),
                label=f"{size}×{size}",
            )
            for size in SIZES
        ),
        evaluations=tuple(Evaluation(decoder=decoder) for decoder in (*DECODERS, Dark(blur=1))),
    )
