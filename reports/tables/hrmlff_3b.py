"""Paper 000, Fig. 3(b): accuracy on faces of one kind, such as turned or covered ones, by network.

Source: kozlowska2026hrmlff Fig. 3(b).
"""

from dataclasses import replace

from reports import cells, hrmlff, labels, literature
from reports.document import Cell, Column, Note, Row, Table
from reports.hrmlff import COFW, FULL, SYNTHETIC, WFLW, YTF68, DataSet
from reports.query import Results, StudyResults, Variant

DATA_SETS = (FULL, COFW, WFLW, YTF68, SYNTHETIC)
STUDIES = tuple(data.study for data in DATA_SETS)
PARTS = {
    FULL: ("common", "challenging"),
    WFLW: ("largepose", "expression", "illumination", "makeup", "occlusion", "blur"),
}

# Rows are of different faces, so that the best of a column would mean nothing.
COLUMNS = tuple(
    labels.column(metric, hrmlff.SPLIT, compare=False, difference=difference)
    for metric, difference in (
        ("nme_io", False),
        ("success_io_10", False),
        ("erroneous_landmarks", False),
        ("erroneous_landmarks", True),
    )
)
NOTES = (
    Note(
        "a",
        "The paper shows bars without numbers. One sentence says that erroneous landmarks on COFW are 2.1 % fewer, but "
        "neither fewer than whose, nor whether 2.1 % of them or percentage points, nor when a landmark is erroneous; "
        "ours is further off than 5 % of the distance of the outer eye corners.",
    ),
    Note("b", "The 1,345 pictures that the paper gives as the size of COFW are its training set; 507 others test."),
)

wants = hrmlff.shows_networks


def build(results: Results) -> Table:
    return Table(
        name="hrmlff_3b",
        title="Accuracy by kind of face",
        caption="Paper 000, Fig. 3(b): NME, share of faces with an NME of at most 10 %, and share of erroneous "
        "landmarks on the subsets of each data set, by network. Mean ± sample standard deviation over n seeds; Δ is "
        "the difference to HR-MLFF, paired by seed: above zero, HR-MLFF is better.",
        columns=COLUMNS,
        rows=(_published(), *_reference(), *(row for data in DATA_SETS for row in _ours(results, data))),
        notes=NOTES,
    )


def _published() -> Row:
    (one,) = hrmlff.printed("fig3b_cofw").values()
    unknown = Cell(text=labels.MISSING, source="literature")
    said = Cell(text=f"{one.value} % fewer", source="literature")
    return literature.row("000", "Fig. 3(b), COFW", hrmlff.BASELINE, (unknown, unknown, unknown, said), ("a", "b"))


def _reference() -> list[Row]:
    """Of the paper's four networks, public values of HRNet on the parts of the data sets."""
    parts = ((data, part) for data, parts in PARTS.items() for part in parts)
    return [
        row
        for data, part in parts
        for row in literature.reference_rows(
            {replace(column, subset=part): data.public for column in COLUMNS},
            group=f"{literature.REFERENCE}: {data.title}, {part}",
            methods=("HRNetV2-W18 (HRNet repo)",),
        )
    ]


def _ours(results: Results, data: DataSet) -> list[Row]:
    group = f"Ours: {data.title}"
    study = results.study(data.study)
    if study is None:
        return list(cells.study_rows(results, data.study, COLUMNS, group))
    return [
        Row(
            label=network.label,
            group=group if subset == "all" else f"{group}, {subset}",
            cells=tuple(_cell(study, network, replace(column, subset=subset)) for column in COLUMNS),
            study=study.name,
            variant=network.variant,
        )
        for subset in ("all", *study.subsets(hrmlff.SPLIT))
        for network in hrmlff.networks_of(study)
    ]


def _cell(study: StudyResults, variant: Variant, column: Column) -> Cell:
    if column.metric != "success_io_10":
        return cells.measured(study, variant, column)
    failures = cells.measured(study, variant, replace(column, metric="fr_io_10"))
    if failures.value is None:
        return failures
    return replace(failures, value=1 - failures.value, seed_values=tuple(1 - one for one in failures.seed_values))
