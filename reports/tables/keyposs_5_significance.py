"""Paper 002, Table 5: is a decoder really better than another? The paper prints no spread and no test.

Every decoder against KeyPosS 2×2 on the heatmaps of the same networks: paired by seed in the first column, by
photograph in the others, because few seeds prove little.
"""

from reports import cells, keyposs, labels, significance_columns
from reports.document import Cell, Note, Row, Table
from reports.keyposs_comparisons import RIVALS, Comparison, comparisons
from reports.query import Results

STUDIES = keyposs.STUDIES

BY_SEED = labels.column("nme", "test", difference=True, group="By seed")
COLUMNS = (BY_SEED, *significance_columns.columns("nme"))
NOTES = (
    Note("a", "Counts every landmark of all faces alike by seed, as MMPose does, and every face alike by photograph."),
)


def wants(label: str, way: tuple[str, str, str]) -> bool:
    """Whether a study's measurement is compared in this table."""
    return keyposs.is_read_by(way, (*RIVALS, keyposs.KEYPOSS))


def build(results: Results) -> Table | None:
    """None before two decoders have read the same network."""
    found = comparisons(results)
    if not found:
        return None
    compared = significance_columns.cells([one.compared for one in found])
    return Table(
        name="keyposs_5_significance",
        title="Decoders against KeyPosS: paired differences",
        caption="Each decoder's NME minus that of KeyPosS 2×2 on the same heatmaps, in percentage points: above zero, "
        "KeyPosS is better. By seed: mean ± sample standard deviation over n seeds. " + significance_columns.CAPTION,
        columns=COLUMNS,
        rows=tuple(_row(*one) for one in zip(found, compared, strict=True)),
        notes=NOTES if any(one.data is keyposs.COCO for one in found) else (),
    )


def _row(one: Comparison, by_person: tuple[Cell, ...]) -> Row:
    by_seed = cells.of_summary(one.compared.by_seed, one.compared.protocol, BY_SEED, asked=one.compared.by_seed.n)
    return Row(
        label=one.title,
        detail=labels.metric_title(labels.column(one.data.metric, "test")),
        group=f"{one.data.title}, {keyposs.label(one.size)}",
        cells=(by_seed, *by_person),
        marks=("a",) if one.data is keyposs.COCO else (),
        study=one.data.study,
    )
