"""Reports cannot import perturbations or studies; here the words that both use are compared."""

from reports import hrmlff, perturbations
from trainables.transforms.perturb import LEVELS
from trainables.trial import Evaluation


def test_every_perturbation_has_a_kind_and_each_level_a_name_of_its_own():
    for levels in LEVELS.values():
        found = [perturbations.perturbed(level.describe()) for level in levels]
        assert {one.kind for one in found} <= set(perturbations.KINDS.values())
        assert len({one.kind for one in found}) == 1
        assert len({one.level for one in found}) == len(levels)


def test_the_last_weights_are_called_as_an_evaluation_calls_them():
    assert Evaluation(weights="last").read_by == hrmlff.LAST_WEIGHTS
