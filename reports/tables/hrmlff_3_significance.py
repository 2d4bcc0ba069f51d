"""Paper 000, Fig. 3: is HR-MLFF really better than the other networks? The paper prints no spread and no test."""

from reports import hrmlff, significance_columns
from reports.comparisons import Reading
from reports.document import Row, Table
from reports.hrmlff_comparisons import COLUMNS, cells_of
from reports.query import Results

STUDIES = hrmlff.STUDIES

wants = hrmlff.shows_networks


def build(results: Results) -> Table | None:
    """None before a study has two networks with a seed in common."""
    known = [study for name in STUDIES if (study := results.study(name)) is not None]
    readings = [Reading(study=study, variant=one) for study in known for one in hrmlff.networks_of(study)]
    shown = cells_of(readings)
    if not any(cell.value is not None for row in shown for cell in row[2:]):
        return None
    titles = {data.study: data.title for data in hrmlff.DATA_SETS}
    return Table(
        name="hrmlff_3_significance",
        title="Networks against HR-MLFF: paired differences",
        caption="Each network's NME and its difference to HR-MLFF: above zero, HR-MLFF is better. Over seeds: mean ± "
        "sample standard deviation over n seeds, differences paired by seed. " + significance_columns.CAPTION,
        columns=COLUMNS,
        rows=tuple(
            Row(
                label=one.variant.label,
                group=titles[one.study.name],
                cells=these,
                study=one.study.name,
                variant=one.variant.variant,
            )
            for one, these in zip(readings, shown, strict=True)
        ),
    )
