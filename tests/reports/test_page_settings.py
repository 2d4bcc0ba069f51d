"""In which settings the variants of a study differ, as the page shows it."""

import json

from reports import html
from reports.document import Page, Section, Settings
from reports.query import Results
from reports.settings import differences


def declared(ledger, label, seeds=(0,), study="demo", baseline=False, **plain):
    """Finished trials of a variant that declare `plain`, each with its own seed."""
    for seed in seeds:
        trial = ledger.declare(study, label, seed, baseline=baseline)
        ledger.trial(trial, seed, config=json.dumps({"kind": "Trial", "seed": seed, **plain}))


def loss(kind, **settings):
    return {"kind": "resnet18", "width": 32, "loss": {"kind": kind, **settings}}


def test_only_settings_that_differ_are_named_by_their_paths(ledger):
    declared(ledger, "plain", method=loss("mse"), recipe={"lr": 0.001, "flip": 0.0}, seeds=(0, 1))
    declared(ledger, "flipped", method=loss("mse"), recipe={"lr": 0.001, "flip": 0.5}, seeds=(1, 2))
    found = differences(Results(ledger).study("demo"))
    assert found == Settings(labels=("plain", "flipped"), values=(("recipe.flip", ("0", "0.5")),))


def test_values_are_in_words_and_the_baseline_comes_first(ledger):
    for label, value in (("a", [1, 2]), ("b", None), ("c", True), ("d", False), ("e", 30.0), ("f", [])):
        declared(ledger, label, method={"kind": "x"}, recipe={"axis": value}, baseline=label == "e")
    found = differences(Results(ledger).study("demo"))
    assert found.labels == ("e", "a", "b", "c", "d", "f")
    assert found.values == (("recipe.axis", ("30", "1, 2", "off", "yes", "no", "none")),)


def test_a_setting_that_some_lack_counts_where_the_others_differ_in_it_and_stands_below_its_own(ledger):
    declared(ledger, "mse", method=loss("mse"), recipe={"lr": 0.1})
    declared(ledger, "wing", method=loss("wing", width=10.0, curvature=2.0), recipe={"lr": 0.2})
    declared(ledger, "wide wing", method=loss("wing", width=20.0, curvature=2.0), recipe={"lr": 0.2})
    assert differences(Results(ledger).study("demo")).values == (
        ("method.loss", ("mse", "wing", "wing")),
        ("method.loss.width", ("", "10", "20")),
        ("recipe.lr", ("0.1", "0.2", "0.2")),
    )


def test_a_stage_stands_for_its_method_and_its_seed_does_not_count(ledger):
    for label, epochs, seed in (("short", 1, 0), ("long", 9, 1)):
        stage = {"kind": "Trial", "method": {"kind": "dhln"}, "recipe": {"epochs": epochs}, "seed": seed}
        declared(ledger, label, method={"kind": "sht"}, starts_from=[stage])
    declared(ledger, "alone", method={"kind": "sht"}, starts_from=[])
    assert differences(Results(ledger).study("demo")).values == (
        ("starts_from", ("dhln", "dhln", "none")),
        ("starts_from.1.recipe.epochs", ("1", "9", "")),
    )


def test_nothing_is_shown_where_nothing_differs_or_less_than_two_variants_are_known(ledger):
    declared(ledger, "one", method={"kind": "x"})
    ledger.declare("demo", "not run", 0)
    assert differences(Results(ledger).study("demo")) is None
    declared(ledger, "same", method={"kind": "x"})
    assert differences(Results(ledger).study("demo")) is None


def test_two_hundred_variants_of_a_study_take_one_reading(ledger):
    for place in range(200):
        recipe = {f"setting_{number}": number for number in range(60)} | {"lr": place}
        declared(ledger, f"variant {place}", seeds=(0, 1, 2), method=loss("mse"), recipe=recipe)
    study = Results(ledger).study("demo")
    ledger.reads.clear()
    found = differences(study)
    assert ledger.reads == ["trials"]
    assert len(found.labels) == 200


def page_with(settings):
    return html.page(Page(title="", updated="", sections=(Section(name="a", title="a", settings=settings),)), {})


def test_of_very_many_variants_the_page_shows_some_and_says_so():
    labels = tuple(f"variant-{place:03}" for place in range(200))
    page = page_with(Settings(labels=labels, values=(("recipe.lr", labels),)))
    assert labels[59] in page
    assert labels[60] not in page
    assert "The first 60 of 200 variants" in page


def test_what_there_is_more_of_goes_down_the_page():
    of_two = tuple((f"path_{place}", ("1", "2")) for place in range(3))
    assert page_with(Settings(labels=("a", "b"), values=of_two)).count('<th scope="row" class="label">') == 3
    of_three = (("path", ("1", "2", "3")),)
    assert page_with(Settings(labels=("a", "b", "c"), values=of_three)).count('<th scope="row" class="label">') == 3
