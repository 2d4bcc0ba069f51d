"""Paper 003, Table 1: faces of 16×16 px restored at 128×128, and the landmarks found in them.

Beyond the paper's: SSIM as DIC's code computes it, the mean error by the width of the face, data that the paper does
not have, and variants that it does not compare. Source: wan2026sht Table 1.
"""

from reports import labels, paper_studies, sht
from reports.document import Column, Note, Table
from reports.query import Results
from reports.sht import DataSet, Place

DATA_SETS = sht.OF_SMALL_FACES
STUDIES = tuple(data.study for data in DATA_SETS)

# Our metric → the paper's, "" where it has none.
METRICS = {"psnr": "PSNR", "ssim": "SSIM", "ssim_dic": "SSIM", "nrmse_width": "NME_wid", "nme_width": ""}
COLUMNS: dict[Column, DataSet] = {
    labels.column(metric, paper_studies.SPLIT, group=data.title): data for data in DATA_SETS for metric in METRICS
}
PLACES: tuple[tuple[Column, Place], ...] = tuple(
    (column, (data.published, "test", METRICS[column.metric])) for column, data in COLUMNS.items()
)

NOTES = (
    Note("a", f"NME_wid: {sht.WIDTH_OF_FACE}"),
    Note(
        "b",
        "The paper says neither which border nor which window its SSIM has, nor whether it is computed of 256−Y, as by "
        "the public code of DIC: its one number stands in both columns. Ours leave out 8 px at every edge.",
    ),
    Note("c", "The paper dates DIC and DICGAN to CVPR 2021; they are of CVPR 2020."),
    Note("d", sht.NOTHING_ON_TRAINING),
)
MARKS = {
    **dict.fromkeys(sht.printed("table1"), ("b",)),
    "Bicubic": ("a", "b"),
    "DIC": ("b", "c"),
    "DICGAN": ("b", "c"),
    "FHS": ("b", "d"),
    **dict.fromkeys(sht.HALLUCINATING, ("a", "b", "d")),
}


def wants(label: str, way: tuple[str, str, str]) -> bool:
    """Whether a study's measurement stands in this table: test faces as they are, with the gradient loss."""
    return not label.endswith(sht.WITHOUT_GRADIENT_LOSS) and paper_studies.is_plain(way)


def build(results: Results) -> Table:
    return Table(
        name="sht_1",
        title="Restored faces and the landmarks in them",
        caption="Paper 003, Table 1: PSNR and SSIM of faces restored from 16×16 px, and the error of the landmarks "
        "found in them, published and ours, and ours on data that the paper does not have. Hourglass is the landmark "
        "stream alone, on the enlarged picture; Hourglass (32×32) is the same on a picture that was not shrunk so "
        "far; “trained on” means for as long as SHT. On ytf68 and rendered faces the pictures are restored to 64 px, "
        "four times and not eight; some faces of ytf68 are smaller than that, and count as true though they were "
        "enlarged. Mean ± sample standard deviation over n seeds.",
        columns=tuple(COLUMNS),
        rows=(
            *sht.published_rows(1, PLACES, MARKS),
            *paper_studies.our_rows(results, COLUMNS, sht.shown_in_table_1(results), sht.cell),
        ),
        notes=NOTES,
    )
