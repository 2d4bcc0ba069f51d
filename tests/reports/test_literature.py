"""Published numbers: when they are from, how they were measured, and what that changes under one of our columns."""

import csv
import re
from dataclasses import replace

import pytest

from reports import labels, literature, published, tables
from reports.protocol_differences import differs
from reports.published import Published
from reports.query import Results
from reports.registry import modules
from trainables.papers import PAPERS

ONE = Published(
    paper="003", table="table2", method="SAN", year_or_venue="CVPR2018", dataset="300W", subset="full",
    metric="NME_io", unit="%", value="3.98", note="",
)  # fmt: skip
NORMALISER = "normaliser not stated"
NO_DATA = f"{NORMALISER}; data set not stated"
OF_UNKNOWN = "called a mean error, and not said to be of the landmarks of the method itself"
UNUSED = "counts modules that never run"


def under(column: str, /, **changes: str) -> str:
    """How `ONE`, changed, differs under a column of the test faces."""
    return differs(replace(ONE, **changes), labels.column(column, "test"))


def test_every_file_has_the_same_columns_and_no_number_twice():
    for path in published.FOLDER.glob("*.csv"):
        with path.open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        assert rows and list(rows[0]) == list(vars(ONE)), path.name
        assert {f"{row['paper']}_{row['table']}" for row in rows} == {path.stem}
        places = [tuple(row[name] for name in ("method", "dataset", "subset", "metric", "note")) for row in rows]
        assert len(set(places)) == len(places), path.name


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("CVPR2018", "CVPR 2018"),
        ("CVPR2020 (printed CVPR21)", "CVPR 2020 (printed CVPR21)"),
        ("2019", "2019"),
        ("repo", "public code"),
        ("003", ""),  # the paper's own method
        ("-", ""),
    ],
)
def test_a_number_says_where_it_was_published(written, read):
    assert replace(ONE, year_or_venue=written).venue == read


def test_the_protocol_of_a_number_holds_its_faces_and_its_year():
    assert ONE.protocol == "300W full, CVPR 2018"
    own = replace(ONE, paper="000", year_or_venue="000-2026", note="normaliser not stated in paper")
    assert own.protocol == "300W full, 2026: normaliser not stated in paper"
    assert str(PAPERS["kozlowska2026hrmlff"].year) == "2026"


def test_a_number_under_a_column_that_means_the_same_differs_in_nothing():
    assert under("nme_io") == ""
    assert under("nme") == ""  # the row says what it is divided by
    assert under("nme_ip", metric="NME_ip") == ""


@pytest.mark.parametrize(
    ("column", "changes", "words"),
    [
        ("nme_ip", {}, "divided by the distance of the outer eye corners"),
        ("nme_io", {"metric": "NME_ip"}, "divided by the distance of the pupils"),
        ("nme_io", {"metric": "NME"}, NORMALISER),
        ("nme_box", {"metric": "NME", "note": "normaliser not stated in paper; prose only"}, NORMALISER),
        ("nme_dataset_box", {"metric": "NME", "note": "box_size normalised"}, ""),
        ("nme_io", {"metric": "NME", "note": "box_size normalised"}, "divided by the side of the data set's face box"),
        ("nme_dataset_box", {"metric": "NME", "paper": "002", "dataset": "AFLW", "note": "encoding=biased"}, ""),
        ("nme_ip", {"metric": "NME", "note": "inter-pupil; reported by an index"}, ""),
        ("auc_io_7", {"metric": "AUC", "note": "threshold not stated"}, f"{NORMALISER}; threshold not stated"),
        ("nme_io_fraction", {"metric": "NME", "dataset": "truth (dataset not stated)"}, NO_DATA),
        ("nrmse_width", {"metric": "NME_wid"}, OF_UNKNOWN),
        ("ssim", {"metric": "SSIM"}, ""),
        ("ssim_dic", {"metric": "SSIM"}, "not said to be of 256−Y"),
        ("macs", {"metric": "GFLOPs", "note": "conv MAC + bias"}, "operations counted in the paper's own way"),
        ("parameters", {"metric": "params", "note": "counts allocated but unused modules"}, UNUSED),
        ("parameters", {"metric": "params"}, ""),
        ("frames_per_second", {"metric": "FPS"}, "on the paper's machine"),
        ("psnr", {"metric": "VIF"}, "printed as VIF"),
    ],
)  # fmt: skip
def test_a_number_that_was_measured_in_another_way_says_how(column, changes, words):
    assert under(column, **changes) == words


def test_pixels_of_an_unknown_scale_are_said_to_be_so():
    note = "pixel scale not stated, 224 assumed"
    one = replace(ONE, metric="accuracy_3px", subset="validation", note=note)
    assert differs(one, labels.column("accuracy_3px", "val")) == "pixel scale not stated"


def test_numbers_of_other_faces_say_of_which():
    validation = replace(ONE, subset="validation")
    assert differs(validation, labels.column("nme_io", "val")) == ""
    assert differs(validation, labels.column("nme_io", "test")) == "of validation faces"
    assert differs(ONE, labels.column("nme_io", "val")) == "of test faces"
    common = replace(ONE, subset="common")
    assert differs(common, labels.column("nme_io", "test", subset="common")) == ""
    assert differs(common, labels.column("nme_io", "test")) == "of the faces “common” only"
    assert differs(ONE, labels.column("nme_io", "test", subset="common")) == "of all faces"
    assert differs(replace(ONE, subset="pose"), labels.column("nme_io", "test", subset="largepose")) == ""


def test_a_cell_has_the_number_its_digits_and_what_is_different():
    cell = literature.cell(replace(ONE, value="3.9"), labels.column("nme_ip", "test"), ("a",), also="of 600 faces")
    assert (cell.value, cell.digits, cell.marks) == (pytest.approx(0.039), 1, ("a",))
    assert cell.differs == "divided by the distance of the outer eye corners; of 600 faces"
    assert literature.cell(replace(ONE, value="NA"), labels.column("nme_ip", "test")).differs == ""


def test_no_published_number_of_any_table_is_without_year_or_protocol(ledger):
    results = Results(ledger)
    seen = 0
    for module in (one for one in modules(tables).values() if one.STUDIES):
        table = module.build(results)
        for row in table.rows if table else ():
            for cell in row.cells:
                if cell.source == "literature" and cell.value is not None:
                    seen += 1
                    words = f"{row.group} {row.detail} {row.citation}"
                    assert re.search(r"(19|20)\d\d", words) and cell.protocol, (table.name, row.label)
    assert seen > 600


def test_a_reference_value_stands_only_where_it_is_measured_alike():
    by_corners, by_pupils = (labels.column(metric, "test", group="COFW") for metric in ("nme_io", "nme_ip"))
    rows = {row.label: row for row in literature.reference_rows({by_corners: "COFW", by_pupils: "COFW"})}
    assert [cell.value for cell in rows["HRNetV2-W18 (HRNet repo)"].cells] == [pytest.approx(0.0345), None]
    assert [cell.value for cell in rows["D-ViT"].cells] == [None, pytest.approx(0.0413)]
    assert "HRNetV2-W18 DARK (mmpose 0.x)" not in rows  # it has no number of COFW
    assert {row.citation for row in rows.values()} <= set(PAPERS)
    assert all(cell.differs == "" for row in rows.values() for cell in row.cells)


def test_reference_values_of_300w_are_of_the_test_set_of_their_column():
    full, private = (labels.column("nme_io", "test", group=group) for group in ("full", "private"))
    columns = {full: "300W", private: "300W private test"}
    first = literature.reference_rows(columns)[0]
    assert [cell.value for cell in first.cells] == pytest.approx([0.0334, 0.0385])
    assert first.detail.startswith("public code; model zoo figure")
    assert first.group == "Public reference values, not in the paper"
