"""Paper 000's data sets: how many pictures it counts, and how many ours have.

Source: kozlowska2026hrmlff (its Implementation Details).
"""

from reports import paper_studies, picture_counts
from reports.document import Note, Table
from reports.hrmlff import BASELINE, COFW, PRIVATE, WFLW
from reports.picture_counts import Count
from reports.query import Results

STUDIES = (PRIVATE.study, COFW.study, WFLW.study)

COUNTS = (
    Count(dataset="300W", subset="train", data=PRIVATE, label=BASELINE, of="training", marks=("a", "b")),
    Count(dataset="300W", subset="test", data=PRIVATE, label=BASELINE, marks=("b",)),
    Count(dataset="COFW", subset="all", data=COFW, label=BASELINE, of="training", marks=("a", "c")),
    Count(dataset="WFLW", subset="train", data=WFLW, label=BASELINE, of="training", marks=("a",)),
    Count(dataset="WFLW", subset="test", data=WFLW, label=BASELINE),
)
NOTES = (
    Note("a", "Of ours a tenth of the groups that others train on validates: no paper's test set is left for that."),
    Note(
        "b",
        "3,837 and 600 are those of the private test: 3,148 + 689, and 300 + 300. But the normal and the difficult "
        "subset of which the paper speaks are parts of the full set of 689, on which `hrmlff_300w` is tested.",
    ),
    Note("c", "The paper gives one number for COFW, that of its training set; 507 other pictures test."),
)


def wants(label: str, way: tuple[str, str, str]) -> bool:
    """All networks of a study see the same pictures: HR-MLFF stands for all."""
    return label == BASELINE and paper_studies.is_plain(way)


def build(results: Results) -> Table:
    return Table(
        name="hrmlff_data",
        title="Pictures in paper 000's data sets",
        caption="Paper 000: pictures of its data sets by its own count, and those on which our networks were trained "
        "and tested.",
        columns=(picture_counts.PUBLISHED, picture_counts.OURS),
        rows=picture_counts.rows(results, "000", "Implementation Details", COUNTS),
        notes=NOTES,
    )
