"""What the networks of paper 003's studies cost, from the ledger's trials and epochs."""

from collections.abc import Mapping
from statistics import median

from reports import cells, labels, paper_studies
from reports.aggregate import Measurement, mean_over_seeds
from reports.document import Cell, Column
from reports.paper_studies import DataSet
from reports.query import Results, StudyResults, Variant

COUNTED = ("parameters", "macs")
MEASURED = ("images_per_second", "peak_memory_mb")


def cost(results: Results, data: DataSet, label: str, column: Column) -> Cell:
    """`column.metric`, one of `COUNTED` or `MEASURED`, of the networks of a variant; "–" for what no ledger has.

    ValueError if two trials of a variant differ in what is counted.
    """
    found = paper_studies.find(results, data.study, label)
    if isinstance(found, Cell):
        return found
    study, variant = found
    if column.metric in COUNTED:
        return _counted(results, study, variant, column)
    return _measured(results, study, variant, column) if column.metric in MEASURED else Cell(text=labels.MISSING)


def _counted(results: Results, study: StudyResults, variant: Variant, column: Column) -> Cell:
    known = _of_trials(results, variant.trials, column.metric)
    if not known:
        return Cell(progress="not counted yet", command=study.command)
    if len(set(known.values())) > 1:
        raise ValueError(f"Trials of {variant.label} in {study.name} differ in {column.metric}: {known}.")
    return Cell(
        value=next(iter(known.values())),
        unit=column.unit,
        protocol=f"{variant.label} of {study.name}, counted on one picture",
        trials=tuple(known),
    )


def _measured(results: Results, study: StudyResults, variant: Variant, column: Column) -> Cell:
    """Mean over the finished seeds, where all of them ran on one kind of machine."""
    if not variant.finished:
        return cells.missing(study, variant)
    if column.metric == "images_per_second":
        known = _speeds(study, variant)
    else:
        known = _of_trials(results, variant.finished, column.metric)
    if not known:
        return Cell(text=labels.MISSING)
    machines = {results.trials[trial]["hardware"] or "unknown machine" for trial in known}
    if len(machines) > 1:
        return Cell(text="several machines")
    protocol = f"training on {machines.pop()}"
    seeds = dict(zip(variant.trials, variant.seeds, strict=True))
    measurements = [
        Measurement(
            value=value,
            metric=column.metric,
            trial=trial,
            seed=seeds[trial],
            variant=variant.variant,
            evaluation="",
            dataset=results.trials[trial]["dataset"],
            data_digest=results.trials[trial]["data_digest"],
            split="train",
            subset="all",
            protocol=protocol,
            images=0,
        )
        for trial, value in known.items()
    ]
    return cells.of_summary(mean_over_seeds(measurements), protocol, column, asked=len(variant.seeds))


def _of_trials(results: Results, trials: tuple[str, ...], name: str) -> dict[str, float]:
    found: Mapping[str, float | None] = {trial: results.trials.get(trial, {}).get(name) for trial in trials}
    return {trial: float(value) for trial, value in found.items() if value is not None}


def _speeds(study: StudyResults, variant: Variant) -> dict[str, float]:
    """Trial → the median over its epochs: the first one is slow, and so is one that waits for another trial."""
    history = study.history(variant, ["images_per_second"])
    finished = history[history["trial"].isin(variant.finished)]
    return {str(trial): float(median(epochs["value"])) for trial, epochs in finished.groupby("trial")}
