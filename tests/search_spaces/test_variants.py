"""Variants: a grid holds every combination, an ablation one change at a time, a leave-one-out one part less each."""

import dataclasses

import pytest

from search_spaces.variants import Resources, Variant, ablate, grid, leave_one_out
from trainables.config import ConfigError, collect_mistakes
from trainables.datasets.synthetic import Synthetic
from trainables.methods.mean_shape import MeanShape
from trainables.methods.resnet18 import ResNet18
from trainables.recipe import Constant, Cosine, Recipe
from trainables.transforms.augmentation import Augmentation

RECIPE = Recipe(epochs=10, augmentation=Augmentation())
BASE = Variant(method=ResNet18(input_size=64), data=Synthetic(), recipe=RECIPE)
NAMED = dataclasses.replace(BASE, label="ours")


def labels(variants: tuple[Variant, ...]) -> list[str]:
    return [variant.label for variant in variants]


def unlabelled(variant: Variant) -> Variant:
    return dataclasses.replace(variant, label="")


def test_a_grid_holds_every_combination_with_the_last_axis_fastest():
    made = grid(BASE, {"recipe.epochs": (1, 2), "method.width": (8, 16, 32)})
    found = [(variant.recipe.epochs, variant.method.width) for variant in made]
    assert found == [(1, 8), (1, 16), (1, 32), (2, 8), (2, 16), (2, 32)]
    assert labels(made)[:2] == ["epochs 1, width 8", "epochs 1, width 16"]
    assert made[0].recipe.augmentation == RECIPE.augmentation


def test_a_grid_without_axes_is_the_base():
    assert [unlabelled(variant) for variant in grid(BASE, {})] == [BASE]


def test_a_label_begins_with_that_of_the_base():
    assert labels(grid(NAMED, {"recipe.epochs": (1,)})) == ["ours, epochs 1"]


def test_named_values_are_called_by_their_names():
    made = grid(BASE, {"recipe.augmentation": {"weak": Augmentation(rotation_deg=5), "none": None}})
    assert labels(made) == ["augmentation weak", "augmentation none"]
    assert made[0].recipe.augmentation == Augmentation(rotation_deg=5)
    assert made[1].recipe.augmentation is None


def test_plain_values_are_called_by_what_they_are():
    made = grid(BASE, {"recipe.schedule": (Cosine(), Constant()), "recipe.augmentation": (None,)})
    assert labels(made) == ["schedule Cosine, augmentation off", "schedule Constant, augmentation off"]


def test_an_ablation_is_the_base_and_one_change_at_a_time():
    made = ablate(BASE, {"recipe.augmentation": (None,), "recipe.epochs": (1, 2)})
    assert labels(made) == ["baseline", "augmentation off", "epochs 1", "epochs 2"]
    assert unlabelled(made[0]) == BASE
    assert made[1].recipe == dataclasses.replace(RECIPE, augmentation=None)
    assert made[2].recipe == dataclasses.replace(RECIPE, epochs=1)


def test_an_ablation_counts_its_baseline_once_where_axes_repeat_the_bases_value():
    made = ablate(NAMED, {"recipe.epochs": (5, 10, 20), "method.width": (64, 32)})  # the base has 10 and 64
    assert labels(made) == ["ours", "ours, epochs 5", "ours, epochs 20", "ours, width 32"]
    assert sum(unlabelled(variant) == BASE for variant in made) == 1


def test_leaving_one_out_keeps_all_the_other_parts():
    parts = {
        "flip": {"recipe.augmentation.flip_probability": 0.0},
        "colour": {"recipe.augmentation.brightness": 0.0, "recipe.augmentation.hue": 0.0},
    }
    made = leave_one_out(BASE, parts)
    assert labels(made) == ["all", "without flip", "without colour"]
    assert unlabelled(made[0]) == BASE
    assert made[1].recipe.augmentation == Augmentation(flip_probability=0.0)
    assert made[2].recipe.augmentation == Augmentation(brightness=0.0, hue=0.0)
    assert labels(leave_one_out(NAMED, parts))[0] == "ours"


def test_a_variant_with_a_seed_is_a_trial():
    trial = dataclasses.replace(BASE, resources=Resources(workers=2)).trial(7)
    assert (trial.method, trial.data, trial.recipe, trial.seed) == (BASE.method, BASE.data, BASE.recipe, 7)
    assert trial.shares == 2
    assert trial.starts_from == ()


@pytest.mark.parametrize(("workers", "shares"), [(0, 1), (1, 1), (2, 2)])
def test_only_workers_that_share_a_batch_are_part_of_the_trial(workers, shares):
    assert dataclasses.replace(BASE, resources=Resources(workers=workers, cpus=4)).trial(0).shares == shares


def test_a_stage_that_a_variant_starts_from_gets_the_same_seed():
    first = Variant(method=MeanShape(), data=Synthetic())
    trial = dataclasses.replace(BASE, starts_from=(first,)).trial(3)
    assert trial.starts_from == (first.trial(3),)


def test_an_unknown_axis_is_answered_with_the_nearest_setting():
    with pytest.raises(ConfigError, match=r"'recipe.epoch' names no setting.*Did you mean 'epochs'\?"):
        grid(BASE, {"recipe.epoch": (1, 2)})
    with pytest.raises(ConfigError, match=r"'method.widht' names no setting.*Did you mean 'width'\?"):
        ablate(BASE, {"method.widht": (8,)})
    with pytest.raises(ConfigError, match=r"names no setting.*Did you mean 'flip_probability'\?"):
        leave_one_out(BASE, {"flip": {"recipe.augmentation.flip_probabilty": 0}})


@pytest.mark.parametrize("value", [3, "many", None])
def test_an_axis_with_one_bare_value_is_a_mistake_that_shows_the_remedy(value):
    with pytest.raises(ConfigError) as caught:
        grid(BASE, {"recipe.epochs": value})
    (mistake,) = caught.value.mistakes
    assert mistake.what == f"Axis 'recipe.epochs' needs several values, not {value!r}."
    assert mistake.fix == f"Write 'recipe.epochs': ({value!r},)."


def test_every_wrong_value_of_an_axis_is_a_mistake_of_its_own_at_the_axis_line():
    with collect_mistakes() as mistakes:
        grid(BASE, {"recipe.epochs": (0, 1, -2)})
    assert [mistake.what for mistake in mistakes] == [
        "Recipe.epochs = 0: should be greater than 0.",
        "Recipe.epochs = -2: should be greater than 0.",
    ]
    assert {mistake.where.partition(":")[0] for mistake in mistakes} == {"test_variants.py"}


def test_a_batch_that_workers_cannot_share_evenly_is_refused():
    with pytest.raises(ConfigError, match="3 workers cannot share a batch of 32 evenly"):
        Variant(method=MeanShape(), data=Synthetic(), resources=Resources(workers=3))
