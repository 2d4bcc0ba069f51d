"""The studies of paper 003 ask for what its tables print, and share their stages."""

import pytest

from orchestrator.plan import Known, plan_study
from reports import sht
from search_spaces.loading import load_study
from search_spaces.study import Study, study_names, study_path
from search_spaces.variants import Variant
from trainables.recipe import PICTURES

NAMES = [name for name in study_names() if name.startswith("sht_")]
SMALL = ("sht_synthetic", "sht_ytf68")
RESTORING = ("sht_celeba", "sht_helen")
PRECISE = ("sht_300w", "sht_aflw19", "sht_wflw")


def study(name: str) -> Study:
    return load_study(study_path(name))


def variants(name: str) -> dict[str, Variant]:
    return {variant.label: variant for variant in study(name).variants}


def test_every_study_is_of_one_kind():
    assert sorted(NAMES) == sorted((*SMALL, *RESTORING, *PRECISE))


@pytest.mark.parametrize("name", NAMES)
def test_the_hourglass_that_sees_what_dhln_sees_is_the_baseline(name):
    first, *others = study(name).variants
    dhln = next(variant for variant in others if variant.label in ("DHLN", "DHLN-M"))
    assert first.label == "Hourglass"
    assert (first.method.streams, dhln.method.streams) == ("landmarks", "dual")
    same = ("input_size", "low", "doublings", "width", "encoder", "decoder")
    assert [getattr(first.method, each) for each in same] == [getattr(dhln.method, each) for each in same]
    assert first.recipe == dhln.recipe


@pytest.mark.parametrize("name", NAMES)
def test_stages_that_rows_share_are_planned_once_a_seed(name):
    found = study(name)
    works = plan_study(name, found, Known({}, {}, frozenset()), lambda dataset: "0" * 16).works
    transfers = [work for work in works if work.label.startswith("FPTN")]
    assert len(transfers) == len(found.seeds)
    labels = {work.label for work in works if work.trial.seed == found.seeds[0]}
    assert labels == {variant.label for variant in found.variants} | {transfers[0].label}
    joint = next(work for work in works if work.label in ("SHT", "SHT-M"))
    stages = {work.id: work.label for work in works}
    suffix = joint.label.removeprefix("SHT")
    assert [stages[id] for id in joint.starts_from] == [f"DHLN{suffix}", f"FPTN{suffix}"]


@pytest.mark.parametrize("name", NAMES)
def test_what_finds_no_landmarks_is_selected_by_its_pictures_and_what_is_weakly_supervised_sees_as_many_unlabelled(
    name,
):
    for variant in variants(name).values():
        if not variant.method.finds_landmarks:
            assert variant.recipe.monitor == PICTURES
        weak = variant.label.startswith(("SHT-v", "SHT-M-", "SHT-M ("))
        assert (variant.unlabelled is not None) == weak
        assert variant.recipe.unlabelled == (variant.recipe.batch_size if weak else 0)


def test_the_papers_sizes_and_weights():
    for name in RESTORING:
        found = variants(name)
        method = found["SHT-v"].method
        assert (method.input_size, method.low, method.heatmap_size, method.width) == (128, 16, 64, 256)
        assert {label for label in found if label.endswith("*")} == {"DHLN*", "SHT*", "SHT-v*"}
        assert all((found[label].method.gradient_weight == 0) == label.endswith("*") for label in found if "T" in label)
    for name in PRECISE:
        method = variants(name)["SHT-M"].method
        assert (method.input_size, method.low, method.heatmap_size) == (256, 64, 64)
        weights = method.transfer
        assert (weights.adversarial_weight, weights.picture_weight, weights.perceptual_weight) == (0.05, 0.01, 0.01)
        assert (method.landmark_weight, method.picture_weight, method.gradient_weight) == (1, 0.01, 0.01)
        assert weights.weight == 1


def test_the_tables_know_the_studies():
    assert {data.study for data in (*sht.OF_SMALL_FACES, *sht.OF_LARGE_FACES)} == {*NAMES}
