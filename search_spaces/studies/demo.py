"""A first look, on rendered faces: a small ResNet18 with and without augmentation, and the mean face as the floor.

Feeds the report of `marksweep demo`. One variant is trained by a Ray Train group of two workers, the others in the
trial's own process: the same loop, two placements.
"""

from dataclasses import replace

from search_spaces.study import Study
from search_spaces.variants import Resources, Variant
from trainables.datasets.synthetic import Synthetic
from trainables.methods.mean_shape import MeanShape
from trainables.methods.resnet18 import ResNet18
from trainables.paper_recipes import PAPER_001
from trainables.recipe import Cosine, Recipe
from trainables.trial import Evaluation

SMALL = ResNet18(input_size=64, width=32)
FACES = Synthetic(train=400, val=50, test=100)
RECIPE = replace(PAPER_001, epochs=20, batch_size=32, schedule=Cosine(), early_stop_patience=None)

STUDY = Study(
    question="What does augmentation do for a small network on rendered faces, and what is the floor?",
    variants=(
        Variant(label="ResNet18 (width 32)", method=SMALL, data=FACES, recipe=RECIPE),
        Variant(
            label="ResNet18 (width 32), no augmentation",
            method=SMALL,
            data=FACES,
            recipe=replace(RECIPE, augmentation=None),
        ),
        Variant(
            label="ResNet18 (width 32), two workers",
            method=SMALL,
            data=FACES,
            recipe=RECIPE,
            resources=Resources(workers=2),
        ),
        Variant(label="mean face", method=MeanShape(), data=FACES, recipe=Recipe(epochs=1, crop=RECIPE.crop)),
    ),
    seeds=(0, 1, 2),
    evaluations=(Evaluation(split="train"), Evaluation(split="val"), Evaluation(split="test")),
)
