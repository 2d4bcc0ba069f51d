"""Trial and Evaluation: all that can change a trained network, and all that can change a measured error."""

from dataclasses import field
from typing import Annotated, Literal

from pydantic import Field

from trainables.codecs.decoder import Decoder
from trainables.codecs.flip import Shift
from trainables.config import config, nearest
from trainables.dataset import Dataset
from trainables.method import Method
from trainables.recipe import PICTURES, Pairs, Recipe
from trainables.transforms.perturb import LEVELS, Perturbation

Split = Literal["train", "val", "test"]
Weights = Literal["selected", "last"]


@config
class Trial:
    """One training: method, data, recipe, seed, and the trials whose weights it starts from (the stages before).

    `unlabelled`: the data set whose unlabelled faces join every batch, `recipe.unlabelled` of them; one that lists none
    gives its training faces, with their landmarks hidden, though a crop by landmarks is still by theirs.
    `shares`: how many workers share each global batch. It can change a result, because batch normalisation, and a
    loss that remembers, see one worker's share at a time.
    """

    method: Method
    data: Dataset
    recipe: Recipe = Recipe()
    seed: Annotated[int, Field(ge=0)] = 0
    starts_from: tuple["Trial", ...] = ()
    shares: Annotated[int, Field(ge=1)] = field(default=1, metadata={"neutral": 1})
    unlabelled: Dataset | None = field(default=None, metadata={"neutral": None})

    def __post_init__(self) -> None:
        check_training(self.method, self.recipe, self.unlabelled)


def check_training(method: Method, recipe: Recipe, unlabelled: Dataset | None) -> None:
    """Raises ValueError where a method, its recipe and its pool of unlabelled faces do not fit one another."""
    if unlabelled is not None and not recipe.unlabelled:
        raise ValueError(
            f"no batch has a face of the unlabelled {unlabelled.kind}: set recipe.unlabelled to how many each has"
        )
    if unlabelled is None and recipe.unlabelled:
        raise ValueError(
            f"recipe.unlabelled is {recipe.unlabelled}, but there is no data set to take these from: set unlabelled"
        )
    if method.moves_faces and recipe.pairs is None:
        raise ValueError(f"{method.kind} transfers faces from view to view: set recipe.pairs, for example to Pairs()")
    judged_by_pictures = method.makes_pictures or not method.finds_landmarks
    if recipe.monitor == PICTURES and not judged_by_pictures:
        raise ValueError(f"{method.kind} makes no pictures to be selected by: set recipe.monitor to 'val_nme_io'")
    if not method.finds_landmarks and recipe.monitor != PICTURES:
        raise ValueError(
            f"{method.kind} finds no landmarks, so nothing can be selected by {recipe.monitor}: set recipe.monitor to "
            f"{PICTURES!r}"
        )


@config
class Evaluation:
    """One measurement of a trial's network. `data` is another data set than the trial's own, where it is given.

    `perturbation` is done to every crop before the network sees it. `decoder` reads the heatmaps instead of the
    method's own; `flip_test` averages them with those of the mirror image, moved as `codecs.flip` says. Both need a
    method with heatmaps. `weights`: those that were selected, or those that training ended with, which a recipe with
    averaging keeps beside their mean. `pairs`: of a method that transfers faces, the pictures that are judged are its
    transfers of second views, which are drawn alike for every trial.
    """

    split: Split = "test"
    data: Dataset | None = None
    perturbation: Perturbation | None = field(default=None, metadata={"neutral": None})
    decoder: Decoder | None = field(default=None, metadata={"neutral": None})
    flip_test: Shift | None = field(default=None, metadata={"neutral": None})
    weights: Weights = field(default="selected", metadata={"neutral": "selected"})
    pairs: Pairs | None = field(default=None, metadata={"neutral": None})

    def fits(self, method: Method, recipe: Recipe) -> bool:
        """Whether its decoder can read heatmaps of the method's size, the recipe keeps its weights, and the method
        does what is judged: find landmarks or restore pictures, or transfer faces."""
        size = method.heatmap_size
        readable = not self.heatmaps_read_by or size is not None
        if self.decoder is not None and size is not None:
            readable = self.decoder.applicable(size, size)
        kept = self.weights == "selected" or recipe.averaging is not None
        judged = method.finds_landmarks or method.makes_pictures if self.pairs is None else method.moves_faces
        return readable and kept and judged

    @property
    def perturbed_by(self) -> str:
        """In words; empty where crops are measured as they are."""
        return self.perturbation.describe() if self.perturbation else ""

    @property
    def read_by(self) -> str:
        """How the output is read, and of which weights, in words; empty where the method reads the selected ones'."""
        parts = (
            self.heatmaps_read_by,
            "last weights" if self.weights == "last" else "",
            "pose transfer" if self.pairs else "",
        )
        return ", ".join(part for part in parts if part)

    @property
    def heatmaps_read_by(self) -> str:
        """How the heatmaps are read, in words; empty where the method reads its output itself."""
        flipped = {None: "", "none": "flip test", "one": "flip test, shifted 1 cell", "exact": "flip test, aligned"}
        parts = (self.decoder.describe() if self.decoder else "", flipped[self.flip_test])
        return ", ".join(part for part in parts if part)


def robustness_evaluations(*kinds: str, split: Split = "test") -> tuple[Evaluation, ...]:
    """One evaluation for each standard level of these kinds of perturbation, by default of all.

    For a study: `evaluations=(Evaluation(), *robustness_evaluations("jpeg", "occluder"))`. ValueError for an unknown
    kind.
    """
    for kind in kinds:
        if kind not in LEVELS:
            raise ValueError(f"No perturbation {kind!r} in trainables/transforms/perturb.py. {nearest(kind, LEVELS)}")
    return tuple(
        Evaluation(split=split, perturbation=level) for kind in kinds or tuple(LEVELS) for level in LEVELS[kind]
    )
