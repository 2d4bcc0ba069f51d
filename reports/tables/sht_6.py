"""Paper 003, Table 6: error on 300W by the pupils, of networks that also saw faces without landmarks.

Rows beyond the paper's: our networks without such faces. Source: wan2026sht Table 6.
"""

from reports import labels, paper_studies, sht
from reports.document import Column, Note, Table
from reports.query import Results
from reports.sht import IBUG300W, DataSet, NumberMarks

STUDIES = (IBUG300W.study,)

VARIANTS = ("SHN (256×256)", "SHT-M", *sht.WEAKLY_SUPERVISED, "SHT-M-i", "SHT-M-v")
# Our subset → the paper's.
SUBSETS = {"common": "common", "challenging": "challenging", "all": "full"}
COLUMNS: dict[Column, DataSet] = {
    labels.column("nme_ip", paper_studies.SPLIT, subset=subset, group=f"300W: {name}"): IBUG300W
    for subset, name in SUBSETS.items()
}
PLACES = tuple((column, ("300W", SUBSETS[column.subset], "NME_ip")) for column in COLUMNS)

NOTES = (
    Note("a", "Not the mean over 554 common and 135 challenging faces, which would be 4.123."),
    Note(
        "b",
        "The same three numbers stand in the paper's Table 2 as errors by the outer eye corners; they cannot be both.",
    ),
    Note(
        "c",
        "By the outer eye corners, in Table 2, SHT-M-i has 2.46, 4.07 and 2.78: these are 1.21, 1.50 and 1.29 times as "
        "much, where the shape of faces allows about 1.38 for all three.",
    ),
    Note("d", sht.UNLABELLED),
    Note("e", sht.NOTHING_ON_TRAINING),
)
MARKS = {
    "TS(+AFLW)": ("b",),
    "SHT-M(+YouTube-Face)": ("e",),
    "SHT-M(+AFLW)": ("e",),
    "SHT-M-i(+CelebA)": ("c", "d", "e"),
}
OF_NUMBERS: NumberMarks = {("SBR(+YouTube-Face)", ("300W", "full", "NME_ip")): ("a",)}


def wants(label: str, way: tuple[str, str, str]) -> bool:
    """Whether a study's measurement stands in this table."""
    return label in VARIANTS and paper_studies.is_plain(way)


def build(results: Results) -> Table:
    return Table(
        name="sht_6",
        title="Faces without landmarks in training",
        caption="Paper 003, Table 6: NME by the pupils on 300W of networks that also learned from faces without "
        "landmarks, published and ours; of ours SHN and SHT-M saw none, -i saw CelebA and -v 300VW. Mean ± sample "
        "standard deviation over n seeds.",
        columns=tuple(COLUMNS),
        rows=(
            *sht.published_rows(6, PLACES, MARKS, OF_NUMBERS),
            *paper_studies.our_rows(results, COLUMNS, VARIANTS, sht.cell),
        ),
        notes=NOTES,
    )
