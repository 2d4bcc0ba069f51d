"""The table that every study gets: its variants, baseline first, by what its test set says."""

from reports import cells, labels
from reports.document import Column, Table
from reports.query import Results, StudyResults

STUDIES = ()  # none in particular: built once for each study of the ledger

METRICS = ("nme_io", "nme_ip", "nme_box", "auc_io_8", "auc_io_10", "fr_io_8", "fr_io_10")
OF_PICTURES = ("psnr", "ssim")  # where faces are restored


def build(results: Results, study: str) -> Table | None:
    """None where the study only measures in other ways, see `study_details`, or only searches so far.

    ValueError if the ledger has no such study.
    """
    known = results.study(study)
    if known is None:
        raise ValueError(f"The ledger has no study {study!r}. Known: {', '.join(results.studies()) or 'none yet'}.")
    if not known.variants or (known.ways() and not known.splits()):
        return None
    split = known.main_split
    name = labels.split_name(split).lower()
    columns = _columns(known, split)
    return Table(
        name=f"{study}_overview",
        title=study,
        caption=f"Variants of {study} on the {name} split: mean ± sample standard deviation over n seeds."
        + _about_the_difference(known, columns),
        columns=columns,
        rows=cells.study_rows(results, study, columns),
    )


def _columns(study: StudyResults, split: str) -> tuple[Column, ...]:
    """What the study has measured, or everything while it has measured nothing."""
    measured = study.metrics(split)
    shown = [name for name in METRICS if not measured or name in measured]
    columns = [labels.column(name, split) for name in (*shown, *(name for name in OF_PICTURES if name in measured))]
    if columns and study.baseline is not None and len(study.variants) > 1:
        columns.insert(1, labels.column(columns[0].metric, split, difference=True))
    return tuple(columns)


def _about_the_difference(study: StudyResults, columns: tuple[Column, ...]) -> str:
    if study.baseline is None or not any(column.difference for column in columns):
        return ""
    return f" Δ is the difference to “{study.baseline.label}”, paired by seed."
