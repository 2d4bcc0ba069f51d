"""Paper 003's data sets: how many pictures it counts, and how many ours have.

Source: wan2026sht (its Implementation Details).
"""

from reports import paper_studies, picture_counts, sht
from reports.document import Note, Table
from reports.picture_counts import Count
from reports.query import Results
from reports.sht import AFLW, CELEBA, HELEN, IBUG300W, WFLW

STUDIES = tuple(data.study for data in (CELEBA, HELEN, IBUG300W, AFLW, WFLW))

SMALL, LARGE = "DHLN", "DHLN-M"
COUNTS = (
    Count(dataset="CelebA", subset="train (SR)", data=CELEBA, label=SMALL, of="training", marks=("a",)),
    Count(dataset="CelebA", subset="test (SR)", data=CELEBA, label=SMALL),
    Count(dataset="CelebA", subset="unlabelled (weak)", marks=("b",)),
    Count(dataset="Helen", subset="train (SR)", data=HELEN, label=SMALL, of="training", marks=("a",)),
    Count(dataset="Helen", subset="test (SR)", data=HELEN, label=SMALL),
    Count(dataset="300W", subset="train", data=IBUG300W, label=LARGE, of="training", marks=("a",)),
    Count(dataset="300W", subset="common", data=IBUG300W, label=LARGE, ours="common"),
    Count(dataset="300W", subset="challenging", data=IBUG300W, label=LARGE, ours="challenging"),
    Count(dataset="300W", subset="full", data=IBUG300W, label=LARGE),
    Count(dataset="AFLW", subset="train", data=AFLW, label=LARGE, of="training", marks=("a",)),
    Count(dataset="AFLW", subset="test full", data=AFLW, label=LARGE),
    Count(dataset="AFLW", subset="test frontal", data=AFLW, label=LARGE, ours="frontal"),
    Count(dataset="WFLW", subset="train", data=WFLW, label=LARGE, of="training", marks=("a",)),
    Count(dataset="WFLW", subset="test", data=WFLW, label=LARGE),
    Count(dataset="300VW", subset="train videos", marks=("c",)),
    Count(dataset="300VW", subset="train frames", marks=("c",)),
)
NOTES = (
    Note("a", "Of ours a tenth of the groups that others train on validates: no paper's test set is left for that."),
    Note(
        "b",
        f"{sht.UNLABELLED} Of these and the 3,148 of 300W together 1.8 % have landmarks, as the paper's Sec. 4.5 says.",
    ),
    Note("c", "Faces without landmarks, videos and their frames: `marksweep data check ibug300vw` counts those here."),
)


def wants(label: str, way: tuple[str, str, str]) -> bool:
    """All networks of a study see the same pictures with landmarks: one stands for all."""
    return label in (SMALL, LARGE) and paper_studies.is_plain(way)


def build(results: Results) -> Table:
    return Table(
        name="sht_data",
        title="Pictures in paper 003's data sets",
        caption="Paper 003: pictures of its data sets by its own count, and those on which our networks were trained "
        "and tested.",
        columns=(picture_counts.PUBLISHED, picture_counts.OURS),
        rows=picture_counts.rows(results, "003", "Implementation Details", COUNTS),
        notes=NOTES,
    )
