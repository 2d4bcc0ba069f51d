"""What a study measured beyond its whole test set: subsets of the data, perturbed crops, other decoders."""

from reports import cells, labels
from reports.document import Column, Row, Table
from reports.query import Results, StudyResults

STUDIES = ()  # none in particular: built once for each study of the ledger

METRICS = ("nme_io", "auc_io_10", "fr_io_10")
OF_PICTURES = ("psnr", "ssim")  # only where a network of the study makes some


def build(results: Results, study: str) -> Table | None:
    """None where the study measures nothing of the kind."""
    known = results.study(study)
    if known is None:
        return None
    split = known.main_split
    rows = [*_of_subsets(known, split), *_of_ways(known)]
    if not rows:
        return None
    return Table(
        name=f"{study}_details",
        title=f"{study}: subsets, perturbations, decoders",
        caption=f"Variants of {study} on parts of the {labels.split_name(split).lower()} split, with perturbed "
        "crops, or read by another decoder: mean ± sample standard deviation over n seeds.",
        columns=_columns(known, split),
        rows=tuple(rows),
    )


def _of_subsets(study: StudyResults, split: str) -> list[Row]:
    return [
        cells.variant_row(study, variant, _columns(study, split, subset), group=f"subset {subset}")
        for subset in study.subsets(split)
        for variant in study.variants
    ]


def _of_ways(study: StudyResults) -> list[Row]:
    return [
        cells.variant_row(study, variant, _columns(study, split), ", ".join(filter(None, words)), *words)
        for split, *words in study.ways()
        if any(words)
        for variant in study.variants
        if variant.asked(split, *words)
    ]


def _columns(study: StudyResults, split: str, subset: str = "all") -> tuple[Column, ...]:
    metrics = METRICS + (OF_PICTURES if OF_PICTURES[0] in study.metrics(split) else ())
    # Rows of different groups are measured on different pictures: the best of a column would mean nothing.
    return tuple(labels.column(name, split, subset=subset, compare=False) for name in metrics)
