"""Paper 000, Fig. 4: HR-MLFF with one setting changed at a time, beside the published numbers.

Fusion, loss and augmentation are the paper's; what follows them are parts and settings that it names and does not vary.
Source: kozlowska2026hrmlff Fig. 4.
"""

from reports import cells, hrmlff, literature, paper_studies, significance_columns
from reports.comparisons import Reading
from reports.document import Cell, Note, Row, Table
from reports.hrmlff_comparisons import COLUMNS, ERROR, cells_of
from reports.query import Results, StudyResults

STUDIES = hrmlff.STUDIES
TITLES = {data.study: data.title for data in hrmlff.DATA_SETS}

LAST_WEIGHTS = "last weights instead of the selected"
# Axis in the file → heading and marks.
PUBLISHED = {
    "fusion": ("(a) fusion", ("b", "d")),
    "loss": ("(b) loss", ()),
    "augmentation": ("(c) augmentation", ("c",)),
}

NOTES = (
    Note(
        "a",
        "The paper names no normaliser, seed or spread, and counts pictures as in the private test of 300W; ours are "
        "divided by the distance of the outer eye corners and, beside it, of the pupils.",
    ),
    Note(
        "b",
        "Without fusion the paper has 3.33, worse than its HRNet with 3.09, although what then remains is HRNet with "
        "more parts and its better loss.",
    ),
    Note(
        "c",
        "The paper does not say on which data set; its text speaks of the hard faces of WFLW and COFW, its number with "
        "augmentation is that of 300W.",
    ),
    Note(
        "d",
        "Three equations of the paper cannot be meant as printed: Eq. 2 adds a larger and a smaller version of one "
        "map, Eq. 7 sums its map to a vector, and Eq. 14 has Adam's ε inside the root. Ours exchanges between "
        "resolutions, keeps the map, and takes Adam as published.",
    ),
)


def wants(label: str, way: tuple[str, str, str]) -> bool:
    """Whether a study's measurement stands in this table: HR-MLFF and its changes, no other network."""
    if label == hrmlff.BASELINE:
        return paper_studies.is_plain(way) or way == (hrmlff.SPLIT, "", hrmlff.LAST_WEIGHTS)
    return bool(hrmlff.change(label)) and paper_studies.is_plain(way)


def build(results: Results) -> Table:
    known = [study for name in STUDIES if (study := results.study(name)) is not None]
    readings = [reading for study in known for reading in _readings(study)]
    ours = [_ours(one, shown) for one, shown in zip(readings, cells_of(readings), strict=True)]
    return Table(
        name="hrmlff_4",
        title="HR-MLFF, one setting at a time",
        caption="Paper 000, Fig. 4: NME of HR-MLFF with one setting changed, published and ours. Over seeds: mean ± "
        "sample standard deviation over n seeds, and the difference to HR-MLFF, paired by seed: above zero, the change "
        "is for the worse. " + significance_columns.CAPTION,
        columns=COLUMNS,
        rows=(*_published(), *ours, *_not_run(results)),
        notes=NOTES,
    )


def _readings(study: StudyResults) -> list[Reading]:
    """HR-MLFF, then its changes by heading; the last is HR-MLFF with its last weights, where the study asks for it."""
    headings = ["", *hrmlff.AXES, hrmlff.OTHERS]
    mine = [one for one in study.variants if one.label == hrmlff.BASELINE or hrmlff.change(one.label)]
    found = [Reading(study=study, variant=one) for one in mine]
    found += [
        Reading(study=study, variant=one, decoder=hrmlff.LAST_WEIGHTS)
        for one in mine
        if one.baseline and one.asked(hrmlff.SPLIT, decoder=hrmlff.LAST_WEIGHTS)
    ]
    return sorted(found, key=lambda one: headings.index(_heading(one)))


def _change(reading: Reading) -> str:
    return LAST_WEIGHTS if reading.decoder else hrmlff.change(reading.variant.label)


def _heading(reading: Reading) -> str:
    change = _change(reading)
    return hrmlff.axis(change) if change else ""


def _ours(reading: Reading, shown: tuple[Cell, ...]) -> Row:
    heading = _heading(reading)
    return Row(
        label=_change(reading) or reading.variant.label,
        group=f"Ours: {TITLES[reading.study.name]}" + (f", {heading}" if heading else ""),
        cells=shown,
        marks=("d",) if heading in ("(a) fusion", "parts left out") else (),
        study=reading.study.name,
        variant=reading.variant.variant,
    )


def _not_run(results: Results) -> list[Row]:
    """One empty row with its command for each study that nobody ran yet."""
    return [
        row
        for study, title in TITLES.items()
        if results.study(study) is None
        for row in cells.study_rows(results, study, COLUMNS, group=f"Ours: {title}")
    ]


def _published() -> list[Row]:
    rows = []
    for one in literature.read("000", "fig4_ablation"):
        heading, marks = PUBLISHED[one.note.removeprefix("ablation axis: ").partition(";")[0]]
        shown = tuple(literature.cell(one if of is ERROR else None, of) for of in COLUMNS)
        rows.append(literature.row("000", f"Fig. 4{heading}, 300W", one.method, shown, ("a", *marks)))
    return rows
