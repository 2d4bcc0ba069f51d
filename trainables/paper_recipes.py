"""Recipes by which one paper trains several methods."""

from trainables.recipe import Adam, Averaging, Convergence, Cosine, Recipe
from trainables.transforms.augmentation import AUGMENTATIONS
from trainables.transforms.curriculum import Curriculum

# Source: kozlowska2026hrmlff (its Implementation Details), for its network and the three that it is compared with.
# Departs: it says neither when averaging begins nor how much is easy; its pictures are normalised by the training
# set's mean, ours by ImageNet's, which the norm after the first convolution makes nearly the same.
PAPER_000 = Recipe(
    epochs=140,
    batch_size=32,
    optimizer=Adam(lr=7e-4),
    schedule=Cosine(),
    augmentation=AUGMENTATIONS["hrmlff"],
    curriculum=Curriculum(),
    averaging=Averaging(from_epoch=112),
    clip_norm=8.0,
    convergence=Convergence(),
)
