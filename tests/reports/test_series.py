"""Colours of variants."""

from reports.series import numbered


def test_a_study_takes_the_first_colours_in_its_own_order():
    assert numbered({"a": ["x", "y", "y", "z"]}) == {("a", "x"): 0, ("a", "y"): 1, ("a", "z"): 2}


def test_a_method_looks_the_same_in_every_study():
    found = numbered({"a": ["HR-MLFF", "HRNet", "FAN"], "b": ["FAN", "new", "HR-MLFF"]})
    assert [found["b", label] for label in ("FAN", "new", "HR-MLFF")] == [2, 1, 0]


def test_no_two_variants_of_a_study_share_a_colour_and_none_is_skipped():
    found = numbered({"a": ["p", "q"], "b": ["r", "s"], "c": ["s", "q", "t"], "d": ["q"]})
    assert sorted(found["c", label] for label in "sqt") == [0, 1, 2]
    assert found["c", "s"] == 1 and found["c", "q"] != 1  # both wanted 1
    assert found["d", "q"] == 0
