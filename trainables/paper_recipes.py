"""Recipes by which one paper trains several methods."""

from trainables.recipe import Adam, Averaging, Convergence, Cosine, Plateau, Recipe
from trainables.transforms.augmentation import AUGMENTATIONS
from trainables.transforms.crop import CONVENTIONS
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

# Source: sharif2025resnet18 Sec. 5.1, for its network and the one that it is compared with.
# Departs: it prints no numbers.
PAPER_001 = Recipe(
    epochs=100,
    batch_size=64,
    optimizer=Adam(lr=1e-3),
    schedule=Plateau(factor=0.5, patience=5, min_lr=1e-6),
    crop=CONVENTIONS["dlib"],
    augmentation=AUGMENTATIONS["resnet18"],
    monitor="val_mse",
    early_stop_patience=15,
)
