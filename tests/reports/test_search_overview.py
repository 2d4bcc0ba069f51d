"""What a search found, in words and numbers: by validation, and trained anew."""

import pytest

from reports import latex, search_confirmation
from reports.query import Results
from reports.tables import search_overview
from tests.reports.printing import printed
from tests.reports.searches import NME, OFF, OPERATIONS, Tried, add_search, confirm, finished, stopped

IMAGES = 12  # two of each person
WIDE = {**OFF, "method.loss.line_width": 2.0}


def build(ledger):
    return search_overview.build(Results(ledger), "search_demo")


def errors(mean, *shifts):
    """For each seed the error of each image; what differs between seeds is the same for all images."""
    return [[mean + shift + place / 1000 for place in range(IMAGES)] for shift in shifts]


@pytest.fixture
def searched(ledger):
    add_search(ledger, [finished(0.06), finished(0.05, WIDE), stopped(0.09), Tried(state="failed")], budget=6)
    return ledger


def test_the_caption_counts_trials_by_state(searched):
    assert "Search of 6 trials: 2 finished, 1 stopped early, 1 failed, 2 left." in build(searched).caption


def test_before_it_is_confirmed_the_best_point_says_what_tests_it(searched):
    table = build(searched)
    assert table.finding == (
        "Not confirmed yet: point 1 is the best on validation faces, “marksweep run search_demo” tests it."
    )
    assert table.commands == ("marksweep run search_demo",)
    assert printed(table, "default", "Validation NME io").text == "6.00"
    best = printed(table, "best found", "Validation NME io")
    assert (best.text, best.marks) == ("5.00", ("a",))
    assert "because it was chosen" in table.notes[0].text
    assert table.rows[1].detail == "point 1: method.loss.line_width 2, recipe.curriculum off"


def test_what_is_better_on_every_person_is_better(searched):
    default, best = errors(0.060, 0.0, 0.002, -0.002), errors(0.056, 0.0, 0.002, -0.001)
    confirm(searched, {"default": ("variant 0", default), "best found": ("variant 1", best)})
    table = build(searched)
    # by seed −.4, −.4, −.3: mean −.3667, sd .0577; every image moves alike, so the interval has no width
    assert table.finding == (
        "Better: point 1 changes the test NME io of the default by −0.37 pp, lower by 3 of 3 seeds; 95 % interval over "
        "persons −0.37 to −0.37 pp."
    )
    seeds = "Trained anew, over seeds"
    assert printed(table, "default", "NME io", seeds).text == "6.55 ± 0.20"  # 6.00 and the mean of 0 to 11 permille
    assert printed(table, "best found", "Δ NME io", seeds).text == "−0.37 ± 0.06"
    assert printed(table, "best found", "persons", "By photograph, over persons").text == "6"


@pytest.mark.parametrize(("sign", "word"), [(1, "Worse"), (0, "No evidence of improvement")])
def test_what_is_worse_or_no_better_than_chance_says_so(searched, sign, word):
    default = errors(0.060, 0.0, 0.001)
    shift = {place: sign * 0.01 + (0.004 if place % 4 < 2 else -0.004) for place in range(IMAGES)}
    best = [[error + shift[place] for place, error in enumerate(seed)] for seed in default]
    confirm(searched, {"default": ("variant 0", default), "best found": ("variant 1", best)})
    assert build(searched).finding.startswith(f"{word}: point 1 ")


def test_seeds_that_disagree_are_no_evidence_however_sure_the_photographs_are(searched):
    default, best = errors(0.060, 0.0, 0.0, 0.0), errors(0.060, -0.02, -0.02, 0.001)
    confirm(searched, {"default": ("variant 0", default), "best found": ("variant 1", best)})
    assert build(searched).finding == (
        "No evidence of improvement: point 1 changes the test NME io of the default by −1.30 pp, lower by 2 of 3 "
        "seeds; 95 % interval over persons −1.30 to −1.30 pp."
    )


def test_a_search_that_goes_on_and_finds_better_is_not_confirmed_any_more(ledger):
    add_search(ledger, [finished(0.06), finished(0.05, WIDE), finished(0.04)])
    confirm(ledger, {"default": ("variant 0", errors(0.06, 0.0)), "best found": ("variant 1", errors(0.05, 0.0))})
    table = build(ledger)
    assert table.finding.startswith("Not confirmed yet: point 2 ")
    assert table.rows[1].cells[1].command == "marksweep run search_demo"


def test_a_default_that_nothing_beats_stands_alone(ledger):
    add_search(ledger, [finished(0.05), finished(0.06, WIDE)])
    confirm(ledger, {"default": ("variant 0", errors(0.06, 0.0))})
    table = build(ledger)
    assert [row.label for row in table.rows] == ["default"]
    assert table.finding == "No trial of the search is better than the default on validation faces."


def test_a_best_point_of_another_study_is_confirmed_all_the_same(searched):
    found = {"default": ("variant 0", errors(0.06, 0.0, 0.0)), "best found": ("elsewhere", errors(0.05, 0.0, 0.0))}
    confirm(searched, found)
    table = build(searched)
    assert table.finding.startswith("Better: a trial of another study changes")
    assert table.rows[1].detail == "a trial of another study"


def test_several_objectives_have_a_column_each_and_the_best_is_by_the_first(ledger):
    points = [finished(0.06, macs=2_000_000_000), finished(0.05, WIDE, macs=3_000_000_000)]
    add_search(ledger, points, objectives=(NME, OPERATIONS))
    table = build(ledger)
    assert printed(table, "best found", "Operations").text == "3.00"
    assert table.rows[1].detail.startswith("point 1: ")


def test_a_default_that_was_stopped_early_has_no_value(ledger):
    add_search(ledger, [stopped(0.2), finished(0.06, WIDE)])
    assert printed(build(ledger), "default", "Validation NME io").text == "stopped early"


def test_paths_with_underscores_are_escaped_in_latex(searched):
    written = latex.render(build(searched))
    assert r"method.loss.line\_width 2, recipe.curriculum off" in written
    assert r"search\_demo" in written
    assert "line_width" not in written


def test_without_photographs_there_is_no_evidence(searched):
    for label, variant in (("default", "variant 0"), ("best found", "variant 1")):
        confirm(searched, {label: (variant, errors(0.06, 0.0))})
    searched.rows["images"].clear()
    study = Results(searched).study("search_demo")
    found = search_confirmation.confirmation(study, study.search)
    assert search_confirmation.verdict(study, study.search, found).startswith("No evidence of improvement: point 1 ")


def test_a_study_that_is_no_search_has_no_such_table(three_seeds):
    assert search_overview.build(three_seeds({"plain": [0.07]}), "demo") is None
