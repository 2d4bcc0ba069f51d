"""The landmark schemes keep the published counts and normalisers."""

import pickle

import pytest

from trainables.schemes import SCHEMES, Scheme

PAIRS_AND_FIXED = {"68": (29, 10), "98": (44, 10), "29": (11, 7), "19": (8, 3), "106": (48, 10)}


@pytest.mark.parametrize("name", PAIRS_AND_FIXED)
def test_a_scheme_has_the_expected_number_of_pairs_and_midline_points(name):
    scheme = SCHEMES[name]
    assert (len(scheme.flip_pairs), len(scheme.fixed)) == PAIRS_AND_FIXED[name]
    assert 2 * len(scheme.flip_pairs) + len(scheme.fixed) == scheme.num_landmarks == int(name)


@pytest.mark.parametrize("name", SCHEMES)
def test_flipping_twice_changes_nothing(name):
    permutation = SCHEMES[name].flip_permutation
    assert sorted(permutation) == list(range(len(permutation)))
    assert [permutation[source] for source in permutation] == list(range(len(permutation)))


def test_the_midline_of_68_is_chin_nose_and_lips():
    assert SCHEMES["68"].fixed == (8, 27, 28, 29, 30, 33, 51, 57, 62, 66)


def test_the_midline_of_98_is_chin_nose_and_lips():
    assert SCHEMES["98"].fixed == (16, 51, 52, 53, 54, 57, 79, 85, 90, 94)


def test_the_midlines_of_29_and_19_are_those_of_the_table():
    assert SCHEMES["29"].fixed == (20, 21, 24, 25, 26, 27, 28)
    assert SCHEMES["19"].fixed == (13, 16, 18)


@pytest.mark.parametrize("name", SCHEMES)
def test_the_eyes_mirror_into_each_other(name):
    scheme = SCHEMES[name]
    left, right = scheme.outer_eye_corners
    assert scheme.flip_permutation[left] == right
    left_pupil, right_pupil = scheme.pupils
    assert sorted(scheme.flip_permutation[index] for index in left_pupil) == sorted(right_pupil)


@pytest.mark.parametrize("name", SCHEMES)
def test_every_part_mirrors_onto_itself(name):
    scheme = SCHEMES[name]
    for indices in scheme.parts.values():
        assert {scheme.flip_permutation[index] for index in indices} == set(indices)


@pytest.mark.parametrize("name", SCHEMES)
def test_a_scheme_survives_pickling_and_is_hashable(name):
    scheme = SCHEMES[name]
    assert pickle.loads(pickle.dumps(scheme)) == scheme
    assert hash(scheme) == hash(pickle.loads(pickle.dumps(scheme)))


def test_a_scheme_refuses_an_index_out_of_range_and_says_which():
    with pytest.raises(ValueError, match=r"flip_pairs names landmarks \[3\]"):
        Scheme(
            name="tiny",
            num_landmarks=3,
            flip_pairs=((0, 3),),
            outer_eye_corners=(0, 1),
            pupils=((0,), (1,)),
            parts={"all": (0, 1, 2)},
        )


def test_a_scheme_refuses_a_landmark_that_is_in_no_part():
    with pytest.raises(ValueError, match=r"landmarks \[2\] are in no part"):
        Scheme(
            name="tiny",
            num_landmarks=3,
            flip_pairs=((0, 1),),
            outer_eye_corners=(0, 1),
            pupils=((0,), (1,)),
            parts={"all": (0, 1)},
        )
