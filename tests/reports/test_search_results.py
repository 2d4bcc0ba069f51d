"""A search in the ledger: its points apart from what it confirms, their values, the best of them and the front."""

import random

import pytest

from orchestrator.schema import State
from reports.page import build_page
from reports.query import Results
from reports.registry import items
from tests.reports.searches import (
    CURRICULUM,
    DOMAINS,
    NME,
    OFF,
    OPERATIONS,
    Tried,
    add_search,
    confirm,
    finished,
    stopped,
)


def search_of(ledger):
    return Results(ledger).study("search_demo").search


def test_points_of_a_search_are_no_variants_of_its_study(ledger):
    add_search(ledger, [finished(0.06), finished(0.05)])
    confirm(ledger, {"default": ("variant 0", [[0.06, 0.07]])})
    study = Results(ledger).study("search_demo")
    assert [(one.label, one.seeds) for one in study.variants] == [("default", (0,))]
    assert [(one.number, one.label, one.chosen) for one in study.search.points] == [
        (0, "default", OFF),
        (1, "point 1", OFF),
    ]


def test_an_ordinary_study_is_no_search(three_seeds):
    assert three_seeds({"plain": [0.07]}).study("demo").search is None


def test_a_value_is_that_of_the_selected_epoch(ledger):
    add_search(ledger, [Tried(nme=(0.09, 0.05, 0.06), selected=3), finished(float("nan")), Tried(nme=(0.1,))])
    assert [point.values for point in search_of(ledger).points] == [(0.06,), (None,), (None,)]


def test_a_trial_that_was_stopped_has_the_best_value_until_then_and_is_never_the_best(ledger):
    add_search(ledger, [finished(0.08), stopped(0.05, 0.03, 0.04)])
    search = search_of(ledger)
    assert search.points[1].values == (0.03,)
    assert search.best.number == 0


def test_costs_are_columns_of_the_trial_and_what_is_maximised_is_best_where_it_is_largest(ledger):
    objectives = ({"metric": "val_nme_io", "minimize": False}, OPERATIONS)
    points = [finished(0.05, macs=200), Tried(nme=(0.07, 0.09), state="pruned", columns={"macs": 300})]
    add_search(ledger, [*points, finished(0.06, macs=200)], objectives=objectives)
    search = search_of(ledger)
    assert [point.values for point in search.points] == [(0.05, 200.0), (0.09, 300.0), (0.06, 200.0)]
    assert search.best.number == 2
    assert search.best_so_far(0) == ((0, 0.05), (2, 0.06))


def test_the_best_so_far_is_a_running_minimum_of_finished_trials(ledger):
    generator = random.Random(1)
    values = [generator.uniform(0.03, 0.1) for _ in range(40)]
    add_search(ledger, [stopped(value) if number % 3 == 1 else finished(value) for number, value in enumerate(values)])
    lowest, expected = 1.0, []
    for number, value in enumerate(values):
        if number % 3 != 1 and value < lowest:
            lowest = value
            expected.append((number, value))
    assert search_of(ledger).best_so_far(0) == tuple(expected)


def test_the_front_is_all_that_no_other_trial_beats(ledger):
    generator = random.Random(2)
    errors = [generator.randrange(1, 15) for _ in range(40)]
    pairs = [(error / 100, 15 - error + generator.randrange(4)) for error in errors]  # ties, and a trade-off
    points = [finished(nme, macs=macs) for nme, macs in pairs]
    points += [Tried(state="failed"), stopped(0.001)]  # without operations, and not to its end
    add_search(ledger, points, objectives=(NME, OPERATIONS))
    expected = set()
    for number, (nme, macs) in enumerate(pairs):
        no_worse = [pair for pair in pairs if pair[0] <= nme and pair[1] <= macs]
        if set(no_worse) == {(nme, macs)}:  # itself and its equals
            expected.add(number)
    assert len(expected) > 5
    assert {point.number for point in search_of(ledger).front} == expected


def test_points_come_in_the_order_of_asking(ledger):
    add_search(ledger, [finished(0.05), finished(0.06), finished(0.07)])
    ledger.rows["studies"].reverse()
    assert [point.number for point in search_of(ledger).points] == [0, 1, 2]


def test_points_that_the_space_no_longer_has_are_left_out(ledger):
    on, with_epochs = {**OFF, "recipe.curriculum": "on"}, {**OFF, "recipe.curriculum.num_epochs": 3}
    too_wide, unknown = {**OFF, "method.loss.line_width": 11.0}, {**OFF, "recipe.curriculum": "later"}
    points = [OFF, {**on, "recipe.curriculum.num_epochs": 20}, on, with_epochs, too_wide, unknown]
    add_search(ledger, [finished(0.05, chosen) for chosen in points])
    assert [point.number for point in search_of(ledger).points] == [0, 1]


def test_progress_counts_what_was_stopped_early_and_what_the_budget_allows_yet(ledger):
    states = ["finished", "pruned", "failed", "diverged", "running", ""]
    add_search(ledger, [Tried(nme=(0.05,), selected=1, state=state) for state in states], budget=9)
    confirm(ledger, {"default": ("variant 0", [[0.06], [0.07]])})
    progress = Results(ledger).study("search_demo").progress
    assert str(progress) == (
        "3 of 11 trials done, 1 stopped early, 1 running or to resume, 2 failed, 4 to run"
    )  # 9 and two that confirm


def test_a_space_of_choices_is_exhausted_before_its_budget(ledger):
    given = {**CURRICULUM, "given": ["recipe.curriculum", "on"]}
    domains = {"recipe.curriculum": CURRICULUM, "recipe.curriculum.order": given}
    add_search(ledger, [finished(0.05, {"recipe.curriculum": "off"})], domains=domains, budget=50)
    assert search_of(ledger).progress.to_run == 2  # off; on and off; on and on
    add_search(ledger, [finished(0.05)], study="other", budget=50, domains=DOMAINS)
    assert Results(ledger).study("other").search.progress.to_run == 49


def test_what_was_stopped_early_is_resumed_where_a_study_needs_it_whole(ledger):
    ledger.trial(ledger.declare("demo", "plain", 0), 0, State.PRUNED)
    assert str(Results(ledger).study("demo").progress) == "0 of 1 trials done, 1 running or to resume"


def test_failed_points_are_on_the_page_with_what_tries_them_again(ledger):
    add_search(ledger, [finished(0.05), Tried(state="failed", columns={"error": "RuntimeError: too wide"})])
    results = Results(ledger)
    page = build_page(results, items(results), lambda _: None)
    (failure,) = page.failures
    assert (failure.trials, failure.where) == (("trial 1",), ("search_demo / point 1, seed 0",))
    assert "marksweep run search_demo --retry-failed" in page.commands
    assert dict(page.provenance)["Trials"][0].startswith("2, ")


@pytest.mark.parametrize("state", ["", "running", "failed", "pruned"])
def test_a_search_of_which_nothing_has_finished_breaks_no_table_figure_or_page(ledger, state):
    add_search(ledger, [Tried(state=state)], objectives=(NME, OPERATIONS), budget=3)
    results = Results(ledger)
    page = build_page(results, items(results), lambda _: None)
    assert not page.problems
    (section,) = [section for section in page.sections if section.name == "search_demo"]
    assert section.finding == "No trial of the search has finished yet."
    assert [table.name for table in section.tables] == ["search_demo_search_overview"]
    assert not section.figures
