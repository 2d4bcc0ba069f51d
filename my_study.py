
"""Trials small enough for a test."""

from search_spaces.domains import LogUniform, Space
from search_spaces.search import Search
from search_spaces.stopping import Asha
from search_spaces.study import Study
from search_spaces.variants import Resources, Variant
from tests.orchestrator.odd_method import Odd
from trainables.datasets.synthetic import Synthetic
from trainables.methods.resnet18 import ResNet18
from trainables.recipe import Plateau, Recipe
from trainables.transforms.augmentation import Augmentation

FACES = Synthetic(train=8, val=3, test=3, size=96)
RECIPE = Recipe(epochs=3, batch_size=8, schedule=Plateau(), augmentation=Augmentation())
SPACE = Space(domains={"recipe.optimizer.lr": LogUniform(low=1e-4, high=1e-1, why="Where it learns at all.")})


def variant(label, how="", width=4, starts_from=(), together=1, **resources):
    method = ResNet18(input_size=32, width=width)
    if how:
        method = Odd(how=how, width=width, folder='/tmp/w/marks', together=together)
    given = Resources(**resources)
    return Variant(label=label, method=method, data=FACES, recipe=RECIPE, starts_from=starts_from, resources=given)


def after(label, how=""):
    """What starts from a variant."""
    return variant(f"after {label}", starts_from=(variant(label, how),))


STUDY = Study(question='Does it run?', variants=(variant('good'), variant('bug', 'bug'), variant('nan', 'nan'), variant('dying', 'dying'), variant('greedy', 'greedy'), variant('stuck', 'waiting', width=8),), seeds=(0,))
