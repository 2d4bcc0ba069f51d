"""Paper 002, Table 5: is a decoder really better than another? The paper prints no spread and no test.

Every decoder against KeyPosS 2×2 on the heatmaps of the same networks: paired by seed in the first column, by
photograph in the others, because few seeds prove little.
"""

from reports import keyposs, labels
from reports.document import Cell, Column, Note, Row, Table
from reports.keyposs_comparisons import RIVALS, Comparison, comparisons
from reports.query import Results
from reports.significance import NUM_RESAMPLES

STUDIES = keyposs.STUDIES

BY_SEED, BY_IMAGE = "By seed", "By photograph, over persons"
COLUMNS = (
    labels.column("nme", "test", difference=True, group=BY_SEED),
    labels.column("nme", "test", difference=True, group=BY_IMAGE),
    labels.column("nme", "test", difference=True, title="from", group=BY_IMAGE),
    labels.column("nme", "test", difference=True, title="to", group=BY_IMAGE),
    labels.column("p_value", "test", group=BY_IMAGE),
    labels.column("num_images", "test", group=BY_IMAGE),
    labels.column("num_persons", "test", group=BY_IMAGE),
)
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
    return Table(
        name="keyposs_5_significance",
        title="Decoders against KeyPosS: paired differences",
        caption="Each decoder's NME minus that of KeyPosS 2×2 on the same heatmaps, in percentage points: above zero, "
        "KeyPosS is better. By seed: mean ± sample standard deviation over n seeds. By photograph: errors averaged "
        f"over the seeds, then the mean difference over test images, its 95 % interval from {NUM_RESAMPLES} bootstrap "
        "resamples of persons, and the two-sided p of Wilcoxon's signed-rank test on one difference per person, not "
        "corrected for the number of comparisons. Interval and p are about other persons, not about other seeds.",
        columns=COLUMNS,
        rows=tuple(_row(one) for one in found),
        notes=NOTES if any(one.data is keyposs.COCO for one in found) else (),
    )


def _row(one: Comparison) -> Row:
    return Row(
        label=one.title,
        detail=labels.metric_title(labels.column(one.data.metric, "test")),
        group=f"{one.data.title}, {keyposs.label(one.size)}",
        cells=(_by_seed(one), *_by_person(one)),
        marks=("a",) if one.data is keyposs.COCO else (),
        study=one.data.study,
    )


def _by_seed(one: Comparison) -> Cell:
    summary = one.by_seed
    return Cell(
        value=summary.mean,
        spread=summary.spread,
        n=summary.n,
        asked=summary.n,
        unit=COLUMNS[0].unit,
        protocol=one.protocol,
        trials=summary.trials,
        seeds=summary.seeds,
        seed_values=summary.values,
    )


def _by_person(one: Comparison) -> tuple[Cell, ...]:
    if one.by_person is None:
        return (Cell(text="undefined"),) * len(COLUMNS[1:])
    of = one.by_person
    values = (of.mean, of.low, of.high, of.p, of.num_images, of.num_persons)
    return tuple(_cell(one, column, value) for column, value in zip(COLUMNS[1:], values, strict=True))


def _cell(one: Comparison, column: Column, value: float) -> Cell:
    trials, n = one.by_seed.trials, one.by_seed.n
    return Cell(value=value, unit=column.unit, protocol=one.protocol, trials=trials, n=n, asked=n)
