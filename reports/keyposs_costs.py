"""What the networks of paper 002's studies cost, from the ledger's trials."""

from reports import cells, keyposs
from reports.document import Cell, Column
from reports.keyposs import DataSet
from reports.query import Results


def cost(results: Results, data: DataSet, size: int, column: Column) -> Cell:
    """`column.metric`, "parameters" or "macs", of the networks with maps of one size; neither depends on the encoding.

    ValueError if two trials of one size differ in it.
    """
    study = results.study(data.study)
    if study is None:
        return cells.not_run(data.study)
    variants = [one for one in study.variants if one.label.startswith(f"{keyposs.label(size)},")]
    if not variants:
        return cells.NOT_ASKED
    trials = [trial for variant in variants for trial in variant.trials]
    known = {trial: row[column.metric] for trial in trials if (row := results.trials.get(trial, {})).get(column.metric)}
    if not known:
        return Cell(progress="not counted yet", command=study.command)
    if len(set(known.values())) > 1:
        raise ValueError(f"Trials of {data.study} with maps of {size}×{size} differ in {column.metric}: {known}.")
    return Cell(
        value=float(next(iter(known.values()))),
        unit=column.unit,
        protocol=f"{data.title}, maps of {keyposs.label(size)}, counted on one picture of 256×256",
        trials=tuple(known),
    )
