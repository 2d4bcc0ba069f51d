"""Paper 001, Table 1: MSE, NME and pixel accuracy of ResNet18 on grey crops, beside the published row.

Source: sharif2025resnet18 Table 1. Columns beyond the paper's: NME by two normalisers, because the paper names none,
and a test set, because it has none.
"""

from reports import cells, labels, literature
from reports.document import Note, Row, Table
from reports.query import Results

STUDIES = ("resnet18_300w", "resnet18_ytf68")

# Our column → (subset, metric) in the paper's table, and the cautions that belong to the number.
PUBLISHED = {
    labels.column("mse", "train"): (("train", "MSE"), ()),
    labels.column("mse", "val"): (("validation", "MSE"), ()),
    labels.column("nme_io", "val"): (("validation", "NME"), ("d",)),
    labels.column("nme_crop_diag", "val"): (("validation", "NME"), ("d",)),
    labels.column("accuracy_3px", "val"): (("validation", "accuracy_3px"), ("e",)),
    labels.column("accuracy_5px", "val"): (("validation", "accuracy_5px"), ("e",)),
    labels.column("nme_io", "test"): (None, ()),
    labels.column("auc_io_8", "test"): (None, ()),
    labels.column("fr_io_8", "test"): (None, ()),
}
COLUMNS = tuple(PUBLISHED)

NOTES = (
    Note(
        "a",
        "The paper's MSE, NME and accuracy do not fit together under inter-ocular normalisation: MSE .0012 is a point "
        "error of .049 crop sides (RMS; 11 px of 224), which fits NME 3.28 % only if the normaliser is 1.3 to 1.5 crop "
        "sides (the crop diagonal is 1.414), and 95.4 % within 3 px only if the few others are about 49 px off.",
    ),
    Note("b", "The paper has no test set, and its validation images probably share mirrored twins with training."),
    Note(
        "c",
        "The paper describes its “baseline” once as small CNNs and once as D-ViT; its D-ViT numbers are bars without "
        "values (Figs. 3 and 4), so there is no row for them.",
    ),
    Note("d", "The paper does not name the normaliser: its one number stands in both columns."),
    Note("e", "The paper does not state the pixel scale; 224-px crops are assumed, as for ours."),
)


def build(results: Results) -> Table:
    rows = [_published_row()]
    for study in STUDIES:
        rows += cells.study_rows(results, study, COLUMNS, group=f"Ours: {study}")
    return Table(
        name="resnet18_1",
        title="ResNet18 on grey crops: performance metrics",
        caption="Paper 001, Table 1, beside our runs. Mean ± sample standard deviation over n seeds.",
        columns=COLUMNS,
        rows=tuple(rows),
        notes=NOTES,
    )


def _published_row() -> Row:
    published = {(one.subset, one.metric): one for one in literature.read("001", "table1")}
    return literature.row(
        "001",
        "Table 1",
        "ResNet18-gray",
        tuple(
            literature.cell(published.get(key) if key else None, column, marks)
            for column, (key, marks) in PUBLISHED.items()
        ),
        marks=("a", "b", "c"),
        detail="300W, train/validation, normaliser not stated",
    )
