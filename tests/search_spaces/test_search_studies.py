"""The project's searches: each is ready at the paper's size and, as `--small`, for two processors."""

import pytest

from search_spaces.loading import load_study
from search_spaces.search import Search
from search_spaces.stopping import Asha, Median, Stopping
from search_spaces.study import Study, study_names, study_path
from trainables.config import ConfigError
from trainables.datasets.synthetic import Synthetic
from trainables.datasets.ytf68 import Ytf68
from trainables.stages import mistakes_of_stages

FOUND = {name: load_study(study_path(name)) for name in study_names()}
NAMES = [name for name, found in FOUND.items() if isinstance(found, Search)]


def small(name: str) -> Search:
    found = load_study(study_path(name), small=True)
    assert isinstance(found, Search)
    return found


def first_look(stopping: Stopping) -> int:
    assert isinstance(stopping, Asha | Median)
    return stopping.min_epochs


def test_the_searches_of_the_project_are_the_files_that_say_so():
    assert NAMES == [
        "search_curriculum", "search_fusion", "search_loss_weights", "search_resnet18", "search_sht",
    ]  # fmt: skip
    assert [name for name in FOUND if name.startswith("search_")] == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_both_profiles_ask_the_same_question_of_the_same_settings(name):
    paper, quick = FOUND[name], small(name)
    assert paper.question == quick.question
    assert paper.question.endswith("?")
    assert list(paper.space.domains) == list(quick.space.domains)
    assert paper.objectives == quick.objectives
    assert type(paper.base.method) is type(quick.base.method)


@pytest.mark.parametrize("name", NAMES)
def test_the_small_profile_needs_no_gpu_and_few_faces_the_papers_asks_for_one(name):
    paper, quick = FOUND[name], small(name)
    assert paper.base.resources.gpus >= 1
    assert quick.base.resources.gpus == 0
    assert isinstance(quick.base.data, Synthetic | Ytf68)
    assert quick.trials <= 20 <= paper.trials or name == "search_fusion"
    assert quick.base.recipe.epochs < paper.base.recipe.epochs


@pytest.mark.parametrize("name", NAMES)
def test_each_is_confirmed_by_several_fresh_seeds_on_the_test_split(name):
    for found in (FOUND[name], small(name)):
        assert len(found.confirm) >= 2
        assert found.seed not in found.confirm
        study = found.confirmation(found.start[0])
        assert isinstance(study, Study)
        assert {evaluation.split for evaluation in study.evaluations} == {"test"}


@pytest.mark.parametrize("name", NAMES)
def test_where_trials_are_given_up_it_is_after_their_first_epochs_and_before_their_last(name):
    for found in (FOUND[name], small(name)):
        if found.stopping is not None:
            assert 1 <= first_look(found.stopping) < found.base.recipe.epochs


@pytest.mark.parametrize("name", NAMES)
def test_the_stages_of_a_base_fit_one_another(name):
    for found in (FOUND[name], small(name)):
        assert mistakes_of_stages(found.base.trial(found.seed)) == []
        stages = found.stages()
        assert ([] if stages is None else [variant.label for variant in stages.variants]) == [
            variant.label for variant in found.base.starts_from
        ]


def test_the_rungs_of_the_loss_weights_lie_before_weights_are_averaged():
    """12, 36 and 108 of 140 epochs; from 112 on it is an average that validation sees."""
    found = FOUND["search_loss_weights"]
    asked = [epoch for epoch in range(1, 141) if not found.stopping.goes_on([2.0] * epoch, [[1.0] * epoch] * 2)]
    assert asked == [12, 36, 108]
    assert found.base.recipe.averaging.from_epoch == 112


def test_all_combinations_of_parts_are_tried_whole():
    for found in (FOUND["search_fusion"], small("search_fusion")):
        assert len(found.space.points()) == found.trials == 8
        assert found.stopping is None


def test_a_plain_study_has_no_small_profile():
    with pytest.raises(ConfigError, match=r"no SMALL = Study\(…\) or Search\(…\) in this file\. Leave --small out"):
        load_study(study_path("demo"), small=True)


def test_settings_on_the_command_line_reach_the_search_and_its_base():
    changed = load_study(study_path("search_fusion"), {"trials": 3, "confirm": (7, 8), "recipe.epochs": 9}, small=True)
    assert (changed.trials, changed.confirm, changed.base.recipe.epochs) == (3, (7, 8), 9)
    with pytest.raises(ConfigError, match="'trails' names no setting"):
        load_study(study_path("search_fusion"), {"trails": 3})
