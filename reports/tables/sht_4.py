"""Paper 003, Table 4: error, AUC and failures on WFLW, among its contemporaries, beside our runs.

Source: wan2026sht Table 4.
"""

from reports import labels, paper_studies, sht
from reports.document import Column, Note, Table
from reports.query import Results
from reports.sht import WFLW, DataSet, NumberMarks

STUDIES = (WFLW.study,)

# Our metric → the paper's.
METRICS = {"nme_io": "NME_io", "auc_io_10": "AUC_io_10", "fr_io_10": "FR_io_10"}
COLUMNS: dict[Column, DataSet] = {
    labels.column(metric, paper_studies.SPLIT, group=WFLW.title): WFLW for metric in METRICS
}
PLACES = tuple((column, ("WFLW", "full", METRICS[column.metric])) for column in COLUMNS)

NOTES = (
    Note("a", "Elsewhere 9.07."),
    Note("b", "A misprint: its failure rate again. The paper of LAB, which measured it, has 6.08."),
    Note(
        "c",
        "The paper's text lets SHT-M lead; STAR has less error and fewer failures, 4.02 and 2.32 against 4.03 and "
        "2.48.",
    ),
    Note("d", sht.UNLABELLED),
    Note("e", sht.NOTHING_ON_TRAINING),
    Note("f", "Paper 002 prints 4.99 for Wing, in its Table 3."),
)
MARKS = {"SHT-M": ("c", "e"), "SHT-M-i": ("d", "e"), "SHT-M-v": ("e",)}
_NME = ("WFLW", "full", "NME_io")
OF_NUMBERS: NumberMarks = {("CFSS", _NME): ("a",), ("DVLN", _NME): ("b",), ("Wing", _NME): ("f",)}

wants = sht.shows_large_faces


def build(results: Results) -> Table:
    return Table(
        name="sht_4",
        title="SHT-M among its contemporaries on WFLW",
        caption="Paper 003, Table 4: NME by the outer eye corners, and AUC and failure rate up to 10 %, on WFLW, "
        "published and ours. Mean ± sample standard deviation over n seeds.",
        columns=tuple(COLUMNS),
        rows=(
            *sht.published_rows(4, PLACES, MARKS, OF_NUMBERS),
            *paper_studies.our_rows(results, COLUMNS, sht.LARGE_FACES, sht.cell),
        ),
        notes=NOTES,
    )
