"""A small search of a small network, with numbers, choices and settings that depend on a choice."""

from dataclasses import replace
from typing import Any

from search_spaces.domains import Choice, Integer, LogUniform, Space, Uniform
from search_spaces.search import Search
from search_spaces.variants import Variant
from trainables.datasets.synthetic import Synthetic
from trainables.methods.resnet18 import ResNet18
from trainables.recipe import Adam, Recipe
from trainables.transforms.augmentation import Augmentation
from trainables.transforms.curriculum import Curriculum

BASE = Variant(
    label="ResNet18",
    method=ResNet18(input_size=32, width=8),
    data=Synthetic(train=6, val=3, test=3, size=96),
    recipe=Recipe(epochs=3, batch_size=4, optimizer=Adam(lr=1e-3), augmentation=Augmentation()),
)
LR, BATCH, CURRICULUM = "recipe.optimizer.lr", "recipe.batch_size", "recipe.curriculum"
START, LENGTH, BALANCED = (f"{CURRICULUM}.{setting}" for setting in ("start", "epochs", "balanced"))
ON = (CURRICULUM, "on")

_RATE = LogUniform(low=1e-5, high=1e-1, why="scales")
_SIZE = Choice(options={"2": 2, "3": 3, "4": 4}, why="few faces")
_SWITCH = Choice(options={"on": Curriculum(epochs=1), "off": None}, why="on or off")
_EVEN = Choice(options={"yes": True, "no": False}, why="yes or no", given=ON)

MIXED = Space(
    domains={
        LR: _RATE,
        BATCH: _SIZE,
        CURRICULUM: _SWITCH,
        START: Uniform(low=0.3, high=1.0, why="a share", given=ON),
        LENGTH: Integer(low=1, high=3, why="epochs", given=ON),
    }
)
RATE = Space(domains={LR: _RATE})
CHOICES = Space(domains={BATCH: _SIZE, CURRICULUM: _SWITCH, BALANCED: _EVEN})  # 3 × (2 + 1) points
DEFAULT_POINT = {LR: 1e-3, BATCH: "4", CURRICULUM: "off"}


def search(space: Space = MIXED, **settings: Any) -> Search:
    return Search(**{"question": "Which?", "base": BASE, "space": space} | settings)


def with_curriculum(**settings: Any) -> Variant:
    return replace(BASE, recipe=replace(BASE.recipe, curriculum=Curriculum(**settings)))
