"""Configs check themselves at birth, tell all mistakes at once, and survive the way to plain data and back."""

import dataclasses
import json
import pickle

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from search_spaces.loading import load_study
from search_spaces.search import Search
from search_spaces.study import Study, study_names, study_path
from search_spaces.variants import Resources, Variant
from trainables import registry
from trainables.config import (
    KINDS,
    ConfigError,
    Unknown,
    collect_mistakes,
    config,
    from_plain,
    is_config,
    nearest,
    report_mistake,
    to_plain,
    with_changes,
)
from trainables.datasets.synthetic import Synthetic
from trainables.methods.mean_shape import MeanShape
from trainables.methods.resnet18 import ResNet18
from trainables.paper_recipes import PAPER_001
from trainables.recipe import Adam, Cosine, Multistep, Plateau, Recipe
from trainables.transforms.augmentation import Augmentation
from trainables.transforms.crop import Crop
from trainables.trial import Evaluation, Trial

TRIAL = Trial(method=ResNet18(), data=Synthetic(), recipe=PAPER_001, seed=3)


def test_a_wrong_value_is_refused_at_birth_with_its_name_and_the_reason():
    with pytest.raises(ConfigError, match=r"Recipe.epochs = 0: should be greater than 0"):
        Recipe(epochs=0)


def test_a_wrong_name_is_answered_with_the_nearest_right_one():
    with pytest.raises(
        ConfigError, match=r"ResNet18 has no setting 'widht'\. Did you mean 'width'\? Known: input_size"
    ):
        ResNet18(widht=3)


def test_a_missing_value_is_named_with_what_to_add():
    with pytest.raises(ConfigError, match=r"Trial needs 'data'\. Add data=…\."):
        Trial(method=MeanShape())


def test_a_choice_is_answered_with_the_right_ones():
    with pytest.raises(ConfigError, match=r"Synthetic.landmarks = '70': should be '68', '98', '29' or '19'"):
        Synthetic(landmarks="70")


def test_a_config_of_the_wrong_kind_is_refused():
    with pytest.raises(ConfigError, match=r"Trial.method = .* should be an instance of Method"):
        Trial(method=Synthetic(), data=Synthetic())


def test_a_config_error_is_a_value_error_that_survives_pickling():
    with pytest.raises(ValueError, match="epochs") as caught:
        Recipe(epochs=0)
    copied = pickle.loads(pickle.dumps(caught.value))
    assert copied.mistakes == caught.value.mistakes
    assert str(copied) == str(caught.value)


def test_all_mistakes_are_collected_with_their_lines():
    with collect_mistakes() as mistakes:
        Recipe(epochs=0, batch_sise=3, monitor="loss")
        Trial(method=ResNet18(width=0), data=Synthetic(size=-1))
    found = [f"{mistake.what} {mistake.fix}".strip() for mistake in mistakes]
    assert len(found) == 5
    assert found[0] == "Recipe.epochs = 0: should be greater than 0."
    assert found[1] == "Recipe.monitor = 'loss': should be 'val_nme_io', 'val_mse' or 'val_picture_l1'."
    assert found[2].startswith("Recipe has no setting 'batch_sise'. Did you mean 'batch_size'?")
    assert found[3] == "ResNet18.width = 0: should be greater than 0."
    assert found[4] == "Synthetic.size = -1: should be greater than 0."
    lines = [int(mistake.where.removeprefix("test_config.py:")) for mistake in mistakes]
    assert lines == [lines[0]] * 3 + [lines[0] + 1] * 2


def test_what_follows_from_a_mistake_is_no_second_mistake():
    with collect_mistakes() as mistakes:
        unknown = Unknown()
        trial = Trial(method=unknown, data=unknown.SOMETHING(1, size=2), recipe=Recipe(optimizer=unknown))
        with_changes(unknown, {"recipe.lr": 3})
    assert mistakes == []
    assert trial.seed == 0


def test_a_wrong_value_is_left_out_and_reading_goes_on_with_the_default():
    with collect_mistakes() as mistakes:
        recipe = Recipe(epochs="many", batch_size=8)
    assert len(mistakes) == 1
    assert (recipe.epochs, recipe.batch_size) == (60, 8)


def test_after_collecting_mistakes_are_raised_again():
    with collect_mistakes():
        report_mistake("noted")
    with pytest.raises(ConfigError, match="raised"):
        report_mistake("raised")


def test_nearest_gives_the_closest_name_and_all_names_or_says_none():
    assert nearest("starr", ["star", "adam"]) == "Did you mean 'star'? Known: adam, star."
    assert nearest("zzz", ["star"], "There are") == "There are: star."
    assert nearest("zzz", []) == "Known: none."


@pytest.mark.parametrize("value", [TRIAL, PAPER_001, ResNet18(), Synthetic(), Crop(), Adam()], ids=lambda v: v.kind)
def test_a_config_is_frozen_hashable_and_equal_to_its_copy(value):
    with pytest.raises(dataclasses.FrozenInstanceError):
        value.anything = 1
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(value, dataclasses.fields(value)[0].name, 1)
    assert dataclasses.replace(value) == value
    assert hash(dataclasses.replace(value)) == hash(value)


def test_positional_values_are_refused():
    with pytest.raises(TypeError):
        Recipe(3)  # type: ignore[misc]


def test_metadata_that_identities_read_is_kept():
    def metadata(cls):
        return {field.name: dict(field.metadata) for field in dataclasses.fields(cls)}

    assert metadata(Trial)["shares"] == {"neutral": 1}
    assert metadata(Trial)["seed"] == {}
    assert metadata(Variant)["resources"] == metadata(Variant)["label"] == {"identity": False}


def _every_config():
    yield from (registry.find_method(name) for name in registry.method_names())
    yield from (registry.find_dataset(name) for name in registry.dataset_names())
    for name in registry.method_names():
        method = registry.find_method(name)
        for recipe in type(method).recipes().values():
            pool = Synthetic(seed=5) if recipe.unlabelled else None
            yield Trial(method=method, data=Synthetic(), recipe=recipe, seed=1, unlabelled=pool)
    yield Trial(method=MeanShape(), data=Synthetic(seed=4), starts_from=(TRIAL,), shares=2)
    yield Recipe(schedule=Multistep(milestones=(3, 5)), early_stop_patience=None, augmentation=None)
    yield Recipe(schedule=Cosine(min_lr=1e-6))
    yield Recipe(schedule=Plateau(patience=1), augmentation=Augmentation(hue=0))
    yield Evaluation(split="val", data=Synthetic())
    yield Resources(workers=2, gpus=0.5)
    yield Variant(method=MeanShape(), data=Synthetic(), label="a", resources=Resources(cpus=2))
    for name in study_names():
        study = load_study(study_path(name))
        # A search never travels; its trials do.
        yield study.base if isinstance(study, Search) else study


def test_a_class_that_is_no_config_does_not_count_as_its_parent():
    class Shape(MeanShape):
        pass

    with pytest.raises(ConfigError, match=r"Shape would count as 'MeanShape'\. Write @config above class Shape"):
        Shape()


@pytest.mark.parametrize("value", _every_config(), ids=lambda value: value.kind)
def test_a_config_comes_back_from_json_as_it_was(value):
    text = json.dumps(to_plain(value), allow_nan=False)
    again = registry.rebuild(json.loads(text))
    assert again == value
    assert type(again) is type(value)
    assert json.dumps(to_plain(again)) == text


@settings(deadline=None, max_examples=50)
@given(
    st.builds(
        Recipe,
        epochs=st.integers(1, 10**6),
        optimizer=st.builds(Adam, lr=st.floats(1e-12, 1e3), beta1=st.floats(0, 0.999), weight_decay=st.floats(0, 10)),
        schedule=st.builds(Multistep, milestones=st.lists(st.integers(1, 99), max_size=4).map(tuple)),
        crop=st.builds(Crop, scale=st.floats(1e-3, 1e3), square=st.booleans()),
        augmentation=st.none() | st.builds(Augmentation, rotation_deg=st.floats(0, 180)),
        early_stop_patience=st.none() | st.integers(1, 99),
    )
)
def test_any_recipe_comes_back_from_json_exactly(recipe):
    assert from_plain(json.loads(json.dumps(to_plain(recipe)))) == recipe


def test_plain_data_name_the_kind_of_each_config():
    plain = to_plain(TRIAL)
    assert plain["kind"] == "Trial"
    assert plain["method"]["kind"] == "resnet18"
    assert plain["recipe"]["schedule"] == {"kind": "Plateau", "factor": 0.5, "patience": 5, "min_lr": 1e-6}
    assert plain["starts_from"] == []


def test_an_unknown_kind_is_answered_with_the_nearest():
    with pytest.raises(ValueError, match=r"Unknown kind 'Adamm'\. Did you mean 'Adam'\?"):
        from_plain({"kind": "Adamm"})


def test_plain_data_are_checked_like_any_declaration():
    with pytest.raises(ConfigError, match=r"Adam.lr = -1"):
        from_plain({"kind": "Adam", "lr": -1})


def test_with_changes_replaces_values_at_dotted_paths_and_nothing_else():
    changed = with_changes(TRIAL, {"recipe.optimizer.lr": 3e-4, "seed": 5, "recipe.augmentation.hue": 0.0})
    assert changed.recipe.optimizer.lr == 3e-4
    assert changed.seed == 5
    assert changed.recipe.augmentation.hue == 0.0
    back = {"recipe.optimizer.lr": 1e-3, "seed": 3, "recipe.augmentation.hue": 0.1}
    assert with_changes(changed, back) == TRIAL
    assert TRIAL.recipe.optimizer.lr == 1e-3


def test_with_changes_can_replace_a_whole_config():
    assert with_changes(TRIAL, {"recipe.schedule": Cosine()}).recipe.schedule == Cosine()
    assert with_changes(TRIAL, {"recipe.augmentation": None}).recipe.augmentation is None


def test_an_unknown_path_is_answered_with_the_nearest_setting():
    with pytest.raises(ConfigError, match=r"'recipe.optimzer.lr' names no setting: .* Did you mean 'optimizer'"):
        with_changes(TRIAL, {"recipe.optimzer.lr": 1e-3})


def test_a_path_below_something_that_is_off_is_a_mistake():
    without = with_changes(TRIAL, {"recipe.augmentation": None})
    with pytest.raises(ConfigError, match=r"'recipe.augmentation.hue' names no setting"):
        with_changes(without, {"recipe.augmentation.hue": 0.0})


def test_a_wrong_value_at_a_path_is_refused():
    with pytest.raises(ConfigError, match=r"Adam.lr = -3: should be greater than 0"):
        with_changes(TRIAL, {"recipe.optimizer.lr": -3})


def test_only_configs_are_configs():
    assert is_config(TRIAL)
    assert is_config(TRIAL.recipe)
    assert not is_config(Recipe)
    assert not is_config({"kind": "Recipe"})
    assert Study.kind == "Study"


def test_a_kind_belongs_to_the_module_that_had_it_first():
    with pytest.raises(ConfigError, match=r"kind 'Adam' is taken by trainables\.recipe"):

        @config
        class Adam:
            lr: float = 1.0

    assert KINDS["Adam"].__module__ == "trainables.recipe"
