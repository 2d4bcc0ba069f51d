"""Ten mixed studies end by themselves, beside another cluster, with the right states, and leave nothing behind."""

import json
from pathlib import Path

import pytest

from orchestrator.ledger import Ledger
from tests.orchestrator.ten_studies import MIXED
from tests.orchestrator.test_launch_ray import assert_same, metrics

pytestmark = [pytest.mark.ray, pytest.mark.slow]


@pytest.fixture
def told(ten_studies) -> dict[str, dict]:
    return json.loads((ten_studies / "told.json").read_text())


def rows(folder: Path, study: str) -> dict[str, dict]:
    """Label and seed → what the ledger says of the trial."""
    ledger = Ledger(str(folder / "runs" / study))
    labels = {row["trial"]: f"{row['label']} {row['seed']}" for row in ledger.read("studies").to_pylist()}
    return {labels.get(row["trial"], "stage"): row for row in ledger.read("trials").to_pylist()}


def undisturbed(folder: Path, study: str) -> tuple[dict, dict]:
    """What was measured of those trials of a study that were done without Ray, too: through Ray, and without."""
    alone = metrics(folder / "runs" / f"{study} without Ray")
    return {key: value for key, value in metrics(folder / "runs" / study).items() if key in alone}, alone


def test_no_launch_leaves_a_process_or_a_reservation_behind(told):
    assert {name: each["left"] for name, each in told.items() if each["left"]} == {}
    assert len({name.split()[0] for name in told}) == len(MIXED) == 10


def test_trials_with_other_needs_finish_beside_each_other(ten_studies):
    assert {name: row["state"] for name, row in rows(ten_studies, "shares").items()} == dict.fromkeys(
        ["quarter 0", "two 0"], "finished"
    )


def test_a_group_whose_worker_dies_is_started_again_beside_others(ten_studies):
    found = rows(ten_studies, "workers")
    assert {name: (row["state"], row["attempts"], row["failures"]) for name, row in found.items()} == {
        "alone 0": ("finished", 1, 0),
        "dying 0": ("finished", 2, 1),
    }


def test_a_spent_budget_of_gpu_hours_lets_trials_save_and_go_on_another_time(ten_studies, told):
    assert "of --gpu-hours are spent" in told["budget spent"]["why"]
    # Whatever runs has used up so small a budget when the next one is to start.
    assert {name: (row["state"], row["epochs_run"]) for name, row in rows(ten_studies, "budget spent").items()} == {
        "half 0": ("running", 1)
    }
    assert {
        name: (row["state"], row["attempts"], row["failures"]) for name, row in rows(ten_studies, "budget").items()
    } == {"half 0": ("finished", 2, 0), "half 1": ("finished", 1, 0)}
    assert_same(*undisturbed(ten_studies, "budget"))


def test_mistakes_are_not_tried_again_and_block_only_what_starts_from_them(ten_studies):
    found = rows(ten_studies, "mistakes")
    assert {name: (row["state"], row["attempts"]) for name, row in found.items()} == {
        "bug 0": ("failed", 1),
        "nan 0": ("diverged", 1),
        "stage": ("finished", 1),
        "after good 0": ("finished", 1),
        "greedy 0": ("finished", 2),  # memory is no mistake
    }


def test_a_process_that_dies_once_costs_no_epoch_and_one_that_always_dies_ends(ten_studies):
    found = rows(ten_studies, "deaths")
    assert {name: (row["state"], row["attempts"], row["failures"]) for name, row in found.items()} == {
        "dying 0": ("finished", 2, 1),
        "dead 0": ("failed", 3, 3),
    }
    assert_same(*undisturbed(ten_studies, "deaths"))


def test_a_process_that_dies_between_two_trials_costs_the_next_one_an_attempt_at_most(ten_studies):
    assert (ten_studies / "marks of between" / "dead").exists()
    found = rows(ten_studies, "between")
    assert {name: row["state"] for name, row in found.items()} == dict.fromkeys(
        ["dying 0", "dying 1", "dying 2"], "finished"
    )
    assert sum(row["failures"] for row in found.values()) <= 1


def test_a_search_that_stops_trials_early_spends_its_budget_and_no_more(ten_studies):
    found = rows(ten_studies, "search")
    assert set(found) == {"default 0", *(f"point {number} 0" for number in range(1, 6))}
    assert {row["state"] for row in found.values()} <= {"finished", "pruned"}
    assert {row["epochs_run"] for row in found.values() if row["state"] == "pruned"} <= {1}


def test_what_a_search_gave_up_goes_on_from_there_where_a_study_needs_it_whole(ten_studies):
    early, whole = rows(ten_studies, "given_up early"), rows(ten_studies, "given_up")
    assert {name: (row["state"], row["epochs_run"]) for name, row in early.items()} == {
        "alone 0": ("pruned", 1),
        "two 0": ("pruned", 1),
    }
    assert {(row["state"], row["epochs_run"], row["attempts"], row["failures"]) for row in whole.values()} == {
        ("finished", 3, 2, 0)
    }
    assert_same(*undisturbed(ten_studies, "given_up"))


def test_a_launch_ends_when_trials_fail_of_one_cause(ten_studies, told):
    assert told["one_cause"]["why"] == "2 trials failed of one cause: RuntimeError: this method has a bug"
    assert [row["state"] for row in rows(ten_studies, "one_cause").values()] == ["failed", "failed"]
