"""Every study's variants against its baseline: hand-worked differences, p and effect."""

import pytest

from reports import labels
from reports.query import Results
from reports.tables import study_comparisons
from tests.reports.conftest import FakeLedger

PERSONS = 6  # two images each
PLAIN = [0.05 + 0.002 * (image // 2) for image in range(2 * PERSONS)]
GAINS = (-0.001, -0.002, -0.003, -0.004, -0.005, 0.006)  # by person


def add(ledger: FakeLedger, label: str, by_person, baseline: bool = False) -> None:
    errors = [error + by_person[image // 2] for image, error in enumerate(PLAIN)]
    per_seed = [[error + 0.001 * seed for error in errors] for seed in range(3)]
    ledger.add_seeds("demo", label, per_seed, baseline=baseline)


@pytest.fixture
def compared(ledger: FakeLedger) -> Results:
    add(ledger, "plain", [0] * PERSONS, baseline=True)
    add(ledger, "mostly better", GAINS)
    add(ledger, "worse", [0.001 * (person + 1) for person in range(PERSONS)])
    return Results(ledger)


def test_each_variant_is_compared_with_the_baseline(compared):
    table = study_comparisons.build(compared, "demo")
    assert table is not None
    shown = {row.row.label: [cell.text for cell in row.cells] for row in labels.printed(table)}
    # Mean gain −.9/6 pp. Ranks 1 to 5 below zero, 6 above: r = (6 − 15)/21; of 2⁶ signs 28 have a smaller sum of at
    # most 6, on either side. "worse": all six above, 2/2⁶, twice that by Holm.
    assert shown["mostly better"][1:2] + shown["mostly better"][5:] == [
        "−0.15 ± 0.00", "0.438", "0.438", "−0.43", "12", "6"
    ]  # fmt: skip
    assert shown["worse"][1:2] + shown["worse"][5:] == ["+0.35 ± 0.00", "0.031", "0.062", "1.00", "12", "6"]


def test_a_study_without_a_baseline_or_photographs_compares_nothing(ledger, three_seeds):
    assert study_comparisons.build(three_seeds({"plain": [0.07] * 3, "other": [0.06] * 3}), "demo") is None
    add(ledger, "alone", GAINS)
    assert study_comparisons.build(Results(ledger), "unknown") is None
