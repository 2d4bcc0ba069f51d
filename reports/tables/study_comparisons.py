"""What every study with a baseline gets: each other variant against it, paired by seed and by photograph."""

from reports import cells, labels, significance_columns
from reports.comparisons import Compared, Reading, compare
from reports.document import Cell, Column, Row, Table
from reports.query import Results, StudyResults, Variant

STUDIES = ()  # none in particular: built once for each study of the ledger

METRIC, GROUP = "nme_io", "Over seeds"
MOST_VARIANTS = 50  # who compares more looks at a search


def build(results: Results, study: str) -> Table | None:
    """None where the study has no baseline, very many variants, or no photographs that two variants share."""
    known = results.study(study)
    if known is None or known.search or known.baseline is None or len(known.variants) > MOST_VARIANTS:
        return None
    others = [variant for variant in known.variants if not variant.baseline]
    compared = {variant.label: _compared(known, known.baseline, variant) for variant in others}
    if not any(one is not None and one.by_person is not None for one in compared.values()):
        return None
    by_person = iter(significance_columns.cells([one for one in compared.values() if one is not None]))
    columns = _columns(known.main_split)
    nothing = (Cell(text=labels.MISSING),) * (len(columns) - 2)
    return Table(
        name=f"{study}_comparisons",
        title=f"{study}: differences to “{known.baseline.label}”",
        caption=f"Each variant of {study} minus “{known.baseline.label}”: mean ± sample standard deviation over n "
        "seeds, paired by seed. " + significance_columns.CAPTION,
        columns=columns,
        rows=tuple(
            Row(
                label=variant.label,
                cells=(
                    *(cells.measured(known, variant, column) for column in columns[:2]),
                    *(nothing if compared[variant.label] is None else next(by_person)),
                ),
                study=study,
                variant=variant.variant,
            )
            for variant in others
        ),
    )


def _columns(split: str) -> tuple[Column, ...]:
    # The baseline is not among the rows: the best of the others would say little.
    error, change = (labels.column(METRIC, split, compare=False, difference=one, group=GROUP) for one in (False, True))
    return error, change, *significance_columns.columns(METRIC, split)


def _compared(study: StudyResults, baseline: Variant, variant: Variant) -> Compared | None:
    ours, theirs = (Reading(study=study, variant=one) for one in (variant, baseline))
    return compare(ours, theirs, study.main_split, METRIC)
