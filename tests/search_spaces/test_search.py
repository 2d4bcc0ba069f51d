"""A search: where its points lie, what it refuses before anything starts, and what it confirms."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search_spaces.domains import Choice, Integer, Space
from search_spaces.samplers import CmaEs, GaussianProcess, Nsga2, Tpe
from search_spaces.search import BEST, COSTS, DEFAULT, Objective, Search
from search_spaces.stopping import Asha, Median
from search_spaces.variants import Resources
from tests.search_spaces.small_searches import (
    BALANCED,
    BASE,
    BATCH,
    CHOICES,
    CURRICULUM,
    DEFAULT_POINT,
    LENGTH,
    LR,
    MIXED,
    RATE,
    START,
    search,
    with_curriculum,
)
from trainables.config import ConfigError, with_changes
from trainables.datasets.synthetic import Synthetic
from trainables.methods.fptn import Fptn
from trainables.methods.mean_shape import MeanShape
from trainables.transforms.curriculum import Curriculum
from trainables.trial import Evaluation

BOTH = (Objective(), Objective(metric="macs"))
DRAWN = Fptn.recipes()["paper"]
TAUGHT = {LR: 1e-3, BATCH: "2", CURRICULUM: "on", START: 0.5, LENGTH: 2}


def points(space: Space):
    """Any point of a space."""

    @st.composite
    def drawn(draw):
        point = {}
        for path, domain in space.domains.items():
            if space.exists(path, point) and isinstance(domain, Choice):
                point[path] = draw(st.sampled_from(list(domain.options)))
            elif space.exists(path, point):
                numbers = st.integers if isinstance(domain, Integer) else st.floats
                point[path] = draw(numbers(domain.low, domain.high))
        return point

    return drawn()


@given(points(MIXED), st.integers(0, 9))
def test_every_point_is_found_again_in_the_trial_that_it_makes_whatever_its_seed(point, seed):
    assert MIXED.holds(point)
    assert MIXED.point_in(BASE.trial(0), MIXED.at(BASE, point).trial(seed)) == point


@pytest.mark.parametrize(
    "other",
    [
        with_changes(BASE, {"recipe.epochs": 4}),  # another setting than those that are searched
        with_changes(BASE, {"recipe.batch_size": 5}),  # none of the options
        with_changes(BASE, {"recipe.optimizer.lr": 0.5}),  # beyond the bounds
        with_changes(BASE, {"data": Synthetic(train=7, val=3, test=3, size=96)}),
        with_changes(BASE, {"method.width": 16}),
        with_changes(BASE, {"method": MeanShape(input_size=32)}),
        with_changes(BASE, {"starts_from": (BASE,)}),
        with_changes(BASE, {"resources": Resources(workers=2)}),  # batch norms see halves of a batch
        with_curriculum(epochs=1, start=0.2),  # a setting of an option, beyond its bounds
        with_curriculum(epochs=1, balanced=False),  # a setting of an option, which is not searched
    ],
)
def test_trials_that_differ_in_more_than_the_space_are_none_of_its_points(other):
    assert MIXED.point_in(BASE.trial(0), other.trial(0)) is None


def test_settings_within_an_option_are_read_from_the_trial_not_from_the_option():
    assert MIXED.point_of(with_curriculum(epochs=2, start=0.5)) == {**DEFAULT_POINT, **TAUGHT, BATCH: "4"}


def test_a_trial_with_another_seed_has_stages_with_that_seed():
    chained = replace(BASE, starts_from=(with_changes(BASE, {"recipe.epochs": 1}),))
    assert RATE.point_in(chained.trial(0), with_changes(chained, {LR: 0.01}).trial(7)) == {LR: 0.01}
    other_stage = replace(chained, starts_from=(with_changes(BASE, {"recipe.epochs": 2}),))
    assert RATE.point_in(chained.trial(0), other_stage.trial(7)) is None


def test_all_points_of_choices_and_whole_numbers_are_counted():
    found = CHOICES.points()
    assert len(found) == 3 * (2 + 1) == len({tuple(sorted(point.items())) for point in found})
    assert all(CHOICES.holds(point) for point in found)
    assert [point for point in found if point[BATCH] == "2"] == [
        {BATCH: "2", CURRICULUM: "on", BALANCED: "yes"},
        {BATCH: "2", CURRICULUM: "on", BALANCED: "no"},
        {BATCH: "2", CURRICULUM: "off"},
    ]
    lengths = Space(domains={LENGTH.replace("curriculum.", ""): Integer(low=1, high=3, why="few")})
    assert lengths.points() == [{"recipe.epochs": 1}, {"recipe.epochs": 2}, {"recipe.epochs": 3}]


def test_points_are_not_counted_where_there_are_real_numbers_or_too_many():
    assert MIXED.points() is RATE.points() is None
    assert Space(domains={"recipe.epochs": Integer(low=1, high=10**9, why="any")}).points() is None


def test_the_base_is_tried_first_then_what_the_user_knows():
    assert search(first=(TAUGHT,)).start == (DEFAULT_POINT, TAUGHT)


def test_the_variant_of_a_point_is_the_base_with_its_values():
    made = search().variant(TAUGHT)
    changed = {"recipe.batch_size": 2, "recipe.curriculum": Curriculum(epochs=2, start=0.5)}
    assert made == with_changes(BASE, changed)


def test_several_objectives_and_costs_are_searched_without_stopping():
    for objectives in (BOTH, (Objective(metric="macs"),), (Objective(), Objective(metric="val_mse"))):
        for sampler in (Tpe(), GaussianProcess(), Nsga2()):
            assert search(objectives=objectives, sampler=sampler, stopping=None).objectives == objectives
    assert (Objective().sign, Objective(metric="val_auc_io_8", minimize=False).sign) == (1, -1)


@pytest.mark.parametrize(
    "settings, complaint",
    [
        ({"objectives": BOTH}, "can be stopped early: set stopping to None"),
        ({"objectives": BOTH, "stopping": Median()}, "can be stopped early: set stopping to None"),
        ({"objectives": (Objective(metric="macs"),)}, "macs is the same after every epoch: set stopping to None"),
        ({"objectives": BOTH, "stopping": None, "sampler": CmaEs()}, "CmaEs knows one objective"),
        ({"seed": 2}, "confirm has the seed 2, by which the best point was chosen"),
        ({"objectives": (Objective(metric="val_mne_io"),)}, "val_mne_io is not measured. Did you mean 'val_nme_io'?"),
        (
            {"objectives": (Objective(metric="val_psnr", minimize=False),)},
            "val_psnr is not measured",
        ),  # no pictures are made
        ({"first": ({LR: 1e-3},)}, "first[0], {'recipe.optimizer.lr': 0.001}, is not in the space"),
        ({"first": (DEFAULT_POINT, {**DEFAULT_POINT, LR: 1.0})}, "first[1]"),
        ({"first": ({**DEFAULT_POINT, START: 0.5},)}, "is not in the space"),  # exists with a curriculum alone
        ({"base": with_changes(BASE, {LR: 0.5})}, "the base's own point"),
        ({"base": with_changes(BASE, {BATCH: 5})}, "recipe.batch_size: 5 is none of the options 2, 3, 4"),
        ({"base": replace(BASE, method=Fptn(), recipe=DRAWN), "space": RATE}, "val_nme_io is not measured"),
        ({"space": Space(domains={"recipe.optimizer.rho": RATE.domains[LR]})}, "the space does not fit the base"),
        ({"space": Space(domains={"starts_from.recipe.epochs": RATE.domains[LR]})}, "is a setting of a stage"),
        (
            {"space": Space(domains={"resources.cpus": Integer(low=1, high=4, why="?")})},
            "resources.cpus changes no result",
        ),
        ({"objectives": ()}, "at least 1 item"),
        ({"trials": 0}, "greater than or equal to 1"),
        ({"at_once": 0}, "greater than or equal to 1"),
    ],
)
def test_a_search_that_cannot_be_is_a_mistake(settings, complaint):
    with pytest.raises(ConfigError) as caught:
        search(**settings)
    assert complaint in str(caught.value)
    assert len(caught.value.mistakes) == 1


@pytest.mark.parametrize("metric", ["val_auc_io_8", "val_psnr", "val_ssim"])
def test_what_is_better_the_larger_it_is_is_not_made_small(metric):
    assert Objective(metric=metric, minimize=False).sign == -1
    with pytest.raises(ConfigError, match=f"{metric} is better the larger it is: set minimize to False"):
        Objective(metric=metric)


@pytest.mark.parametrize("metric", ["test_nme_io", "test_auc_io_8", "nme_io", "train_loss", "seconds", ""])
def test_only_validation_and_costs_can_be_searched_by(metric):
    with pytest.raises(ConfigError) as caught:
        Objective(metric=metric)
    expected = f"Search by {metric.replace('test_', 'val_')}" if metric.startswith("test_") else "Take val_nme_io"
    assert expected in str(caught.value)


@pytest.mark.parametrize("metric", COSTS)
def test_a_cost_is_known_of_every_method(metric):
    assert Objective(metric=metric)


def test_points_that_are_no_valid_settings_cannot_come_first():
    """Two workers cannot share a batch of three."""
    shared = replace(BASE, resources=Resources(workers=2))
    with pytest.raises(ConfigError, match=r"first\[0\].* cannot be trained: .*2 workers cannot share a batch of 3"):
        search(base=shared, first=({**DEFAULT_POINT, BATCH: "3"},))


def test_what_is_found_best_is_confirmed_beside_the_base_with_fresh_seeds():
    study = search(confirm=(5, 6), evaluations=(Evaluation(), Evaluation(split="val"))).confirmation(TAUGHT)
    assert [variant.label for variant in study.variants] == [DEFAULT, BEST]
    assert [with_changes(variant, {"label": ""}) for variant in study.variants] == [
        with_changes(variant, {"label": ""}) for variant in (BASE, search().variant(TAUGHT))
    ]
    assert (study.seeds, len(study.evaluations)) == ((5, 6), 2)


def test_a_base_that_is_best_is_confirmed_alone_and_no_seeds_confirm_nothing():
    assert [variant.label for variant in search().confirmation(DEFAULT_POINT).variants] == [DEFAULT]
    assert search(confirm=()).confirmation(TAUGHT) is None


def test_stages_of_the_base_are_trained_once_before_the_first_point():
    first, second = (with_changes(BASE, {"recipe.epochs": epochs, "label": ""}) for epochs in (1, 2))
    stages = search(base=replace(BASE, starts_from=(first, second)), space=RATE).stages()
    assert [variant.recipe.epochs for variant in stages.variants] == [1, 2]
    assert (stages.seeds, stages.evaluations) == ((0,), ())
    assert search().stages() is None


def test_a_choice_has_no_two_names_of_one_value():
    with pytest.raises(ConfigError, match="'two' and 'half of four' are the same value"):
        Choice(options={"two": 2, "three": 3, "half of four": 2}, why="?")
    Choice(options={"1": 1, "yes": True, "1.0": 1.0}, why="?")


def test_a_search_describes_itself_for_reports():
    described = search(trials=7, stopping=None, objectives=BOTH).described()
    assert described["trials"] == 7
    assert described["objectives"] == [
        {"metric": "val_nme_io", "minimize": True},
        {"metric": "macs", "minimize": True},
    ]
    assert described["domains"][LR] == {"kind": "log", "low": 1e-5, "high": 1e-1, "given": None}
    assert described["domains"][BATCH] == {"kind": "choice", "options": ["2", "3", "4"], "given": None}
    assert described["domains"][LENGTH] == {"kind": "integer", "low": 1, "high": 3, "given": (CURRICULUM, "on")}
    assert isinstance(search(stopping=Asha()), Search)
