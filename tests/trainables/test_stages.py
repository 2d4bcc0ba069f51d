"""Stages are checked before anything starts: what they train, and in which sizes."""

import dataclasses
import re

import pytest
import torch

from trainables.datasets.synthetic import Synthetic
from trainables.methods.dhln import Dhln
from trainables.methods.dvit import DVit
from trainables.methods.fptn import Fptn
from trainables.pose_transfer import PoseTransfer
from trainables.stages import mistakes_of_stages, united
from trainables.trial import Trial

TRANSFER = PoseTransfer(width=4, blocks=2)
DHLN = Dhln(input_size=64, width=16, face_width=8, blocks=1)
ALONE = Trial(method=DHLN, data=Synthetic())
POSES = Trial(method=Fptn(input_size=64, transfer=TRANSFER), data=Synthetic(), recipe=Fptn.recipes()["paper"])


def joint(*stages: Trial, **settings) -> Trial:
    method = dataclasses.replace(DHLN, transfer=TRANSFER, **settings)
    return Trial(method=method, data=Synthetic(), recipe=Dhln.recipes()["joint"], starts_from=stages)


def test_stages_that_train_all_parts_are_right_in_any_order():
    for right in (joint(ALONE, POSES), joint(POSES, ALONE), joint(joint(ALONE, POSES)), ALONE):
        assert mistakes_of_stages(right) == []


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (joint(ALONE), r"have not trained transfer\.appearance, transfer\.generator, transfer\.shape"),
        (joint(POSES), r"have not trained network\.attend"),
        (joint(ALONE, POSES, width=32), r"network\.landmarks.* other sizes than here"),
        (joint(ALONE, ALONE), "parts of the same name"),
        (dataclasses.replace(ALONE, starts_from=(joint(ALONE, POSES),)), r"have transfer\.appearance"),
    ],
)
def test_other_stages_are_mistakes_and_the_message_names_what_is_missing_or_too_much(wrong, words):
    (mistake,) = mistakes_of_stages(wrong)
    assert re.search(words, mistake)
    assert mistakes_of_stages(joint(wrong))[0] == mistake  # told also of what comes after it


def test_a_network_that_cannot_be_built_without_numbers_is_not_checked():
    assert mistakes_of_stages(Trial(method=DVit(), data=Synthetic(), starts_from=(ALONE,))) == []


def test_parts_of_several_stages_come_together():
    one, other = torch.zeros(1), torch.ones(2)
    assert united([{"a": one}, {"b": other}]) == {"a": one, "b": other}
