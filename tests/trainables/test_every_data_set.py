"""The contract of a data set: a new file in trainables/datasets/ inherits these tests by existing."""

import importlib

import pytest

from trainables import registry
from trainables.dataset import DataError, Dataset
from trainables.face_cache import prepare
from trainables.schemes import SCHEMES
from trainables.transforms.crop import Crop

datasets = pytest.mark.parametrize("name", registry.dataset_names())


@datasets
def test_every_data_set_is_called_as_its_file_and_states_its_facts(name):
    dataset = registry.find_dataset(name)
    assert isinstance(dataset, Dataset)
    assert dataset.kind == name
    assert dataset.scheme in SCHEMES.values()
    assert dataset.LICENCE.strip()
    assert dataset.TREE.strip()
    assert dataset.TREE.endswith("\n")
    assert type(dataset).VERSION >= 1
    assert {split for together in dataset.COUNTS for split in together.split("+")} <= {"train", "val", "test"}


@datasets
def test_every_data_set_says_in_a_docstring_what_it_is(name):
    module = importlib.import_module(f"trainables.datasets.{name}")
    first = (module.__doc__ or "").partition("\n\n")[0]
    assert len(first.split()) >= 5
    assert first.rstrip().endswith(".")


@datasets
def test_every_tree_names_the_annotation_files(name, tmp_path):
    dataset = registry.find_dataset(name)
    for path in dataset.required(tmp_path):
        assert path.is_relative_to(tmp_path)
        assert path.name in dataset.TREE


@datasets
def test_a_data_set_that_is_absent_says_so_and_shows_the_expected_tree(name, tmp_path):
    dataset = registry.find_dataset(name)
    absent = dataset.missing(tmp_path)
    if not dataset.required(tmp_path):
        assert absent is None
        return
    assert absent is not None
    assert dataset.TREE.rstrip() in absent
    assert str(tmp_path) in absent
    assert "--data-root" in absent
    with pytest.raises(DataError, match="does not exist"):
        prepare(dataset, tmp_path, Crop(), 32, tmp_path / "cache")


def test_an_unknown_data_set_is_answered_with_the_nearest():
    with pytest.raises(ValueError, match=r"No 'ytf86' in trainables/datasets/\. Did you mean 'ytf68'\?"):
        registry.find_dataset("ytf86")
