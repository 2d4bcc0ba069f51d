"""Paper 001's network on real photographs of other persons: does its augmentation help?

Feeds reports/tables/resnet18_1.py and the loss curves. Input 64×64 and 40 epochs, so that two cores finish it in about
an hour; the paper's own size is `resnet18_300w`.
"""

from dataclasses import replace

from search_spaces.study import Study
from search_spaces.variants import Variant, ablate
from trainables.datasets.ytf68 import Ytf68
from trainables.methods.resnet18 import ResNet18
from trainables.paper_recipes import PAPER_001
from trainables.trial import Evaluation

STUDY = Study(
    question="Does paper 001's augmentation help on photographs of persons that training never saw?",
    variants=ablate(
        Variant(
            method=ResNet18(input_size=64),
            data=Ytf68(),
            recipe=replace(PAPER_001, epochs=40),
            label="ResNet18",
        ),
        {"recipe.augmentation": (None,)},
    ),
    seeds=(0, 1, 2),
    evaluations=(Evaluation(split="train"), Evaluation(split="val"), Evaluation(split="test")),
)
