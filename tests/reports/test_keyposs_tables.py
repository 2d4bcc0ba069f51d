"""Paper 002's tables from a hand-made ledger: which number stands where, and what the notes say."""

import json

import numpy as np
import pytest

from reports import keyposs, labels
from reports.keyposs_comparisons import comparisons, contradictions
from reports.query import Results
from reports.tables import (
    keyposs_1,
    keyposs_2,
    keyposs_3,
    keyposs_4,
    keyposs_5,
    keyposs_5_significance,
    keyposs_6,
    keyposs_setup,
)
from tests.reports.printing import printed

YTF68, WFLW, AFLW = keyposs.YTF68.study, keyposs.WFLW.study, keyposs.AFLW.study
NUM_IMAGES = 24  # of twelve persons


def errors(mean: float) -> list[float]:
    """Of every image, around a mean: the same pattern for all decoders, so that differences are all alike."""
    return list(mean + np.linspace(-0.01, 0.01, NUM_IMAGES))


@pytest.fixture
def ytf68(ledger) -> Results:
    """16×16 and 4×4 maps of three seeds: on 16×16 two-hot is better than KeyPosS, on 4×4 worse."""
    means = {
        ("16×16, biased", keyposs.ONE_HOT): 0.10,
        ("16×16, biased", keyposs.TWO_HOT): 0.06,
        ("16×16, biased", keyposs.KEYPOSS): 0.07,
        ("16×16, unbiased", keyposs.DARK): 0.055,
        ("16×16, unbiased", keyposs.KEYPOSS): 0.05,
        ("4×4, biased", keyposs.TWO_HOT): 0.30,
        ("4×4, biased", keyposs.KEYPOSS): 0.20,
    }
    for (label, decoder), mean in means.items():
        ledger.read_maps(YTF68, label, decoder, [errors(mean + 0.001 * seed) for seed in (-1, 0, 1)])
    return Results(ledger)


def test_table_5_has_the_published_rows_and_ours_below(ytf68):
    table = keyposs_5.build(ytf68)
    assert printed(table, "KeyPosS (Unbiased)", "4×4", "AFLW").text == "4.54"
    assert printed(table, "Two-hot", "8×8", "WFLW").text == "12.3"
    assert printed(table, "Two-hot", "16×16", "ytf68").text == labels.MISSING
    assert printed(table, "Two-hot, biased", "16×16", "ytf68").text == "6.00 ± 0.10"
    assert printed(table, "DARK, unbiased", "16×16", "ytf68").text == "5.50 ± 0.10"
    assert printed(table, "KeyPosS 2×2, unbiased", "16×16", "ytf68").bold
    assert [row.label for row in table.rows] == [
        *("One-hot", "Two-hot", "KeyPosS (Biased)", "Distribution-Aware", "KeyPosS (Unbiased)"),
        *(f"HRNetV2-W18 {of}" for of in ("(HRNet repo)", "two-hot (mmpose 0.x)", "DARK (mmpose 0.x)")),
        *("One-hot, biased", "Two-hot, biased", "KeyPosS 2×2, biased", "DARK, unbiased", "KeyPosS 2×2, unbiased"),
    ]


def test_table_5_has_an_empty_cell_with_its_command_where_nobody_ran_the_study(ytf68):
    table = keyposs_5.build(ytf68)
    assert printed(table, "One-hot, biased", "8×8", "AFLW").text == "not run"
    assert {f"marksweep run {study}" for study in keyposs.STUDIES if study != YTF68} <= set(table.commands)


def test_table_5_shows_the_sizes_that_a_study_has(ytf68, ledger):
    shown = [column.title for column in keyposs_5.build(ytf68).columns if column.group == "ytf68"]
    assert shown == ["16×16", "4×4"]
    unknown = [column.title for column in keyposs_5.build(Results(type(ledger)())).columns if column.group == "ytf68"]
    assert unknown == ["16×16", "8×8", "4×4"]


def test_table_5_says_in_words_where_photographs_contradict_the_paper(ytf68):
    notes = [note.text for note in keyposs_5.build(ytf68).notes if "contradict" in note.text]
    assert len(notes) == 1
    assert "ytf68 16×16, biased: Two-hot beats KeyPosS 2×2 by 1.00 pp" in notes[0]
    assert "One-hot" not in notes[0] and "4×4" not in notes[0] and "DARK" not in notes[0]


def test_rendered_faces_contradict_nobody(ledger):
    for decoder, mean in ((keyposs.TWO_HOT, 0.06), (keyposs.KEYPOSS, 0.07)):
        ledger.read_maps(keyposs.SYNTHETIC.study, "8×8, biased", decoder, [errors(mean)])
    found = comparisons(Results(ledger))
    assert [one.compared.by_person.is_sure for one in found] == [True]
    assert contradictions(found) == []


def test_a_tie_on_one_of_the_papers_data_sets_does_not_hide_its_order(ledger):
    # In the paper DARK wins at 64×64 on WFLW and COCO-WholeBody and ties on AFLW. It has no unbiased one-hot row.
    for decoder, mean in ((keyposs.DARK, 0.06), (keyposs.ONE_HOT, 0.04), (keyposs.KEYPOSS, 0.05)):
        ledger.read_maps(WFLW, "64×64, unbiased", decoder, [errors(mean)])
    assert contradictions(comparisons(Results(ledger))) == ["WFLW 64×64, unbiased: KeyPosS 2×2 beats DARK by 1.00 pp"]


def test_the_flip_test_of_a_study_is_found_and_said(ledger):
    ledger.read_maps(WFLW, "64×64, unbiased", keyposs.KEYPOSS + keyposs.FLIPPED, [errors(0.05)])
    table = keyposs_5.build(Results(ledger))
    assert printed(table, "KeyPosS 2×2, unbiased", "64×64", "WFLW").text == "5.00"
    assert any("flip test on WFLW," in note.text for note in table.notes)


def test_the_best_kernel_is_chosen_on_validation_faces_and_shown_on_test_faces(ledger, ytf68):
    assert "Best kernel by validation, unbiased" not in [row.label for row in keyposs_5.build(ytf68).rows]
    label, three = "16×16, unbiased", keyposs.KERNEL_DECODERS[3]
    ledger.read_maps(YTF68, label, three, [errors(0.09)])
    for decoder, mean in ((keyposs.KEYPOSS, 0.05), (three, 0.04)):
        ledger.read_maps(YTF68, label, decoder, [errors(mean)], split="val")
    table = keyposs_5.build(Results(ledger))
    assert printed(table, "Best kernel by validation, unbiased", "16×16", "ytf68").number == "9.00"


def test_each_decoder_is_compared_with_keyposs_of_the_same_encoding(ytf68):
    table = keyposs_5_significance.build(ytf68)
    assert [(row.group, row.label) for row in table.rows] == [
        ("ytf68, 16×16", "One-hot, biased"),
        ("ytf68, 16×16", "Two-hot, biased"),
        ("ytf68, 16×16", "DARK, unbiased"),
        ("ytf68, 4×4", "Two-hot, biased"),
    ]
    row = labels.printed(table)[1]
    # Two-hot has .06 and KeyPosS .07, in every seed and image.
    assert [cell.text for cell in row.cells[:4]] == ["−1.00 ± 0.00", "−1.00", "−1.00", "−1.00"]
    assert [cell.text for cell in row.cells[6:]] == ["−1.00", "24", "12"]  # all twelve persons are better
    assert row.n == "3"
    # Twelve persons of one sign, in each of the four comparisons that Holm corrects for.
    assert [cell.value for cell in row.row.cells[4:6]] == pytest.approx([2 / 2**12, 8 / 2**12])


def test_a_comparison_by_photograph_averages_seeds_first(ledger):
    ledger.read_maps(YTF68, "8×8, biased", keyposs.TWO_HOT, [[0.1, 0.1, 0.3, 0.3], [0.3, 0.3, 0.3, 0.3]])
    ledger.read_maps(YTF68, "8×8, biased", keyposs.KEYPOSS, [[0.1, 0.1, 0.1, 0.1], [0.1, 0.1, 0.1, 0.1]])
    (one,) = comparisons(Results(ledger))
    assert one.compared.by_seed.values == pytest.approx((0.1, 0.2))
    # Person 0: (0 + .2) / 2 on both images, person 1: .2.
    assert one.compared.by_person.mean == pytest.approx(0.15)
    assert (one.compared.by_person.low, one.compared.by_person.high) == pytest.approx((0.1, 0.2))


def test_aflw_is_compared_by_the_side_of_the_face_box(ledger):
    for decoder, pixels in ((keyposs.ONE_HOT, 4.0), (keyposs.KEYPOSS, 2.0)):
        ledger.read_maps(
            AFLW, "8×8, biased", decoder, [[pixels / 100] * 4], metric="nme_dataset_box",
            errors_px=[pixels, pixels, float("nan")], norm_dataset_box=100.0,
        )  # fmt: skip
    for row in ledger.rows["images"]:
        row["nme_io"] = float("nan")  # profiles have no two outer eye corners
    (one,) = comparisons(Results(ledger))
    assert one.compared.by_person.mean == pytest.approx(0.02)


def test_without_two_decoders_there_is_no_table_of_differences(ledger):
    assert keyposs_5_significance.build(Results(ledger)) is None


def test_table_4_has_a_row_per_kernel_and_says_which_cannot_be(ledger):
    for label, size in (("16×16, unbiased", 16), ("4×4, unbiased", 4)):
        for kernel, text in keyposs.KERNEL_DECODERS.items():
            if kernel <= size:
                ledger.read_maps(YTF68, label, text, [errors(kernel / 100)])
    table = keyposs_4.build(Results(ledger))
    assert printed(table, "KeyPosS 5×5", "4×4", "Published").text == "n/a"
    assert printed(table, "KeyPosS 3×3", "4×4", "Published").text == "26.57"
    assert printed(table, "KeyPosS 5×5", "16×16", "ytf68").text == "5.00"
    assert printed(table, "KeyPosS 5×5", "4×4", "ytf68").text == "n/a"
    assert printed(table, "KeyPosS 4×4", "4×4", "ytf68").text == "4.00"
    assert printed(table, "KeyPosS 4×4", "64×64", "ytf68").text == "not asked"


def test_table_3_has_every_published_row_and_ours_at_64(ledger):
    for encoding, mean in (("biased", 0.042), ("unbiased", 0.041)):
        ledger.read_maps(WFLW, f"64×64, {encoding}", keyposs.KEYPOSS, [errors(mean)])
    table = keyposs_3.build(Results(ledger))
    assert len([row for row in table.rows if row.group.startswith("Published")]) == 24
    assert len([row for row in table.rows if row.group.startswith("Public reference")]) == 4
    assert printed(table, "LAB", "Parameters").text == "24.1+28.3"
    assert printed(table, "KeyPosS (Unbiased)", "NME io", "300W").text == "3.34"
    assert printed(table, "KeyPosS 2×2, unbiased", "NME io", "WFLW", "64×64").text == "4.10"
    assert printed(table, "KeyPosS 2×2, biased", "Parameters", "64×64").text == "9.65"
    assert printed(table, "KeyPosS 2×2, biased", "NME face box", "64×64").text == "not run"


def test_table_3_has_the_small_studies_below_at_the_largest_heatmaps_that_they_have(ytf68):
    table = keyposs_3.build(ytf68)
    ours = [row.group for row in table.rows if row.source != "literature"]
    assert ours == [f"Ours: heatmaps of {size}" for size in ("64×64", "16×16", "8×8") for _ in range(2)]
    row = "KeyPosS 2×2, unbiased"
    assert printed(table, row, "NME io", "ytf68", "16×16").text == "5.00 ± 0.10"
    assert printed(table, row, "NME io", "WFLW", "16×16").text == labels.MISSING
    assert printed(table, row, "NME io", "ytf68", "64×64").text == labels.MISSING
    assert printed(table, row, "Operations", "16×16").text == "0.30"
    assert printed(table, row, "NME io", "rendered faces", "8×8").text == "not run"


def test_the_private_test_of_300w_stands_beside_the_full_test(ledger):
    for study, mean in ((keyposs.IBUG300W.study, 0.033), (keyposs.IBUG300W_PRIVATE.study, 0.039)):
        ledger.read_maps(study, "64×64, unbiased", keyposs.KEYPOSS, [errors(mean)])
    results = Results(ledger)
    for module, heading, group in ((keyposs_3, "NME io", "64×64"), (keyposs_5, "64×64", "Ours")):
        table = module.build(results)
        assert printed(table, "KeyPosS 2×2, unbiased", heading, "300W", group).text == "3.30"
        assert printed(table, "KeyPosS 2×2, unbiased", heading, "300W private", group).text == "3.90"
        assert printed(table, "KeyPosS (Unbiased)", heading, "300W private").text == labels.MISSING


def test_table_6_counts_once_per_size_and_refuses_what_differs(ledger, ytf68):
    table = keyposs_6.build(ytf68)
    assert printed(table, "KeyPosS, HRNetV2-W18", "4×4", "Parameters").text == "9.64"
    assert printed(table, "ytf68", "16×16", "Operations").text == "0.30"
    assert printed(table, "ytf68", "64×64", "Operations").text == "not asked"
    next(row for row in ledger.rows["trials"])["parameters"] = 1
    with pytest.raises(ValueError, match="maps of 16×16 differ in parameters"):
        keyposs_6.build(Results(ledger))


def test_table_1_prints_fractions_and_the_deviation_from_the_paper(ledger):
    for label, values in (("64×64", (0.0181, 0.0091)), ("16×16", (0.0700, 0.0400))):
        for decoder, value in zip((keyposs.ONE_HOT, keyposs.TWO_HOT), values, strict=True):
            ledger.read_maps(keyposs_1.SCATTERED, label, decoder, [[value] * 4])
    table = keyposs_1.build(Results(ledger))
    assert printed(table, "One-hot", "64×64", "Published").text == "0.018"
    assert printed(table, "One-hot", "64×64", "Ours").text == "0.018"
    assert printed(table, "One-hot, ours − published", "64×64").text == "0.000"
    assert printed(table, "One-hot, ours − published", "16×16").text == "−0.001"
    assert printed(table, "Two-hot, ours − published", "16×16").text == "+0.003"
    assert not printed(table, "Two-hot, ours − published", "16×16").bold
    assert printed(table, "Two-hot", "16×16", "Ours").bold
    assert "KeyPosS, ours − published" not in [row.label for row in table.rows]


@pytest.mark.parametrize(
    ("module", "label", "decoder", "wanted"),
    [
        (keyposs_3, "64×64, biased", keyposs.KEYPOSS, True),
        (keyposs_3, "32×32, biased", keyposs.KEYPOSS, False),
        (keyposs_3, "64×64, biased", keyposs.KEYPOSS + keyposs.FLIPPED, True),
        (keyposs_3, "64×64, biased", keyposs.ONE_HOT, False),
        (keyposs_3, "16×16, biased", keyposs.KEYPOSS, True),
        (keyposs_3, "16×16, biased", keyposs.KEYPOSS + keyposs.FLIPPED, False),
        (keyposs_3, "4×4, biased", keyposs.KEYPOSS, False),
        (keyposs_4, "8×8, unbiased", keyposs.KERNEL_DECODERS[6], True),
        (keyposs_4, "8×8, biased", keyposs.KERNEL_DECODERS[6], False),
        (keyposs_4, "8×8, unbiased", keyposs.TWO_HOT, False),
        *((keyposs_5, "8×8, biased", one, True) for one in (keyposs.ONE_HOT, keyposs.TWO_HOT, keyposs.KEYPOSS)),
        (keyposs_5, "8×8, biased", keyposs.DARK, False),
        (keyposs_5, "8×8, biased", keyposs.KERNEL_DECODERS[3], False),
        (keyposs_5, "8×8, unbiased", keyposs.DARK + keyposs.FLIPPED, True),
        *((keyposs_5, "8×8, unbiased", one, True) for one in keyposs.KERNEL_DECODERS.values()),
        *((keyposs_5, "8×8, unbiased", one, False) for one in (keyposs.ONE_HOT, keyposs.GAUSS_NEWTON)),
        (keyposs_6, "8×8, unbiased", keyposs.KEYPOSS, True),
        (keyposs_6, "8×8, biased", keyposs.KEYPOSS, False),
        (keyposs_6, "8×8, unbiased", keyposs.ONE_HOT, False),
    ],
)
def test_a_table_wants_what_stands_in_it(module, label, decoder, wanted):
    assert module.wants(label, ("test", "", decoder)) is wanted
    assert not module.wants(label, ("test", "JPEG quality 10", decoder))


def test_table_5_alone_wants_validation_faces_where_it_chooses_a_kernel():
    for kernel in keyposs.KERNEL_DECODERS.values():
        way = ("val", "", kernel)
        assert keyposs_5.wants("8×8, unbiased", way)
        assert not keyposs_5.wants("8×8, biased", way)
        assert not any(module.wants("64×64, unbiased", way) for module in (keyposs_3, keyposs_4, keyposs_6))
    assert not keyposs_5.wants("8×8, unbiased", ("val", "", keyposs.DARK))


def declare(ledger, study: str, label: str, **config) -> str:
    """One finished trial with these settings, and its id."""
    trial = ledger.declare(study, label, 0, decoder=keyposs.KEYPOSS)
    ledger.trial(trial, 0, config=json.dumps(config))
    return trial


def test_the_stems_of_ours_are_those_of_the_papers_table_2(ledger):
    for size in keyposs.SIZES:
        declare(ledger, WFLW, f"{size}×{size}, unbiased", method={"stride": 256 // size})
    rows = keyposs_2.build(Results(ledger)).rows
    published = [[cell.text for cell in row.cells] for row in rows if row.source == "literature"]
    ours = [[cell.text for cell in row.cells] for row in rows if row.study == WFLW]
    assert published == ours
    assert published[0] == ["2", "2", "n/a", "n/a", "4"]
    assert published[4] == ["4", "4", "2", "2", "64"]
    assert all(cell.trials for row in rows if row.study == WFLW for cell in row.cells)


def test_a_stem_of_which_no_trial_has_finished_names_its_command(ledger):
    table = keyposs_2.build(Results(ledger))
    assert set(table.commands) == {f"marksweep run {study}" for study in keyposs_2.STUDIES}


def test_settings_of_the_largest_maps_stand_below_the_papers(ledger):
    recipe = {"optimizer": {"lr": 5e-4}, "schedule": {"min_lr": 1e-5}, "batch_size": 64, "epochs": 100}
    declare(ledger, WFLW, "64×64, unbiased", method={"input_size": 256}, recipe=recipe)
    rows = keyposs_setup.build(Results(ledger)).rows
    assert [cell.text for cell in rows[0].cells] == ["2e-3", "1e-5", "64", "100", "256"]
    ours = next(row for row in rows if row.study == WFLW)
    assert [cell.text for cell in ours.cells] == ["0.0005", "1e-05", "64", "100", "256"]
    assert keyposs_setup.wants("64×64, unbiased", ("test", "", keyposs.KEYPOSS + keyposs.FLIPPED))
    assert not keyposs_setup.wants("32×32, unbiased", ("test", "", keyposs.KEYPOSS))


def test_two_papers_that_print_different_numbers_of_one_method_say_so(ledger):
    table = keyposs_3.build(Results(ledger))
    (row,) = (row for row in table.rows if row.label == "Wing")
    assert any(note.mark in row.marks and "5.11" in note.text for note in table.notes)


def test_public_values_stand_under_the_largest_maps_alone(ledger):
    table = keyposs_5.build(Results(ledger))
    (row,) = (row for row in table.rows if row.label == "HRNetV2-W18 DARK (mmpose 0.x)")
    shown = {
        (column.group, column.title): cell.value
        for column, cell in zip(table.columns, row.cells, strict=True)
        if cell.value is not None
    }
    assert shown == {
        ("WFLW", "64×64"): pytest.approx(0.0398),
        ("AFLW", "64×64"): pytest.approx(0.0134),
        ("COCO-WholeBody", "64×64"): pytest.approx(0.0513),
    }
