"""What the studies of paper 002 share: a network for every size of map and encoding, read by every decoder."""

from collections.abc import Sequence
from dataclasses import replace

from search_spaces.study import Study
from search_spaces.variants import Resources, Variant
from trainables.codecs.dark import Dark
from trainables.codecs.gauss_newton import GaussNewton
from trainables.codecs.gaussian import Gaussian
from trainables.codecs.multilateration import Multilateration
from trainables.codecs.one_hot import OneHot
from trainables.codecs.two_hot import TwoHot
from trainables.dataset import Dataset
from trainables.methods.keyposs import METHOD
from trainables.recipe import Recipe
from trainables.trial import Evaluation

SIZES = (64, 32, 16, 8, 4)
KERNELS = (2, 3, 4, 5, 6)
ALONE = Resources()
DECODERS = (OneHot(), TwoHot(), Dark(), *(Multilateration(kernel=kernel) for kernel in KERNELS), GaussNewton())


def sizes_and_encodings(
    data: Dataset,
    recipe: Recipe,
    sizes: Sequence[int] = SIZES,
    seeds: Sequence[int] = (0, 1, 2),
    evaluations: Sequence[Evaluation] = tuple(Evaluation(decoder=decoder) for decoder in DECODERS),
    resources: Resources = ALONE,
) -> Study:
    """Feeds the paper's Tables 3, 4 and 5: one training for each size of map and encoding, however many decoders."""
    return Study(
        question="How should a face's heatmaps be read, the smaller they are?",
        variants=tuple(
            Variant(
                method=replace(METHOD, stride=METHOD.input_size // size, encoder=Gaussian(biased=biased)),
                data=data,
                recipe=recipe,
                resources=resources,
                label=f"{size}×{size}, {'biased' if biased else 'unbiased'}",
            )
            for size in sizes
            for biased in (False, True)
        ),
        seeds=tuple(seeds),
        evaluations=tuple(evaluations),
    )
