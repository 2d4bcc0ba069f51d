"""A study is variants × seeds; every study of the project can be read and says what it asks."""

import ast
import dataclasses

import pytest

from search_spaces.loading import load_study
from search_spaces.study import STUDIES, Study, study_names, study_path
from search_spaces.variants import Variant
from trainables.codecs.dark import Dark
from trainables.codecs.gauss_newton import GaussNewton
from trainables.codecs.gaussian import Gaussian
from trainables.codecs.multilateration import Multilateration
from trainables.codecs.one_hot import OneHot
from trainables.codecs.soft_argmax import SoftArgmax
from trainables.codecs.two_hot import TwoHot
from trainables.config import ConfigError
from trainables.datasets.synthetic import Synthetic
from trainables.methods.hrnet import Hrnet
from trainables.methods.keyposs import KeyPosS
from trainables.methods.mean_shape import MeanShape
from trainables.trial import Evaluation

A = Variant(method=MeanShape(), data=Synthetic(), label="a")
B = dataclasses.replace(A, label="b")


def test_a_study_has_a_trial_for_each_seed_and_variant_with_the_seeds_outermost():
    trials = Study(question="Which?", variants=(A, B), seeds=(0, 2)).trials()
    assert [(variant.label, trial.seed) for variant, trial in trials] == [("a", 0), ("b", 0), ("a", 2), ("b", 2)]


def test_adding_a_seed_keeps_the_trials_there_were():
    def trials(*seeds: int):
        return Study(question="Which?", variants=(A, B), seeds=seeds).trials()

    assert trials(0, 1, 2)[:4] == trials(0, 1)


def test_a_study_has_one_seed_and_is_measured_on_test_unless_it_says_otherwise():
    study = Study(question="Which?", variants=(A,))
    assert study.seeds == (0,)
    assert study.evaluations == (Evaluation(split="test"),)


def test_two_variants_of_one_name_are_a_mistake():
    with pytest.raises(ConfigError, match=r"two variants are called 'a'\. Give each a label of its own"):
        Study(question="Which?", variants=(A, B, A))


def test_two_variants_without_a_name_are_a_mistake():
    unnamed = dataclasses.replace(A, label="")
    with pytest.raises(ConfigError, match="two variants are called ''"):
        Study(question="Which?", variants=(unnamed, unnamed))


def test_a_seed_that_occurs_twice_is_a_mistake():
    with pytest.raises(ConfigError, match=r"a seed occurs twice in \(0, 1, 0\)"):
        Study(question="Which?", variants=(A,), seeds=(0, 1, 0))


@pytest.mark.parametrize("given", [{"question": ""}, {"variants": ()}, {"seeds": ()}, {"seeds": (-1,)}])
def test_a_study_needs_a_question_variants_and_seeds_of_at_least_0(given):
    with pytest.raises(ConfigError):
        Study(**{"question": "Which?", "variants": (A,)} | given)


@pytest.mark.parametrize("name", study_names())
def test_every_study_of_the_project_loads_and_asks_its_question(name):
    study = load_study(study_path(name))
    assert study.question.strip().endswith("?")
    if isinstance(study, Study):  # what holds of a search is in test_search_studies.py
        assert study.variants
        assert all(variant.label for variant in study.variants)
        assert len(study.trials()) == len(study.variants) * len(study.seeds)
    page = ast.get_docstring(ast.parse(study_path(name).read_text(encoding="utf-8"))) or ""
    assert len(page.split()) >= 10


def test_the_studies_of_the_project_are_the_files_of_their_folder():
    assert {"demo", "resnet18_ytf68"} <= set(study_names())
    assert set(study_names()) == {path.stem for path in STUDIES.glob("[!_]*.py")}


def test_an_unknown_study_is_answered_with_the_nearest():
    with pytest.raises(ValueError, match=r"No study 'dmeo' in search_spaces/studies/\. Did you mean 'demo'\?"):
        study_path("dmeo")


def test_a_study_of_your_own_is_found_by_its_path(tmp_path, monkeypatch):
    (tmp_path / "mine.py").write_text("")
    assert study_path(str(tmp_path / "mine.py")) == tmp_path / "mine.py"
    monkeypatch.chdir(tmp_path)
    assert study_path("mine.py") == tmp_path / "mine.py"
    with pytest.raises(ValueError, match=r"No study file .*other\.py\. Give the path"):
        study_path("other.py")


def test_a_file_of_ones_own_without_its_ending_is_recognised(tmp_path, monkeypatch):
    (tmp_path / "mine.py").write_text("STUDY = None")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match=r"For your own file write: mine\.py"):
        study_path("mine")


def test_a_decoder_needs_a_method_with_heatmaps():
    evaluations = (Evaluation(), Evaluation(decoder=OneHot(), flip_test="one"))
    with pytest.raises(ConfigError, match=r"a is read by one-hot, flip test.*, but mean_shape has no heatmaps"):
        Study(question="Which?", variants=(A,), evaluations=evaluations)
    Study(question="Which?", variants=(dataclasses.replace(A, method=Hrnet()),), evaluations=evaluations)


@pytest.mark.parametrize("decoder", [Multilateration(kernel=4), GaussNewton()])
def test_a_decoder_reads_heatmaps_of_the_sigma_that_they_are_taught_with(decoder):
    a, name = dataclasses.replace(A, method=Hrnet()), type(decoder).__name__
    message = rf"a learns heatmaps of σ 1\.5, but is read by {name} as if they had σ 2\. Take {name}\(sigma=1\.5\)"
    with pytest.raises(ConfigError, match=message):
        Study(question="Which?", variants=(a,), evaluations=(Evaluation(), Evaluation(decoder=decoder)))
    with pytest.raises(ConfigError, match=message):
        Study(question="Which?", variants=(dataclasses.replace(a, method=Hrnet(decoder=decoder)),))
    fitting = dataclasses.replace(decoder, sigma=1.5)
    taught_alike = dataclasses.replace(a, method=Hrnet(decoder=fitting))
    Study(question="Which?", variants=(taught_alike,), evaluations=(Evaluation(decoder=fitting),))


def test_an_encoder_of_another_sigma_needs_the_methods_own_decoder_changed_too():
    narrow = KeyPosS(encoder=Gaussian(sigma=1.0))
    with pytest.raises(ConfigError, match=r"a learns heatmaps of σ 1, .* Take Multilateration\(sigma=1\)"):
        Study(question="Which?", variants=(dataclasses.replace(A, method=narrow),))


def test_decoders_that_read_any_sigma_and_methods_without_heatmaps_need_not_agree():
    any_sigma = tuple(Evaluation(decoder=decoder) for decoder in (OneHot(), TwoHot(), Dark(), SoftArgmax()))
    read = Study(question="Which?", variants=(dataclasses.replace(A, method=Hrnet()),), evaluations=any_sigma)
    assert read.evaluations_of(read.variants[0]) == any_sigma
    assert Study(question="Which?", variants=(A,)).variants == (A,)
