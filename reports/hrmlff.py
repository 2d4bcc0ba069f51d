"""Paper 000's studies in the ledger: networks, changes of one setting, and where a table finds a number.

A study's baseline is HR-MLFF; a variant called "HR-MLFF, …" is HR-MLFF with that one change; every other variant is a
network to compare it with. Labels say so before a trial is in the ledger, and a plan is told nothing else.
"""

from reports import labels, literature
from reports.document import Cell, Column
from reports.paper_studies import SPLIT, DataSet, is_plain
from reports.published import Published
from reports.query import Results, StudyResults, Variant, Way

BASELINE = "HR-MLFF"
NETWORKS = (BASELINE, "HRNet", "FAN", "Stacked hourglass")  # until a study is in the ledger
LAST_WEIGHTS = "last weights"  # as an evaluation says it

# Heading → a word of the change; of several the last one counts: "augmentation without flip" is one operation less.
AXES = {
    "(a) fusion": ("fusion",),
    "(b) loss": ("loss",),
    "(c) augmentation": ("augmentation",),
    "(c) one augmentation left out": ("rotation", "scal", "flip", "occlu"),
    "parts left out": ("embedding", "modulation"),
    "training": ("curriculum", "averag", "weights"),
}
OTHERS = "other settings"

# The paper's names of the networks → ours.
PUBLISHED = {"HRMLFF (ours of 000)": BASELINE, "HRNet": "HRNet", "FAN": "FAN", "Stacked Hourglass": "Stacked hourglass"}

PRIVATE = DataSet(study="hrmlff_300w_private", title="300W private", published="300W", public="300W private test")
FULL = DataSet(study="hrmlff_300w", title="300W full", published="300W", public="300W")
WFLW = DataSet(study="hrmlff_wflw", title="WFLW", published="WFLW", public="WFLW")
COFW = DataSet(study="hrmlff_cofw", title="COFW", published="COFW", public="COFW")
YTF68 = DataSet(study="hrmlff_ytf68", title="ytf68 (small networks, few epochs)")
SYNTHETIC = DataSet(study="hrmlff_synthetic", title="rendered faces (small networks, few epochs)")
DATA_SETS = (PRIVATE, FULL, COFW, WFLW, YTF68, SYNTHETIC)
STUDIES = tuple(data.study for data in DATA_SETS)


def change(label: str) -> str:
    """What one setting of a changed HR-MLFF is, "fusion off"; empty for a network of its own."""
    return label.removeprefix(f"{BASELINE}, ") if label.startswith(f"{BASELINE}, ") else ""


def axis(change: str) -> str:
    """The heading under which a change stands: that of the paper's Fig. 4 where it has one."""
    found = [heading for heading, words in AXES.items() if any(word in change for word in words)]
    return found[-1] if found else OTHERS


def networks_of(study: StudyResults) -> tuple[Variant, ...]:
    return tuple(variant for variant in study.variants if not change(variant.label))


def leading_networks_of(study: StudyResults) -> tuple[Variant, ...]:
    """Those that figures show."""
    return tuple(variant for variant in study.leading if not change(variant.label))


def networks(results: Results) -> tuple[str, ...]:
    """Labels of the networks that the studies compare, HR-MLFF first."""
    known = [study for data in DATA_SETS if (study := results.study(data.study)) is not None]
    found = dict.fromkeys(variant.label for study in known for variant in networks_of(study))
    return tuple(found) or NETWORKS


def shows_networks(label: str, way: Way) -> bool:
    """`wants` of the tables that compare networks on test faces as they are."""
    return not change(label) and is_plain(way)


def column(data: DataSet, metric: str, subset: str = "all") -> Column:
    """Of a table whose columns are data sets."""
    group = data.title if subset == "all" else f"{data.title}: {subset}"
    return labels.column(metric, SPLIT, subset=subset, group=group)


def published_cell(published: Published | None, data: DataSet, column: Column, marks: tuple[str, ...] = ()) -> Cell:
    """A number of the paper under a column of a data set, which may have other test faces than the paper counts."""
    also = "of the private test by the paper's count of pictures" if data is FULL else ""
    return literature.cell(published, column, marks, also)


def printed(table: str) -> dict[tuple[str, str], Published]:
    """The published numbers of one part of a figure, by method and data set."""
    return {(one.method, one.dataset): one for one in literature.read("000", table)}
