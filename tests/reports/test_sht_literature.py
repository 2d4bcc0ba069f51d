"""Paper 003's printed numbers against what must hold of such numbers, and against the notes beside them."""

import pytest

from reports import sht
from reports.tables import sht_2, sht_3, sht_4, sht_6
from trainables import metrics

COMMON, CHALLENGING = 554, 135
ROUNDING = 0.012  # of three numbers of two digits


def marked(of_numbers: sht.NumberMarks, mark: str, metric: str) -> set[str]:
    return {method for (method, (_, _, name)), marks in of_numbers.items() if name == metric and mark in marks}


def number(table: str, method: str, place: sht.Place) -> float | None:
    one = sht.printed(table)[method].get(place)
    return None if one is None else one.number


def not_the_mean_of_its_subsets(table: str, metric: str) -> dict[str, float]:
    """Method → what its full set would have to be, where that is something else."""
    found = {}
    for method in sht.printed(table):
        common, challenging, full = (
            number(table, method, ("300W", subset, metric)) for subset in ("common", "challenging", "full")
        )
        mean = metrics.mean_of_subsets([common, challenging], [COMMON, CHALLENGING])
        if abs(mean - full) > ROUNDING:
            found[method] = round(mean, 3)
    return found


def auc_is_impossible(table: str, places: tuple[sht.Place, sht.Place], percent: float, scale: float) -> set[str]:
    """Methods whose AUC is below 1 − NME/threshold."""
    pairs = {method: [number(table, method, place) for place in places] for method in sht.printed(table)}
    known = {method: pair for method, pair in pairs.items() if None not in pair}
    return {method for method, (nme, auc) in known.items() if auc / scale < 1 - nme / percent}


def test_three_full_sets_are_not_the_mean_of_their_subsets_and_are_marked():
    assert not_the_mean_of_its_subsets("table2", "NME_io") == {"LAB": 3.413, "GlomFace": 3.065}
    assert not_the_mean_of_its_subsets("table6", "NME_ip") == {"SBR(+YouTube-Face)": 4.123}
    assert marked(sht_2.OF_NUMBERS, "a", "NME_io") == {"LAB", "GlomFace"}
    assert marked(sht_6.OF_NUMBERS, "a", "NME_ip") == {"SBR(+YouTube-Face)"}


def test_three_areas_are_below_what_their_errors_allow_and_are_marked():
    aflw = (("AFLW", "full", "NME_box"), ("AFLW", "full", "AUC_box_7"))
    wflw = (("WFLW", "full", "NME_io"), ("WFLW", "full", "AUC_io_10"))
    assert auc_is_impossible("table3", aflw, 7.0, scale=100.0) == {"SCPAN", "semi-SCPAN", "Wing"}
    assert auc_is_impossible("table4", wflw, 10.0, scale=1.0) == set()
    assert marked(sht_3.OF_NUMBERS, "b", "AUC_box_7") == {"Wing"}
    assert marked(sht_3.OF_NUMBERS, "c", "AUC_box_7") == {"SCPAN", "semi-SCPAN"}


def test_box_and_diagonal_of_the_papers_own_rows_are_not_of_one_box():
    pairs = {
        method: [number("table3", method, ("AFLW", "full", metric)) for metric in ("NME_box", "NME_diag")]
        for method in sht.printed("table3")
    }
    ratios = {method: box / diagonal for method, (box, diagonal) in pairs.items() if box and diagonal}
    assert {method for method, ratio in ratios.items() if ratio > 1.7} == {"SHT-M", "SHT-M-i", "SHT-M-v"}
    assert {method for method, marks in sht_3.MARKS.items() if "d" in marks} == {"SHT-M", "SHT-M-i", "SHT-M-v"}
    assert [round(ratios[method], 2) for method in ("SHT-M", "SHT-M-i", "SHT-M-v")] == [1.77, 1.84, 1.81]
    assert all(1.56 <= ratio <= 1.65 for method, ratio in ratios.items() if not method.startswith("SHT"))


def test_one_teacher_has_the_same_numbers_by_eye_corners_and_by_pupils():
    for subset in ("common", "challenging", "full"):
        by_corners = number("table2", "Teacher (printed Techer)", ("300W", subset, "NME_io"))
        assert by_corners == number("table6", "TS(+AFLW)", ("300W", subset, "NME_ip"))


def test_pupils_and_eye_corners_of_sht_m_i_are_in_no_fixed_proportion():
    ratios = [
        number("table6", "SHT-M-i(+CelebA)", ("300W", subset, "NME_ip"))
        / number("table2", "SHT-M-i", ("300W", subset, "NME_io"))
        for subset in ("common", "challenging", "full")
    ]
    assert [round(ratio, 2) for ratio in ratios] == [1.21, 1.50, 1.29]


def test_dvln_has_its_failure_rate_for_an_error():
    nme, failures = (number("table4", "DVLN", ("WFLW", "full", metric)) for metric in ("NME_io", "FR_io_10"))
    assert nme == failures
    assert marked(sht_4.OF_NUMBERS, "b", "NME_io") == {"DVLN"}


def test_the_gain_that_the_text_gives_to_dhln_is_that_of_sht_m():
    hourglass, dhln, whole = (
        number("table2", method, ("300W", "common", "NME_io")) for method in ("SHN (256x256)", "DHLN-M", "SHT-M")
    )
    assert 100 * (1 - whole / hourglass) == pytest.approx(17.36, abs=0.005)
    assert 100 * (1 - dhln / hourglass) == pytest.approx(11.90, abs=0.005)


def test_the_papers_counts_of_pictures_add_up():
    counts = {(dataset, subset): one.number for (dataset, subset, _), one in sht.printed("datasets")["-"].items()}
    train = counts["300W", "train"]
    assert counts["300W", "common"] + counts["300W", "challenging"] == counts["300W", "full"] == 689
    assert train + counts["300W", "full"] == 3837
    pool = counts["CelebA", "unlabelled (weak)"]
    assert counts["CelebA", "train (SR)"] + counts["CelebA", "test (SR)"] == pool
    assert 100 * train / (train + pool) == pytest.approx(1.820, abs=0.0005)
