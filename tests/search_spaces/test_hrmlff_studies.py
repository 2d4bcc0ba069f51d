"""The studies of paper 000 ask for what its tables print, under the labels that the tables look for."""

import pytest

from reports import hrmlff
from search_spaces.loading import load_study
from search_spaces.study import Study, study_path
from trainables.paper_recipes import PAPER_000

SMALL = ("hrmlff_ytf68", "hrmlff_synthetic")


def study(name: str) -> Study:
    return load_study(study_path(name))


@pytest.mark.parametrize("name", hrmlff.STUDIES)
def test_every_study_has_the_networks_and_every_change_under_a_heading(name):
    found = study(name)
    labels = [variant.label for variant in found.variants]
    assert labels[0] == hrmlff.BASELINE
    assert {*hrmlff.NETWORKS} <= {*labels}
    changes = [hrmlff.change(label) for label in labels if hrmlff.change(label)]
    assert len(changes) == 13
    assert hrmlff.OTHERS not in {hrmlff.axis(change) for change in changes}
    assert found.seeds == (0, 1, 2)
    # A network that is taught and read otherwise wins or loses by that.
    assert len({(variant.method.encoder, variant.method.decoder) for variant in found.variants}) == 1


@pytest.mark.parametrize("name", [name for name in hrmlff.STUDIES if name not in SMALL])
def test_a_data_set_of_the_paper_is_learned_by_the_papers_recipe(name):
    found = study(name)
    assert found.variants[0].recipe.epochs == PAPER_000.epochs
    assert all(variant.method.input_size == 256 for variant in found.variants)
    assert all(variant.recipe.crop == variant.data.CROP for variant in found.variants)
    assert all(variant.resources.gpus == 1 for variant in found.variants)


@pytest.mark.parametrize("name", hrmlff.STUDIES)
def test_last_weights_are_measured_where_there_is_a_mean_to_compare_them_with(name):
    found = study(name)
    for variant in found.variants:
        asked = {evaluation.weights for evaluation in found.evaluations_of(variant)}
        assert asked == ({"selected", "last"} if variant.recipe.averaging else {"selected"})
