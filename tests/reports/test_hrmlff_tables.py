"""Paper 000's tables from a hand-made ledger: which number stands where, and what the notes say."""

import json

import numpy as np
import pytest

from reports import hrmlff, judging, labels, literature, perturbations
from reports.query import Results
from reports.tables import (
    hrmlff_3_significance,
    hrmlff_3a,
    hrmlff_3b,
    hrmlff_3c,
    hrmlff_3d,
    hrmlff_4,
    hrmlff_6,
    hrmlff_data,
    hrmlff_setup,
)
from tests.reports.printing import printed
from trainables import metrics

TABLES = (hrmlff_3a, hrmlff_3b, hrmlff_3c, hrmlff_3d, hrmlff_4, hrmlff_6, hrmlff_data, hrmlff_setup)
STUDY = hrmlff.YTF68.study
NUM_IMAGES = 24  # of twelve persons


def errors(mean: float) -> list[list[float]]:
    """Of two seeds and every image, around a mean: the same pattern for all, so that differences are all alike."""
    return [list(mean + step + np.linspace(-0.01, 0.01, NUM_IMAGES)) for step in (-0.001, 0.001)]


def values(per_image: np.ndarray) -> dict[str, float]:
    return {
        "nme_io": per_image.mean(),
        "nme_ip": 1.4 * per_image.mean(),
        "auc_io_7": metrics.auc(per_image, 0.07),
        "auc_io_10": metrics.auc(per_image, 0.1),
        "fr_io_10": metrics.failure_rate(per_image, 0.1),
        "erroneous_landmarks": metrics.failure_rate(per_image, 0.05),
    }


@pytest.fixture
def ytf68(ledger) -> Results:
    """HR-MLFF with 5 %, HRNet a point worse, and HR-MLFF with changes that make it worse, better, or nothing."""
    means = {
        "HR-MLFF": 0.05,
        "HRNet": 0.06,
        "HR-MLFF, curriculum off": 0.05,
        "HR-MLFF, loss squared error": 0.045,
        "HR-MLFF, fusion off": 0.07,
    }
    for label, mean in means.items():
        method = "hrnet" if label == "HRNet" else "hrmlff"
        ledger.add_seeds(STUDY, label, errors(mean), method=method, baseline=label == "HR-MLFF", values=values)
    return Results(ledger)


def test_networks_stand_below_the_published_ones_and_changes_of_hrmlff_do_not(ytf68):
    table = hrmlff_3a.build(ytf68)
    assert [(row.source, row.label) for row in table.rows] == [
        *(("literature", label) for label in ("HR-MLFF", "HRNet", "FAN", "Stacked hourglass")),
        *(("literature", label) for label in ("HRNetV2-W18 (HRNet repo)", "HRNetV2-W18 two-hot (mmpose 0.x)", "D-ViT")),
        *(("ours", label) for label in ("HR-MLFF", "HRNet")),
    ]
    assert printed(table, "HRNet", "NME io", "Ours", "ytf68 (small networks, few epochs)").text == "6.00 ± 0.14"
    assert printed(table, "HRNet", "NME ip", "Ours", "ytf68 (small networks, few epochs)").text == "8.40 ± 0.20"
    assert printed(table, "HR-MLFF", "NME io", "Ours", "ytf68 (small networks, few epochs)").bold


def test_a_number_without_normaliser_and_protocol_stands_under_all_that_it_may_be_of(ytf68):
    table = hrmlff_3a.build(ytf68)
    for group in ("300W private", "300W full"):
        for column in ("NME io", "NME ip"):
            assert printed(table, "HRNet", column, "Published", group).text == "3.09"
    assert printed(table, "HRNet", "NME io", "Published", "300W full: common").text == labels.MISSING
    assert printed(table, "HRNet", "NME io", "Published", "ytf68 (small networks, few epochs)").text == labels.MISSING


def test_a_study_that_nobody_ran_has_empty_cells_and_its_command(ledger):
    results = Results(ledger)
    for module in TABLES:
        table = module.build(results)
        assert set(table.commands) == {f"marksweep run {study}" for study in module.STUDIES}
        assert table.notes
    assert printed(hrmlff_3a.build(results), "FAN", "NME io", "Ours", "300W private").text == "not run"
    assert hrmlff_3_significance.build(results) is None


def test_every_subset_has_its_own_rows_with_success_and_erroneous_landmarks(ledger, ytf68):
    for label, mean in (("HR-MLFF", 0.08), ("HRNet", 0.10)):
        ledger.add_seeds(STUDY, label, errors(mean), values=values, subset="occluded")
    table = hrmlff_3b.build(Results(ledger))
    shown = [(row.group, row.label) for row in table.rows if "ytf68" in row.group]
    assert shown == [
        (group, label)
        for group in ("Ours: ytf68 (small networks, few epochs)", "Ours: ytf68 (small networks, few epochs), occluded")
        for label in ("HR-MLFF", "HRNet")
    ]
    assert printed(table, "HR-MLFF", "NME io", "occluded").text == "8.00 ± 0.14"
    # Errors of .09 … .11 lie half above .10; one seed has more of them there, the other fewer.
    row = next(row for row in table.rows if row.label == "HRNet" and "occluded" in row.group)
    failures = [metrics.failure_rate(np.array(seed), 0.1) for seed in errors(0.10)]
    assert row.cells[1].seed_values == pytest.approx([1 - one for one in failures])
    assert printed(table, "HRNet", "Success@10", "occluded").number == "50.00"
    whole = {row.label: row for row in table.rows if row.group == "Ours: ytf68 (small networks, few epochs)"}
    # Above 5 % are half of HR-MLFF's errors, and of HRNet's all but two of one seed: .049 and .0499.
    assert whole["HRNet"].cells[3].value == pytest.approx((22 / 24 + 1) / 2 - 0.5)
    assert whole["HR-MLFF"].cells[3].text == labels.MISSING
    assert printed(table, "HR-MLFF", "Δ > 5 %", "Published").text == "2.1 % fewer"


def test_the_published_numbers_of_three_data_sets_carry_their_cautions(ytf68):
    table = hrmlff_3c.build(ytf68)
    assert printed(table, "HR-MLFF", "NME io", "Published", "WFLW").text == "3.19"
    assert printed(table, "HR-MLFF", "NME io", "Published", "WFLW").marks == ("b",)
    for column in ("NME io", "NME ip"):
        assert printed(table, "HR-MLFF", column, "Published", "COFW").text == "3.56"
    assert printed(table, "HR-MLFF", "NME io", "Ours", "ytf68 (small networks, few epochs)").text == "5.00 ± 0.14"


def test_the_published_auc_cannot_be_of_ten_percent(ytf68):
    table = hrmlff_3d.build(ytf68)
    wflw = {one.number: one for one in hrmlff.printed("fig3c_multidataset").values() if one.dataset == "WFLW"}
    (nme,) = wflw
    assert nme is not None
    for threshold, possible in ((7, True), (10, False)):
        cell = printed(table, "HR-MLFF", f"AUC@{threshold}", "Published", "WFLW")
        assert cell.text == "0.547"
        assert (float(cell.text) >= 1 - nme / threshold) is possible
    # Errors around 5 % up to 10 %: 1 − .05/.10.
    assert printed(table, "HR-MLFF", "AUC@10", "Ours", "ytf68 (small networks, few epochs)").text == "0.500 ± 0.014"


def test_ablations_stand_under_their_part_of_the_figure_in_its_order(ytf68):
    rows = [(row.group, row.label) for row in hrmlff_4.build(ytf68).rows if "ytf68" in row.group]
    assert rows == [
        ("Ours: ytf68 (small networks, few epochs)", "HR-MLFF"),
        ("Ours: ytf68 (small networks, few epochs), (a) fusion", "fusion off"),
        ("Ours: ytf68 (small networks, few epochs), (b) loss", "loss squared error"),
        ("Ours: ytf68 (small networks, few epochs), training", "curriculum off"),
    ]


def test_an_ablation_is_paired_with_hrmlff_by_seed_and_by_photograph(ytf68):
    table = hrmlff_4.build(ytf68)
    assert printed(table, "HR-MLFF", "NME io", "ytf68 (small networks, few epochs)").text == "5.00 ± 0.14"
    row = next(line for line in labels.printed(table) if line.row.label == "fusion off" and "Ours" in line.row.group)
    # 7 % instead of 5 %, in both seeds and on every image of twelve persons.
    assert [cell.text for cell in row.cells[:6]] == ["7.00 ± 0.14", "9.80 ± 0.20", "+2.00 ± 0.00", *["+2.00"] * 3]
    assert [cell.text for cell in row.cells[8:]] == ["1.00", "24", "12"]  # all twelve persons are worse
    of = {row.label: row.cells[6:8] for row in table.rows if "ytf68" in row.group}
    assert {cell.text for cell in of["HR-MLFF"]} == {labels.MISSING}
    # Of the three p, two are as small as twelve signs can be; Holm takes 3·p, and then no less.
    smallest = 2 / 2**12
    assert [cell.value for cell in of["fusion off"]] == pytest.approx([smallest, 3 * smallest])
    assert [cell.value for cell in of["loss squared error"]] == pytest.approx([smallest, 3 * smallest])
    assert [cell.value for cell in of["curriculum off"]] == pytest.approx([1.0, 1.0])


def test_a_seed_that_only_one_side_has_is_not_compared(ledger):
    ledger.add_seeds(STUDY, "HR-MLFF", [[0.05] * 4, [0.09] * 4], baseline=True)
    ledger.add_seeds(STUDY, "HR-MLFF, fusion off", [[0.06] * 4])
    row = next(row for row in hrmlff_4.build(Results(ledger)).rows if row.label == "fusion off" and row.study)
    assert [row.cells[place].value for place in (2, 3)] == pytest.approx([0.01, 0.01])


def test_the_last_weights_are_compared_with_their_mean_where_the_study_asks_for_them(ledger, ytf68):
    assert "last weights instead of the selected" not in [row.label for row in hrmlff_4.build(ytf68).rows]
    ledger.add_seeds(STUDY, "HR-MLFF", errors(0.055), values=values, baseline=True, decoder=hrmlff.LAST_WEIGHTS)
    table = hrmlff_4.build(Results(ledger))
    row = next(line for line in labels.printed(table) if line.row.label == "last weights instead of the selected")
    assert row.row.group == "Ours: ytf68 (small networks, few epochs), training"
    assert [cell.text for cell in row.cells[:4]] == ["5.50 ± 0.14", "7.70 ± 0.20", "+0.50 ± 0.00", "+0.50"]
    assert printed(table, "HR-MLFF", "NME io", "Ours: ytf68 (small networks, few epochs)").text == "5.00 ± 0.14"


def test_published_ablations_stand_in_the_column_of_their_number(ledger):
    table = hrmlff_4.build(Results(ledger))
    shown = {row.label: (row.group, printed(table, row.label, "NME io", row.group).text) for row in table.rows[:7]}
    assert shown["fusion off"] == ("Published: Kozłowska et al. 2026, Fig. 4(a) fusion, 300W", "3.33")
    assert shown["mse"] == ("Published: Kozłowska et al. 2026, Fig. 4(b) loss, 300W", "3.15")
    assert shown["augmentation off"] == ("Published: Kozłowska et al. 2026, Fig. 4(c) augmentation, 300W", "3.41")
    assert {len([cell for cell in row.cells if cell.value is not None]) for row in table.rows[:7]} == {1}


@pytest.mark.parametrize(
    ("change", "heading"),
    [
        ("fusion off", "(a) fusion"),
        ("loss adaptive wing", "(b) loss"),
        ("augmentation off", "(c) augmentation"),
        ("augmentation without flip", "(c) one augmentation left out"),
        ("embedding off", "parts left out"),
        ("averaging off", "training"),
        ("width 32", "other settings"),
    ],
)
def test_a_change_stands_under_the_heading_of_its_setting(change, heading):
    assert hrmlff.axis(change) == heading


def test_networks_are_compared_as_ablations_are(ytf68):
    table = hrmlff_3_significance.build(ytf68)
    assert table is not None
    assert [(row.group, row.label) for row in table.rows] == [
        ("ytf68 (small networks, few epochs)", "HR-MLFF"),
        ("ytf68 (small networks, few epochs)", "HRNet"),
    ]
    assert [cell.text for cell in labels.printed(table)[1].cells[2:6]] == ["+1.00 ± 0.00", *["+1.00"] * 3]


def test_robustness_is_compared_with_the_same_networks_on_clean_faces(ledger, ytf68):
    for label, mean in (("HR-MLFF", 0.09), ("HRNet", 0.12)):
        ledger.add_seeds(STUDY, label, errors(mean), values=values, perturbation="Gaussian noise σ 0.3")
    ledger.add_seeds(STUDY, "HR-MLFF", errors(0.055), values=values, perturbation="JPEG quality 10")
    table = hrmlff_6.build(Results(ledger))
    rows = [row.label for row in table.rows if row.group == "ytf68 (small networks, few epochs)"]
    assert rows == ["as they are", "Gaussian noise σ 0.3", "JPEG quality 10"]
    assert printed(table, "as they are", "NME io", "HRNet").text == "6.00 ± 0.14"
    assert printed(table, "as they are", "Δ NME io", "HRNet").text == labels.MISSING
    assert printed(table, "Gaussian noise σ 0.3", "NME io", "HR-MLFF").text == "9.00 ± 0.14"
    assert printed(table, "Gaussian noise σ 0.3", "Δ NME io", "HR-MLFF").text == "+4.00 ± 0.00"
    assert printed(table, "Gaussian noise σ 0.3", "FR@10", "HRNet").text == "100.00 ± 0.00"
    assert printed(table, "JPEG quality 10", "Δ NME io", "HR-MLFF").text == "+0.50 ± 0.00"
    assert printed(table, "JPEG quality 10", "Δ NME io", "HRNet").text == "not asked"
    assert [row.marks for row in table.rows if row.group == "ytf68 (small networks, few epochs)"] == [(), ("a",), ()]


def test_a_perturbation_that_is_not_measured_yet_says_what_makes_it(ledger, ytf68):
    ledger.declare(STUDY, "HRNet", 0, ("test",), perturbation="motion blur 31 px")
    table = hrmlff_6.build(Results(ledger))
    assert printed(table, "motion blur 31 px", "Δ NME io", "HRNet").text == "not measured"
    assert f"marksweep run {STUDY}" in table.commands


@pytest.mark.parametrize(
    ("words", "kind", "level"),
    [
        ("Gaussian noise σ 0.05", "Gaussian noise", "σ 0.05"),
        ("noise in 30 % of the pixels", "noisy pixels", "30 %"),
        ("JPEG quality 50", "JPEG quality", "50"),
        ("upside down", "upside down", ""),
    ],
)
def test_words_of_a_perturbation_say_kind_and_level(words, kind, level):
    found = perturbations.perturbed(words)
    assert (found.kind, found.level) == (kind, level)


@pytest.mark.parametrize("module", TABLES[:4])
def test_a_table_of_networks_wants_no_change_and_no_perturbation(module):
    assert module.wants("FAN", ("test", "", ""))
    assert not module.wants("HR-MLFF, fusion off", ("test", "", ""))
    assert not module.wants("FAN", ("test", "JPEG quality 10", ""))


def test_ablations_want_hrmlff_and_its_changes_robustness_every_network_in_every_way():
    assert hrmlff_4.wants("HR-MLFF", ("test", "", "")) and hrmlff_4.wants("HR-MLFF, fusion off", ("test", "", ""))
    assert hrmlff_4.wants("HR-MLFF", ("test", "", hrmlff.LAST_WEIGHTS))
    assert not hrmlff_4.wants("HR-MLFF, fusion off", ("test", "", hrmlff.LAST_WEIGHTS))
    assert not hrmlff_4.wants("FAN", ("test", "", ""))
    assert not hrmlff_4.wants("HR-MLFF, fusion off", ("val", "", ""))
    assert hrmlff_6.wants("FAN", ("test", "JPEG quality 10", "")) and hrmlff_6.wants("FAN", ("test", "", ""))
    assert not hrmlff_6.wants("HR-MLFF, fusion off", ("test", "JPEG quality 10", ""))


def test_a_published_number_says_how_it_was_measured_in_another_way_than_its_column(ledger):
    table = hrmlff_3a.build(Results(ledger))
    cells = dict(zip(table.columns, table.rows[0].cells, strict=True))
    differs = {column.group: cell.differs for column, cell in cells.items() if column.metric == "nme_io"}
    assert differs["300W private"] == "normaliser not stated"
    assert differs["300W full"] == "normaliser not stated; of the private test by the paper's count of pictures"
    ablations = [row for row in hrmlff_4.build(Results(ledger)).rows if row.source == "literature"]
    assert {row.cells[0].differs for row in ablations if "(c)" in row.group} == {
        "normaliser not stated; data set not stated"
    }


def test_public_values_of_hrnet_stand_beside_the_parts_of_the_data_sets(ledger):
    rows = {row.group: row for row in hrmlff_3b.build(Results(ledger)).rows if row.citation == "sun2019hrnet"}
    assert rows[f"{literature.REFERENCE}: WFLW, largepose"].cells[0].value == pytest.approx(0.0786)
    assert rows[f"{literature.REFERENCE}: 300W full, challenging"].cells[0].value == pytest.approx(0.0511)
    assert len(rows) == 8


def test_settings_stand_below_those_that_the_paper_prints(ledger):
    recipe = {
        **{"batch_size": 32, "optimizer": {"lr": 0.002}, "epochs": 3, "clip_norm": 8.0},
        "augmentation": {"rotation_deg": 30.0, "scale": 0.2},
    }
    trial = ledger.declare(STUDY, "HR-MLFF", 0, baseline=True)
    ledger.trial(trial, 0, config=json.dumps({"method": {"input_size": 64}, "recipe": recipe}))
    table = hrmlff_setup.build(Results(ledger))
    published, ours = table.rows[0], next(row for row in table.rows if row.study == STUDY)
    assert [cell.text for cell in published.cells] == ["32", "0.0007", "140", "8.0", "30", "20", "256"]
    assert [cell.text for cell in ours.cells] == ["32", "0.002", "3", "8", "30", "20", "64"]
    assert ours.cells[0].trials == (trial,)
    assert {row.cells[0].progress for row in table.rows[1:] if row is not ours} == {"not run"}


def test_a_setting_that_is_off_says_so_and_one_that_is_not_there_is_a_dash(ledger):
    trial = ledger.declare(STUDY, "HR-MLFF", 0, baseline=True)
    ledger.trial(trial, 0, config=json.dumps({"method": {}, "recipe": {"clip_norm": None, "augmentation": None}}))
    row = next(row for row in hrmlff_setup.build(Results(ledger)).rows if row.study == STUDY)
    assert [cell.text for cell in row.cells] == ["–", "–", "–", "off", "off", "off", "–"]


def test_pictures_are_counted_beside_the_papers_own_count(ledger):
    study = hrmlff.PRIVATE.study
    trial = ledger.declare(study, "HR-MLFF", 0, baseline=True)
    ledger.trial(trial, 0, training_images=3453)
    ledger.measure(trial, "test", {"nme_io": 0.04}, images=600)
    rows = {row.label: row for row in hrmlff_data.build(Results(ledger)).rows}
    assert [cell.value for cell in rows["300W, train"].cells] == [3837, 3453]
    assert [cell.value for cell in rows["300W, test"].cells] == [600, 600]
    assert rows["WFLW, test"].cells[1].command == "marksweep run hrmlff_wflw"
    assert {row.citation for row in rows.values()} == {"kozlowska2026hrmlff"}


def test_trials_of_one_variant_that_saw_other_numbers_of_pictures_are_refused(ledger):
    for seed, images in ((0, 3453), (1, 3400)):
        ledger.trial(ledger.declare(hrmlff.PRIVATE.study, "HR-MLFF", seed), seed, training_images=images)
    with pytest.raises(ValueError, match="differ in their training pictures"):
        hrmlff_data.build(Results(ledger))


def test_networks_that_differ_from_hr_mlff_are_marked(ledger):
    errors = np.random.default_rng(0).uniform(0.04, 0.08, 24)
    for label, more in ((hrmlff.BASELINE, 0.0), ("HRNet", 0.01), ("FAN", 0.0)):
        per_seed = [errors + more + 0.001 * seed for seed in range(3)]
        ledger.add_seeds("hrmlff_ytf68", label, per_seed, baseline=label == hrmlff.BASELINE)
    results = Results(ledger)
    table = judging.judged(results, hrmlff_3a.build(results))
    marks = {
        row.label: {mark for cell in row.cells for mark in cell.marks} for row in table.rows if row.group == "Ours"
    }
    assert marks == {hrmlff.BASELINE: set(), "HRNet": {"†"}, "FAN": set()}
