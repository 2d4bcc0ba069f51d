"""Paper 003's tables from a hand-made ledger: which number stands where, and what stands where there is none."""

import json
import math

import pytest

from reports import labels, paper_studies, sht
from reports.query import Results
from reports.tables import sht_1, sht_2, sht_3, sht_4, sht_5, sht_6, sht_data, sht_setup, sht_time, study_overview
from tests.reports.conftest import identity
from tests.reports.printing import printed

TABLES = (sht_1, sht_2, sht_3, sht_4, sht_5, sht_6, sht_data, sht_setup, sht_time)
STUDY, TITLE = sht.YTF68.study, sht.YTF68.title
OF_300W = sht.IBUG300W.study
PLAIN = (paper_studies.SPLIT, "", "")


def restored(decibel: float) -> dict[str, float]:
    return {"psnr": decibel, "ssim": decibel / 40, "ssim_dic": decibel / 30, "picture_l1": 1 / decibel}


def landmarks(nme: float) -> dict[str, float]:
    return {"nme_io": nme, "nme_ip": 1.4 * nme, "nme_width": nme / 2, "nrmse_width": 0.6 * nme}


NO_LANDMARKS = landmarks(math.nan)


def measure(ledger, study: str, label: str, per_seed: list[dict[str, float]], **how) -> None:
    """Finished trials of a variant, the metrics of each given."""
    for seed, values in enumerate(per_seed):
        trial = identity(identity(study, label), seed)
        if not any(row["trial"] == trial for row in ledger.rows["studies"]):
            ledger.declare(study, label, seed, ("test",), baseline=label == "Hourglass")
            ledger.trial(trial, seed, method="dhln", parameters=21_960_000, macs=5_000_000_000)
        ledger.measure(trial, "test", values, **how)


@pytest.fixture
def ytf68(ledger) -> Results:
    """Enlarged faces, the landmark stream, the face stream, and DHLN and SHT with and without the gradient loss."""
    measure(ledger, STUDY, "Bicubic", [restored(20.0) | NO_LANDMARKS] * 2)
    measure(ledger, STUDY, "Hourglass", [landmarks(0.10), landmarks(0.12)])
    measure(ledger, STUDY, "FHS", [restored(22.0) | NO_LANDMARKS] * 2)
    for label, nme, decibel in (("DHLN*", 0.09, 23.0), ("DHLN", 0.08, 23.5), ("SHT*", 0.09, 23.8), ("SHT", 0.07, 24.0)):
        per_seed = [landmarks(nme + step) | restored(decibel + 10 * step) for step in (-0.01, 0.01)]
        measure(ledger, STUDY, label, per_seed)
    return Results(ledger)


def test_our_rows_stand_below_the_published_ones_in_the_papers_words(ytf68):
    table = sht_1.build(ytf68)
    assert [row.label for row in table.rows if row.source == "ours"] == list(sht.SMALL_FACES)
    assert len([row for row in table.rows if row.source == "literature"]) == 17
    assert printed(table, "DHLN", "PSNR", "Published", "CelebA").text == "27.84"
    assert printed(table, "DHLN", "PSNR", "Ours", TITLE).text == "23.50 ± 0.14"
    assert printed(table, "SHT", "SSIM", "Ours", TITLE).text == "0.6000 ± 0.0035"
    assert printed(table, "SHT", "PSNR", "Ours", TITLE).bold


def test_variants_beyond_the_papers_stand_below_its_own_and_twins_do_not(ledger, ytf68):
    measure(ledger, STUDY, "DHLN, trained on", [restored(23.6) | landmarks(0.08)])
    measure(ledger, STUDY, "SHN (64×64)", [landmarks(0.05)])
    table = sht_1.build(Results(ledger))
    ours = [row.label for row in table.rows if row.source == "ours"]
    assert ours == [*sht.SMALL_FACES, "DHLN, trained on", "SHN (64×64)"]
    assert printed(table, "SHN (64×64)", "PSNR", "Ours", TITLE).text == labels.MISSING
    assert printed(table, "SHN (64×64)", "PSNR", "Ours", "CelebA").text == "not run"


def test_the_papers_error_is_a_root_mean_square_and_ours_has_the_mean_beside_it(ytf68):
    table = sht_1.build(ytf68)
    assert printed(table, "SHT-v", "NRMSE width", "Published", "Helen").text == "0.3102"
    assert printed(table, "SHT-v", "NME width", "Published", "Helen").text == labels.MISSING
    assert printed(table, "DHLN", "NRMSE width", "Ours", TITLE).text == "0.0480 ± 0.0085"
    assert printed(table, "DHLN", "NME width", "Ours", TITLE).text == "4.00 ± 0.71"


def test_what_finds_no_landmarks_has_no_error_and_what_restores_nothing_no_psnr(ytf68):
    table = sht_1.build(ytf68)
    for label in ("Bicubic", "FHS"):
        assert printed(table, label, "NRMSE width", "Ours", TITLE).text == labels.MISSING
        assert printed(table, label, "PSNR", "Ours", TITLE).text.startswith("2")
    assert printed(table, "Hourglass", "PSNR", "Ours", TITLE).text == labels.MISSING
    assert printed(table, "Hourglass", "NME width", "Ours", TITLE).text == "5.50 ± 0.71"
    overview = study_overview.build(ytf68, STUDY)
    assert printed(overview, "Bicubic", "NME io").text == printed(overview, "Hourglass", "PSNR").text == "undefined"


def test_a_variant_that_a_study_does_not_have_is_not_asked(ytf68):
    assert printed(sht_1.build(ytf68), "SHT-v", "PSNR", "Ours", TITLE).text == "not asked"


@pytest.mark.parametrize("module", TABLES)
def test_a_study_that_nobody_ran_has_empty_cells_and_its_command(ledger, module):
    table = module.build(Results(ledger))
    assert set(table.commands) == {f"marksweep run {study}" for study in module.STUDIES}
    ours = [cell for row in table.rows if row.source == "ours" for cell in row.cells if cell.source == "ours"]
    assert {cell.text or cell.progress for cell in ours} <= {"not run", labels.MISSING}


@pytest.mark.parametrize("module", TABLES)
def test_every_note_is_marked_somewhere(ledger, module):
    table = module.build(Results(ledger))
    used = {mark for row in table.rows for cell in row.cells for mark in (*row.marks, *cell.marks)}
    assert used == {note.mark for note in table.notes}


def test_subsets_of_300w_have_their_columns(ledger):
    for subset, nme in (("all", 0.0290), ("common", 0.0257), ("challenging", 0.0423)):
        measure(ledger, OF_300W, "SHT-M", [landmarks(nme), landmarks(nme)], subset=subset)
        measure(ledger, OF_300W, "SHT-M (+AFLW)", [landmarks(nme + 0.01)] * 2, subset=subset)
    by_corners, by_pupils = (module.build(Results(ledger)) for module in (sht_2, sht_6))
    for subset, text in (("full", "2.90"), ("common", "2.57"), ("challenging", "4.23")):
        assert printed(by_corners, "SHT-M", "NME io", "Published", f"300W: {subset}").text == text
        assert printed(by_corners, "SHT-M", "NME io", "Ours", f"300W: {subset}").text == f"{text} ± 0.00"
    assert printed(by_pupils, "SHT-M (+AFLW)", "NME ip", "Ours", "300W: full").text == "5.46 ± 0.00"
    assert printed(by_pupils, "SHT-M(+AFLW)", "NME ip", "Published", "300W: full").text == "3.53"
    assert "SHT-M (+AFLW)" not in [row.label for row in by_corners.rows]


def test_an_area_that_the_paper_prints_in_percent_stands_as_a_fraction(ledger):
    table = sht_3.build(Results(ledger))
    assert printed(table, "SHT-M", "AUC@7 box", "Published", "AFLW: full").text == "0.701"
    assert printed(table, "Wing", "AUC@7 box", "Published", "AFLW: full").text == "0.0535"
    assert printed(table, "HR-Net", "NME diag", "Published", "AFLW: frontal").text == "1.46"
    assert printed(table, "HR-Net", "NME face box", "Published", "AFLW: full").text == labels.MISSING


def test_published_numbers_of_wflw_stand_in_their_columns(ledger):
    table = sht_4.build(Results(ledger))
    shown = [printed(table, "SHT-M-i", column, "Published").text for column in ("NME io", "AUC@10", "FR@10")]
    assert shown == ["3.92", "0.621", "2.36"]


def test_the_gradient_loss_is_judged_by_twins_of_one_seed(ytf68):
    table = sht_5.build(ytf68)
    ours = f"Ours: {TITLE}"
    assert printed(table, "SHT", "without", ours, "PSNR").text == "23.80 ± 0.14"
    assert printed(table, "SHT", "with", ours, "PSNR").text == "24.00 ± 0.14"
    assert printed(table, "SHT", "Δ", ours, "PSNR").text == "+0.20 ± 0.00"
    assert printed(table, "SHT", "Δ", ours, "NRMSE width").text == "−0.0120 ± 0.0000"
    assert printed(table, "SHT-v", "Δ", ours, "PSNR").text == "not asked"
    assert [printed(table, "FHS", words, ours, "PSNR").text for words in ("without", "with", "Δ")] == [
        labels.MISSING,
        "22.00 ± 0.00",
        labels.MISSING,
    ]


def test_published_twins_have_the_difference_of_what_is_printed(ledger):
    table = sht_5.build(Results(ledger))
    celeba = "Table 5, CelebA"
    assert printed(table, "DHLN", "without", celeba, "SSIM").text == "0.8010"
    assert printed(table, "DHLN", "with", celeba, "SSIM").text == "0.8153"
    assert printed(table, "DHLN", "Δ", celeba, "SSIM").text == "+0.0143"
    assert printed(table, "FHS", "Δ", celeba, "SSIM").text == labels.MISSING


def test_twins_of_which_one_is_not_measured_have_no_difference_yet(ledger):
    measure(ledger, STUDY, "DHLN", [landmarks(0.08) | restored(23.0)])
    ledger.declare(STUDY, "DHLN*", 0, ("test",))
    table = sht_5.build(Results(ledger))
    assert printed(table, "DHLN", "without", f"Ours: {TITLE}", "PSNR").text == "0/1 seeds"
    assert printed(table, "DHLN", "Δ", f"Ours: {TITLE}", "PSNR").text == labels.MISSING


def test_costs_are_counted_by_trial_and_speed_is_the_median_epoch(ledger, ytf68):
    for row in ledger.rows["trials"]:
        row["peak_memory_mb"] = 900.0 + row["seed"] * 200
        for epoch, speed in enumerate((10.0, 50.0 + row["seed"] * 2, 60.0), start=1):
            ledger.add("epochs", trial=row["trial"], epoch=epoch, metric="images_per_second", value=speed)
    table = sht_time.build(Results(ledger))
    ours = f"Ours: {TITLE}"
    assert printed(table, "SHN", "Parameters", "Published").text == "16.41"
    assert printed(table, "DHLN", "Weights", "Published").text == "228"
    assert printed(table, "DHLN", "Speed", "Published", "Prediction").text == "80"
    assert printed(table, "DHLN", "Parameters", ours).text == "21.96"
    assert printed(table, "DHLN", "Operations", ours).text == "5.00"
    assert printed(table, "DHLN", "Speed", ours, "Training").text == "51.0 ± 1.4"
    assert printed(table, "DHLN", "Peak memory", ours).text == "1000 ± 141"
    assert printed(table, "DHLN", "Speed", ours, "Prediction").text == labels.MISSING


def test_seeds_that_ran_on_two_kinds_of_machine_have_no_mean_speed(ledger, ytf68):
    for row in ledger.rows["trials"]:
        row["peak_memory_mb"], row["hardware"] = 900.0, ("a GPU", "another GPU")[row["seed"]]
    assert printed(sht_time.build(Results(ledger)), "SHT", "Peak memory", f"Ours: {TITLE}").text == "several machines"


def test_trials_of_one_variant_that_differ_in_parameters_are_refused(ledger, ytf68):
    ledger.rows["trials"][-1]["parameters"] = 1
    with pytest.raises(ValueError, match="differ in parameters"):
        sht_time.build(Results(ledger))


def test_a_table_wants_only_what_it_shows():
    assert sht_1.wants("Bicubic", PLAIN) and sht_1.wants("DHLN, trained on", PLAIN)
    assert not sht_1.wants("SHT*", PLAIN)
    assert not sht_1.wants("SHT", (paper_studies.SPLIT, "", sht.TRANSFER))
    assert sht_5.wants("SHT*", PLAIN) and sht_5.wants("SHT", PLAIN) and sht_5.wants("FHS", PLAIN)
    assert not sht_5.wants("Bicubic", PLAIN)
    assert sht_2.wants("SHT-M-i", PLAIN) and not sht_2.wants("SHT-M (+AFLW)", PLAIN)
    assert sht_6.wants("SHT-M (+AFLW)", PLAIN) and not sht_6.wants("DHLN-M", PLAIN)
    assert sht_time.wants("Hourglass", PLAIN) and not sht_time.wants("SHT-v", PLAIN)
    assert not any(module.wants("SHT", (paper_studies.SPLIT, "down-sampling ×2", "")) for module in TABLES)


def test_weights_of_losses_stand_below_those_that_the_paper_prints(ledger):
    transfer = {"adversarial_weight": 0.05, "picture_weight": 0.01, "perceptual_weight": 0.01, "weight": 1.0}
    method = {"landmark_weight": 1.0, "picture_weight": 0.01, "gradient_weight": 0.01, "transfer": transfer}
    augmentation = {"rotation_deg": 30.0, "scale": 0.2}
    recipe = {"batch_size": 8, "augmentation": augmentation, "optimizer": {"lr": 1e-4}, "epochs": 20}
    trial = ledger.declare(sht.CELEBA.study, "SHT", 0)
    ledger.trial(trial, 0, config=json.dumps({"method": method, "recipe": recipe}))
    rows = sht_setup.build(Results(ledger)).rows
    assert [cell.text for cell in rows[0].cells] == [
        *("1 (labelled) / 0 (unlabelled)", "0.01", "0.01", "0.05", "0.01", "0.01", "–", "16", "±30°", "0.8-1.2"),
        *("–", "–"),  # the paper prints neither rate nor epochs
    ]
    ours = next(row for row in rows if row.study == sht.CELEBA.study)
    assert [cell.text for cell in ours.cells] == [
        *("1", "0.01", "0.01", "0.05", "0.01", "0.01", "1", "8", "±30°", "1 ± 0.2", "0.0001", "20")
    ]


def test_pictures_of_every_data_set_and_subset_are_counted(ledger):
    trial = ledger.declare(OF_300W, "DHLN-M", 0)
    ledger.trial(trial, 0, training_images=2833)
    for subset, images in (("all", 689), ("common", 554), ("challenging", 135)):
        ledger.measure(trial, "test", {"nme_io": 0.04}, subset=subset, images=images)
    table = sht_data.build(Results(ledger))
    rows = {row.label: [cell.value for cell in row.cells] for row in table.rows}
    assert rows["300W, train"] == [3148, 2833]
    assert [rows[f"300W, {of}"] for of in ("common", "challenging", "full")] == [[554] * 2, [135] * 2, [689] * 2]
    assert len(rows) == len(sht.printed("datasets")["-"]) == 16
    assert rows["300VW, train frames"] == [95192, None]


def test_two_papers_that_print_different_numbers_of_wing_say_so(ledger):
    table = sht_4.build(Results(ledger))
    (row,) = (row for row in table.rows if row.label == "Wing")
    assert row.cells[0].marks == ("f",)
    assert any(note.mark == "f" and "4.99" in note.text for note in table.notes)
