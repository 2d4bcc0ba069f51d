"""From a study's trials to the rows and cells of a table. Table modules are short because of this file."""

from collections.abc import Sequence

from reports import aggregate, labels
from reports.aggregate import Measurement
from reports.document import Cell, Column, Row
from reports.query import Results, StudyResults, Variant, run_command

NOT_ASKED = Cell(text="not asked")


def study_rows(results: Results, study: str, columns: Sequence[Column], group: str = "") -> tuple[Row, ...]:
    """One row per variant, the baseline first. A study that nobody ran yet is one empty row with its command."""
    known = results.study(study)
    if known is None:
        return (Row(label=study, cells=(not_run(study),) * len(columns), group=group, study=study),)
    ordered = sorted(known.variants, key=lambda variant: not variant.baseline)
    return tuple(variant_row(known, variant, columns, group) for variant in ordered)


def variant_row(
    study: StudyResults,
    variant: Variant,
    columns: Sequence[Column],
    group: str = "",
    perturbation: str = "",
    decoder: str = "",
) -> Row:
    return Row(
        label=variant.label,
        detail="baseline" if variant.baseline else "",
        is_baseline=variant.baseline,
        cells=tuple(measured(study, variant, column, perturbation, decoder) for column in columns),
        group=group,
        study=study.name,
        variant=variant.variant,
    )


def measured(study: StudyResults, variant: Variant, column: Column, perturbation: str = "", decoder: str = "") -> Cell:
    """Mean ± standard deviation over the variant's finished seeds, or what is missing and how to get it."""
    if not variant.asked(column.split, perturbation, decoder):
        return NOT_ASKED
    if column.difference:
        return _difference(study, variant, column)
    values = study.values(variant, column.split, column.metric, column.subset, perturbation, decoder)
    if not values and study.is_measured(variant, column.split, perturbation, decoder):
        return Cell(text="undefined")  # for these faces: no eyes to divide by, no image with this tag
    if not values:
        return missing(study, variant)
    command = fill_command(study, variant) if len(values) < len(variant.seeds) else ""
    summary, asked = aggregate.mean_over_seeds(values), len(variant.seeds)
    return of_summary(summary, protocol(values[0]), column, asked, command)


def _difference(study: StudyResults, variant: Variant, column: Column) -> Cell:
    baseline = study.baseline
    if baseline is None or variant.baseline:
        return Cell(text=labels.MISSING)
    ours, theirs = (study.values(one, column.split, column.metric, column.subset) for one in (variant, baseline))
    summary = aggregate.paired_difference(ours, theirs)
    if summary is None and study.is_measured(variant, column.split) and study.is_measured(baseline, column.split):
        return Cell(text="undefined")
    if summary is None:
        return missing(study, variant if not ours else baseline)
    return of_summary(summary, protocol(ours[0]), column, asked=summary.n)


def of_summary(summary: aggregate.Summary, protocol: str, column: Column, asked: int, command: str = "") -> Cell:
    """A mean over seeds as a cell; `protocol` in words, as `protocol` gives it."""
    return Cell(
        value=summary.mean,
        spread=summary.spread,
        n=summary.n,
        asked=asked,
        unit=column.unit,
        protocol=protocol,
        trials=summary.trials,
        seeds=summary.seeds,
        seed_values=summary.values,
        evaluations=summary.evaluations,
        command=command,
    )


def protocol(one: Measurement) -> str:
    """Data and convention in words: two numbers with the same words may be compared."""
    perturbed = f"; {one.perturbation}" if one.perturbation else ""
    return f"{labels.dataset_name(one.dataset)} (data {one.data_digest[:8]}): {one.protocol}{perturbed}"


def not_run(study: str) -> Cell:
    return Cell(progress="not run", command=run_command(study))


def missing(study: StudyResults, variant: Variant) -> Cell:
    """How far a variant is that has no number yet, and what goes on with it."""
    progress = variant.progress
    words = [f"{progress.done}/{progress.total} seeds"]
    if progress.done == progress.total:
        words = ["not measured"]
    others = (("running", progress.running), ("failed", progress.failed))
    words += [f"{count} {name}" for name, count in others if count]
    return Cell(progress=", ".join(words), command=fill_command(study, variant))


def fill_command(study: StudyResults, variant: Variant) -> str:
    """Failed trials are only tried again when one asks for it."""
    return f"{study.command} --retry-failed" if variant.progress.failed else study.command
