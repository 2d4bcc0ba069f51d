"""What a table says of its own numbers: worked out by hand, or by an obvious slower way."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import wilcoxon

from reports import cells, labels
from reports.document import Cell, Row, Table
from reports.judging import judged
from reports.query import Results
from tests.reports.conftest import FakeLedger

NME, FR = (labels.column(name, "test") for name in ("nme_io", "fr_io_8"))
PERSONS = 12  # two images each
BASE = np.random.default_rng(0).uniform(0.04, 0.12, 2 * PERSONS)
BETTER, WORSE = BASE - 0.01, BASE + 0.01


def add(ledger: FakeLedger, label: str, per_seed, baseline: bool = False) -> None:
    def values(errors: np.ndarray) -> dict[str, float]:
        return {"nme_io": float(errors.mean()), "fr_io_8": float((errors > 0.08).mean())}

    ledger.add_seeds("demo", label, per_seed, baseline=baseline, values=values)


def table_of(ledger: FakeLedger, *columns) -> tuple[Table, Results]:
    results = Results(ledger)
    columns = columns or (NME,)
    rows = cells.study_rows(results, "demo", columns)
    return judged(results, Table(name="t", title="T", caption="C", columns=columns, rows=rows)), results


def seeds(errors: np.ndarray, num: int = 3) -> list[np.ndarray]:
    """Of which each is a little worse than the one before, everywhere alike."""
    return [errors + 0.0002 * seed for seed in range(num)]


def by_label(table: Table, place: int = 0) -> dict[str, Cell]:
    return {row.label: row.cells[place] for row in table.rows}


def test_a_number_that_surely_differs_from_the_baseline_is_marked(ledger):
    add(ledger, "plain", seeds(BASE), baseline=True)
    add(ledger, "better", seeds(BETTER))
    add(ledger, "worse", seeds(WORSE))
    table, _ = table_of(ledger)
    # 12 persons of one sign: p = 2/2¹², and twice that for two comparisons.
    assert {label: cell.marks for label, cell in by_label(table).items()} == {
        "plain": (), "better": ("†",), "worse": ("†",)
    }  # fmt: skip
    (note,) = table.notes
    assert note.mark == "†" and "2 comparisons" in note.text and "p < 0.05" in note.text


def test_fewer_than_three_seeds_get_no_mark(ledger):
    add(ledger, "plain", seeds(BASE, 2), baseline=True)
    add(ledger, "better", seeds(BETTER, 2))
    table, _ = table_of(ledger)
    assert by_label(table)["better"].marks == () and table.notes == ()


def test_seeds_that_disagree_get_no_mark_however_small_p_is(ledger):
    add(ledger, "plain", [BASE, BASE, BASE], baseline=True)
    add(ledger, "lucky twice", [BASE - 0.02, BASE - 0.02, BASE + 0.001])
    table, _ = table_of(ledger)
    assert by_label(table)["lucky twice"].marks == ()
    assert table.notes[0].text.startswith("No number differs from the baseline")


def test_p_is_corrected_for_all_comparisons_of_the_table(ledger):
    # 11 of 12 persons better by rising amounts, the smallest worse: W = 1 of 2¹² sign patterns, p = 4/2¹² = .00098.
    # Against 60 columns of one metric .00098·60 = .059 is no longer below .05, against 40 it is.
    amounts = np.repeat(np.arange(1, PERSONS + 1), 2) * 0.001
    signs = np.where(amounts == 0.001, 1.0, -1.0)
    add(ledger, "plain", seeds(BASE), baseline=True)
    add(ledger, "mostly better", seeds(BASE + signs * amounts))
    assert wilcoxon(signs[::2] * amounts[::2]).pvalue == pytest.approx(4 / 2**12)
    for num, marks in ((40, ("†",)), (60, ())):
        table, _ = table_of(ledger, *[NME] * num)
        assert by_label(table)["mostly better"].marks == marks


def test_what_no_test_tells_from_the_best_is_bold_with_it(ledger):
    noise = np.tile([0.004, 0.004, -0.0039, -0.0039], PERSONS // 2)  # by person: up, down, up, …
    add(ledger, "plain", seeds(BASE), baseline=True)
    add(ledger, "as good", seeds(BASE + noise))
    add(ledger, "worse", seeds(WORSE))
    add(ledger, "worst", seeds(WORSE + 0.01))
    table, _ = table_of(ledger)
    assert {label: cell.rank for label, cell in by_label(table).items()} == {
        "plain": "best", "as good": "best", "worse": "second", "worst": ""
    }  # fmt: skip
    assert "does not tell from it" in table.legend


def test_without_images_numbers_tie_as_they_print(three_seeds):
    results = three_seeds({"plain": [0.07, 0.07, 0.07], "better": [0.06, 0.06, 0.06]})
    rows = cells.study_rows(results, "demo", (NME,))
    table = judged(results, Table(name="t", title="T", caption="C", columns=(NME,), rows=rows))
    assert {label: cell.rank for label, cell in by_label(table).items()} == {"plain": "", "better": "best"}
    assert table.legend == "the best of our rows on the same data, by what is printed" and table.notes == ()


def test_an_interval_is_that_of_persons_drawn_again(ledger):
    add(ledger, "plain", seeds(BASE, 1), baseline=True)
    add(ledger, "worse", seeds(WORSE, 1))
    table, _ = table_of(ledger, NME, FR)
    generator = np.random.default_rng(5)
    by_person = BASE.reshape(PERSONS, 2).mean(axis=1)
    means = [by_person[generator.integers(0, PERSONS, PERSONS)].mean() for _ in range(20_000)]
    assert by_label(table)["plain"].interval == pytest.approx(np.quantile(means, [0.025, 0.975]), abs=3e-4)
    low, high = by_label(table)["plain"].interval
    assert by_label(table)["worse"].interval == pytest.approx((low + 0.01, high + 0.01))  # by the same draws
    failing = (BASE > 0.08).reshape(PERSONS, 2).mean(axis=1)
    means = [failing[generator.integers(0, PERSONS, PERSONS)].mean() for _ in range(20_000)]
    assert by_label(table, 1)["plain"].interval == pytest.approx(np.quantile(means, [0.025, 0.975]), abs=0.02)
    assert [note.mark for note in table.notes] == ["[ ]"]


def test_differences_and_published_numbers_are_neither_tested_nor_ranked(ledger):
    add(ledger, "plain", seeds(BASE), baseline=True)
    add(ledger, "better", seeds(BETTER))
    results = Results(ledger)
    columns = (replace(NME, difference=True),)
    published = Cell(value=0.01, unit=NME.unit, protocol="300W", source="literature", differs="another split")
    ours = cells.study_rows(results, "demo", columns)
    rows = (Row(label="published", cells=(published,), source="literature"), *ours)
    table = judged(results, Table(name="t", title="T", caption="C", columns=columns, rows=rows))
    assert [row.cells[0].rank for row in table.rows] == ["", "", ""]
    assert [row.cells[0].marks for row in table.rows] == [("‡",), (), ()]
    assert table.notes[0].text == "Measured in another way than ours: another split."


def test_a_cell_names_the_commits_of_its_trials(ledger):
    add(ledger, "plain", seeds(BASE), baseline=True)
    for row, (commit, is_dirty) in zip(
        ledger.rows["trials"], [("a" * 40, False), ("b" * 40, True), ("a" * 40, False)], strict=True
    ):
        row |= {"git_commit": commit, "git_dirty": is_dirty}
    table, _ = table_of(ledger)
    assert by_label(table)["plain"].commits == ("a" * 12, "b" * 12 + "+")


def test_a_table_of_very_many_rows_is_not_tested(ledger):
    add(ledger, "plain", seeds(BASE), baseline=True)
    results = Results(ledger)
    (row,) = cells.study_rows(results, "demo", (NME,))
    table = judged(results, Table(name="t", title="T", caption="C", columns=(NME,), rows=(row,) * 60))
    assert table.rows[0].cells[0].interval is None
    assert "images" not in ledger.reads


def test_a_mean_that_a_few_persons_decide_against_most_is_not_sure(ledger):
    # Lower for ten persons of twelve, and so much higher for two that its mean is: ranks contradict the mean.
    change = np.repeat([-0.005] * 10 + [0.3] * 2, 2)
    add(ledger, "plain", seeds(BASE), baseline=True)
    add(ledger, "mostly lower", seeds(BASE + change))
    add(ledger, "worse", seeds(BASE + 0.5))
    table, _ = table_of(ledger)
    assert {label: (cell.rank, cell.marks) for label, cell in by_label(table).items()} == {
        "plain": ("best", ()), "mostly lower": ("best", ()), "worse": ("second", ("†",))
    }  # fmt: skip


def test_three_seeds_of_which_two_are_in_common_get_no_mark(ledger):
    add(ledger, "plain", seeds(BASE), baseline=True)
    add(ledger, "better", seeds(BETTER))
    for row in ledger.rows["studies"]:
        if row["label"] == "better" and row["seed"] == 2:
            row["seed"] = 7
    table, _ = table_of(ledger)
    assert by_label(table)["better"].seeds == (0, 1, 7) and by_label(table)["better"].marks == ()


def test_a_test_on_common_seeds_that_contradicts_the_printed_means_tells_nothing(ledger):
    add(ledger, "three seeds", [BASE + 0.02, BASE - 0.03, BASE - 0.03], baseline=True)
    add(ledger, "one seed", [BASE + 0.01])  # lower by that seed, higher as it is printed
    add(ledger, "worse", [BASE + 0.5])
    table, _ = table_of(ledger)
    assert {label: cell.rank for label, cell in by_label(table).items()} == {
        "three seeds": "best", "one seed": "best", "worse": "second"
    }  # fmt: skip


def test_numbers_of_other_images_are_not_tested(ledger):
    add(ledger, "plain", seeds(BASE), baseline=True)
    add(ledger, "half", seeds(BETTER[:12]))
    table, _ = table_of(ledger)
    assert by_label(table)["half"].marks == () and by_label(table)["plain"].rank == ""


def test_a_legend_says_of_which_columns_nothing_could_be_tested(ledger):
    mse = labels.column("mse", "test")
    for label, error in (("plain", 0.0), ("worse", 0.01)):
        values = lambda errors: {"nme_io": float(errors.mean()), "mse": float((errors**2).mean())}  # noqa: E731
        ledger.add_seeds("demo", label, seeds(BASE + error), baseline=label == "plain", values=values)
    table, _ = table_of(ledger, NME, mse)
    assert table.legend.endswith("does not tell from it (of MSE by what is printed)")


def test_perturbed_faces_are_no_rivals_of_faces_as_they_are(ledger):
    add(ledger, "plain", seeds(BASE), baseline=True)
    ledger.add_seeds("demo", "blurred", seeds(WORSE), perturbation="blur")
    study = Results(ledger).study("demo")
    rows = [
        cells.variant_row(study, variant, (NME,), perturbation=how)
        for variant, how in zip(study.variants, ("", "blur"), strict=True)
    ]
    table = judged(Results(ledger), Table(name="t", title="T", caption="C", columns=(NME,), rows=tuple(rows)))
    assert [row.cells[0].rank for row in table.rows] == ["", ""] and table.notes == ()
    assert [row.cells[0].protocol.endswith("; blur") for row in table.rows] == [False, True]
