"""Paper 000, Fig. 3(a): overall error on 300W by network, beside the published numbers.

Source: kozlowska2026hrmlff Fig. 3(a).
"""

from reports import hrmlff, literature, paper_studies
from reports.document import Column, Note, Row, Table
from reports.hrmlff import FULL, PRIVATE, SYNTHETIC, YTF68, DataSet
from reports.query import Results

PLACES = ((PRIVATE, "all"), (FULL, "all"), (FULL, "common"), (FULL, "challenging"), (YTF68, "all"), (SYNTHETIC, "all"))
COLUMNS: dict[Column, DataSet] = {
    hrmlff.column(data, metric, subset): data for data, subset in PLACES for metric in ("nme_io", "nme_ip", "nme_box")
}
STUDIES = tuple(dict.fromkeys(data.study for data, _ in PLACES))

NOTES = (
    Note("a", "The paper does not name the normaliser: its one number stands in each column."),
    Note(
        "b",
        "The paper counts 3,837 training and 600 test pictures, which fits the private test alone (3,148 + 689, and "
        "300 + 300); but the normal and the difficult subset that it speaks of exist in the full set of 689 only. Its "
        "one number stands under both.",
    ),
    Note(
        "c",
        "No other publication has these numbers: HRNet is known with 3.32 to 3.34 on the full set and 3.85 on the "
        "private test, and nothing fits 3.27 of FAN or 3.34 of the stacked hourglass.",
    ),
    Note(
        "d",
        "The paper's conclusion speaks of a “ULP-Net” that it defines nowhere; HR-MLFF is probably meant. Of its "
        "Fig. 5(c) one sentence says that the other networks are more accurate, and the next that HR-MLFF is.",
    ),
)

wants = hrmlff.shows_networks


def build(results: Results) -> Table:
    return Table(
        name="hrmlff_3a",
        title="HR-MLFF and other networks",
        caption="Paper 000, Fig. 3(a): NME on 300W by network, published and ours, and ours on data that the paper "
        "does not have. Mean ± sample standard deviation over n seeds.",
        columns=tuple(COLUMNS),
        rows=(
            *_published(),
            *literature.reference_rows({of: data.public for of, data in COLUMNS.items()}),
            *paper_studies.our_rows(results, COLUMNS, hrmlff.networks(results)),
        ),
        notes=NOTES,
    )


def _published() -> list[Row]:
    found = hrmlff.printed("fig3a_300w")
    return [
        literature.row(
            "000",
            "Fig. 3(a)",
            label,
            tuple(
                hrmlff.published_cell(found.get((name, data.published)) if of.subset == "all" else None, data, of)
                for of, data in COLUMNS.items()
            ),
            marks=("a", "b", "d") if label == hrmlff.BASELINE else ("a", "b", "c"),
        )
        for name, label in hrmlff.PUBLISHED.items()
    ]
