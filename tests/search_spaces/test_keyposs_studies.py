"""The studies of paper 002 ask for what its tables print, under the labels that the tables look for."""

import pytest

from search_spaces.loading import load_study
from search_spaces.study import Study, study_names, study_path
from trainables.codecs.dark import Dark
from trainables.datasets.ibug300w import Ibug300w
from trainables.methods.truth import Truth
from trainables.transforms.augmentation import AUGMENTATIONS
from trainables.transforms.crop import CONVENTIONS, Crop

SIZES = (64, 32, 16, 8, 4)
KERNELS = [f"KeyPosS, {kernel}×{kernel} anchors" for kernel in (2, 3, 4, 5, 6)]
OF_PHOTOGRAPHS = [
    "keyposs_300w",
    "keyposs_300w_private",
    "keyposs_aflw19",
    "keyposs_coco_wholebody",
    "keyposs_wflw",
]
OF_TRUTH = ["keyposs_1_300w", "keyposs_1_scattered", "keyposs_1_synthetic", "keyposs_1_ytf68"]


def study(name: str) -> Study:
    return load_study(study_path(name))


def read_by(found: Study) -> list[str]:
    return [evaluation.read_by for evaluation in found.evaluations]


@pytest.mark.parametrize("name", OF_TRUTH)
def test_the_truth_is_encoded_once_at_every_size_and_read_by_every_decoder(name):
    found = study(name)
    assert [variant.label for variant in found.variants] == [f"{size}×{size}" for size in SIZES]
    assert [variant.method.heatmap_size for variant in found.variants] == list(SIZES)
    assert all(isinstance(variant.method, Truth) and variant.recipe.epochs == 1 for variant in found.variants)
    assert found.seeds == (0,)
    assert {"one-hot", "two-hot", *KERNELS, Dark().describe(), Dark(blur=1).describe()} <= set(read_by(found))
    assert {evaluation.split for evaluation in found.evaluations} == {"test"}


@pytest.mark.parametrize("name", OF_TRUTH)
def test_the_truth_is_cropped_as_the_data_set_is(name):
    assert all(variant.recipe.crop == variant.data.CROP for variant in study(name).variants)


@pytest.mark.parametrize("name", OF_PHOTOGRAPHS)
def test_a_data_set_of_the_paper_has_its_sizes_and_encodings_three_times_on_a_gpu(name):
    found = study(name)
    labels = [f"{size}×{size}, {encoding}" for size in SIZES for encoding in ("unbiased", "biased")]
    assert [variant.label for variant in found.variants] == labels
    assert [variant.method.heatmap_size for variant in found.variants] == [size for size in SIZES for _ in range(2)]
    assert [variant.method.encoder.biased for variant in found.variants] == [False, True] * len(SIZES)
    assert found.seeds == (0, 1, 2)
    assert {variant.resources.gpus for variant in found.variants} == {1}


@pytest.mark.parametrize("name", OF_PHOTOGRAPHS)
def test_a_data_set_of_the_paper_is_read_by_every_decoder_with_the_papers_flip_test(name):
    readings = read_by(study(name))
    assert all(reading.endswith(", flip test, shifted 1 cell") for reading in readings)
    assert {f"{kernel}, flip test, shifted 1 cell" for kernel in KERNELS} <= set(readings)


@pytest.mark.parametrize("name", OF_PHOTOGRAPHS)
def test_small_maps_learn_longer_and_nothing_else_depends_on_the_size(name):
    epochs = [variant.recipe.epochs for variant in study(name).variants]
    assert epochs == [100] * 4 + [300] * 6
    assert len({(variant.recipe.batch_size, variant.recipe.optimizer) for variant in study(name).variants}) == 1


def test_every_data_set_of_the_paper_is_cropped_and_augmented_as_its_literature_does():
    def ways(name: str):
        return {(variant.recipe.crop, variant.recipe.augmentation) for variant in study(name).variants}

    usual, of_coco = AUGMENTATIONS["keyposs"], AUGMENTATIONS["keyposs_coco"]
    assert ways("keyposs_wflw") == ways("keyposs_300w") == {(Crop(), usual)}
    assert ways("keyposs_aflw19") == {(CONVENTIONS["aflw"], usual)}
    assert ways("keyposs_coco_wholebody") == {(CONVENTIONS["coco_wholebody"], of_coco)}


def test_the_private_test_of_300w_is_of_the_networks_of_the_full_test_and_of_no_face_that_they_saw():
    full, private = study("keyposs_300w"), study("keyposs_300w_private")
    assert [trial for _, trial in private.trials()] == [trial for _, trial in full.trials()]
    assert [(one.split, one.read_by) for one in private.evaluations] == [
        (one.split, one.read_by) for one in full.evaluations
    ]
    # Validation faces are those of training's own data, so that the same kernel is chosen for both tests.
    elsewhere = Ibug300w(protocol="private_3148")
    assert {(one.split, one.data) for one in private.evaluations} == {("test", elsewhere), ("val", None)}


def test_the_faces_whose_eyes_can_meet_are_not_selected_by_the_eyes_distance():
    assert {variant.recipe.monitor for variant in study("keyposs_aflw19").variants} == {"val_mse"}
    assert {variant.recipe.monitor for variant in study("keyposs_wflw").variants} == {"val_nme_io"}


def test_rendered_faces_and_videos_have_the_sizes_that_two_cores_can_train():
    def sizes(name: str):
        return sorted({variant.method.heatmap_size for variant in study(name).variants})

    assert sizes("keyposs_synthetic") == [4, 8]
    assert sizes("keyposs_ytf68") == [4, 8, 16]
    assert {variant.resources.gpus for variant in study("keyposs_synthetic").variants} == {0}


def test_no_study_of_the_paper_is_forgotten_here():
    tested = {*OF_TRUTH, *OF_PHOTOGRAPHS, "keyposs_synthetic", "keyposs_ytf68"}
    assert tested == {name for name in study_names() if name.startswith("keyposs_")}
